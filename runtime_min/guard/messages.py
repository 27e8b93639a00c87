"""What the guard says: what was called and where, why that breaks a replay, what to write instead."""

from __future__ import annotations

_STEP = "do it in a function decorated with `@step`"

# Why it matters, after "on replay".
_WHY = {
    "clock": "it gives another time than the recorded run saw",
    "random": "it gives other numbers than the recorded run saw",
    "identity": "it gives another value than the recorded run saw",
    "environment": "it may answer differently, on another machine or after a deployment",
    "filesystem": "it happens again, and what it finds may have changed",
    "network": "it happens again, and may be answered differently",
    "process": "it happens again",
    "thread": "what other threads do comes in another order, or is not there at all",
    "unordered": "it gives its elements in another order",
    "blocking": "it waits again, and it holds up every other workflow of this worker meanwhile",
    "console": "it is written, or asked for, once more",
    "dynamic-code": "it runs code that nothing watches",
}

_INSTEAD = {
    "clock": "write `runtime_min.now()`",
    "random": "write `runtime_min.random()`, whose numbers are the same on replay",
    "identity": "write `runtime_min.uuid4()`, or make a key of the arguments",
    "environment": f"pass the value as an argument of the workflow, or {_STEP}",
    "thread": "write `asyncio.create_task(...)` for concurrency, or call a step for blocking work",
    "unordered": "use `sorted(...)`, or keep the values in a list or dict",
    "blocking": "write `await runtime_min.sleep(duration)` to wait, or call a step for blocking work",
    "console": "write `runtime_min.logger.info(...)`, which is silent on replay",
    "dynamic-code": f"import or define the code at the top of a module, or {_STEP}",
}

# By name where that says more than the effect; `module.*` stands for all of it. The analyzer's are in
# color_checker/engines/runtime_min.toml, which is not read at run time.
_BY_NAME = {
    "datetime.date.today": "write `runtime_min.now().date()`",
    "time.time": "write `runtime_min.now().timestamp()`",
    "time.time_ns": "write `int(runtime_min.now().timestamp() * 1e9)`",
    "time.monotonic": "write `runtime_min.now().timestamp()`",
    "time.perf_counter": "write `runtime_min.now().timestamp()`",
    "time.sleep": "write `await runtime_min.sleep(seconds)`",
    "random.random": "write `runtime_min.random().random()`",
    "random.randint": "write `runtime_min.random().randint(a, b)`",
    "random.choice": "write `runtime_min.random().choice(values)`",
    "random.shuffle": "write `runtime_min.random().shuffle(values)`",
    "os.urandom": "write `runtime_min.random().randbytes(n)`, or make secrets in a step",
    "secrets.*": "make secrets in a step: `runtime_min.random()` is deterministic, so not secret",
    "random.SystemRandom.*": "write `runtime_min.random()`; make secrets in a step",
    "uuid.uuid1": "write `runtime_min.uuid4()`",
    "uuid.uuid4": "write `runtime_min.uuid4()`",
    "builtins.input": "write `await runtime_min.wait_signal(signal)`",
    "asyncio.to_thread": "call a function decorated with `@step`: those that are not async run in threads",
    "asyncio.AbstractEventLoop.run_in_executor": "call a function decorated with `@step`, which may block",
    "asyncio.all_tasks": "keep your tasks in a list",
}


def message(name: str, effect: str, advice: str, function: str, path: str, line: int) -> str:
    """The whole text, such as `app.py:3: `time.time()` was called in workflow code (quote) [clock]: ...`."""
    shown = name.removeprefix("builtins.") if name != "io.open" else "open"
    return (
        f"{path}:{line}: `{shown}()` was called in workflow code ({function}) [{effect}]. "
        f"On replay {_WHY.get(effect, 'it may give something else')}. "
        f"Instead, {_instead(name, effect, advice)}."
    )


def _instead(name: str, effect: str, advice: str) -> str:
    parent = name.rpartition(".")[0]
    return _BY_NAME.get(name) or _BY_NAME.get(f"{parent}.*") or advice or _INSTEAD.get(effect, _STEP)
