"""Effects of code that the analysis does not read: builtins, C modules, third-party packages."""

from __future__ import annotations

from color_checker.catalog.loader import Catalog, CatalogError, Condition, Entry, load_catalog

__all__ = ["Catalog", "CatalogError", "Condition", "Entry", "load_catalog"]
