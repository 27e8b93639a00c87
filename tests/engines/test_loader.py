"""Reading profiles: what is refused and how it is said, and what the linker may ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from color_checker.engines import Operation, Profile, ProfileError, engines_by_package, load_profiles
from color_checker.findings import Effect

HEAD = """
name = "mine"
title = "Mine"
packages = ["mine"]
distribution = "mine"
documentation = "https://example.org"
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(body: str = "", head: str = HEAD, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(head + body, encoding="utf-8")
        return path

    return write


@pytest.fixture
def mine(write: Write) -> Profile:
    path = write(
        """
primitives = ["mine.Context.clock", "mine.flow.*"]
anywhere = ["mine.start"]
legal = ["asyncio.sleep", "asyncio.Queue.*", "print"]
[[colors]]
color = "workflow"
by = "decorator"
name = "mine.Service.handler"
parameters = ["mine.Context"]
[operations]
"mine.Context.run" = { kind = "step", target = [0, "fn"], returns = "target" }
"mine.start" = { kind = "child", target = [0, "flow"] }
[effects]
"mine.Client.*" = "network"
"mine.Client.close" = "thread"
[returns]
"mine.Context.when" = "datetime.datetime"
[aliases]
"mine.core" = "mine"
"mine.core._inner.Ctx" = "mine.Context"
"mine.old" = "mine.core"
[bases]
"mine.Sub" = ["mine.Other", "mine.Context"]
"mine.SubSub" = ["mine.Sub"]
"mine.Loop" = ["mine.Loop"]
"mine.Special" = ["mine.Service"]
[starts]
"mine.start" = [0, "flow"]
[renames]
"mine.named" = [0]
[replacements]
clock = "ctx.clock()"
"random.*" = "ctx.random()"
"random.Random.*" = "a generator of the context"
"random.seed" = "nothing"
"print" = "ctx.log(...)"
"""
    )
    return load_profiles((path,), only=["mine"])["mine"]


def test_all_bundled_profiles_load() -> None:
    expected = {"aws", "azure", "dapr", "dbos", "durabletask", "restate", "runtime_min", "temporal"}
    assert set(load_profiles()) == expected


def test_only_the_wanted_profiles_are_parsed(write: Write) -> None:
    broken = write("colors = 1")
    assert set(load_profiles((broken,), only=["temporal"])) == {"temporal"}


def test_an_unknown_engine_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r'there is no engine "nope"; known are aws, .*temporal'):
        load_profiles(only=["nope"])


def test_a_misspelled_engine_is_an_error_with_a_hint() -> None:
    with pytest.raises(ProfileError, match=r'"temporl"; did you mean "temporal"\?'):
        load_profiles(only=["temporl"])


def test_a_project_s_profile_joins_the_bundled_ones(write: Write) -> None:
    profiles = load_profiles((write(),))
    assert profiles["mine"].title == "Mine"
    assert "temporal" in profiles


def test_a_project_s_profile_replaces_the_bundled_one_of_its_name(write: Write) -> None:
    head = HEAD.replace('name = "mine"', 'name = "temporal"')
    assert load_profiles((write(head=head, name="temporal.toml"),))["temporal"].title == "Mine"


def test_a_profile_that_was_written_again_is_read_again(write: Write) -> None:
    path = write()
    assert load_profiles((path,))["mine"].title == "Mine"
    assert engines_by_package((path,))["mine"] == "mine"
    write(head=HEAD.replace('title = "Mine"', 'title = "Other"').replace('["mine"]', '["mine", "yours"]'))
    assert load_profiles((path,))["mine"].title == "Other"
    assert engines_by_package((path,))["yours"] == "mine"


def test_engines_are_found_by_package_without_reading_whole_files(write: Write) -> None:
    path = write('\n[[colors]]\nnonsense = "but valid TOML"')
    found = engines_by_package((path,))
    assert found["mine"] == "mine"
    assert found["temporalio"] == "temporal"
    assert found["azure.durable_functions"] == "azure"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("nonsense = 1", r"mine\.toml: nonsense: unknown key"),
        ("primitives = 1", r"mine\.toml: primitives: expected a list, got a whole number"),
        ('direct_step_call = "maybe"', r'mine\.toml: direct_step_call: "maybe" is none of bypass, recorded'),
        ('[effects]\n"mine.a" = "magic"', r"""effects\.'mine\.a': "magic" is none of clock, random, .*"""),
        (
            '[operations]\n"mine.a" = { kind = "x" }',
            r"""operations\.'mine\.a'\.kind: "x" is none of step, child, timer, .*""",
        ),
        (
            '[operations]\n"mine.a" = { kid = "step" }',
            r"""operations\.'mine\.a'\.kid: unknown key; did you mean .kind""",
        ),
        ('[operations]\n"mine.a" = { target = [0] }', r"operations\.'mine\.a'\.kind: missing"),
        ('[operations]\n"mine.a" = { kind = "step", target = 0 }', "target: expected a list, got a whole"),
        (
            '[passes]\n"mine.a" = [{ to = "step", unseen = ["typ"] }]',
            r'unseen\[0\]: "typ" is none of missing, extra, type; did you mean "type"',
        ),
        (
            '[passes]\n"mine.a" = [{ to = "step", targets = [0] }]',
            r"""passes\.'mine\.a'\[0\]\.targets: unknown key; did you mean .target""",
        ),
        ('[operations]\n"other.a" = { kind = "step" }', r"operations\.'other\.a': 'other\.a' is not in mine"),
        (
            '[[colors]]\ncolor = "red"\nby = "decorator"\nname = "mine.a"',
            r'colors\[0\]\.color: "red" is none of workflow, step, pure',
        ),
        (
            '[[colors]]\ncolor = "step"\nby = "decorator"\nname = "a.b"',
            r"colors\[0\]\.name: 'a\.b' is not in mine",
        ),
        (
            '[[colors]]\ncolor = "step"\nby = "registration"\nname = "mine.a"',
            r"colors\[0\]\.argument: mine\.a needs the position or keyword",
        ),
        (
            '[[colors]]\ncolor = "step"\nby = "decorator"\nname = "mine.a"\nargument = [0]',
            r"colors\[0\]\.argument: only for registration and argument",
        ),
        (
            '[[colors]]\ncolor = "workflow"\nby = "class-decorator"\nname = "mine.a"',
            r"colors\[0\]\.entries: a class-decorator needs",
        ),
        (
            '[[colors]]\ncolor = "workflow"\nby = "base-class"\nname = "mine.a"',
            r"colors\[0\]\.entry_methods: a base-class needs",
        ),
        (
            '[[colors]]\ncolor = "workflow"\nby = "decorator"\nname = "mine.a"\nentries = ["mine.b"]',
            r"colors\[0\]\.entries: only for class-decorator",
        ),
        ('primitives = ["mine.a b"]', r"primitives: 'mine\.a b' is not a dotted name"),
        ('unsandboxed = ["mine.a.*"]', r"unsandboxed: 'mine\.a\.\*' is not a dotted name"),
        ('legal = ["asyncio.*.x"]', r"legal: 'asyncio\.\*\.x' is not a dotted name"),
        ('[bases]\n"mine.A" = ["other.B"]', r"bases\.'mine\.A': 'other\.B' is not in mine"),
        ('primitives = ["mine.x.a"]\n[aliases]\n"mine.x" = "mine.y"', r"is an alias; write 'mine\.y\.a'"),
        ('[aliases]\n"other.x" = "mine.y"', r"aliases\.'other\.x': leads into or out of mine"),
        ('[aliases]\n"mine.x" = "mine.x.y"', r"aliases\.'mine\.x': leads to itself"),
        ('[aliases]\n"mine.x" = "mine.y"\n"mine.y" = "mine.x"', r"aliases\.'mine\.x': leads to itself"),
        ('[aliases]\n"mine.x" = "mine.y"\n"mine.y" = "mine.x.z"', r"aliases\..*: leads to itself"),
        (
            '[operations]\n"mine.a" = { kind = "step", string_target = true }',
            r"operations\.'mine\.a'\.target: string_target needs it",
        ),
        (
            '[operations]\n"mine.a" = { kind = "step", returns = "target" }',
            r"operations\.'mine\.a'\.target: returns = 'target' needs it",
        ),
        (
            'continue_as_new = ["mine.a"]\n[operations]\n"mine.a" = { kind = "step" }',
            r"continue_as_new: the operation 'mine\.a' has the kind 'step'",
        ),
        ('[replacements]\nmagic = "x"', r"replacements\.'magic': neither an effect nor a catalog name"),
        ('[replacements]\nclock = " "', r"replacements\.'clock': empty"),
        ("a = [", r"mine\.toml:7: is not valid TOML: "),
    ],
)
def test_a_bad_profile_is_refused_with_file_and_key(write: Write, body: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_profiles((write(body),), only=["mine"])


def test_a_missing_key_is_named(write: Write) -> None:
    with pytest.raises(ProfileError, match=r"mine\.toml: title: missing"):
        load_profiles((write(head=HEAD.replace('title = "Mine"', "")),))


def test_a_profile_has_the_name_of_its_file(write: Write) -> None:
    with pytest.raises(ProfileError, match=r"other\.toml: name: 'mine' must be the file's name"):
        load_profiles((write(name="other.toml"),))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"gone\.toml: cannot be read"):
        load_profiles((tmp_path / "gone.toml",))
    (tmp_path / "latin.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(ProfileError, match=r"latin\.toml: cannot be read"):
        load_profiles((tmp_path / "latin.toml",))


def test_the_longest_alias_makes_a_name_canonical(mine: Profile) -> None:
    assert mine.canonical("mine.core.Context.run") == "mine.Context.run"
    assert mine.canonical("mine.core._inner.Ctx.run") == "mine.Context.run"
    assert mine.canonical("mine.core._inner.Other") == "mine._inner.Other"
    assert mine.canonical("mine.coreless.Context") == "mine.coreless.Context"


def test_an_alias_may_lead_to_another(mine: Profile) -> None:
    assert mine.canonical("mine.old.Context.run") == "mine.Context.run"


def test_prefixes_match_what_is_below_them_only(mine: Profile) -> None:
    names = ("random.*", "time.time")
    assert mine.matches(names, "random.random")
    assert mine.matches(names, "random.Random.seed")
    assert mine.matches(names, "time.time")
    assert not mine.matches(names, "random")
    assert not mine.matches(names, "randomize.it")
    assert not mine.matches(names, "time.time.x")


def test_legal_names_may_come_with_or_without_the_module_of_builtins(mine: Profile) -> None:
    assert mine.is_legal("asyncio.sleep")
    assert mine.is_legal("asyncio.Queue.get")
    assert mine.is_legal("builtins.print")
    assert mine.is_legal("print")
    assert not mine.is_legal("asyncio.wait")


def test_the_nearest_replacement_is_taken(mine: Profile) -> None:
    assert mine.replacement("random.seed", Effect.RANDOM) == "nothing"
    assert mine.replacement("random.Random.seed", Effect.RANDOM) == "a generator of the context"
    assert mine.replacement("random.gauss", Effect.RANDOM) == "ctx.random()"
    assert mine.replacement("builtins.print", Effect.CONSOLE) == "ctx.log(...)"
    assert mine.replacement("time.time", Effect.CLOCK) == "ctx.clock()"
    assert mine.replacement("socket.socket", Effect.NETWORK) == ""
    assert mine.replacement("socket.socket", None) == ""


def test_operations_are_found_through_aliases_and_base_classes(mine: Profile) -> None:
    run = Operation(kind="step", target=(0, "fn"), returns="target")
    for name in ("mine.Context.run", "mine.core.Context.run", "mine.Sub.run", "mine.SubSub.run"):
        assert mine.operation(name) == run
    assert mine.operation("mine.Unrelated.run") is None
    assert mine.operation("run") is None


def test_base_classes_that_go_in_a_circle_end(mine: Profile) -> None:
    assert mine.operation("mine.Loop.run") is None


def test_members_come_nearest_first(mine: Profile) -> None:
    assert mine.inherited("mine.SubSub.run") == (
        "mine.SubSub.run",
        "mine.Sub.run",
        "mine.Other.run",
        "mine.Context.run",
    )


def test_a_profile_owns_what_lies_in_its_packages(mine: Profile) -> None:
    assert mine.owns("mine")
    assert mine.owns("mine.Context")
    assert not mine.owns("miner.Context")


def test_operations_are_primitives_unless_they_may_be_used_anywhere(mine: Profile) -> None:
    assert mine.is_primitive("mine.SubSub.run")
    assert mine.is_primitive("mine.Sub.clock")
    assert mine.is_primitive("mine.flow.anything")
    assert not mine.is_primitive("mine.start")
    assert mine.is_anywhere("mine.core.start")
    assert not mine.is_primitive("mine.Client.close")


def test_returns_starts_effects_and_sources_are_found_like_operations(mine: Profile) -> None:
    assert mine.returned("mine.SubSub.when") == "datetime.datetime"
    assert mine.returned("mine.nothing") == ""
    assert mine.started("mine.core.start") == (0, "flow")
    assert mine.started("mine.stop") is None
    assert mine.renamed("mine.core.named") == (0,)
    assert mine.renamed("mine.start") is None
    assert mine.effect("mine.Client.get") is Effect.NETWORK
    assert mine.effect("mine.Client.close") is Effect.THREAD
    assert mine.effect("mine.Client") is None
    (source,) = mine.sources("mine.Special.handler", "decorator")
    assert source.parameters == ("mine.Context",)
    assert mine.sources("mine.Special.handler", "argument") == ()


def test_inherited_restate_calls_are_steps() -> None:
    restate = load_profiles(only=["restate"])["restate"]
    operation = restate.operation("restate.context.WorkflowContext.run_typed")
    assert operation is not None
    assert operation.kind == "step"
    assert restate.is_primitive("restate.WorkflowSharedContext.get")


def test_temporal_s_event_loop_makes_asyncio_legal_but_for_sets_and_threads() -> None:
    temporal = load_profiles(only=["temporal"])["temporal"]
    assert all(temporal.is_legal(f"asyncio.{name}") for name in ("sleep", "gather", "Queue.get", "TaskGroup"))
    assert not any(temporal.is_legal(f"asyncio.{name}") for name in ("wait", "as_completed", "to_thread"))
    assert temporal.replacement("asyncio.wait", Effect.SCHEDULING) == "await workflow.wait([...])"
    assert not temporal.is_legal("asyncio.AbstractEventLoop.run_in_executor")


def test_methods_and_functions_of_our_runtime_share_a_decorator() -> None:
    ours = load_profiles(only=["runtime_min"])["runtime_min"]
    (source,) = ours.sources("runtime_min.workflow", "decorator")
    assert source.entry_methods == ("__init__",)
    assert source.variants == ("runtime_min.Workflow.options",)
    assert [source.color.value for source in ours.sources("runtime_min.pure", "decorator")] == ["pure"]


def test_a_call_says_how_it_hands_on_arguments(write: Write) -> None:
    path = write(
        """
[passes]
"mine.run" = [{ to = "step", target = [0], one = [1, "arg"] }, { to = "mine.signal", many = "args" }]
[aliases]
"mine._core" = "mine"
"""
    )
    first, second = load_profiles((path,))["mine"].passings("mine._core.run")
    assert (first.to, first.target, first.one) == ("step", (0,), (1, "arg"))
    assert (second.to, second.many) == ("mine.signal", "args")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('{ to = "signal", one = [0] }', "to: 'signal' is not step, workflow or a name of the SDK"),
        ('{ to = "step", target = [0] }', "needs one, many or rest"),
    ],
)
def test_what_hands_on_nothing_or_to_nobody_is_refused(write: Write, entry: str, complaint: str) -> None:
    path = write(f'[passes]\n"mine.run" = [{entry}]\n')
    with pytest.raises(ProfileError, match=complaint):
        load_profiles((path,))
