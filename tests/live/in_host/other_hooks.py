"""Hooks of other packages, for an interpreter that runs this as its `sitecustomize`.

Each finder sees the host's modules as they are executed, in a way of its own; what then wraps the
host's check does it in a way of its own as well. `tests.live.test_other_hooks` adds the choice.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from importlib.machinery import ModuleSpec
    from types import ModuleType

AUTH = "open_webui.utils.auth"
NAMES = (AUTH, "open_webui.routers.auths", "open_webui.main", "open_webui.utils.logger")
CALLED = "the other one was called"


def executed(module: ModuleType) -> None:
    """Say so."""
    print("the other one saw", module.__name__, flush=True)  # noqa: T201


class Loader:
    """Executes a module with its own loader, and then does something with it."""

    def __init__(self, loader: Any, action: Callable[[ModuleType], None]) -> None:
        self.loader = loader
        self.action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the loader."""
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        """Execute it and act."""
        self.loader.exec_module(module)
        self.action(module)


class Unguarded:
    """Asks all other finders in turn."""

    def __init__(self, action: Callable[[ModuleType], None]) -> None:
        self.action = action

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Hook the loader of what the others find."""
        if name not in NAMES:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = Loader(spec.loader, self.action)  # type: ignore[assignment]
                return spec
        return None


class Guarded:
    """Has the import system ask everybody, and answers nothing meanwhile."""

    def __init__(self, action: Callable[[ModuleType], None]) -> None:
        self.action = action
        self.under_way = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 (as finders are asked)
        """Hook the loader of what the others find."""
        if name not in NAMES or self.under_way:
            return None
        self.under_way = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.under_way = False
        if spec is not None:
            spec.loader = Loader(spec.loader, self.action)  # type: ignore[assignment]
        return spec


def by_setattr(name: str, module: ModuleType) -> None:
    """Put a wrapper where a function is."""
    wrapped = getattr(module, name)

    def called(*arguments: Any, **options: Any) -> Any:
        print(CALLED, flush=True)  # noqa: T201
        return wrapped(*arguments, **options)

    async def awaited(*arguments: Any, **options: Any) -> Any:
        return await called(*arguments, **options)

    wrapper = awaited if inspect.iscoroutinefunction(wrapped) else called
    setattr(module, name, functools.wraps(wrapped)(wrapper))


def say_and_call(wrapped: Any, _instance: Any, arguments: Any, options: Any) -> Any:
    """Be a wrapper, as `wrapt` calls one."""
    print(CALLED, flush=True)  # noqa: T201
    return wrapped(*arguments, **options)


def by_wrapt(name: str, module: ModuleType) -> None:
    """Have `wrapt` put its proxy where a function is."""
    import wrapt

    wrapt.wrap_function_wrapper(module, name, say_and_call)


def by_opentelemetry(name: str, module: ModuleType) -> None:
    """Have an instrumentor of OpenTelemetry do it."""
    from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

    class Instrumentor(BaseInstrumentor):  # type: ignore[misc]
        def instrumentation_dependencies(self) -> Collection[str]:
            return ()

        def _instrument(self, **_: Any) -> None:
            by_wrapt(name, module)

        def _uninstrument(self, **_: Any) -> None:
            raise NotImplementedError

    Instrumentor().instrument()


WRAPPING = {"setattr": by_setattr, "wrapt": by_wrapt, "opentelemetry": by_opentelemetry}


def install(finder: str, place: int, wrapping: str = "", name: str = "") -> None:
    """Install a hook.

    Args:
        finder: The kind of finder: `unguarded`, `guarded` or `wrapt`.
        place: Where it goes in `sys.meta_path`; at the start-up of an interpreter ours is the
            first there.
        wrapping: What wraps the check, nothing if it is empty.
        name: The name of the check in `open_webui.utils.auth`.
    """

    def action(module: ModuleType) -> None:
        executed(module)
        if wrapping and module.__name__ == AUTH:
            WRAPPING[wrapping](name, module)

    if finder == "wrapt":
        import wrapt

        for each in NAMES:
            wrapt.register_post_import_hook(action, each)
        # It puts itself first.
        sys.meta_path.insert(place, sys.meta_path.pop(0))
    else:
        kinds: dict[str, Any] = {"unguarded": Unguarded, "guarded": Guarded}
        sys.meta_path.insert(place, kinds[finder](action))
