"""The bundled profiles against the installed SDKs."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator

import pytest

from color_checker.engines import Profile, load_profiles
from color_checker.findings import Effect
from tests.engines.sdk_names import mismatched_bases, missing_names, parameters, public_callables

PROFILES = load_profiles()
ENGINES = sorted(PROFILES)

AWS = "aws_durable_execution_sdk_python"

# Names that are right although the installed SDK does not show them.
UNSEEN = {
    "dbos": {
        # dbos 1.x and 2.x had them, and code written for these is still to be checked.
        "dbos.DBOS.communicator",
        "dbos.DBOS.scheduled",
        "dbos.DBOS.sql_session",
        "dbos.DBOS.transaction",
    },
    "durabletask": {
        # In the distribution durabletask.azuremanaged.
        "durabletask.azuremanaged.client.AsyncDurableTaskSchedulerClient",
        "durabletask.azuremanaged.client.DurableTaskSchedulerClient",
        "durabletask.azuremanaged.worker.DurableTaskSchedulerWorker",
    },
    "aws": {
        # Set in __init__.
        f"{AWS}.DurableContext.logger",
    },
    "restate": {
        # Needs the extra `client`.
        "restate.client.create_client",
        # Need the agent framework that they are for.
        *(
            f"restate.ext.{framework}.{name}"
            for framework in ("adk", "langchain", "openai", "pydantic")
            for name in ("restate_context", "restate_object_context")
        ),
    },
}

# The classes and modules whose whole surface a profile must know, and what it leaves out: name → why.
SURFACES: dict[str, dict[str, dict[str, str]]] = {
    "temporal": {
        "temporalio.workflow": {},
        "temporalio.workflow.unsafe": {},
        "temporalio.workflow.ExternalWorkflowHandle": {"id": "data", "run_id": "data"},
        "temporalio.workflow.NexusClient": {},
    },
    "dbos": {
        "dbos.DBOS": {
            "alert_handler": "decorator, for plain code",
            "dbos_class": "decorator without a color",
            "default_required_roles": "decorator without a color",
            "kafka_consumer": "decorator",
            "listen_queues": "configuration before launch",
            "migrate": "configuration before launch",
            "required_roles": "decorator without a color",
            "set_authentication": "sets the context of the current run",
            "step": "decorator",
            "workflow": "decorator",
        },
        "dbos.WorkflowHandle": {},
        "dbos.WorkflowHandleAsync": {},
        "dbos.StepReservation": {"step_id": "data"},
    },
    "restate": {
        "restate.Context": {},
        "restate.ObjectContext": {},
        "restate.ObjectSharedContext": {},
        "restate.WorkflowContext": {},
        "restate.WorkflowSharedContext": {},
        "restate.ScopedContext": {},
        "restate.DurablePromise": {},
        "restate.SendHandle": {},
        "restate.RestateDurableCallFuture": {},
    },
    "aws": {f"{AWS}.DurableContext": {}, f"{AWS}.context.Callback": {}},
    "durabletask": {"durabletask.task.OrchestrationContext": {}},
    "azure": {"azure.durable_functions.DurableOrchestrationContext": {}},
    "dapr": {"dapr.ext.workflow.DaprWorkflowContext": {}},
}


@pytest.fixture(params=ENGINES)
def profile(request: pytest.FixtureRequest) -> Profile:
    return PROFILES[request.param]


@pytest.fixture
def installed(profile: Profile) -> Profile:
    if not _is_installed(profile.packages[0]):  # the others may be distributions of their own
        pytest.skip(f"{profile.distribution} is not installed")
    return profile


def test_every_name_of_a_profile_exists_in_its_sdk(installed: Profile) -> None:
    assert set(missing_names(_names(installed))) - UNSEEN.get(installed.name, set()) == set()


def test_exceptions_to_that_are_names_of_the_profile() -> None:
    for engine, names in UNSEEN.items():
        assert names - _names(PROFILES[engine]) == set()


def test_classes_derive_from_the_bases_that_a_profile_names(installed: Profile) -> None:
    unseen = UNSEEN.get(installed.name, set())
    assert mismatched_bases({name: b for name, b in installed.bases.items() if name not in unseen}) == []


def test_arguments_that_a_profile_names_exist_at_their_place(installed: Profile) -> None:
    forms = dict(_argument_forms(installed))
    known = parameters(name for name in forms if name not in UNSEEN.get(installed.name, set()))
    wrong = [
        f"{name}({', '.join(known[name])}): {argument!r}"
        for name, arguments in forms.items()
        for argument in arguments
        if name in known and not _fits(argument, arguments, known[name])
    ]
    assert wrong == []


def test_the_whole_surface_of_a_workflow_s_api_is_known(installed: Profile) -> None:
    for owner, names in public_callables(SURFACES.get(installed.name, {})).items():
        reasons = SURFACES[installed.name][owner]
        unknown = {name for name in names if not _is_known(installed, f"{owner}.{name}")}
        assert unknown == set(reasons), f"{owner}: {unknown ^ set(reasons)}"


def test_every_effect_has_a_replacement(profile: Profile) -> None:
    assert [effect for effect in Effect if not profile.replacement("some.name", effect)] == []


def test_the_usual_calls_have_a_replacement_of_their_own(profile: Profile) -> None:
    usual = [
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.date.today",
        "time.time",
        "time.monotonic",
        "time.sleep",
        "random.gauss",
        "uuid.uuid4",
        "builtins.print",
        "logging.Logger.info",
        "secrets.token_hex",
        "asyncio.to_thread",
    ]
    assert [name for name in usual if not profile.replacement(name, None)] == []


def test_what_is_not_legal_in_asyncio_has_a_replacement(profile: Profile) -> None:
    names = ["asyncio.sleep", "asyncio.wait", "asyncio.as_completed", "asyncio.gather"]
    assert [n for n in names if not profile.is_legal(n) and not profile.replacement(n, None)] == []


def test_a_profile_gives_both_colors(profile: Profile) -> None:
    assert {"workflow", "step"} <= {source.color.value for source in profile.colors}


def test_what_starts_a_workflow_from_outside_is_no_primitive(profile: Profile) -> None:
    assert [name for name in profile.starts if profile.is_primitive(name)] == []


def test_operations_that_start_steps_or_children_say_which_where_they_can(profile: Profile) -> None:
    for name, operation in profile.operations.items():
        if operation.kind == "step" and operation.target:
            assert operation.returns in ("target", "handle"), name


def test_runs_end_with_a_fresh_history_exactly_by_these_operations(profile: Profile) -> None:
    kinds = {name for name, operation in profile.operations.items() if operation.kind == "continue-as-new"}
    assert kinds == set(profile.continue_as_new)


def _is_installed(package: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # finding a submodule imports its parents
            return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def _names(profile: Profile) -> set[str]:
    """Every name that a profile says its SDK has; `.*` counts as what stands before it."""
    tables = (
        profile.operations,
        profile.effects,
        profile.returns,
        profile.aliases,
        profile.aliases.values(),
        profile.bases,
        profile.starts,
        profile.injections,
        profile.renames,
        profile.primitives,
        profile.anywhere,
        profile.unsandboxed,
        profile.replay_guards,
        profile.continue_as_new,
        profile.control_exceptions,
        profile.returns.values(),
        [base for bases in profile.bases.values() for base in bases],
        [injection.type for injection in profile.injections.values()],
        [name for source in profile.colors for name in (source.name, *source.entries, *source.parameters)],
        [f"{s.name}.{method}" for s in profile.colors if s.by == "base-class" for method in s.entry_methods],
        [operation.returns for operation in profile.operations.values()],
    )
    names = {name.removesuffix(".*") for table in tables for name in table}
    return {name for name in names if profile.owns(name)}


def _argument_forms(profile: Profile) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    for name, operation in profile.operations.items():
        yield name, operation.target
    yield from profile.starts.items()
    yield from profile.renames.items()
    for name, injection in profile.injections.items():
        yield name, injection.argument
    for source in profile.colors:
        yield source.name, source.argument + source.name_argument


def _fits(argument: int | str, arguments: tuple[int | str, ...], names: list[str]) -> bool:
    if isinstance(argument, str):
        return argument in names
    return argument < len(names) and names[argument] in arguments


def _is_known(profile: Profile, dotted: str) -> bool:
    return profile.is_anywhere(dotted) or profile.is_primitive(dotted) or profile.effect(dotted) is not None
