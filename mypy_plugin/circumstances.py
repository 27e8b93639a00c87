"""What the findings in every module depend on besides the modules: the configuration, and this program."""

from __future__ import annotations

import hashlib
from pathlib import Path

import color_checker
from color_checker.config import Config
from color_checker.result_cache import file_hash

_PLUGIN = Path(__file__).parent
_PROFILES = Path(color_checker.__file__).parent / "engines"


def circumstances(config: Config) -> bytes:
    """A digest that changes with the configuration, the engine profiles and the plugin.

    It need not change with the analyzer, whose findings count themselves.
    """
    digest = hashlib.sha256(repr(config).encode(errors="surrogatepass"))
    program = (*_PLUGIN.rglob("*.py"), *_PROFILES.rglob("*.toml"))
    for path in (*sorted(program), *map(config.resolve, config.engine_files)):
        digest.update(file_hash(str(path)))
    return digest.digest()
