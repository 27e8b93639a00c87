"""An error code of mypy for each rule, so that `# type: ignore[clock]` and mypy's options know it."""

from __future__ import annotations

from pathlib import Path

from mypy.errorcodes import ErrorCode

import color_checker

CATEGORY = "color"

#: What is in the folder of the rules beside the modules of one rule each, which have the rule's name.
_OTHERS = frozenset({"__init__", "base", "effect"})


def _rule_names() -> list[str]:
    """The names of all rules, read off their files: importing them would take a tenth of a warm run."""
    folder = Path(color_checker.__file__).parent / "rules"
    return sorted(file.stem.replace("_", "-") for file in folder.glob("*.py") if file.stem not in _OTHERS)


#: Rule name → error code. Made when the plugin is loaded: mypy checks the names in its options after that.
CODES: dict[str, ErrorCode] = {
    name: ErrorCode(name, f"see `color-checker explain {name}`", CATEGORY) for name in _rule_names()
}
