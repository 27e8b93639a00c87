"""CC401: the types of what engines store, held against what their converters really store.

`functions` finds the functions whose arguments or results are stored, `shapes` takes their types apart, the
converters (`temporal`, `pickled`, `json`, `tasks`, `minimal`) say what becomes of each part.
`analyzer.choices` says which converter a project uses.
"""

from __future__ import annotations

from mypy_plugin.storable.check import CHECKS

__all__ = ["CHECKS"]
