"""README.md and docs/: every shown output is what the command prints today, and every link leads somewhere.

An output block is a `console` block after the comment `<!-- output -->`. Its first line is `$ command`.
`python -m tests.test_readme --write` (`nox -s docs`) brings all of them up to date.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from color_checker.config import Config
from color_checker.engines import load_profiles
from color_checker.engines.loader import ColorSource, Operation, Passing, Profile

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
BLOCK = re.compile(
    r"(?P<head><!-- output -->\n```console\n\$ (?P<command>[^\n]+)\n)(?P<output>.*?)(?P<tail>```\n)",
    re.DOTALL,
)
LINK = re.compile(r"\]\((?!https?://)(?P<target>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def blocks(page: Path) -> list[re.Match[str]]:
    """The output blocks of one page."""
    return list(BLOCK.finditer(page.read_text(encoding="utf-8")))


def printed_by(command: str) -> str:
    """What the command prints in the checkout's root, 80 columns wide and without color."""
    scripts = str(Path(sys.executable).parent)
    environment = {key: value for key, value in os.environ.items() if key != "FORCE_COLOR"}
    environment |= {
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)]),
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUTF8": "1",
    }
    completed = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return completed.stdout.decode()


def write() -> None:
    """Put the real output into every block of every page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(
            BLOCK.sub(lambda match: match["head"] + printed_by(match["command"]) + match["tail"], text),
            encoding="utf-8",
        )


SHOWN = [
    pytest.param(match["command"], match["output"], id=f"{page.name}: {match['command']}")
    for page in PAGES
    for match in blocks(page)
]


def test_the_readme_shows_what_a_check_of_the_examples_prints() -> None:
    commands = [match["command"] for match in blocks(ROOT / "README.md")]
    assert any(command.startswith("color-checker check examples/") for command in commands)


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_a_shown_output_is_what_the_command_prints(command: str, output: str) -> None:
    assert printed_by(command) == output


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    titles = HEADING.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / link["target"]).resolve() if link["target"] else page
        assert target.exists(), link.group()
        if link["anchor"]:
            assert link["anchor"] in anchors(target), link.group()


def test_every_page_of_the_documentation_is_linked_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [page.name for page in sorted(ROOT.glob("docs/*.md")) if f"(docs/{page.name})" not in text]
    assert not missing


def text_of(page: str, heading: str = "") -> str:
    """The text of a page, or of the section under one of its headings."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0] if heading else text


def test_the_profile_that_the_documentation_shows_is_valid(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", text_of("docs/engine-profiles.md"), re.DOTALL)
    file = tmp_path / "flows.toml"
    file.write_text(next(block for block in shown if block.startswith("name =")), encoding="utf-8")
    profile = load_profiles((file,), only=["flows"])["flows"]
    assert profile.advice("start", "daily") == "client.start(daily, ...)"


@pytest.mark.parametrize(
    ("section", "structure"),
    [
        ("All keys", Profile),
        ("Keys of colors", ColorSource),
        ("Keys of operations", Operation),
        ("Keys of passes", Passing),
    ],
)
def test_the_documentation_of_profiles_names_every_key(
    section: str, structure: type[Profile | ColorSource | Operation | Passing]
) -> None:
    rows = re.findall(r"^\| (`.*?) \|", text_of("docs/engine-profiles.md", section), re.MULTILINE)
    keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert keys == {field.name for field in msgspec.structs.fields(structure)}


def test_the_table_of_the_configuration_names_every_key() -> None:
    keys = set(re.findall(r"^\| `([a-z-]+)` \|", text_of("README.md", "Configuration"), re.MULTILINE))
    filled_in = {"file", "root", "package-roots"}
    assert keys == {field.encode_name for field in msgspec.structs.fields(Config)} - filled_in


def test_the_bounds_that_the_limits_name_are_those_of_the_code() -> None:
    row = r"^\| ([\d,]+) (?:.*?; ([\d,]+) )?.*? \| `(\w+\.py)`, `(\w+)`(?:, `(\w+)`)? \|"
    rows = re.findall(row, text_of("docs/limits.md"), re.MULTILINE)
    assert len(rows) == 9
    named = [(number, module, name) for number, _, module, name, _ in rows]
    named += [(fewer, module, name) for _, fewer, module, _, name in rows if name]
    for number, module, name in named:
        value = re.search(rf"^{name} = ([\d_]+)$", text_of(f"color_checker/{module}"), re.MULTILINE)
        assert value is not None, name
        assert int(value[1]) == int(number.replace(",", "")), name


@pytest.mark.parametrize("page", ["docs/how-it-works.md", "docs/limits.md"])
def test_every_module_that_the_explanations_name_exists(page: str) -> None:
    for name in re.findall(r"`(\w+(?:\.py|/))`", text_of(page)):
        assert (ROOT / "color_checker" / name).exists(), name


def test_the_changelog_has_a_section_for_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_test_command_of_the_readme_is_the_one_that_ci_runs() -> None:
    for page in (ROOT / "README.md", ROOT / ".ci" / "run"):
        text = page.read_text(encoding="utf-8")
        assert 'install -q -e ".[dev,engines]"' in text
        assert re.search(r'bin/pytest"? -n ', text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.test_readme --write")
    write()
