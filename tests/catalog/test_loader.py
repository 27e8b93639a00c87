"""The loader: what it accepts, what it says of what it does not, and how names are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from color_checker.catalog.loader import Catalog, CatalogError, Condition, load_catalog
from color_checker.findings import Effect

CATALOG = load_catalog()


def catalog_of(folder: Path, **files: str) -> Catalog:
    """A catalog of the given files; `__` in a name stands for the dot that Python does not allow there."""
    paths = []
    for stem, text in files.items():
        path = folder / f"{stem.replace('__', '.')}.toml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return Catalog({path.stem: path for path in paths})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('module = "m"\nmembers = "pure"\n[names]\n"f" = "klock"\n', ["m.toml", 'names."f"', "klock"]),
        ('module = "m"\nmembers = "pure"\n[names]\n"f" = { effekt = "clock" }\n', ['names."f"', "effekt"]),
        ('module = "m"\nmembers = "pure"\n[names]\n"f" = { calls = 1 }\n', ['names."f"', "calls", "int"]),
        ('module = "m"\nmembers = "pure"\n[names]\n"f" = { unless = { args = 1 } }\n', ['"f"', "args"]),
        ('module = "m"\nmembers = "pure"\n[effects]\nclocks = ["f"]\n', ["m.toml", "effects.clocks"]),
        ('module = "m"\nmembers = "pure"\n[effects]\nclock = "f"\n', ["effects.clock", "array"]),
        ('module = "m"\nmembers = "impure"\n', ["m.toml", "members", "impure"]),
        ('module = "m"\n', ["m.toml", "members"]),
        ('module = "m"\nmembers = "pure"\nnamez = {}\n', ["m.toml", "namez"]),
        ('module = "n"\nmembers = "pure"\n', ["m.toml", "module", "'m'"]),
        (
            'module = "m"\nmembers = "pure"\n[effects]\nclock = ["f"]\n[names]\n"f" = "random"\n',
            ["f: ", "twice"],
        ),
        ("module = time", ["m.toml", "line 1"]),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_key(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(CatalogError) as caught:
        catalog_of(tmp_path, m=text).lookup("m.f")
    for part in parts:
        assert part in str(caught.value)


def test_a_file_for_many_modules_holds_no_names(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"_many\.toml"):
        catalog_of(tmp_path, _many='modules = ["a"]\nmembers = "pure"\n[names]\n"f" = "clock"\n')


def test_a_file_that_is_not_asked_for_is_not_read(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, good='module = "good"\nmembers = "clock"\n', bad="not TOML at all")
    entry = catalog.lookup("good.f")
    assert entry is not None
    assert entry.effect is Effect.CLOCK
    with pytest.raises(CatalogError, match=r"bad\.toml"):
        catalog.lookup("bad.f")


def test_every_bundled_file_is_valid() -> None:
    assert sum(1 for _ in CATALOG.entries()) > 2000


def test_an_extra_file_replaces_the_bundled_one_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "time.toml"
    path.write_text('module = "time"\nmembers = "network"\n', encoding="utf-8")
    entry = load_catalog((path,)).lookup("time.time")
    assert entry is not None
    assert entry.effect is Effect.NETWORK


@pytest.mark.parametrize(
    ("dotted", "effect"),
    [
        ("builtins.print", Effect.CONSOLE),
        ("builtins.str.split", None),
        ("builtins.ValueError", None),
        ("time.sleep", Effect.BLOCKING),
        ("datetime.datetime.now", Effect.CLOCK),
        ("datetime.datetime.isoformat", None),
        ("random.random", Effect.RANDOM),
        ("random.Random.random", None),
        ("random.SystemRandom.choice", Effect.RANDOM),
        ("uuid.uuid4", Effect.IDENTITY),
        ("uuid.uuid5", None),
        ("os.getenv", Effect.ENVIRONMENT),
        ("os.environ", Effect.ENVIRONMENT),
        ("os.environ.get", Effect.ENVIRONMENT),
        ("os.path.join", None),
        ("posixpath.exists", Effect.FILESYSTEM),
        ("pathlib.PosixPath.exists", Effect.FILESYSTEM),
        ("pathlib.Path.with_suffix", None),
        ("sys.stdout.write", Effect.CONSOLE),
        ("asyncio.tasks.sleep", Effect.SCHEDULING),
        ("asyncio.LifoQueue.get", Effect.SCHEDULING),
        ("asyncio.AbstractEventLoop.run_in_executor", Effect.THREAD),
        ("concurrent.futures.thread.ThreadPoolExecutor.submit", Effect.THREAD),
        ("logging.Logger.info", Effect.CONSOLE),
        ("logging.getLogger", None),
        ("requests.Session.get", Effect.NETWORK),
        ("requests.exceptions.Timeout", None),
        ("botocore.client.BaseClient.put_object", Effect.NETWORK),
        ("sqlalchemy.select", None),
        ("sqlalchemy.Engine.connect", Effect.NETWORK),
        ("numpy.random.rand", Effect.RANDOM),
        ("numpy.random.Generator.normal", None),
        ("numpy.dot", None),
        ("weakref.ref", Effect.INTERPRETER),
        ("importlib.import_module", Effect.DYNAMIC_CODE),
    ],
)
def test_a_name_has_its_effect(dotted: str, effect: Effect | None) -> None:
    entry = CATALOG.lookup(dotted)
    assert entry is not None
    assert entry.effect is effect


@pytest.mark.parametrize(
    ("dotted", "unless"),
    [
        ("time.gmtime", Condition(arguments=1)),
        ("time.strftime", Condition(arguments=2)),
        ("datetime.datetime.fromtimestamp", Condition(arguments=2)),
        ("datetime.datetime.astimezone", Condition(arguments=1)),
        ("builtins.hash", Condition(numeric=True)),
        ("random.Random", Condition(arguments=1)),
        ("numpy.random.default_rng", Condition(arguments=1)),
        ("argparse.ArgumentParser.parse_args", Condition(arguments=1)),
        ("gzip.compress", Condition(keywords=("mtime",))),
    ],
)
def test_argument_forms_that_are_deterministic_stand_with_the_effect(dotted: str, unless: Condition) -> None:
    entry = CATALOG.lookup(dotted)
    assert entry is not None
    assert entry.effect is not None
    assert entry.unless == unless


@pytest.mark.parametrize(
    ("dotted", "calls"),
    [
        ("builtins.sorted", ("key",)),
        ("builtins.map", (0,)),
        ("functools.reduce", (0,)),
        ("re.sub", (1, "repl")),
        ("threading.Thread", ("target", 1)),
        ("asyncio.AbstractEventLoop.run_in_executor", (1,)),
        ("asyncio.BaseEventLoop.call_later", (1,)),
        ("contextlib.AsyncExitStack.callback", (0,)),
    ],
)
def test_what_calls_its_arguments_says_which(dotted: str, calls: tuple[int | str, ...]) -> None:
    entry = CATALOG.lookup(dotted)
    assert entry is not None
    assert entry.calls == calls


@pytest.mark.parametrize(
    ("dotted", "returns"),
    [
        ("builtins.open", "io.TextIOWrapper"),
        ("builtins.str.split", "builtins.list"),
        ("datetime.datetime.now", "datetime.datetime"),
        ("logging.getLogger", "logging.Logger"),
        ("re.compile", "re.Pattern"),
        ("json.loads", "data"),
        ("math.sqrt", "data"),
        ("requests.session", "requests.Session"),
        ("numpy.dot", "data"),
    ],
)
def test_what_a_call_returns_is_known_where_it_helps(dotted: str, returns: str) -> None:
    entry = CATALOG.lookup(dotted)
    assert entry is not None
    assert entry.returns == returns


def test_what_is_awaited_says_so() -> None:
    for dotted in ("asyncio.sleep", "asyncio.gather", "asyncio.to_thread", "httpx.AsyncClient.get"):
        entry = CATALOG.lookup(dotted)
        assert entry is not None
        assert entry.is_async


def test_a_method_is_found_in_the_base_classes_in_their_order(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        m='module = "m"\nmembers = "clock"\n[names]\n'
        '"A" = { kind = "class", members = "random" }\n"A.f" = "network"\n'
        '"B" = { kind = "class", members = "pure" }\n"B.f" = "console"\n"B.g" = "process"\n'
        '"C" = { kind = "class", bases = ["m.A", "m.B"] }\n"D" = { kind = "class", bases = ["m.C"] }\n',
    )
    found = {name: entry.effect for name in "fgh" if (entry := catalog.lookup(f"m.D.{name}"))}
    assert found == {"f": Effect.NETWORK, "g": Effect.PROCESS, "h": Effect.RANDOM}


def test_base_classes_that_go_in_a_circle_end_at_the_module(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        m='module = "m"\nmembers = "clock"\n[names]\n'
        '"A" = { kind = "class", bases = ["m.B"] }\n"B" = { kind = "class", bases = ["m.A"] }\n'
        '[aliases]\n"m.x" = "m.y"\n"m.y" = "m.x"\n',
    )
    entry = catalog.lookup("m.A.f")
    assert entry is not None
    assert entry.effect is Effect.CLOCK
    assert catalog.lookup("m.x") is not None


def test_unknown_names_are_a_gap_and_not_pure(tmp_path: Path) -> None:
    text = 'module = "m"\nmembers = "pure"\n[effects]\nunknown = ["f"]\n[classes]\nunknown = ["C"]\n'
    catalog = catalog_of(tmp_path, m=text)
    assert catalog.lookup("m.f") is None
    assert catalog.lookup("m.C.method") is None
    assert catalog.lookup("m.g") is not None
    assert catalog.lookup("elsewhere.f") is None


def test_an_exception_is_deterministic_in_a_module_that_is_not() -> None:
    entry = CATALOG.lookup("redis.exceptions.ConnectionError")
    assert entry is not None
    assert entry.effect is None
    entry = CATALOG.lookup("openai.RateLimitError")
    assert entry is not None
    assert entry.effect is None
    assert entry.kind == "class"


def test_aliases_lead_to_one_name() -> None:
    assert CATALOG.canonical("posixpath.join") == "os.path.join"
    assert CATALOG.canonical("_datetime.datetime.now") == "datetime.datetime.now"
    assert CATALOG.canonical("asyncio.tasks.sleep") == "asyncio.sleep"
    assert CATALOG.canonical("somebody.elses.name") == "somebody.elses.name"


def test_what_is_covered_is_told_by_module() -> None:
    for module in ("os", "os.path", "posixpath", "requests.sessions", "google.cloud.storage"):
        assert CATALOG.covers(module)
    for module in ("google.somethingelse", "azure.functions", "my_project.module"):
        assert not CATALOG.covers(module)


def test_a_name_is_found_again_without_work() -> None:
    assert CATALOG.lookup("datetime.datetime.isoformat") is CATALOG.lookup("datetime.datetime.isoformat")


SEGMENTS = st.sampled_from(
    ["os", "path", "datetime", "Path", "pathlib", "asyncio", "", "x", "environ", "requests"]
)


@given(st.one_of(st.text(), st.lists(SEGMENTS, max_size=6).map(".".join)))
def test_no_string_makes_a_lookup_fail(dotted: str) -> None:
    entry = CATALOG.lookup(dotted)
    assert entry is None or entry.name
    assert CATALOG.canonical(CATALOG.canonical(dotted)) == CATALOG.canonical(dotted)
    assert CATALOG.covers(dotted) in (True, False)


def test_a_name_that_says_no_more_than_its_effect_returns_what_its_file_says(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        m='module = "m"\nmembers = "pure"\nmembers_return = "data"\n'
        '[effects]\nclock = ["f"]\n[values]\nenvironment = ["v"]\n[classes]\npure = ["C"]\n'
        '[names]\n"g" = "clock"\n"h" = { effect = "clock" }\n'
        '"D" = { kind = "class", members_return = "m.C" }\n',
    )
    returned = {
        name: entry.returns
        for name in ("f", "v", "v.get", "C.method", "g", "h", "D.method", "unlisted")
        if (entry := catalog.lookup(f"m.{name}"))
    }
    assert returned == {
        "f": "data",
        "v": "data",
        "v.get": "data",
        "C.method": "data",
        "g": "data",
        "h": "",
        "D.method": "m.C",
        "unlisted": "data",
    }
