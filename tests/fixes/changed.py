"""Fixes that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from color_checker.fixes import Edit, Fix, fixes_for


def with_texts(changed: Callable[[Edit], str | None]) -> Callable[..., tuple[Fix, ...]]:
    """What stands in for `each_fix`: each edit puts in what `changed` gives; without that, it is left out."""

    def fixes(*arguments: object, **options: object) -> tuple[Fix, ...]:
        return tuple(
            msgspec.structs.replace(
                fix,
                edits=tuple(
                    msgspec.structs.replace(edit, text=text)
                    for edit in fix.edits
                    if (text := changed(edit)) is not None
                ),
            )
            for fix in fixes_for(*arguments)  # type: ignore[arg-type]
        )

    return fixes
