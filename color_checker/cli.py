"""The command line: `color-checker check`, `why`, `explain`, `graph`, `fix`, `init`.

A thin layer. What a command needs is imported when it runs, so that `check` without changes, `--help` and
`--version` start fast.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click
import msgspec

from color_checker.errors import ColorCheckerError, UsageError, did_you_mean
from color_checker.garbage import uncollected

if TYPE_CHECKING:
    from color_checker.checking import Analysis
    from color_checker.config import Config
    from color_checker.findings import Report
    from color_checker.report import Lines, Options
    from color_checker.why import Answer

NOTHING_FOUND, FOUND, FAILED, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141
DEFAULT_BASELINE = "color-checker-baseline.json"

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """The group of all commands: turns errors that a user can cause into one line and exit code 2."""

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
            traceback.print_exc()
            complain("this is a bug in color-checker; please report it with the lines above")
            code = FAILED
        ctx.exit(code)


def leave_hook_environment() -> None:
    """Look for the project's packages where they are, though pre-commit has activated those of the hook."""
    active = os.environ.get("VIRTUAL_ENV")
    if active and os.environ.get("PRE_COMMIT") and os.path.realpath(active) == os.path.realpath(sys.prefix):
        del os.environ["VIRTUAL_ENV"]


def complain(message: str) -> None:
    """One line on stderr, with paths relative to the working directory where they lie below it."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    message = " ".join(message.split())
    click.echo(f"color-checker: {message if here == os.sep else message.replace(here, '')}", err=True)


def print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    """The version of the installed distribution."""
    if not value:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"color-checker {version('color-checker')}")
    except PackageNotFoundError:
        click.echo("color-checker, not installed")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=print_version,
    help="Show the version and exit.",
)  # fmt: skip
def main() -> None:
    """Find what breaks a durable workflow: clocks, random numbers, requests and other side effects
    that replayed code can reach, and calls across the border between workflow and step.

    Your code is read, never imported or run. Start with:

    \b
      color-checker check            check the working directory
      color-checker explain clock    what a rule is about
      color-checker why app.py:42    what the function there is, does and who calls it
      color-checker init             write a first configuration
    """


# -- options that commands share ------------------------------------------------------------------

paths_argument = click.argument("paths", nargs=-1, metavar="[PATH]...")


def analysis_options(command: F) -> F:
    """What decides how files are read."""
    for decorate in (
        click.option(
            "--config", "config_file", metavar="FILE",
            help="Read the configuration from FILE (a pyproject.toml or other TOML). "
            "Default: that of the working directory, or of the project in which all PATHs are.",
        ),
        click.option("--no-cache", is_flag=True, help="Neither read nor write .color_checker_cache."),
        click.option(
            "--engine", "engines", multiple=True, metavar="NAME",
            help="Check for this engine only (repeatable). Default: those that the files import.",
        ),
        paths_argument,
    ):  # fmt: skip
        command = decorate(command)
    return command


def output_option(command: F) -> F:
    """Where a document goes."""
    option = click.option(
        "--output", "-o", metavar="FILE", default="-", help="Write to FILE instead of standard output."
    )
    return option(command)


def color_option(command: F) -> F:
    """Whether to write colors."""
    option = click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
        help="Colors in the output. auto: on a terminal.",
    )  # fmt: skip
    return option(command)


# -- check ----------------------------------------------------------------------------------------


@main.command(short_help="Check files and report findings.")
@analysis_options
@click.option(
    "--format", "-f", "form", type=click.Choice(["text", "json", "sarif", "github"]), default="text",
    help="text for people; json and sarif for tools; github annotates a pull request.",
)  # fmt: skip
@output_option
@click.option(
    "--strict", is_flag=True, default=None, help="Report calls that could not be resolved as errors."
)
@click.option("--select", multiple=True, metavar="RULE,...", help="Apply only these rules (names or codes).")
@click.option("--ignore", multiple=True, metavar="RULE,...", help="Do not apply these rules.")
@click.option(
    "--write-baseline", is_flag=False, flag_value="", metavar="[FILE]",
    help=f"Remember today's findings in FILE (default: {DEFAULT_BASELINE}) instead of reporting them.",
)  # fmt: skip
@click.option(
    "--baseline", is_flag=False, flag_value="", metavar="[FILE]",
    help="Report only findings that are not in FILE.",
)  # fmt: skip
@click.option("--no-baseline", is_flag=True, help="Report all findings, whatever the configuration says.")
@click.option(
    "--timings", is_flag=True, help="Say on stderr how long each phase took, and in JSON the whole."
)
@click.option(
    "--whole-project", is_flag=True,
    help="Check the project, and show what has to do with the PATHs: for commit hooks.",
)  # fmt: skip
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@color_option
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, and no output when nothing was found.")
def check(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, form: str,
    output: str, strict: bool | None, select: tuple[str, ...], ignore: tuple[str, ...],
    write_baseline: str | None, baseline: str | None, no_baseline: bool, timings: bool, whole_project: bool,
    watch: bool, color: str, quiet: bool,
) -> int:  # fmt: skip
    """Check all Python files below each PATH (default: the working directory).

    Exit code: 0 nothing found (or only notes), 1 errors or warnings were found, 2 the command or the
    configuration is wrong, or a file could not be read or parsed (the others are checked all the same).

    \b
    Examples:
      color-checker check src
      color-checker check src --select clock,random --strict
      color-checker check src --format sarif --output findings.sarif
      color-checker check src --write-baseline     remember what is there today
      color-checker check src --baseline           from now on: only what is new
      color-checker check --whole-project app.py   for a commit hook: what app.py has to do with
      color-checker check --watch                  again whenever a file changes
    """
    started = time.perf_counter()
    if write_baseline is not None and whole_project:
        raise UsageError("--write-baseline takes all findings, --whole-project shows some")
    wanted = paths if whole_project else None
    paths = () if whole_project else paths
    telling = Telling(form, output, color, quiet, timings, strict, engines, baseline, no_baseline, wanted)
    load = partial(effective_config, config_file, wanted or paths, select, ignore)
    if watch:
        if form != "text" or output != "-" or write_baseline is not None:
            raise UsageError("--watch writes text to the terminal, and no --format, --output or baseline")
        return keep_watching(load, telling, paths, cache=not no_cache)
    from color_checker.report.progress import progress
    from color_checker.result_cache import check_sources, discover_paths
    from color_checker.texts import source_lines

    config = load()
    known_file = baseline_file(write_baseline, "--write-baseline", config)
    timer = Timer(started)
    sources = discover_paths(paths or config.default_paths(), config)
    timer.mark("find files")
    bar = nullcontext(no_progress) if quiet else progress(2 * len(sources.files), "Checking")
    with bar as advance:
        report = check_sources(
            sources, config, engines=engines, strict=strict, cache=not no_cache, advance=advance,
            mark=timer.mark, started=started,
        )  # fmt: skip
    if known_file is not None:
        remember(report, known_file, lru_cache(maxsize=64)(source_lines))
        return exit_code(msgspec.structs.replace(report, findings=()))
    code = telling.tell(report, config, [source.shown for source in sources.files])
    timer.mark("report")
    if timings:
        timer.show()
    return code


class Telling(msgspec.Struct, frozen=True):
    """How a report is shown, by the options of `check`.

    Attributes:
        wanted: only what has to do with these paths is shown; None: everything.
    """

    form: str
    output: str
    color: str
    quiet: bool
    timings: bool
    strict: bool | None
    engines: tuple[str, ...]
    baseline: str | None
    no_baseline: bool
    wanted: tuple[str, ...] | None

    def tell(self, report: Report, config: Config, checked: Sequence[str]) -> int:
        """Show the report on the `checked` files; gives the exit code that it means."""
        from color_checker.texts import source_lines

        lines = lru_cache(maxsize=64)(source_lines)
        if not self.no_baseline:
            file = baseline_file(self.baseline, "--baseline", config, configured=True)
            report = without_known(report, file, checked, lines) if file is not None else report
        if self.wanted is not None:
            report = with_wanted(report, self.wanted)
        if not (self.quiet and self.form == "text" and not report.findings and not report.errors):
            show(
                report, self.form, self.output, self.color, lines, timings=self.timings,
                strict=config.strict if self.strict is None else self.strict,
                engines=self.engines or config.engines, typed=typed_rules(config),
            )  # fmt: skip
        return exit_code(report)


def typed_rules(config: Config) -> tuple[str, ...]:
    """Those of the selected rules of which nothing can be said here."""
    if not config.select:
        return ()
    from color_checker.rules import all_rules
    from color_checker.rules.base import TypedRule

    return tuple(rule.name for rule in all_rules() if issubclass(rule, TypedRule) and config.is_on(rule.name))


def with_wanted(report: Report, paths: Sequence[str]) -> Report:
    """What has to do with these paths; says on stderr how many other findings there are."""
    from color_checker.narrowing import narrowed

    narrow = narrowed(report, paths)
    others = len(report.findings) - len(narrow.findings)
    if others:
        click.echo(f"{others} finding{'' if others == 1 else 's'} elsewhere not shown.", err=True)
    return narrow


def keep_watching(load: Callable[[], Config], telling: Telling, paths: Sequence[str], *, cache: bool) -> int:
    """Check again and again; see `watching`."""
    from color_checker.session import Session
    from color_checker.sources import shown_path

    try:
        from color_checker import watching
    except ModuleNotFoundError as error:
        if error.name != "watchfiles":
            raise
        raise UsageError("--watch needs watchfiles: pip install 'color-checker[watch]'") from None

    def tell(report: Report, config: Config, files: Iterable[str]) -> int:
        click.clear()  # does nothing but on a terminal
        return telling.tell(report, config, [shown_path(path) for path in files])

    def wait() -> None:
        click.echo(time.strftime("%H:%M:%S: watching for changes; Ctrl-C ends."))
        sys.stdout.flush()

    return watching.watch(
        watching.Front(
            load=load,
            open=lambda config: Session(
                paths or config.default_paths(), config=config, engines=telling.engines,
                strict=telling.strict, cache=cache,
            ),
            paths=lambda config: paths or config.default_paths(),
            tell=tell,
            wait=wait,
            complain=complain,
        )
    )  # fmt: skip


def exit_code(report: Report) -> int:
    """What a report means for scripts. Notes alone do not fail."""
    if report.errors:
        return FAILED
    return FOUND if any(finding.severity != "note" for finding in report.findings) else NOTHING_FOUND


def effective_config(
    file: str | None, paths: Sequence[str], select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> Config:
    """The configuration for these paths, with the options of the command line in it."""
    from color_checker.config import load_config

    if file is not None or not paths:
        config = load_config(Path.cwd(), Path(file) if file is not None else None)
    else:
        from color_checker.surroundings import configuration_for

        config, passed_over = configuration_for(paths, Path.cwd())
        if passed_over:
            tell_passed_over(passed_over, config)
    if select:
        config = msgspec.structs.replace(config, select=rule_names(select, "--select"))
    if ignore:
        config = msgspec.structs.replace(config, ignore=(*config.ignore, *rule_names(ignore, "--ignore")))
    return config


def tell_passed_over(files: Sequence[str], config: Config) -> None:
    """Say that some of the paths have a configuration, and which one counts."""
    from color_checker.sources import shown_path

    counts = f"that of {shown_path(config.file)} counts" if config.file else "none of them counts"
    complain(
        f"{', '.join(map(shown_path, files))}: there is one configuration for each run, and {counts}; "
        "check one project after the other, or choose with --config"
    )


def rule_names(values: Sequence[str], option: str) -> tuple[str, ...]:
    """Names out of names and codes, separated by commas."""
    from color_checker.rules import all_rules, rule_named

    names = []
    for word in filter(None, (word.strip() for value in values for word in value.split(","))):
        rule = rule_named(word)
        if rule is None:
            hint = did_you_mean(word, [rule.name for rule in all_rules()])
            raise UsageError(f'{option}: there is no rule "{word}"{hint}')
        names.append(rule.name)
    return tuple(names)


def show(
    report: Report,
    form: str,
    output: str,
    color: str,
    lines: Lines,
    *,
    timings: bool,
    strict: bool,
    engines: Sequence[str],
    typed: tuple[str, ...],
) -> None:
    """Write the report where it is wanted."""
    from color_checker.report import render

    rules = {}
    if form == "sarif":
        from color_checker.rules import all_rules

        rules = {rule.name: rule for rule in all_rules()}
    if form == "text" and not report.summary.workflows and not engines:
        from color_checker.engines import engines_by_package

        engines = sorted(set(engines_by_package().values()))
    with target(output) as stream:
        options = options_for(stream, color)
        options = msgspec.structs.replace(
            options, seconds=timings, strict=strict, engines=tuple(engines), typed=typed
        )
        render(
            report, form, stream=stream, rules=rules, lines=lines, options=options,
            error_stream=sys.stderr if form == "text" else None,
        )  # fmt: skip
    if form in ("json", "sarif"):
        for error in report.errors:
            complain(f"{error.path}:{error.line}:{error.column}: {error.reason}")


def options_for(stream: TextIO, color: str) -> Options:
    """How to write to the stream."""
    from color_checker.report import Options

    options = Options.for_stream(stream)
    return options if color == "auto" else msgspec.structs.replace(options, color=color == "always")


@contextmanager
def target(output: str) -> Iterator[TextIO]:
    """Standard output, or a file of that name. Raises UsageError."""
    if output == "-":
        yield sys.stdout
        return
    try:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            yield file
    except OSError as error:
        raise UsageError(f"--output {output}: cannot be written: {error.strerror}") from None


def no_progress(count: int) -> None:
    """What is called in place of a progress bar."""


class Timer:
    """How long each phase took."""

    def __init__(self, started: float) -> None:
        self.last = self.started = started
        self.phases: dict[str, float] = {}

    def mark(self, phase: str) -> None:
        """The phase has ended."""
        now = time.perf_counter()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self.last
        self.last = now

    def show(self) -> None:
        """A table on stderr."""
        for phase, seconds in (*self.phases.items(), ("total", self.last - self.started)):
            click.echo(f"{phase:<12}{seconds * 1000:>10.1f} ms", err=True)


# -- baseline -------------------------------------------------------------------------------------


def baseline_file(given: str | None, option: str, config: Config, *, configured: bool = False) -> Path | None:
    """The file that an option means; the configured one if that is enough. None: no baseline."""
    if given is None and not (configured and config.baseline):
        return None
    if not given:
        return config.resolve(config.baseline or DEFAULT_BASELINE)
    if given.endswith(".py") or os.path.isdir(given):
        raise UsageError(f"{option} {given}: takes a file; name the paths to check before the option")
    return Path(given)


def remember(report: Report, file: Path, lines: Lines) -> None:
    """Write the baseline."""
    from color_checker.baseline import write_baseline

    number = write_baseline(file, report.findings, lines)
    for error in report.errors:
        complain(f"{error.path}:{error.line}:{error.column}: {error.reason}")
    click.echo(f"Wrote {number} finding{'' if number == 1 else 's'} to {shown(file)}.", err=True)


def without_known(report: Report, file: Path, checked: Sequence[str], lines: Lines) -> Report:
    """The report without the findings of the baseline; says on stderr how many that are."""
    from color_checker.baseline import read_baseline

    split = read_baseline(file).split(report.findings, lines, checked)
    if split.known:
        known = f"{len(split.known)} known finding{'' if len(split.known) == 1 else 's'} not shown"
        click.echo(f"{known} (baseline {shown(file)}).", err=True)
    if split.stale:
        stale = "1 entry is" if split.stale == 1 else f"{split.stale} entries are"
        click.echo(f"{stale} stale in the baseline {shown(file)}: write it again.", err=True)
    return msgspec.structs.replace(report, findings=split.new)


def shown(file: Path) -> str:
    """The path as users know it."""
    from color_checker.sources import shown_path

    return shown_path(os.path.abspath(file))


# -- why ------------------------------------------------------------------------------------------


@main.command(short_help="What one function is, does, and who calls it.")
@click.argument("target_", metavar="FILE:LINE|DOTTED.NAME")
@analysis_options
@click.option("--format", "-f", "form", type=click.Choice(["text", "json"]), default="text")
@color_option
def why(
    target_: str, paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None,
    form: str, color: str,
) -> int:  # fmt: skip
    """Say what color a function has and why, which effects it reaches by which calls, which of its
    calls could not be resolved, and who calls it.

    The function is named by its dotted name (the end of it is enough) or by a line in it; then the
    calls on that line are resolved, too. All files below each PATH (default: the working directory)
    are looked at.

    \b
    Examples:
      color-checker why app.pricing.monthly_price
      color-checker why src/app/workflows.py:42
    """
    from color_checker import why as answers

    analysis = whole_analysis(paths, engines, no_cache, config_file, whole=True)
    answer = answers.explain(analysis.program, target_)
    if form == "json":
        from color_checker.report import write_bytes
        from color_checker.report.json_report import to_json

        write_bytes(sys.stdout, to_json(answer))
    else:
        show_answer(answer, color)
    return FAILED if analysis.project.errors else NOTHING_FOUND


def show_answer(answer: Answer, color: str) -> None:
    """Write an answer for people."""
    from color_checker import why_text

    options = options_for(sys.stdout, color)
    for line in why_text.lines(answer, unicode=options.can_show("│└")):
        click.echo(line, color=options.color)


def whole_analysis(
    paths: Sequence[str], engines: Sequence[str], no_cache: bool, config_file: str | None, *, whole: bool
) -> Analysis:
    """Link the files; what could not be read is said on stderr."""
    from color_checker.checking import analyze
    from color_checker.report.progress import progress
    from color_checker.result_cache import discover_paths

    config = effective_config(config_file, paths)
    total = len(discover_paths(paths or config.default_paths(), config).files)
    with progress(2 * total, "Reading") as advance:
        analysis = analyze(
            paths or config.default_paths(),
            config=config,
            engines=engines,
            cache=not no_cache,
            whole=whole,
            advance=advance,
        )
    for error in sorted(analysis.project.errors):
        complain(f"{error.path}:{error.line}:{error.column}: {error.reason}")
    return analysis


# -- explain --------------------------------------------------------------------------------------


@main.command(short_help="What a rule finds, why that is bad, what to write instead.")
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


# -- graph ----------------------------------------------------------------------------------------


@main.command(short_help="Draw the calls around workflows.")
@analysis_options
@click.option(
    "--format", "-f", "form", type=click.Choice(["dot", "mermaid", "html"]), default="dot",
    help="dot for Graphviz, mermaid for Markdown, html for one page to pan, zoom and search.",
)  # fmt: skip
@output_option
@click.option("--all", "everything", is_flag=True, help="Also what no workflow reaches.")
def graph(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, form: str,
    output: str, everything: bool,
) -> int:  # fmt: skip
    """Draw the workflows below each PATH (default: the working directory) with all that they reach,
    their steps and children, and who starts them.

    \b
    Examples:
      color-checker graph src --format html --output graph.html
      color-checker graph src --format dot | dot -Tsvg > graph.svg
    """
    from color_checker import drawing
    from color_checker.graph import call_graph, workflow_graph

    analysis = whole_analysis(paths, engines, no_cache, config_file, whole=everything)
    drawn = call_graph(analysis.program) if everything else workflow_graph(analysis.program)
    if form == "html":
        text = drawing.html(
            drawn, f"{' '.join(paths) or os.path.basename(os.getcwd())}: calls around workflows"
        )
    else:
        text = {"dot": drawing.dot, "mermaid": drawing.mermaid}[form](drawn)
    with target(output) as stream:
        from color_checker.report import write_bytes

        write_bytes(stream, text.encode())
    return FAILED if analysis.project.errors else NOTHING_FOUND


# -- lsp ------------------------------------------------------------------------------------------


@main.command(short_help="Serve an editor: findings, colors and fixes where the code is written.")
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


# -- fix ------------------------------------------------------------------------------------------


@main.command(short_help="Change the code so that findings go away.")
@analysis_options
@click.option("--diff", is_flag=True, help="Only show what would change; exit code 1 if anything would.")
@click.option("--rule", "rules", multiple=True, metavar="RULE,...", help="Fix only findings of these rules.")
@click.option("--unsafe", is_flag=True, help="Also what may change what the code means.")
@click.option(
    "--baseline", is_flag=False, flag_value="", metavar="[FILE]", help="Leave alone the findings in FILE."
)
@click.option("--no-baseline", is_flag=True, help="Fix all findings, whatever the configuration says.")
@click.option(
    "--whole-project", is_flag=True,
    help="Check the project, and change only the PATHs: for commit hooks.",
)  # fmt: skip
def fix(
    paths: tuple[str, ...], engines: tuple[str, ...], no_cache: bool, config_file: str | None, diff: bool,
    rules: tuple[str, ...], unsafe: bool, baseline: str | None, no_baseline: bool, whole_project: bool,
) -> int:  # fmt: skip
    """Fix what can be fixed in the files below each PATH (default: the working directory).

    What is written is checked again: a fix stays if its finding is gone and there is no other. Comments and
    formatting stay as they are.

    Exit code: 0 no errors or warnings are left, 1 some are, 2 the command or the configuration is wrong, or
    a file could not be read, parsed or written. With --diff: 0 nothing would change, 1 something would.

    \b
    Examples:
      color-checker fix src
      color-checker fix src --diff --rule clock,random
      color-checker fix src --unsafe
      color-checker fix --whole-project app.py   for a commit hook: changes app.py only
    """
    try:
        from color_checker import fixing
    except ModuleNotFoundError as missing:
        if missing.name != "libcst":
            raise
        raise UsageError("fix needs libcst: pip install 'color-checker[fix]'") from None

    config = effective_config(config_file, paths)
    known_file = None if no_baseline else baseline_file(baseline, "--baseline", config, configured=True)
    wanted = paths if whole_project else None
    paths = () if whole_project else paths
    outcome = fixing.fix_files(
        paths or config.default_paths(), config=config, engines=engines, rules=rule_names(rules, "--rule"),
        unsafe=unsafe, cache=not no_cache, within=None if wanted is None else files_below(wanted, config),
        show=partial(to_fix, known_file, wanted),
    )  # fmt: skip
    for error in outcome.errors:
        complain(f"{error.path}:{error.line}:{error.column}: {error.reason}")
    if diff:
        click.echo("".join(change.diff() for change in outcome.changes), nl=False)
        return FAILED if outcome.errors else FOUND if outcome.changes else NOTHING_FOUND
    problems = fixing.write_changes(outcome.changes)
    for problem in problems:
        complain(problem)
    for line in fixing.summary(outcome):
        click.echo(line)
    if outcome.errors or problems:
        return FAILED
    return FOUND if any(left.finding.severity != "note" for left in outcome.left) else NOTHING_FOUND


def files_below(paths: Sequence[str], config: Config) -> frozenset[str]:
    """The absolute paths of the Python files."""
    from color_checker.result_cache import discover_paths

    return frozenset(source.path for source in discover_paths(paths, config).files)


def to_fix(file: Path | None, wanted: Sequence[str] | None, report: Report, lines: Lines) -> Report:
    """The report without the findings of the baseline, and without what has nothing to do with the paths."""
    from color_checker.baseline import read_baseline
    from color_checker.narrowing import narrowed

    if file is not None:
        new = read_baseline(file).split(report.findings, lines).new
        report = msgspec.structs.replace(report, findings=new)
    return report if wanted is None else narrowed(report, wanted)


# -- init -----------------------------------------------------------------------------------------


@main.command(short_help="Write a first configuration into pyproject.toml.")
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
