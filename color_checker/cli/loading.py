"""Loads each command when it is called, so that the others cost no time."""

from __future__ import annotations

from importlib import import_module

import click

#: Name of a command, which is also that of its module and function there → what it is for.
SUMMARIES = {
    "check": "Check files and report findings.",
    "explain": "What a rule finds, why that is bad, what to write instead.",
    "fix": "Change the code so that findings go away.",
    "graph": "Draw the calls around workflows.",
    "init": "Write a first configuration into pyproject.toml.",
    "lsp": "Serve an editor: findings, colors and fixes where the code is written.",
    "why": "What one function is, does, and who calls it.",
}


class LazyGroup(click.Group):
    """All commands of `SUMMARIES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # For another name, click looks among all commands for what was meant.
        for name in (cmd_name,) if cmd_name in SUMMARIES else SUMMARIES:
            if name not in self.commands:
                self.add_command(load(name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


def load(name: str) -> click.Command:
    """Import a command."""
    command: click.Command = getattr(import_module(f"color_checker.cli.{name}"), name)
    command.short_help = SUMMARIES[name]
    return command
