"""What the findings in every module depend on besides the modules: the configuration, and this program."""

from __future__ import annotations

import hashlib
from pathlib import Path

from color_checker.config import Config
from color_checker.result_cache import file_hash, fingerprint

_PACKAGE = Path(__file__).parent


def circumstances(config: Config) -> bytes:
    """A digest that changes with the configuration, the engine profiles, the analyzer and the plugin."""
    digest = hashlib.sha256(fingerprint())
    digest.update(repr(config).encode(errors="surrogatepass"))
    for path in (*sorted(_PACKAGE.rglob("*.py")), *map(config.resolve, config.engine_files)):
        digest.update(file_hash(str(path)))
    return digest.digest()
