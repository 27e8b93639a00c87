"""A mypy plugin: the color of a function is in its type, and color is checked with mypy's own types.

[tool.mypy]
plugins = ["mypy_plugin"]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy.plugin import Plugin

#: Of mypy, as (major, minor): the oldest that is tested, and the first that is not known.
OLDEST = (1, 18)
UNKNOWN = (3, 0)


def plugin(version: str) -> type[Plugin]:
    """What mypy calls with its version to get the plugin.

    Raises:
        SystemExit: with code 2, after one line on standard error, on a version that the plugin does not know.
    """
    if not OLDEST <= _parsed(version) < UNKNOWN:
        sys.stderr.write(
            f"mypy_plugin (color-checker) works with mypy {OLDEST[0]}.{OLDEST[1]} or later, before "
            f"{UNKNOWN[0]}.{UNKNOWN[1]}; this is mypy {version}\n"
        )
        raise SystemExit(2)
    from mypy_plugin.plugin import ColorPlugin

    return ColorPlugin


def _parsed(version: str) -> tuple[int, ...]:
    """Major and minor of "2.4.1" or "2.5.0+dev.abc"; (0,) of anything else."""
    parts = version.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)
