"""An error code of mypy for each rule, so that `# type: ignore[clock]` and mypy's options know it."""

from __future__ import annotations

import os
from importlib.util import find_spec

from mypy.errorcodes import ErrorCode

CATEGORY = "color"

#: What is in the folder of the rules beside the modules of one rule each, which have the rule's name.
_OTHERS = frozenset({"__init__", "base", "effect"})


def _rule_names() -> list[str]:
    """The names of all rules, read off their files: importing them would take a tenth of a warm run."""
    package = find_spec("color_checker")
    assert package is not None
    folder = os.path.join(os.path.dirname(package.origin or ""), "rules")
    stems = {name.removesuffix(".py") for name in os.listdir(folder) if name.endswith(".py")}
    return sorted(stem.replace("_", "-") for stem in stems - _OTHERS)


#: Rule name → error code. Made when the plugin is loaded: mypy checks the names in its options after that.
CODES: dict[str, ErrorCode] = {
    name: ErrorCode(name, f"see `color-checker explain {name}`", CATEGORY) for name in _rule_names()
}
