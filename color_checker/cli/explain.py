"""`color-checker explain`: what a rule finds, why that is bad, what to write instead."""

from __future__ import annotations

import sys

import click

from color_checker.cli.configuration import rule_names
from color_checker.cli.options import color_option
from color_checker.cli.output import options_for


@click.command()
@click.argument("rules", nargs=-1, metavar="[RULE]...")
@click.option("--all", "everything", is_flag=True, help="Explain every rule at length.")
@color_option
def explain(rules: tuple[str, ...], everything: bool, color: str) -> None:
    """Explain each RULE, by name (clock) or code (CC201). Without one, list them all.

    \b
    Examples:
      color-checker explain
      color-checker explain clock CC302
      color-checker explain --all > rules.md
    """
    from color_checker.report.rule_help import full_help
    from color_checker.rules import all_rules, rule_named

    names = [rule.name for rule in all_rules()] if everything else rule_names(rules, "explain")
    if not names:
        for rule in all_rules():
            click.echo(f"{rule.code}  {rule.name:<28}{rule.summary()}")
        return
    options = options_for(sys.stdout, color)
    for name in names:
        found = rule_named(name)
        assert found is not None
        text = f"# {found.code} {found.name}\n\n{full_help(found)}"
        if not options.color:
            click.echo(text)
            continue
        from rich.console import Console
        from rich.markdown import Markdown

        Console(file=sys.stdout, force_terminal=True, width=min(options.width, 100)).print(Markdown(text))
