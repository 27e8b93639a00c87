"""The modules that promise to hold workflow code only."""

from __future__ import annotations

from collections.abc import Iterator

from color_checker.config import Config
from color_checker.link import Linker
from color_checker.modules import ModuleInfo


def workflow_modules(linker: Linker, config: Config) -> Iterator[ModuleInfo]:
    """Those that say so at their top, or that the configuration names."""
    for module in sorted(linker.modules.values(), key=lambda module: module.path):
        declared = module.facts.pragmas.module_color == "workflow"
        if not module.library and (declared or config.is_workflow_module(module.name, module.key)):
            yield module
