"""The engines behind the names that mypy has for what their SDKs define."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from color_checker.engines import Profile, engines_by_package, load_profiles


class Names:
    """Looks up SDK names, as mypy writes them, in the engines' profiles.

    mypy knows a thing by the module that defines it (`dbos._dbos.DBOS.step`), a profile by the name that
    users import (`dbos.DBOS.step`); the profile's aliases lead from one to the other.
    """

    def __init__(self, engine_files: Iterable[Path] = (), engines: Iterable[str] = ()) -> None:
        """`engine_files`: further profiles; `engines`: the only ones to know, all if empty."""
        self._files = tuple(engine_files)
        wanted = frozenset(engines)
        self._packages = {
            package: engine
            for package, engine in engines_by_package(self._files).items()
            if not wanted or engine in wanted
        }
        self._tops = frozenset(package.partition(".")[0] for package in self._packages)
        self._known: dict[str, tuple[Profile, str] | None] = {}

    def engine(self, fullname: str) -> tuple[Profile, str] | None:
        """The profile of the SDK that a name belongs to and the name in it; None if it is of no SDK."""
        if fullname.partition(".")[0] not in self._tops:
            return None
        if fullname not in self._known:
            self._known[fullname] = self._look_up(fullname)
        return self._known[fullname]

    def profile(self, engine: str) -> Profile | None:
        """The profile of an engine by its name."""
        if engine not in self._packages.values():
            return None
        return load_profiles(self._files, only=(engine,))[engine]

    def imports_engine(self, modules: Iterable[str]) -> bool:
        """Whether one of the imported modules is an SDK's."""
        return any(self._engine_of(module) for module in modules)

    def _look_up(self, fullname: str) -> tuple[Profile, str] | None:
        profile = self.profile(self._engine_of(fullname) or "")
        return (profile, profile.canonical(fullname)) if profile is not None else None

    def _engine_of(self, dotted: str) -> str | None:
        while dotted:
            engine = self._packages.get(dotted)
            if engine is not None:
                return engine
            dotted = dotted.rpartition(".")[0]
        return None
