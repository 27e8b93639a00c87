"""`color-checker init`: writes a first configuration."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
def init(dry_run: bool) -> None:
    """Append a table [tool.color-checker] that fits the project in the working directory to its
    pyproject.toml, which is made if there is none. A table that is there already is left alone,
    with exit code 2.
    """
    from color_checker.initialize import propose, write

    proposal = propose(Path.cwd())
    if dry_run:
        click.echo(f"Would append to {proposal.file.name}:\n")
    else:
        write(proposal)
        click.echo(f"Appended to {proposal.file.name}:\n")
    click.echo(proposal.table)
    click.echo(f"To check on every commit, in .pre-commit-config.yaml:\n\n{proposal.pre_commit}")
    click.echo(f"In CI:\n\n{proposal.ci}")
