"""What differs between the versions of mypy that the plugin works with."""

from __future__ import annotations

from mypy.errors import ErrorInfo


def set_context(info: ErrorInfo, in_class: str | None, in_function: str | None) -> None:
    """Say where an error stands, for `--show-error-context`."""
    if hasattr(info, "local_ctx"):
        info.local_ctx = (in_class, in_function)
    else:  # before mypy 2
        old: object = info
        setattr(old, "type", in_class)  # noqa: B010 - mypy 2 knows no such attribute
        setattr(old, "function_or_member", in_function)  # noqa: B010
