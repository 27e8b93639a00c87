"""`color-checker lsp`: serves an editor."""

from __future__ import annotations

import click

from color_checker.cli.exit_codes import FAILED
from color_checker.cli.messages import complain


@click.command()
@click.pass_context
def lsp(context: click.Context) -> None:
    """Speak the Language Server Protocol on standard input and output. Editors start this themselves.

    Needs the extra `lsp`: pip install "color-checker[lsp]".
    """
    try:
        from color_checker.lsp import serve
    except ImportError:
        complain('the language server needs pygls: pip install "color-checker[lsp]"')
        context.exit(FAILED)
    serve()
