"""Waits for the host's modules and hands each to the installation once it has been executed.

The start-up file calls `install` in every interpreter, also in those that never import the host,
so this module imports nothing but what every interpreter has loaded already.
"""

import sys
from _thread import _local

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
    """Finds the host's modules as the finders behind it do, and hooks their loaders (PEP 302).

    A finder of another package may do the same, and ask this one in turn about a module that it is
    already looking for. Then the answer is None, so that the other finder goes on; the module that
    it finds is hooked all the same.
    """

    def __init__(self) -> None:
        # Each thread looks for itself. A child process starts without the others' entries.
        self._thread = _local()

    def find_spec(
        self,
        name: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        if name not in HOST_MODULES:
            return None
        looked_for: set[str] = vars(self._thread).setdefault("looked_for", set())
        if name in looked_for:
            return None
        looked_for.add(name)
        try:
            spec = self._find_behind(name, path, target)
        finally:
            looked_for.discard(name)
        # A finder may keep its specs and return one that is hooked already.
        if spec is None or spec.loader is None or isinstance(spec.loader, _HookedLoader):
            return spec
        spec.loader = _HookedLoader(spec.loader)  # type: ignore[assignment]
        return spec

    def _find_behind(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None"
    ) -> "ModuleSpec | None":
        """Ask the finders behind this one; those in front were asked before, or ask now."""
        finders = list(sys.meta_path)
        if self in finders:
            del finders[: finders.index(self) + 1]
        for finder in finders:
            if hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
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
