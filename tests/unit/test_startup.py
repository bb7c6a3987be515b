"""The import hook: each module is handed over once, whatever other hooks there are."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate import startup
from owui_keygate.installation import INSTALLATION
from owui_keygate.startup import _Finder, _HookedLoader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import ModuleType

NAMES = ("hooked_host.one", "hooked_host.two")


class Loader:
    """Executes a module with its own loader, and counts."""

    def __init__(self, loader: Any, seen: list[str]) -> None:
        self.loader = loader
        self.seen = seen

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        self.seen.append(module.__name__)


class Finder:
    """A hook of another package; each kind of it finds a module in its own way."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in NAMES:
            return None
        spec = self.find(name, path, target)
        if spec is not None:
            spec.loader = Loader(spec.loader, self.seen)  # type: ignore[assignment]
        return spec

    def find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        raise NotImplementedError


class Unguarded(Finder):
    """Asks all others in turn."""

    def find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        others = (finder for finder in sys.meta_path if finder is not self)
        found = (finder.find_spec(name, path, target) for finder in others)
        return next((spec for spec in found if spec is not None), None)


class Guarded(Finder):
    """Has the import system ask everybody, and answers nothing meanwhile."""

    under_way = False

    def find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        del path, target
        if self.under_way:
            return None
        self.under_way = True
        try:
            return importlib.util.find_spec(name)
        finally:
            self.under_way = False


class Alone(Finder):
    """Asks nobody but the import system's own finder, as one that compiles modules itself."""

    def find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target)


class Keeping(Finder):
    """Keeps its specs."""

    kept: ModuleSpec | None = None

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == NAMES[0] and self.kept is None:
            self.kept = PathFinder.find_spec(name, path, target)
        return self.kept if name == NAMES[0] else None


class Failing(Finder):
    """Fails."""

    def find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        del name, path, target
        raise OSError


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the modules that were handed over."""
    names: list[str] = []
    monkeypatch.setattr(
        INSTALLATION, "host_module_executed", lambda module: names.append(module.__name__)
    )
    return names


@pytest.fixture
def finder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, handed_over: list[str]
) -> Iterator[_Finder]:
    """Return our finder, as the first; it waits for two modules of a package that can be found."""
    assert handed_over == []
    package = tmp_path / "hooked_host"
    package.mkdir()
    for name in ("__init__", "one", "two"):
        (package / f"{name}.py").write_text("")
    ours = _Finder()
    others = [each for each in sys.meta_path if not isinstance(each, _Finder)]
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", [ours, *others])
    monkeypatch.setattr(startup, "HOST_MODULES", frozenset(NAMES))
    yield ours
    for name in ("hooked_host", *NAMES):
        sys.modules.pop(name, None)


FRONT, BEHIND = 0, 1


@pytest.mark.parametrize("place", [FRONT, BEHIND], ids=["in front", "behind"])
@pytest.mark.parametrize("kind", [Unguarded, Guarded, Alone])
def test_both_hooks_see_each_module_once(
    finder: _Finder, handed_over: list[str], kind: type[Finder], place: int
) -> None:
    other = kind()
    sys.meta_path.insert(place, other)
    for name in NAMES:
        importlib.import_module(name)
    passed_by = kind is Alone and place == FRONT
    assert (other.seen, handed_over) == ([*NAMES], [] if passed_by else [*NAMES])
    assert finder in sys.meta_path


@pytest.mark.parametrize("place", [FRONT, BEHIND], ids=["in front", "behind"])
def test_two_unlike_hooks_and_ours(finder: _Finder, handed_over: list[str], place: int) -> None:
    hooks = [Unguarded(), Guarded()]
    for hook in hooks:
        sys.meta_path.insert(place, hook)
    assert importlib.import_module(NAMES[0]).__name__ == NAMES[0]
    assert handed_over == [NAMES[0]]
    assert finder in sys.meta_path
    assert {hook.seen[0] for hook in hooks} == {NAMES[0]}


def test_a_spec_that_was_hooked_is_not_hooked_again(
    finder: _Finder, handed_over: list[str]
) -> None:
    sys.meta_path.insert(BEHIND, Keeping())
    path = importlib.import_module("hooked_host").__path__
    assert finder.find_spec(NAMES[0], path) is importlib.util.find_spec(NAMES[0])
    importlib.import_module(NAMES[0])
    assert handed_over == [NAMES[0]]


def test_a_finder_that_fails_leaves_no_trace(finder: _Finder, handed_over: list[str]) -> None:
    failing = Failing()
    sys.meta_path.insert(BEHIND, failing)
    with pytest.raises(OSError, match=r"^$"):
        importlib.import_module(NAMES[0])
    sys.meta_path.remove(failing)
    importlib.import_module(NAMES[0])
    assert handed_over == [NAMES[0]]
    assert finder in sys.meta_path


class Meeting(Finder):
    """Lets two threads be inside of it at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(2, timeout=30)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if name in NAMES:
            self.barrier.wait()
        return None


@pytest.mark.parametrize("names", [NAMES, (NAMES[0], NAMES[0])], ids=["two modules", "one"])
def test_two_threads_look_at_the_same_time(finder: _Finder, names: tuple[str, str]) -> None:
    path = importlib.import_module("hooked_host").__path__
    sys.meta_path.insert(BEHIND, Meeting())
    with ThreadPoolExecutor(2) as pool:
        specs = [*pool.map(lambda name: finder.find_spec(name, path), names)]
    assert [spec and spec.name for spec in specs] == [*names]
    assert all(spec and isinstance(spec.loader, _HookedLoader) for spec in specs)
