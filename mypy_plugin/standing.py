"""What mypy was told of each module, for the next run: if nothing has changed, it is all that mypy asks for.

Where every module comes from mypy's cache, the plugin is asked for nothing but a digest of what is found in
each. To work these out from what the analyzer keeps takes a tenth of such a run. So they are kept beside
mypy's own cache, with a print of all that they depend on, the analyzer's store among it: whatever is put in
there, by whomever, they do not stand any more.

Nothing of the analyzer is imported here.
"""

from __future__ import annotations

import json
import os
import site
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from importlib.util import find_spec
from typing import NamedTuple

from mypy_plugin.prints import Places, newest, print_of

#: To be changed whenever what is kept changes its meaning.
_FORMAT = 1

#: The digest of a module about which mypy is to be asked something.
TO_BE_ASKED = "to be asked"

_NAME = "color_checker.json"

#: What has happened in so many nanoseconds before a run may happen once more without being seen: the coarsest
#: clock of a file system that is in use (FAT) ticks every two seconds.
TICK = 2_000_000_000


class Standing(NamedTuple):
    """What is known of the project's modules.

    Attributes:
        digests: absolute path → digest of what is found in the file.
        unanswered: the files about which mypy is to be asked something yet.
    """

    digests: Mapping[str, str]
    unanswered: frozenset[str]

    def digest(self, path: str, *, is_check: bool) -> str:
        """As that of the project."""
        if is_check and path in self.unanswered:
            return TO_BE_ASKED
        return self.digests.get(path, "")

    @classmethod
    def recall(cls, cache_dir: str, config_file: str | None = None) -> Standing | None:
        """What was kept in mypy's cache, if it stands; whatever is wrong with it, it does not.

        `config_file`: mypy's, which may say which project it is.
        """
        try:
            with open(os.path.join(cache_dir, _NAME), "rb") as file:
                checksum, _, data = file.read().partition(b"\n")
            if _checksum(data) != checksum:
                return None
            kept = json.loads(data)
            if kept["circumstances"] != _circumstances(config_file):
                return None
            if print_of(Places(**kept["places"])) != kept["print"]:
                return None
            return cls(kept["digests"], frozenset(kept["unanswered"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(
        self, cache_dir: str, config_file: str | None, look: Callable[[], Places | None], started: int
    ) -> None:
        """Keep it for the next run, if nothing that it depends on may have changed since this one started.

        Args:
            config_file: as for `recall`.
            look: gives what it depends on; None if that would be found out otherwise now.
            started: a time (of `time.time_ns`) before any of that was looked at.
        """
        with suppress(OSError, ValueError):
            places = look()
            if places is None or newest(places.files) >= started - TICK:
                return
            seen = print_of(places)
            if newest(places.files) >= started - TICK or look() != places:
                return
            kept = {
                "circumstances": _circumstances(config_file),
                "print": seen,
                "places": places._asdict(),
                "digests": self.digests,
                "unanswered": sorted(self.unanswered),
            }
            _write(os.path.join(cache_dir, _NAME), json.dumps(kept).encode())


def _circumstances(config_file: str | None) -> str:
    """All that counts besides files; for a day, as what nobody takes from the store is dropped in the end."""
    folders = os.getcwd(), os.path.dirname(os.path.abspath(config_file)) if config_file else ""
    analyzer = find_spec("color_checker")
    packages = (__file__, analyzer.origin if analyzer is not None else "")
    sites = (site.ENABLE_USER_SITE, site.USER_SITE, site.PREFIXES, os.environ.get("VIRTUAL_ENV"))
    return repr((_FORMAT, sys.version, folders, packages, sites, int(time.time() // 86400)))


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).hexdigest().encode()


def _write(path: str, data: bytes) -> None:
    """All of it or nothing, whoever else writes at the same time. The directory is for mypy to make."""
    new = f"{path}.{os.getpid()}"
    try:
        with open(new, "wb") as file:
            file.write(_checksum(data) + b"\n" + data)
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
