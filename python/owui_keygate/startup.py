"""Waits for the host's modules and hands each to the installation once it has been executed.

The start-up file calls `install` in every interpreter, also in those that never import the host,
so this module imports nothing but `sys`.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

HOST_MODULES = frozenset(
    {
        "open_webui.main",
        "open_webui.routers.auths",
        "open_webui.utils.auth",
        "open_webui.utils.logger",
    }
)


class _HookedLoader:
    """Executes a module with its own loader, then hands it to the installation.

    What the hand-over raises fails the import (PEP 451), and so the start of the host.
    """

    def __init__(self, loader: "Loader") -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        return self._loader.create_module(spec)

    def exec_module(self, module: "ModuleType") -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        from owui_keygate.installation import INSTALLATION

        INSTALLATION.host_module_executed(module)


class _Finder:
    """Finds the host's modules as the other finders do, and hooks their loaders (PEP 302)."""

    def find_spec(
        self,
        name: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        if name not in HOST_MODULES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _HookedLoader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


_FINDER = _Finder()


def is_installed() -> bool:
    """Whether `install` has been called in this interpreter."""
    return _FINDER in sys.meta_path


def install() -> None:
    """Make the extension take its place as soon as the host is imported.

    The start-up file does this in every interpreter. Call it by hand, before the host is
    imported, only where start-up files are not read. Calling it again changes nothing.

    Raises:
        RuntimeError: The host has been imported already.
    """
    if is_installed():
        return
    imported = HOST_MODULES.intersection(sys.modules)
    if imported:
        message = f"call owui_keygate.install() before {min(imported)} is imported"
        raise RuntimeError(message)
    sys.meta_path.insert(0, _FINDER)
