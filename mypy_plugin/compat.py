"""What differs between the versions of mypy that the plugin works with."""

from __future__ import annotations

from mypy.errors import ErrorInfo, Errors


def set_context(info: ErrorInfo, in_class: str | None, in_function: str | None) -> None:
    """Say where an error stands, for `--show-error-context`."""
    if hasattr(info, "local_ctx"):
        info.local_ctx = (in_class, in_function)
    else:  # before mypy 2
        old: object = info
        setattr(old, "type", in_class)  # noqa: B010 - mypy 2 knows no such attribute
        setattr(old, "function_or_member", in_function)  # noqa: B010


def let_report_again(errors: Errors) -> None:
    """Let the daemon report on the file that is being checked, also if it thinks that it has done so.

    When a change takes the last import of a module of the standard library away, mypy's daemon checks what
    has had errors once more without having begun a new report, and fails an assertion at the first error.
    """
    errors.flushed_files.discard(errors.file)
