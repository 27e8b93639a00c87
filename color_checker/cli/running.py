"""Runs a command so that whatever goes wrong ends with a line and an exit code, never that of findings."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import click

from color_checker.cli.exit_codes import FAILED, INTERRUPTED, NOTHING_FOUND, PIPE_CLOSED
from color_checker.cli.loading import LazyGroup
from color_checker.cli.messages import complain
from color_checker.errors import ColorCheckerError
from color_checker.garbage import uncollected


class Commands(LazyGroup):
    """Turns errors that a user can cause into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # no output fails for a character
        leave_hook_environment()
        try:
            with uncollected():
                code = super().invoke(ctx) or NOTHING_FOUND
                gc.freeze()  # else Python looks through all that was made when the process ends
            sys.stdout.flush()
        except ColorCheckerError as error:
            complain(str(error))
            code = FAILED
        except BrokenPipeError:
            # Nobody reads on. What Python still holds must not complain at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = PIPE_CLOSED
        except KeyboardInterrupt:
            code = INTERRUPTED
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception:  # noqa: BLE001 - exit code 1 would say "findings"
            import traceback  # not needed in almost all runs

            traceback.print_exc()
            complain("this is a bug in color-checker; please report it with the lines above")
            code = FAILED
        ctx.exit(code)


def leave_hook_environment() -> None:
    """Look for the project's packages where they are, though pre-commit has activated those of the hook."""
    active = os.environ.get("VIRTUAL_ENV")
    if active and os.environ.get("PRE_COMMIT") and os.path.realpath(active) == os.path.realpath(sys.prefix):
        del os.environ["VIRTUAL_ENV"]
