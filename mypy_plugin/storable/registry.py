"""The converters by the names that engine profiles give them."""

from __future__ import annotations

from mypy_plugin.storable.converters import Converter
from mypy_plugin.storable.json import AwsEvent, AwsStep, PlainJson, Restate, RestateRun, RestateRunTyped
from mypy_plugin.storable.minimal import RuntimeMin
from mypy_plugin.storable.pickled import Pickle
from mypy_plugin.storable.tasks import (
    Azure,
    AzureWritten,
    DaprArgument,
    DaprResult,
    DaprWritten,
    DurableTask,
    DurableTaskWritten,
)
from mypy_plugin.storable.temporal import TemporalJson, TemporalPydantic

CONVERTERS: dict[str, Converter] = {
    "json": PlainJson(),
    "pickle": Pickle(),
    "temporal": TemporalJson(),
    "temporal-pydantic": TemporalPydantic(),
    "dbos": Pickle(),
    "restate": Restate(),
    "restate-run": RestateRun(),
    "restate-run-typed": RestateRunTyped(),
    "aws": AwsStep(),
    "aws-event": AwsEvent(),
    "durabletask": DurableTask(),
    "durabletask-written": DurableTaskWritten(),
    "azure": Azure(),
    "azure-written": AzureWritten(),
    "dapr-argument": DaprArgument(),
    "dapr-result": DaprResult(),
    "dapr-written": DaprWritten(),
    "runtime-min": RuntimeMin(),
}
