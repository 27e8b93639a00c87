"""Fetches the corpus's PyPI members into a folder: `python -m tests.corpus.get DIR [NAME ...]`.

Each is unpacked into DIR/NAME, from its sdist (which may have tests) where pip can read its metadata
without installing a build backend, else from its wheel. Nothing is installed. Repositories (`github` in
corpus.toml) are for the reader to check out into DIR/OWNER+NAME.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).with_name("corpus.toml")


class Member(NamedTuple):
    """One project of the corpus; `folder` is where it lies below the corpus's folder."""

    name: str
    source: str
    engines: tuple[str, ...]
    size: bool

    @property
    def folder(self) -> str:
        return self.name.replace("/", "+")


def read_members(path: Path = CORPUS) -> list[Member]:
    """All members, those from PyPI first."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        Member(item["name"], source, tuple(item.get("engines", ())), item.get("size", False))
        for source in ("pypi", "github")
        for item in data[source]
    ]


def fetch(name: str, target: Path) -> bool:
    """Downloads and unpacks one distribution; whether that worked."""
    with tempfile.TemporaryDirectory() as temporary:
        for form in (["--no-binary", ":all:", "--no-build-isolation"], []):
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--no-deps",
                *form,
                "-d",
                temporary,
                name,
            ]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                break
        archives = list(Path(temporary).iterdir())
        if len(archives) != 1:
            return False
        _unpack(archives[0], target)
    return True


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
        return
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args()
    failed = []
    for member in read_members():
        target = options.directory / member.folder
        if target.exists() or (options.names and member.name not in options.names):
            continue
        if member.source == "github":
            print(f"{member.name}: check it out into {target}")
        elif fetch(member.name, target):
            print(f"{member.name}: fetched")
        else:
            failed.append(member.name)
    if failed:
        print(f"not to be had: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
