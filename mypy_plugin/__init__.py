"""A mypy plugin: the color of a function is in its type, and color is checked with mypy's own types.

[tool.mypy]
plugins = ["mypy_plugin"]
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

#: Of mypy, as (major, minor): the oldest that is tested, and the first that is not known.
OLDEST = (1, 18)
UNKNOWN = (3, 0)


def plugin(version: str) -> Any:
    """What mypy calls with its version to get the plugin's class.

    Raises:
        SystemExit: with code 2, after one line on standard error, on a version that the plugin does not know.
    """
    if not OLDEST <= _parsed(version) < UNKNOWN:
        sys.stderr.write(
            f"mypy_plugin (color-checker) works with mypy {OLDEST[0]}.{OLDEST[1]} or later, before "
            f"{UNKNOWN[0]}.{UNKNOWN[1]}; this is mypy {version}\n"
        )
        raise SystemExit(2)
    # Not an import statement: mypy, which reads this package for the types in it, would go on to read its
    # own sources with every project.
    return import_module("mypy_plugin.table").ColorPlugin


def _parsed(version: str) -> tuple[int, ...]:
    """Major and minor of "2.4.1" or "2.5.0+dev.abc"; (0,) of anything else."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)
