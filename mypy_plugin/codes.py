"""An error code of mypy for each rule, so that `# type: ignore[clock]` and mypy's options know it."""

from __future__ import annotations

from mypy.errorcodes import ErrorCode

from color_checker.rules import all_rules

CATEGORY = "color"

#: Rule name → error code. Made when the plugin is loaded: mypy checks the names in its options after that.
CODES: dict[str, ErrorCode] = {
    rule.name: ErrorCode(rule.name, rule.summary(), CATEGORY) for rule in all_rules()
}
