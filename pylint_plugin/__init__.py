"""A pylint plugin: every rule of color-checker is a message of pylint.

[tool.pylint.main]
load-plugins = ["pylint_plugin"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylint.lint import PyLinter


def register(linter: PyLinter) -> None:
    """What pylint calls when it loads the plugin."""
    from pylint_plugin.checker import register_checkers

    register_checkers(linter)


def load_configuration(linter: PyLinter) -> None:
    """What pylint calls when it has read its configuration; once more in each process of `--jobs`."""
    from pylint_plugin.checker import prepare

    prepare(linter)
