"""`runtime-min` as its users meet it: what it prints, exit codes, and one line for each mistake."""

from __future__ import annotations

import _thread
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import click
import pytest
from click.testing import CliRunner

from runtime_min.cli import main
from tests.runtime_min.shop import ROOT, Shop

COMMANDS = sorted(main.commands)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.make()
    return shop.directory


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Shop:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Shop(tmp_path)


@contextlib.contextmanager
def working(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """A worker meanwhile; what is waited for within has to come soon."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime_min", "--db", "shop.sqlite", "--app", "shop", "worker"],
        cwd=shop.directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    late = threading.Timer(30, _thread.interrupt_main)
    late.start()
    try:
        yield process
    finally:
        late.cancel()
        process.terminate()
        process.communicate(timeout=20)


def state(shop: Shop, id: str) -> str:
    """How the run stands."""
    rows = map(json.loads, shop.command("list", "--json", app=False).splitlines())
    return next(str(row["state"]) for row in rows if row["id"] == id)


# -- help and wrong use -------------------------------------------------------------------------------


def test_the_help_names_all_commands_and_shows_examples() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    assert set(COMMANDS) == {
        *("cancel", "dashboard", "debug", "history", "list", "query"),
        *("replay", "show", "signal", "start", "worker"),
    }
    assert all(f"\n  {name} " in output for name in COMMANDS)
    assert "runtime-min --app shop.flows start buy" in output
    assert "Exit codes: 0 done, 1 a workflow failed or a replay differs, 2 wrong usage" in output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_all_its_options(name: str) -> None:
    command = main.commands[name]
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--db", "none.sqlite", "list"],
            "none.sqlite: no such file; name the database with --db or RUNTIME_MIN_DB",
        ),
        (["--db", "shop.py", "list"], "shop.py: file is not a database"),
        (
            ["--app", "nope", "query", "waiting", "status"],
            "--app nope: ModuleNotFoundError: No module named 'nope'",
        ),
        (
            ["--codec", "nope:x", "list"],
            "--codec nope:x: No module named 'nope'; it is MODULE:NAME of a codec",
        ),
        (["--codec", "json:nope", "list"], "it is MODULE:NAME of a codec"),
        (["--codec", "json:dumps", "list"], "--codec json:dumps: that is no codec"),
        (["list", "--state", "nope"], "'nope' is not one of"),
        (["list", "--limit", "0"], "0 is not in the range 1<=x<=2147483647"),
        (["list", "--limit", "9" * 30], "is not in the range"),
        (["list", "--prefix", "\udcff"], "is no UTF-8 text"),
        (["show", "\udcff"], "is no UTF-8 text"),
        (["show", "done", "--generation", "9" * 30], "is not in the range"),
        (["start", "race", "\udcff"], "is no UTF-8 text"),
        (["start", "race", "[" * 100_000], "it is nested too deeply"),
        (["--codec", "json:JSONEncoder", "list"], "that is a class; name an object of it"),
        (["--codec", "broken:codec", "list"], "--codec broken:codec: ZeroDivisionError: division by zero ("),
        (["worker", "--lease", "nan"], "--lease nan: it is a number of seconds"),
        (["worker", "--lease", "inf"], "--lease inf: it is a number of seconds"),
        (["show"], "Missing argument 'ID'"),
        (["show", "nope"], "no workflow has the id `nope`"),
        (["show", "done", "--generation", "4"], "workflow `done` has no generation 4"),
        (["start", "nope"], "no workflow is named `nope`; there are: buy, race, receipt"),
        (
            ["start", "buy"],
            "the arguments do not fit buy(order: shop.Order): missing a required argument: 'order'",
        ),
        (["start", "race", "1", "2"], "too many positional arguments"),
        (
            ["start", "buy", '{"id": 1, "cents": 2}'],
            "the arguments do not fit buy(order: shop.Order): order.id: 1 is no str",
        ),
        (
            ["start", "buy", '{"id": "a"}'],
            """buy(order: shop.Order): order: {"id":"a"} lacks the field 'cents' of Order""",
        ),
        (["signal", "nope", "approved", "true"], "no workflow has the id `nope`"),
        (["signal", "done", "approved", "true"], "workflow `done` is failed, so nothing reaches it any more"),
        (["signal", "waiting", "approved", "maybe"], 'signal `approved`: value: "maybe" is no bool'),
        (
            ["signal", "waiting", "approval", "true"],
            "no signal is named `approval`; there are: `approved`, `note`",
        ),
        (["query", "waiting", "nope"], "workflow `buy` has no query `nope` at this point of its run"),
        (["query", "waiting", "status", "1"], "query status: TypeError: "),
        (["cancel", "done"], "workflow `done` is failed, so nothing reaches it any more"),
        (["worker", "--concurrency", "0"], "0 is not in the range x>=1"),
        (["worker", "--lease", "0"], "0.0 is not in the range x>0"),
        (["history"], "name either the ID of a run to export, or files with --import"),
        (
            ["history", "done", "--import", "x"],
            "name either the ID of a run to export, or files with --import",
        ),
        (["history", "nope"], "no workflow has the id `nope`"),
        (
            ["history", "done", "-o", "none/x.json"],
            "none/x.json: cannot be written: No such file or directory",
        ),
        (["history", "--import", "nope.json"], "nope.json: cannot be read: No such file or directory"),
        (["history", "--import", "x", "-o", "y"], "--generation, --output and --unsealed are for exports"),
        (["replay"], "name runs or files to replay, or --all of them"),
        (["replay", "done", "--all"], "name runs or files to replay, or --all of them"),
        (["replay", "done", "--state", "running"], "--workflow and --state choose among --all runs"),
        (["replay", "nope"], "no workflow has the id `nope`"),
        (["replay", "none.json"], "none.json: no such file; and no workflow has that id"),
        (["replay", "done", "none/trial"], "none/trial: no such file; and no workflow has that id"),
        (["replay", "./"], "./: is a directory; and no workflow has that id"),
        (["debug", "none.json", "--generation", "1"], "none.json: no such file; and no workflow has that id"),
        (["replay", "--all", "--workflow", "nope"], "no workflow is named `nope`"),
        (
            ["--db", "none.sqlite", "replay", "x"],
            "x: no such file; and as an id, it is not known: no database",
        ),
        (["dashboard", "--port", "70000"], "70000 is not in the range"),
        (["--db", "none.sqlite", "dashboard"], "none.sqlite: no such file"),
        (["nope"], "No such command 'nope'"),
    ],
)
def test_a_mistake_is_one_line_and_exits_with_2(shop: Shop, arguments: list[str], told: str) -> None:
    (shop.directory / "broken.py").write_text("codec = 1 / 0\n")
    output = shop.command(*arguments, code=2)
    assert told in output
    assert output.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["worker"], "a worker needs the modules with its workflows: runtime-min --app MODULE worker"),
        (["start", "buy"], "no workflow is named `buy`; there are: none; name its module with --app"),
        (["query", "waiting", "status"], "the code of workflow `buy` is needed: name its module with --app"),
        (["replay", "done"], "the code of the workflows is needed"),
    ],
)
def test_what_needs_the_code_says_so(shop: Shop, arguments: list[str], told: str) -> None:
    assert told in shop.command(*arguments, app=False, code=2)


def test_what_needs_no_code_does_not_import_it(shop: Shop) -> None:
    wrong = ("--app", "nope")
    assert "waiting" in shop.command(*wrong, "list", app=False)
    assert "buy" in shop.command(*wrong, "show", "waiting", app=False)
    shop.command(*wrong, "history", "done", "--output", "done.json", app=False)
    shop.command(*wrong, "--db", "other.sqlite", "history", "--import", "done.json", app=False)
    shop.command(*wrong, "cancel", "waiting", app=False)
    for arguments in (
        ["start", "race"],
        ["signal", "waiting", "note"],
        ["replay", "done"],
        ["debug", "done"],
    ):
        assert "--app nope: ModuleNotFoundError" in shop.command(*wrong, *arguments, app=False, code=2)


def test_an_error_in_the_users_module_is_told_with_its_place(shop: Shop) -> None:
    (shop.directory / "bad.py").write_text("x = 1\ny = 1 / 0\n", "utf-8")
    output = shop.command("--app", "bad", "query", "waiting", "status", code=2)
    assert "--app bad: ZeroDivisionError: division by zero (" in output
    assert "bad.py:2)" in output


def test_a_module_without_workflows_has_no_work(shop: Shop) -> None:
    (shop.directory / "empty.py").touch()
    assert "empty: no workflow is defined there" in shop.command(
        "--app", "empty", "worker", app=False, code=2
    )


def test_options_come_from_the_environment(shop: Shop) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime_min", "query", "waiting", "status"],
        cwd=shop.directory,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RUNTIME_MIN_DB": "shop.sqlite",
            "RUNTIME_MIN_APP": "shop",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '"paid"\n'


# -- running ------------------------------------------------------------------------------------------


def test_start_prints_the_id_and_a_second_start_of_it_starts_nothing(shop: Shop) -> None:
    order = '{"id": "o7", "cents": 10}'
    assert shop.command("start", "buy", order, "--id", "o7") == "o7\n"
    assert shop.command("start", "buy", order, "--id", "o7") == "o7\n"
    assert shop.command("list", "--prefix", "o7").count("o7 ") == 1


def test_start_and_wait_prints_the_result(shop: Shop) -> None:
    order = '{"id": "o8", "cents": 10}'
    assert shop.command("start", "receipt", order, "--id", "o8", "--wait") == 'o8\n"receipt o8"\n'


def test_start_and_wait_exits_with_1_if_the_workflow_fails(shop: Shop) -> None:
    shop.change('    return f"receipt {order.id}"', '    raise ValueError("out of paper")')
    output = shop.command("start", "receipt", '{"id": "o9", "cents": 10}', "--wait", code=1)
    assert "WorkflowFailed: receipt: builtins.ValueError: out of paper" in output


def test_a_worker_goes_on_with_what_a_signal_released_and_stops_when_told(shop: Shop) -> None:
    shop.command("signal", "waiting", "approved", "false")
    with working(shop) as process:
        while state(shop, "waiting") != "completed":
            pass
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert told == "shop.sqlite: running buy, race, receipt\n"
    assert '"refused"' in shop.command("show", "waiting")


def test_a_worker_until_idle_ends_by_itself(shop: Shop) -> None:
    shop.command("start", "receipt", '{"id": "x", "cents": 1}', "--id", "x")
    shop.command("cancel", "waiting")
    shop.command("cancel", "racing")
    shop.command("worker", "--until-idle")
    assert "cancelled" in shop.command("show", "waiting")
    assert '"receipt x"' in shop.command("show", "x")


def test_a_worker_until_idle_does_not_wait_for_imported_runs(shop: Shop) -> None:
    shop.command("history", "waiting", "-o", "waiting.json")
    shop.command("--db", "fresh.sqlite", "history", "--import", "waiting.json")
    shop.command("--db", "fresh.sqlite", "worker", "--until-idle")
    told = shop.command("--db", "fresh.sqlite", "signal", "waiting", "approved", "true", code=2)
    assert "workflow `waiting` is imported, so nothing reaches it" in told


def test_output_that_cannot_be_encoded_is_escaped(shop: Shop) -> None:
    assert "\\xb7" in shop.command("show", "done", PYTHONIOENCODING="ascii")


def test_a_query_answers_from_a_replay_also_after_the_end(shop: Shop) -> None:
    assert shop.command("query", "waiting", "status") == '"paid"\n'
    assert shop.command("query", "done", "status") == '"approved"\n'


# -- list and show ------------------------------------------------------------------------------------


def widths(output: str) -> int:
    return max(len(line.rstrip()) for line in output.splitlines())


@pytest.mark.parametrize("columns", [60, 80, 100, 140, 200])
def test_the_list_fits_and_nothing_wraps(shop: Shop, columns: int) -> None:
    output = shop.command("list", COLUMNS=str(columns))
    lines = output.splitlines()
    assert widths(output) <= columns
    assert lines[0].split() == ["id", "workflow", "state", "started", "took", "events"]
    assert len(lines) == 1 + 6 + 1
    assert lines[-1].startswith("6 of 6 shown: ")
    assert {"2 running", "3 completed", "1 failed"} == set(lines[-1].partition(": ")[2].split(", "))


def test_the_list_filters_and_counts(shop: Shop) -> None:
    assert shop.command("list", "--state", "failed", "--workflow", "buy").splitlines()[1].startswith("done ")
    assert len(shop.command("list", "--limit", "2").splitlines()) == 4
    rows = [json.loads(line) for line in shop.command("list", "--json", "--workflow", "buy").splitlines()]
    assert [(row["id"], row["state"], row["events"]) for row in rows] == [
        ("waiting", "running", 9),
        ("done", "failed", 20),
    ]


def test_a_blocked_run_is_marked_and_told_below_the_list(shop: Shop) -> None:
    shop.change("range(2)", "range(3)")
    shop.command("signal", "waiting", "approved", "true")
    with working(shop):
        while "blocked" not in (output := shop.command("list", app=False, COLUMNS="80")):
            pass
    (told,) = [line for line in output.splitlines() if line.startswith("waiting is blocked: ")]
    assert told.endswith("workflow `buy` (waiting) does something else than what is recorded")
    assert widths(output.replace(told, "")) <= 80
    assert "recorded: child receipt at position 2" in shop.command("show", "waiting", app=False)


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_a_run_fits_with_each_value_on_its_line(shop: Shop, columns: int) -> None:
    output = shop.command("show", "done", COLUMNS=str(columns))
    lines = output.splitlines()
    assert widths(output) <= columns
    assert lines[0].startswith("done  buy  failed  20")
    charges = [line for line in lines if "step charge" in line]
    assert [line.split("→")[1].split()[0] for line in charges] == ["500", "501", "507"]
    assert ("where" in lines[1]) == (columns >= 110)
    assert any("result of again-done" in line and '→ "receipt done"' in line for line in lines)
    assert "runtime_min" not in output
    assert "no truck for done" in " ".join(output.split())


def test_values_can_be_left_out(shop: Shop) -> None:
    output = shop.command("show", "done", "--no-values")
    assert "cents" not in output
    assert "step charge" in output


def test_output_into_a_pipe_is_as_wide_everywhere_and_has_no_colors(shop: Shop) -> None:
    output = shop.command("show", "done")
    assert "\x1b" not in output
    assert 80 < widths(output) <= 100
    assert output == shop.command("show", "done", COLUMNS="100", TERM="dumb")
    assert shop.command("show", "done", COLUMNS="80", FORCE_COLOR="") != output


def test_what_is_open_is_shown_with_when_it_is_due(shop: Shop) -> None:
    shop.change("sleep(0.05)", "sleep(86400 * 3)")
    shop.command("start", "buy", '{"id": "o5", "cents": 10}', "--id", "o5")
    with working(shop):
        while "timer  open" not in (output := shop.command("show", "o5", app=False)):
            pass
    (line,) = [line for line in output.splitlines() if "timer  open" in line]
    assert "due 20" in line


# -- histories ----------------------------------------------------------------------------------------


def test_a_history_is_exported_and_imported_elsewhere(shop: Shop) -> None:
    text = shop.command("history", "done", app=False)
    assert json.loads(text)["run"]["id"] == "done"
    assert shop.command("history", "done", "--output", "done.json", app=False) == ""
    assert (shop.directory / "done.json").read_text("utf-8") == text
    other = ["--db", "other.sqlite"]
    assert shop.command(*other, "history", "--import", "done.json", app=False) == "done\n"
    assert shop.command(*other, "history", "done", app=False) == text
    assert "step charge" in shop.command(*other, "show", "done", app=False)
    assert "there is a run of this id already" in shop.command(
        *other, "history", "--import", "done.json", code=2
    )


@pytest.mark.parametrize("moment", ['"inf"', "1e300", "-1e300", '"-inf"'])
def test_a_file_with_times_of_no_calendar_can_be_looked_at(shop: Shop, moment: str) -> None:
    text = shop.command("history", "waiting", app=False)
    (shop.directory / "odd.json").write_text(re.sub(r'"at":[0-9.]+', f'"at":{moment}', text), "utf-8")
    shop.command("--db", "odd.sqlite", "history", "--import", "odd.json")
    assert "waiting" in shop.command("--db", "odd.sqlite", "list")
    told = shop.command("--db", "odd.sqlite", "show", "waiting")
    assert "step charge" in told
    assert max(map(len, told.splitlines())) <= 120


@pytest.mark.parametrize(
    ("was", "is_now", "told"),
    [
        (r'"at":[0-9.]+', '"at":"nan"', "has the time `nan`"),
        (r'"seed":"\d+"', '"seed":"-1"', "events[0].seed: a seed has 64 bits"),
        (r'"seed":"\d+"', f'"seed":"{2**64}"', "events[0].seed: a seed has 64 bits"),
        (r'"generation":0', f'"generation":{2**63}', "run.generation: Expected `int`"),
        (r'"generation":0', '"generation":-1', "run.generation: Expected `int` >= 0"),
    ],
)
def test_a_file_that_cannot_be_stored_says_why(shop: Shop, was: str, is_now: str, told: str) -> None:
    text = shop.command("history", "waiting", app=False)
    (shop.directory / "odd.json").write_text(re.sub(was, is_now, text), "utf-8")
    assert told in shop.command("--db", "odd.sqlite", "history", "--import", "odd.json", code=2)


def test_what_a_terminal_would_obey_is_escaped(shop: Shop) -> None:
    text = shop.command("history", "done", app=False)
    text = text.replace('"id":"done"', r'"id":"do\u001b]0;x\u0007ne"').replace(
        "no truck", r"no\u001b[2Jtruck"
    )
    (shop.directory / "odd.json").write_text(text, "utf-8")
    shop.command("--db", "odd.sqlite", "history", "--import", "odd.json")
    odd = "do\x1b]0;x\x07ne"
    told = shop.command("--db", "odd.sqlite", "list") + shop.command("--db", "odd.sqlite", "show", odd)
    assert "\x1b" not in told
    assert r"do\x1b]0;x\x07ne" in told
    assert r"no\x1b[2Jtruck" in "".join(told.split())


def test_an_imported_run_is_replayed_and_never_run(shop: Shop) -> None:
    shop.command("history", "waiting", "-o", "waiting.json")
    other = ["--db", "other.sqlite"]
    shop.command(*other, "history", "--import", "waiting.json")
    before = shop.trace()
    assert shop.command(*other, "replay", "waiting") == "ok  waiting  buy, 9 events\n"
    assert shop.trace() == before


def test_recorded_runs_replay_against_the_code_that_made_them(shop: Shop) -> None:
    before = shop.trace()
    shop.command("history", "waiting", "-o", "waiting.json")
    output = shop.command("replay", "done", "waiting.json", "racing")
    assert output.splitlines() == [
        "ok  done  buy, 20 events",
        "ok  waiting  buy, 9 events",
        "ok  racing  race, 4 events",
        "3 replayed: 3 ok, 0 differing",
    ]
    assert shop.command("replay", "--all", "--quiet") == "6 replayed: 6 ok, 0 differing\n"
    assert shop.trace() == before


def test_replays_that_differ_say_how_and_exit_with_1(shop: Shop) -> None:
    shop.change("range(2)", "range(3)")
    output = shop.command("replay", "--all", code=1)
    assert "ok  racing  race, 4 events" in output
    assert "differs  waiting  buy, 9 events\n    NonDeterminismError: " in output
    assert "recorded: child receipt at position 2" in output
    assert output.endswith("6 replayed: 4 ok, 2 differing\n")
    quiet = shop.command("replay", "--all", "--state", "running", "-q", code=1)
    assert "racing" not in quiet
    assert quiet.endswith("2 replayed: 1 ok, 1 differing\n")
    assert "1 replayed: 1 ok" in shop.command("replay", "--all", "--workflow", "race", "-q")


def test_an_effect_in_the_code_differs_too(shop: Shop) -> None:
    shop.change("    total = 0\n", "    import time\n    total = 0 * int(time.time())\n")
    assert "EffectInWorkflow: " in shop.command("replay", "waiting", code=1)


def test_a_wrong_codec_is_told_by_what_reads_values(shop: Shop) -> None:
    (shop.directory / "keyed.py").write_text(
        "from runtime_min import JsonCodec, SealedCodec\n"
        "def opened(data: bytes) -> bytes:\n"
        "    raise RuntimeError('wrong key')\n"
        "codec = SealedCodec(JsonCodec(), seal=bytes, open=opened)\n"
    )
    hint = "The codec does not open the recorded values: name the one that stored them with --codec."
    wrong = ("--codec", "keyed:codec")
    assert hint in shop.command(*wrong, "replay", "done", code=1)
    assert hint in shop.command(*wrong, "debug", "done", code=1)
    told = shop.command(*wrong, "history", "done", "--unsealed", code=2)
    assert "done: events[0]: the codec cannot open it: RuntimeError: wrong key; name the one" in told
    assert hint not in shop.command("replay", "done")


def test_runs_without_code_matter_only_while_they_run_or_are_named(shop: Shop) -> None:
    (shop.directory / "other.py").write_text("", "utf-8")
    options = ["--app", "other", "replay"]
    output = shop.command(*options, "--all", app=False, code=1)
    assert "passed over  done  buy, 20 events: no such workflow is defined, and the run has ended" in output
    assert "differs  waiting  buy, 9 events\n    WorkflowNotFound: " in output
    assert output.endswith("6 replayed: 0 ok, 2 differing, 4 without code passed over\n")
    assert "passed over" in shop.command(*options, "--all", "--state", "failed", app=False)
    assert "differs  done" in shop.command(*options, "done", app=False, code=1)


def test_nothing_to_replay_is_told(shop: Shop) -> None:
    assert shop.command("replay", "--all", "--state", "cancelled") == "no run was found\n"


# -- dashboard ----------------------------------------------------------------------------------------


def test_the_dashboard_is_served_with_the_settings_of_the_command(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.directory)
    with mock.patch("runtime_min.dashboard.serve") as serve:
        result = CliRunner().invoke(main, ["--db", "shop.sqlite", "dashboard", "--port", "0"])
    assert result.exit_code == 0, result.output
    (database,), options = serve.call_args
    assert database == "shop.sqlite"
    assert (options["apps"], options["port"], options["open_browser"]) == ((), 0, False)
