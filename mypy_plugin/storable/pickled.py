"""What `pickle`, with which DBOS stores values, does with values of a type."""

from __future__ import annotations

from collections.abc import Iterator

from mypy_plugin.storable.converters import ITERABLE, MAPPING, Converter
from mypy_plugin.storable.shapes import Kind, Shape
from mypy_plugin.storable.troubles import Spot, Trouble

_LIVE = "Make it where it is used, from what identifies it"
#: Classes no instance of which can be pickled, and what to write instead.
_NEVER = {
    name: instead
    for instead, names in {
        "Leave locks and threads out of what is stored": (
            "_thread.lock", "_thread.LockType", "threading.Lock", "_thread.RLock", "threading._RLock",
            "threading.RLock", "threading.Event", "threading.Condition", "threading.Semaphore",
            "threading.BoundedSemaphore", "threading.Barrier", "threading.Thread", "threading.Timer",
            "threading.local", "_thread._local", "_threading_local.local", "queue.Queue",
            "queue.PriorityQueue", "queue.LifoQueue", "queue.SimpleQueue", "_queue.SimpleQueue",
            "concurrent.futures.thread.ThreadPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor",
            "concurrent.futures._base.Future", "_contextvars.Context", "_contextvars.ContextVar",
            "contextvars.Context", "contextvars.ContextVar",
            "asyncio.tasks.Task", "_asyncio.Task", "_asyncio.Future", "asyncio.futures.Future",
        ),
        _LIVE: (
            "socket.socket", "_socket.socket", "ssl.SSLContext", "ssl.SSLSocket", "sqlite3.Connection",
            "sqlite3.Cursor", "subprocess.Popen", "mmap.mmap", "logging.Handler", "logging.StreamHandler",
            "logging.FileHandler", "sqlalchemy.engine.base.Engine",
            "sqlalchemy.engine.base.Connection", "sqlalchemy.ext.asyncio.engine.AsyncEngine",
            "sqlalchemy.ext.asyncio.engine.AsyncConnection", "psycopg.Connection",
            "psycopg.connection.Connection", "psycopg.AsyncConnection",
            "psycopg.connection_async.AsyncConnection", "psycopg.Cursor",
            "psycopg.cursor.Cursor", "aiohttp.client.ClientSession", "grpc.Channel", "grpc._channel.Channel",
        ),
        "Read the file in the step and pass what it holds, or pass its path": (
            "io.TextIOWrapper", "_io.TextIOWrapper", "io.BufferedReader", "_io.BufferedReader",
            "io.BufferedWriter", "_io.BufferedWriter", "io.FileIO", "_io.FileIO",
            "io.BufferedRandom", "_io.BufferedRandom",
        ),
        "Collect the items in a list": (
            "typing.Generator", "types.GeneratorType", "typing.AsyncGenerator", "types.AsyncGeneratorType",
            "typing.Coroutine", "types.CoroutineType",
        ),
        "Use `bytes`": ("builtins.memoryview",),
        "Pass a name": ("types.ModuleType", "types.FrameType", "types.TracebackType", "types.CodeType"),
        "Use strings": ("re.Match",),
        "Use a strong reference": ("weakref.ReferenceType", "weakref.ref", "_weakref.ReferenceType"),
        "Use a `dict`": ("types.MappingProxyType",),
    }.items()
    for name in names
}  # fmt: skip
#: Methods by which a class says itself how it is pickled.
_HOOKS = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")


class Pickle(Converter):
    """`pickle.dumps` and `pickle.loads`."""

    title = "pickle"

    def inspect(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.is_local:
            yield spot.refused(
                shape,
                "Define the class at the top of the module",
                "its class is defined inside of a function",
            )
            return
        match shape.kind:
            case Kind.UNION:
                yield from self.any_of(shape.parts, spot)
            case Kind.TUPLE:
                yield from self.each(shape.parts, spot)
            case Kind.CALLABLE:
                yield spot.unsure(shape, "Lambdas and functions inside of functions cannot be pickled")
            case Kind.CLASS:
                yield from self._class(shape, spot)
            case (
                Kind.NAMED_TUPLE | Kind.TYPED_DICT | Kind.DATACLASS | Kind.PYDANTIC | Kind.ATTRS | Kind.STRUCT
            ):
                if not any(shape.has_own(hook) for hook in _HOOKS) or shape.kind is not Kind.DATACLASS:
                    yield from self.fields(shape, spot)

    def _class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        if shape.fullname in _NEVER:
            yield spot.refused(shape, _NEVER[shape.fullname])
        elif MAPPING in shape.bases:
            for argument in shape.arguments(MAPPING) or ():
                yield from self.troubles(argument, spot.item())
        elif "builtins.str" in shape.bases:
            return
        elif ITERABLE in shape.bases and shape.info is not None and not spot.own(shape.info.module_name):
            yield from self.items(shape, spot)
        elif shape.info is not None and spot.own(shape.info.module_name):
            yield from self._own_class(shape, spot)

    def _own_class(self, shape: Shape, spot: Spot) -> Iterator[Trouble]:
        """An object is pickled with all its attributes, if its class does not say otherwise."""
        if any(shape.has_own(hook) for hook in _HOOKS) or shape.is_abstract:
            return
        never = next((base for base in shape.bases if base in _NEVER), None)
        if never is not None:
            yield spot.refused(shape, _NEVER[never])
        elif spot.enter(shape):
            for name, attribute in shape.attributes:
                if attribute.kind is not Kind.UNION:
                    yield from self.troubles(attribute, spot.field(name))
