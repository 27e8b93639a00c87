"""What can go wrong: one hierarchy, each error saying what to do about it."""

from __future__ import annotations


class RuntimeMinError(Exception):
    """Base of all errors that runtime_min raises."""


class ColorError(RuntimeMinError):
    """A function was used against its color, such as a workflow that was called instead of started."""


class NotStorable(RuntimeMinError):
    """An argument or result that the codec cannot store; the message names the path inside the value."""


class NotReadable(NotStorable):
    """A recorded value that does not fit today's annotation; the message names the path inside of it.

    Attributes:
        reason: what is wrong, such as `is no int`.
        path: where in the value, such as `order.cents`; "" if unknown.
        recorded: what is stored there, as JSON and not too long; "" if that says nothing.
        owner: whose arguments they are, such as `charge()`; "" for other values.
    """

    def __init__(self, reason: str, path: str = "", recorded: str = "", owner: str = "") -> None:
        found = f"{recorded} is recorded, which {reason}" if recorded else reason
        super().__init__(": ".join(part for part in (owner, path, found) if part))
        self.reason = reason
        self.path = path
        self.recorded = recorded
        self.owner = owner

    @property
    def problem(self) -> str:
        """The message for those who gave the value just now, so that nothing is recorded yet."""
        found = f"{self.recorded} {self.reason}".lstrip()
        return f"{self.path}: {found}" if self.path else found


class NonDeterminismError(RuntimeMinError):
    """On replay the workflow asked for something else than what is recorded."""


class EffectInWorkflow(RuntimeMinError):
    """Workflow code called something nondeterministic; raised by the guard at the call."""


class WorkflowNotFound(RuntimeMinError):
    """No run has this id, or this process has no workflow of that name."""


class WorkflowBlocked(RuntimeMinError):
    """A workflow cannot go on with the code as it is, and does when that is mended."""


class AlreadyStarted(RuntimeMinError):
    """A child was started under an id that another run has."""


class StorageError(RuntimeMinError):
    """The database cannot be used: not one of ours, of a newer format, or damaged."""


class StorageUnavailable(StorageError):
    """It could not do its work this time: full, locked for too long, an I/O error.

    Nothing has changed, and it may be asked again.
    """


class OperationFailed(RuntimeMinError):
    """Something that a workflow waited for failed; base of `StepFailed` and `WorkflowFailed`.

    Attributes:
        name: the step or the workflow.
        kind: the qualified name of the original exception's class, such as `app.errors.Declined`.
        bases: the qualified names of all classes of the original exception, its own first.
        text: the original exception's message.
        trace: its traceback as text; empty where none was recorded.
        attempts: how often it was tried.
    """

    def __init__(
        self, name: str, kind: str, bases: tuple[str, ...], text: str, trace: str, attempts: int
    ) -> None:
        super().__init__(f"{name}: {kind}: {text}" if text else f"{name}: {kind}")
        self.name = name
        self.kind = kind
        self.bases = bases
        self.text = text
        self.trace = trace
        self.attempts = attempts

    def is_a(self, exception: type[BaseException]) -> bool:
        """Whether the original exception was of this class. Names are recorded, so names are compared."""
        return f"{exception.__module__}.{exception.__qualname__}" in self.bases


class StepFailed(OperationFailed):
    """A step raised, and its retry policy allows no further attempt."""


class WorkflowFailed(OperationFailed):
    """A workflow raised; what `Handle.result` and `child` raise."""


class WorkflowCancelled(RuntimeMinError):
    """A workflow was cancelled; what `Handle.result` and `child` raise."""


class ContinueAsNew(BaseException):
    """Ends this generation of a workflow and starts the next; raised by `continue_as_new`, not to be caught.

    A `BaseException`, as `asyncio.CancelledError` is, so that `except Exception` lets it pass.
    """

    def __init__(self, plain: bytes) -> None:
        super().__init__("continue as new")
        self.plain = plain
