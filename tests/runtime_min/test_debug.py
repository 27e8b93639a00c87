"""`runtime-min debug`, as a process: runs are replayed event by event under pdb, and nothing else happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.runtime_min.shop import ROOT, Shop, answers


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.make()
    return shop.directory


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Shop:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Shop(tmp_path)


# -- going --------------------------------------------------------------------------------------------


def test_a_run_that_waits_is_replayed_to_where_it_waits(shop: Shop) -> None:
    output = shop.debug("waiting", typed=["q"])
    assert "end of the history: the workflow waits here" in output
    assert "shop.py:" in output
    assert "if not await wait_signal(approved):  (for signal approved)" in output


def test_a_run_that_ended_is_replayed_to_its_end(shop: Shop) -> None:
    output = shop.debug("done", typed=["w", "q"])
    assert "failed: LookupError: no truck for done" in output
    assert "end of the history: the workflow is failed" in output
    assert "no code of the workflow is running" in output


def test_it_goes_from_event_to_event_and_shows_what_is_recorded(shop: Shop) -> None:
    output = shop.debug("done", typed=["restart", "n", "next", "", "n 2", "e 0 4", "q"])
    _, before, first, second, third, fifth, listed, _ = answers(output)
    assert before == "before the first of 20 events of `done`\n"
    assert 'started buy [{"id":"done","cents":1000}]' in first
    assert '>    1   asks for step charge #0 [{"id":"done","cents":1000},0]' in first
    assert "2 step charge #0 → 500" in second
    assert "4 step charge #1 → 501" in third
    assert "timer #3 is done" in fifth
    assert len(listed.splitlines()) == 5


def test_it_goes_back_and_to_any_event(shop: Shop) -> None:
    typed = ["goto 2", "n", "back", "back 2", "goto 3", "goto 1", "w", "q"]
    _, second, fourth, again, before, third, first, stack, _ = answers(shop.debug("waiting", typed=typed))
    assert ">    3   asks for step charge #1" in second
    assert "4 step charge #1 → 351" in fourth
    assert again == second == third
    assert before == "before the first of 9 events of `waiting`\n"
    assert ">    1   asks for step charge #0" in first
    assert "part = 0" in stack


def test_it_stops_first_at_a_given_event(shop: Shop) -> None:
    output = shop.debug("waiting", "--event", 4, typed=["w", "q"])
    greeting, stack, _ = answers(output)
    assert "4 step charge #1 → 351" in greeting
    assert "gather(child(receipt, order), sleep(0.05))" in stack
    assert "paid = 701" in stack


def test_commands_end_with_the_input(shop: Shop) -> None:
    assert shop.debug("waiting", typed=["n"]).endswith("(debug) \n")


# -- differences --------------------------------------------------------------------------------------


def test_it_stops_at_the_first_difference_with_the_code_that_differs(shop: Shop) -> None:
    shop.change("range(2)", "range(3)")
    greeting, stack, inside, *_ = answers(
        shop.debug("waiting", typed=["w", "p (part, total)", "back", "q"], code=1)
    )
    assert "!!! NonDeterminismError: workflow `buy` (waiting) does something else" in greeting
    assert "recorded: child receipt at position 2" in greeting
    assert "ran:      step charge at position 2" in greeting
    assert stack.startswith("where it differs:\n")
    assert "pay: cents = await charge(order, part)\n" in stack
    assert "part = 2\n" in stack
    assert inside == "(2, 701)\n"


def test_a_difference_can_be_approached_and_looked_at_in_pdb(shop: Shop) -> None:
    shop.change("range(2)", "range(3)")
    typed = ["back", "n", "pdb", "p total", "up", "p state", "n", "q"]
    _, earlier, again, _, total, up, state, dead, _ = answers(shop.debug("waiting", typed=typed, code=1))
    assert ">    3   asks for step charge #1" in earlier
    assert "!!! NonDeterminismError" in again
    assert total == "701\n"
    assert "buy()" in up
    assert state == "'new'\n"
    assert dead == "This is the end of the replay: go `back`, `goto N` or `restart`.\n"


def test_what_the_workflow_does_not_ask_for_any_more_is_a_difference(shop: Shop) -> None:
    shop.change("await asyncio.gather(child(receipt, order), sleep(0.05))", '[await sleep(0.05), ""]')
    output = shop.debug("waiting", typed=["q"], code=1)
    assert "recorded: child receipt at position 2" in output
    assert "ran:      timer at position 2" in output


def test_arguments_that_cannot_be_read_any_more_are_told(shop: Shop) -> None:
    shop.change("cents: int\n\n\n@step", "cents: list[int]\n\n\n@step")
    output = shop.debug("waiting", typed=["w", "n", "back", "q"], code=1)
    assert "!!! " in output
    assert "700" in output
    assert "before the first of 9 events" in output


# -- pdb ----------------------------------------------------------------------------------------------


def test_a_breakpoint_in_the_code_is_hit_during_the_replay(shop: Shop) -> None:
    line = shop.line("total += cents")
    typed = [f"break shop.py:{line}", "restart", "c", "p part, cents", "c", "p part, cents", "c", "q"]
    _, told, _, _, first, _, second, end, _ = answers(shop.debug("waiting", typed=typed))
    assert told == f"breakpoint at shop.py:{line}: total += cents\n"
    assert first == "(0, 350)\n"
    assert second == "(1, 351)\n"
    assert "the workflow waits here" in end


def test_breakpoints_are_given_as_options_with_conditions_and_by_function(shop: Shop) -> None:
    line = shop.line("total += cents")
    output = shop.debug(
        "waiting", "--break", f"{line}, part == 1", "-b", "pay", typed=["p order.id", "c", "p part"]
    )
    _, order, _, part, *_ = answers(output)
    assert order == "'waiting'\n"
    assert part == "1\n"


def test_breakpoints_are_listed_and_cleared_and_not_heard_on_the_way_back(shop: Shop) -> None:
    line = shop.line("total += cents")
    typed = ["b pay", f"b {line}", "b", "goto 4", f"clear {line}", "b", "clear", "b", "q"]
    _, _, _, listed, back, _, fewer, _, none, _ = answers(shop.debug("waiting", typed=typed))
    assert len(listed.splitlines()) == 2
    assert "step charge #1 → 351" in back
    assert fewer.splitlines() == [f"shop.py:{shop.line('total = 0')}: total = 0"]
    assert none == "there are no breakpoints\n"


def test_next_in_pdb_goes_over_an_await_to_the_recorded_result(shop: Shop) -> None:
    typed = ["pdb", "n", "p cents", "n", "n", "event", "q"]
    _, entered, crossed, cents, *_, event, _ = answers(shop.debug("waiting", "--event", 0, typed=typed))
    assert "cents = await charge(order, part)" in entered
    assert crossed.startswith("[event 2] step charge #0 → 350\n")
    assert "-> total += cents" in crossed
    assert cents == "350\n"
    assert ">    3   asks for step charge #1" in event


def test_pdb_steps_through_workflow_code_only(shop: Shop) -> None:
    output = shop.debug("waiting", "--event", 0, typed=["pdb", *["s"] * 30, "q"])
    places = [line for line in output.splitlines() if line.startswith("> ") and "(" in line]
    assert len(places) >= 9
    assert all("shop.py(" in place for place in places)
    assert "the workflow waits here" in output


def test_pdb_goes_on_in_the_code_that_awaited_a_coroutine_which_ends(shop: Shop) -> None:
    line = shop.line("return total")
    output = shop.debug("waiting", "-b", f"shop.py:{line}", typed=["n", "n", "p paid", "w", "q"])
    _, returns, goes_on, paid, stack, _ = answers(output)
    assert "--Return--" in returns
    assert '-> state = "paid"' in goes_on
    assert paid == "701\n"
    assert stack.count("shop.py(") == 1


def test_return_in_pdb_stops_at_the_end_of_a_coroutine_events_later(shop: Shop) -> None:
    output = shop.debug("waiting", "-b", "pay", typed=["clear 1", "return", "p __return__", "q"])
    assert "[event 4] step charge #1 → 351\n--Return--" in output
    assert "\n701\n" in output


def test_pdb_is_entered_where_an_event_is_handled(shop: Shop) -> None:
    greeting, cents, _ = answers(shop.debug("waiting", "--pdb-on-event", 4, typed=["p cents", "q"]))
    assert greeting.startswith("[event 4] step charge #1 → 351\n")
    assert "-> total += cents" in greeting
    assert cents == "351\n"


def test_pdb_is_entered_where_an_event_is_asked_for(shop: Shop) -> None:
    greeting, part, stepped, _ = answers(
        shop.debug("waiting", "--pdb-on-event", 3, typed=["p part", "n", "q"])
    )
    assert greeting.startswith("[event 3] asks for step charge #1")
    assert "-> cents = await charge(order, part)" in greeting
    assert part == "1\n"
    assert "-> total += cents" in stepped


def test_pdb_opens_on_code_that_waits(shop: Shop) -> None:
    typed = ["pdb", "p total", "up", "p state", "event", "q"]
    _, here, total, _, state, left, _ = answers(shop.debug("waiting", "--event", 2, typed=typed))
    assert "-> cents = await charge(order, part)" in here
    assert total == "350\n"
    assert state == "'new'\n"
    assert ">    3   asks for step charge #1" in left


def test_breakpoint_and_print_work_in_workflow_code(shop: Shop) -> None:
    shop.change("    return total\n", '    print("total is", total)\n    breakpoint()\n    return total\n')
    greeting, total, end, _ = answers(shop.debug("waiting", typed=["p total", "c", "q"]))
    assert "total is 701\n" in greeting
    assert "breakpoint()" in greeting
    assert total == "701\n"
    assert "the workflow waits here" in end


def test_quitting_inside_of_workflow_code_runs_none_of_its_steps(shop: Shop) -> None:
    before = shop.trace()
    shop.change("        await ship(order)\n", "        breakpoint()\n        await ship(order)\n")
    shop.debug("done", typed=["q"])
    assert shop.trace() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is sent as a signal")
def test_code_that_never_waits_can_be_interrupted_and_looked_at(shop: Shop) -> None:
    shop.change(
        "    total = 0\n",
        "    total = 0\n    print('endless', flush=True)\n    while True:\n        total += 1\n",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime_min", "--db", "shop.sqlite", "--app", "shop", "debug", "waiting"],
        cwd=shop.directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "endless\n"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate("w\nq\n", timeout=60)
    finally:
        process.kill()
        process.wait()
    assert "!!! KeyboardInterrupt\n" in output
    places = (
        "print('endless'",
        "while True",
        "total += 1",
    )  # it may not be back from the first when interrupted
    assert any(f"  shop.py:{shop.line(place)}" in output for place in places)
    assert process.returncode == 1


CLASS = """

class Trial:
    def __init__(self) -> None:
        self.count = 0

    async def add(self, order: Order) -> int:
        cents = await charge(order, 3)
        return cents

    @workflow
    async def run(self, cents: int) -> int:
        self.count = await asyncio.wait_for(self.add(Order("t", cents)), 1000)
        return await wait_signal(approved)
"""


def test_workflows_that_are_methods_stop_in_methods_and_show_what_they_hold(shop: Shop) -> None:
    shop.module.write_text(shop.module.read_text("utf-8") + CLASS, "utf-8")
    trial = "start", "Trial.run", 8, "--id", "trial"
    shop.command(*trial)
    shop.command("cancel", "racing")
    shop.command("cancel", "waiting")
    script = (
        "import asyncio\nimport shop\nfrom runtime_min import Runtime\n\n\nasync def main():\n"
        "    async with Runtime('shop.sqlite') as runtime:\n"
        "        while (await runtime.handle('trial').describe()).events < 5:\n"
        "            await asyncio.sleep(0.01)\n\n\nasyncio.run(main())\n"
    )
    shop.python(script)
    typed = [
        "w",
        "b Trial.add",
        "b add",
        "restart",
        "c",
        "p self.count, order",
        "clear",
        "n",
        "n",
        "n",
        "w",
        "q",
    ]
    _, end, told, again, _, _, order, *_, stack, _ = answers(shop.debug("trial", typed=typed))
    assert "self = <Trial count=7>\n" in end
    assert told.startswith(f"breakpoint at shop.py:{shop.line('cents = await charge(order, 3)')}")
    assert again == told
    assert order == "(0, Order(id='t', cents=8))\n"
    assert "shop.py(" in stack


# -- looking ------------------------------------------------------------------------------------------


def test_open_operations_are_shown_with_their_source_and_their_recorded_result(shop: Shop) -> None:
    _, shown, _ = answers(shop.debug("waiting", "--event", 4, typed=["open", "q"]))
    line = shop.line("both = await")
    assert 'child receipt #2 [{"id":"waiting","cents":700}]' in shown
    assert f"asked for at shop.py:{line}: both = await asyncio.gather" in shown
    assert 'child receipt #2 → "receipt waiting"' in shown
    assert "timer #3 is done" in shown


def test_signals_are_shown_and_whether_they_were_taken(shop: Shop) -> None:
    output = shop.debug("done", typed=["signals", "restart", "signals", "q"])
    _, all_of_them, _, none, _ = answers(output)
    assert "received signal approved true" in all_of_them
    assert "not taken" not in all_of_them
    assert none == "no message has arrived\n"
    _, late, _ = answers(shop.debug("racing", typed=["signals", "q"]))
    assert 'received signal note "hurry"\n' in late
    assert 'not taken yet: note "hurry"\n' in late


def test_the_stack_of_each_task_is_shown(shop: Shop) -> None:
    _, stack, _ = answers(shop.debug("racing", "--event", 0, typed=["w", "q"]))
    assert "first:  (waits for signal approved)\n" in stack
    assert "wait: await wait_signal(approved)" in stack
    assert "race: async with asyncio.TaskGroup() as group:" in stack
    assert "cents = 10" in stack


def test_an_event_is_shown_with_all_its_fields(shop: Shop) -> None:
    _, event, failed, _ = answers(shop.debug("done", typed=["event 1", "event 16", "q"]))
    assert 'arguments: [{"id":"done","cents":1000},0]' in event
    assert f"where: shop.py:{shop.line('cents = await')}" in event
    assert "line: cents = await charge(order, part)" in event
    assert "failure: LookupError: no truck for done" in failed
    assert "trace:" in failed


def test_waiting_for_another_run_is_asked_for_by_the_workflow_and_not_by_the_runtime(shop: Shop) -> None:
    _, opened, _ = answers(shop.debug("done", "--event", 12, typed=["open", "q"]))
    line = shop.line("await handle.result()")
    assert f"result of again-done #5\n    asked for at shop.py:{line}: await handle.result()" in opened


def test_what_the_runtime_does_for_a_workflow_has_names_for_people(shop: Shop) -> None:
    output = shop.debug("done", typed=["e 0 19", "q"])
    assert 'result of again-done #5 → "receipt done"' in output
    assert "runtime_min.result" not in output


# -- what never happens -------------------------------------------------------------------------------


def test_nothing_runs_and_nothing_is_written_whatever_is_typed(shop: Shop) -> None:
    before = shop.trace()
    line = shop.line("total += cents")
    typed = [
        *("p charge(order, 9)", "restart", "n", "p charge(order, 9)", "pdb", "p charge(order, 9)", "n"),
        *(
            "p charge(order, 9)",
            "event",
            f"b {line}",
            "c",
            "p charge(order, 9)",
            "c",
            "back 3",
            "goto 6",
            "q",
        ),
    ]
    output = shop.debug("waiting", typed=typed)
    assert output.count("Call object") == 5
    shop.debug("done", typed=["restart", *["n"] * 30, "q"])
    assert shop.trace() == before


def test_a_file_is_debugged_without_any_database(shop: Shop) -> None:
    shop.command("history", "waiting", "--output", "waiting.json")
    (shop.directory / "shop.sqlite").unlink()
    assert "the workflow waits here" in shop.debug("waiting.json", typed=["q"])
    assert not (shop.directory / "shop.sqlite").exists()


# -- wrong use ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("goto", "a number is needed"),
        ("goto x", "`x` is no number of an event"),
        ("goto ²", "`²` is no number of an event"),
        ("goto 99", "there is no event 99; the run has events 0 to 8"),
        ("event 99", "there is no event 99; the run has events 0 to 8"),
        ("n", "the replay is at its end; `back`, `goto N` or `restart`"),
        ("frobnicate", "there is no command `frobnicate`; `help` lists them"),
        ("p 1 / 0", "ZeroDivisionError: division by zero"),
        ("p (", "SyntaxError: '(' was never closed (<string>, line 1)"),
        ("b nope", "`shop` has no function `nope`; a breakpoint is FILE:LINE, LINE or FUNCTION"),
        ("b nope.py:3", "nope.py: there is no such file, and no module of that name is loaded"),
        ("b shop.py:1", "shop.py:1: no function has code in that line of shop.py"),
        ("b shop.py:4000", "shop.py:4000: no function has code in that line of shop.py"),
        ("b charge", "`charge` is a step, and no step runs in a replay; break where it is called"),
        ("b a:b", "a:b: a breakpoint is FILE:LINE, LINE or FUNCTION"),
        ("help nope", "there is no command `nope`"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(shop: Shop, typed: str, told: str) -> None:
    _, answer, _ = answers(shop.debug("waiting", typed=[typed, "q"]))
    assert answer == f"*** {told}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nope"], "no workflow has the id `nope`"),
        (["waiting", "--generation", "3"], "workflow `waiting` has no generation 3"),
        (["waiting", "--event", "99"], "there is no event 99; the run has events 0 to 8"),
        (["waiting", "--break", "nope"], "`shop` has no function `nope`"),
        (["waiting", "--listen", "x"], "--listen x: it is PORT or HOST:PORT"),
        (["waiting", "--listen", "²"], "--listen ²: it is PORT or HOST:PORT"),
        (
            ["waiting", "--listen", "0.0.0.0:5678"],
            "listen on 127.0.0.1 (through a tunnel, say), or add --expose",
        ),
        (["waiting", "--break", "shop.py:²"], "a breakpoint is FILE:LINE, LINE or FUNCTION"),
        (["waiting", "--listen", "1", "--break", "pay"], "with --listen, the IDE has the breakpoints"),
        (["done", "--pdb-on-event", "15"], "event 15 is the worker's note; the workflow does not see it"),
        (["shop.py"], "shop.py:1:1: JSON is malformed"),
    ],
)
def test_wrong_options_are_told_and_exit_with_2(shop: Shop, arguments: list[str], told: str) -> None:
    assert told in shop.command("debug", *arguments, code=2)


def test_without_the_code_it_says_so(shop: Shop) -> None:
    assert "the code of the workflows is needed" in shop.command("debug", "done", app=False, code=2)
    (shop.directory / "empty.py").touch()
    told = shop.command("--app", "empty", "debug", "done", app=False, code=2)
    assert "the code of workflow `buy` is needed: name its module with --app (empty defines none)" in told


# -- an IDE -------------------------------------------------------------------------------------------


class Ide:
    """As much of the debug adapter protocol as it takes to stop at a breakpoint."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.sequence = 0

    def ask(self, command: str, **arguments: Any) -> None:
        self.sequence += 1
        message = {"seq": self.sequence, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n" % len(data) + data)

    def until(self, kind: str, name: str) -> dict[str, Any]:
        while True:
            length = 0
            while header := self.file.readline().strip():
                if header.lower().startswith(b"content-length"):
                    length = int(header.split(b":")[1])
            message: dict[str, Any] = json.loads(self.file.read(length))
            if message["type"] == kind and message.get("command", message.get("event")) == name:
                body: dict[str, Any] = message.get("body") or {}
                return body

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.ask(command, **arguments)
        return self.until("response", command)


def test_an_ide_stops_at_its_breakpoints_during_the_replay(shop: Shop) -> None:
    pytest.importorskip("debugpy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "runtime_min", "--db", "shop.sqlite", "--app", "shop"),
            *("debug", "waiting", "--listen", str(port)),
        ],
        cwd=shop.directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"waiting for an IDE to attach to 127.0.0.1:{port}\n"
        ide = Ide(port)
        ide.call("initialize", adapterID="test")
        ide.ask("attach", justMyCode=True)
        ide.until("event", "initialized")
        line = shop.line("total += cents")
        ide.call("setBreakpoints", source={"path": str(shop.module)}, breakpoints=[{"line": line}])
        ide.ask("configurationDone")
        for value in ("350", "351"):
            thread = ide.until("event", "stopped")["threadId"]
            frame = ide.call("stackTrace", threadId=thread)["stackFrames"][0]
            assert (frame["name"], frame["line"]) == ("pay", line)
            assert ide.call("evaluate", expression="cents", frameId=frame["id"])["result"] == value
            ide.call("continue", threadId=thread)
        ide.ask("disconnect")
        ide.socket.close()
        process.stdin.write("b pay\nq\n")
        process.stdin.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_listening_without_debugpy_says_what_to_install(shop: Shop) -> None:
    (shop.directory / "debugpy.py").write_text("raise ImportError\n", "utf-8")
    told = shop.command("debug", "done", "--listen", "5678", code=2)
    assert "--listen needs debugpy: pip install debugpy" in told
