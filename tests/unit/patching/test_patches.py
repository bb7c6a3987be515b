"""Patch points of every kind: put in, and taken out again."""

from __future__ import annotations

import asyncio
import functools
import inspect
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from fastapi import APIRouter, Depends, FastAPI
from owui_keygate.extension import Standing
from owui_keygate.patching.passing_on import passing_on
from owui_keygate.patching.patches import HostDoesNotFitError, Patches
from owui_keygate.patching.points import (
    DependencyPoint,
    HostFunction,
    HostTable,
    NewRoute,
    PatchPoint,
    RoutePoint,
)
from owui_keygate.patching.shapes import Shape
from owui_keygate.patching.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.extension import Extension


def extension(*, bypass: bool = True) -> Any:
    """Return an extension that stands and can be told to stand down."""
    return SimpleNamespace(policy=SimpleNamespace(bypass=bypass), standing=Standing())


ACTIVE = extension()
NOTHING = Shape((), is_async=False)


def host() -> ModuleType:
    """Return a module with a bit of everything."""
    module = ModuleType("host")

    def who() -> str:
        return "host"

    def verified(user: str = Depends(who)) -> str:
        return user

    router = APIRouter()

    @router.get("/me")
    def me(user: str = Depends(verified)) -> str:  # noqa: FAST002 (as the host does)
        return user

    class Middleware:
        def call(self) -> str:
            return "host"

    vars(module).update(who=who, verified=verified, router=router, me=me, Middleware=Middleware)
    return module


def replace(original: Callable[..., Any], _module: ModuleType, _extension: Extension) -> Any:
    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> str:
        return f"not the {original(*args, **kwargs)}"

    return replacement


def answer(module: ModuleType) -> Any:
    """Return what an application says that includes the router now."""
    app = FastAPI()
    app.include_router(module.router, prefix="/api")
    [route] = [route for route in app.routes if getattr(route, "path", "") == "/api/me"]
    return resolve(route.dependant)  # type: ignore[attr-defined]


def resolve(dependant: Any) -> Any:
    """Do what FastAPI does for a request: call the dependencies, then what depends on them."""
    values = {inner.name: resolve(inner) for inner in dependant.dependencies}
    return dependant.call(**values)


def fresh_router(module: ModuleType) -> None:
    """Import the dependency by name, as the host's routers do after the patch."""
    router = APIRouter()

    @router.get("/me")
    def me(user: str = Depends(module.verified)) -> str:  # noqa: FAST002 (as the host does)
        return user

    module.router = router  # type: ignore[attr-defined]


def test_a_dependency_is_replaced_in_the_defaults_of_others_too() -> None:
    module = host()
    point = DependencyPoint("host", "who", NOTHING, replace, dependents=("verified",))
    patches = Patches()
    patches.apply(point, module, ACTIVE)
    assert patches.state(point) == State.APPLIED
    fresh_router(module)
    assert answer(module) == "not the host"
    patches.revert()
    assert patches.state(point) == State.NOT_APPLIED
    fresh_router(module)
    assert answer(module) == "host"


def test_the_endpoint_of_a_route_is_replaced_for_who_includes_the_router() -> None:
    module = host()
    point = RoutePoint("host", "me", Shape(("user",), is_async=False), replace)
    patches = Patches()
    patches.apply(point, module, ACTIVE)
    assert patches.state(point) == State.APPLIED
    assert answer(module) == "not the host"
    patches.revert()
    assert answer(module) == "host"


def test_a_method_is_replaced_for_objects_that_are_there_already() -> None:
    module = host()
    middleware = module.Middleware()
    point = PatchPoint("host", "Middleware.call", Shape(("self",), is_async=False), replace)
    patches = Patches()
    patches.apply(point, module, ACTIVE)
    assert middleware.call() == "not the host"
    patches.revert()
    assert middleware.call() == "host"


@pytest.mark.parametrize(
    "point",
    [
        PatchPoint("host", "Middleware.other", NOTHING, replace),
        PatchPoint("host", "other", NOTHING, replace),
        RoutePoint("host", "other", NOTHING, replace),
    ],
    ids=["method", "function", "route"],
)
def test_what_is_not_there_does_not_fit(point: PatchPoint) -> None:
    with pytest.raises(
        HostDoesNotFitError, match="expected a function, found an object of type NoneType"
    ):
        Patches().apply(point, host(), ACTIVE)


def test_a_point_is_replaced_once() -> None:
    module = host()
    point = PatchPoint("host", "who", NOTHING, replace)
    patches = Patches()
    patches.apply(point, module, ACTIVE)
    once = module.who
    patches.apply(point, module, ACTIVE)
    assert module.who is once


@pytest.mark.parametrize(
    ("module", "name"), [("no_such_module", "who"), ("textwrap", "no_such"), ("textwrap", "dedent")]
)
def test_a_function_that_is_relied_on_must_fit_before_anything_is_replaced(
    module: str, name: str
) -> None:
    relied_on = HostFunction(module, name, NOTHING)
    point = PatchPoint("host", "who", NOTHING, replace, relies_on=(relied_on,))
    found = host()
    who = found.who
    with pytest.raises(HostDoesNotFitError, match=f"{module}.{name}: expected"):
        Patches().apply(point, found, ACTIVE)
    assert found.who is who


def test_what_somebody_has_wrapped_passes_on_after_the_installation_has_stood_down() -> None:
    module, active = host(), extension()
    Patches().apply(PatchPoint("host", "who", NOTHING, replace), module, active)
    ours = module.who
    module.who = lambda: f"wrapped: {ours()}"  # type: ignore[attr-defined]
    assert module.who() == "wrapped: not the host"
    active.standing.in_force = False
    assert module.who() == "wrapped: host"


def test_what_fastapi_has_taken_over_passes_on_after_the_installation_has_stood_down() -> None:
    module, active = host(), extension()
    dependency = DependencyPoint("host", "who", NOTHING, replace, dependents=("verified",))
    endpoint = RoutePoint("host", "me", Shape(("user",), is_async=False), replace)
    patches = Patches()
    patches.apply(dependency, module, active)
    fresh_router(module)
    patches.apply(endpoint, module, active)
    app = FastAPI()
    app.include_router(module.router)
    [route] = [route for route in app.routes if getattr(route, "path", "") == "/me"]
    dependant: Any = route.dependant  # type: ignore[attr-defined]
    assert resolve(dependant) == "not the not the host"
    patches.revert()
    assert resolve(dependant) == "not the not the host", "reverting is not enough"
    active.standing.in_force = False
    assert resolve(dependant) == "host"


def test_what_takes_a_place_is_as_async_as_what_it_replaces_and_has_its_signature() -> None:
    async def original(request: int, *, db: str = "x") -> tuple[int, str]:
        return request, db

    async def other(*_: object, **__: object) -> tuple[int, str]:
        return 0, ""

    active = extension()
    made = passing_on(original, other, active.standing)
    assert inspect.iscoroutinefunction(made)
    assert inspect.signature(made) == inspect.signature(original)
    assert made.__wrapped__ is original  # type: ignore[attr-defined]
    assert asyncio.run(made(1, db="y")) == (0, "")
    active.standing.in_force = False
    assert asyncio.run(made(1, db="y")) == (1, "y")


def test_what_only_serves_the_bypass_is_checked_and_left_alone_without_it() -> None:
    module = host()
    who = module.who
    point = PatchPoint("host", "who", NOTHING, replace, only_with_bypass=True)
    always = PatchPoint("host", "Middleware.call", Shape(("self",), is_async=False), replace)
    off, on = Patches(), Patches()
    assert off.state(point) == State.NOT_APPLIED
    for each in (point, always):
        off.apply(each, module, extension(bypass=False))
    assert module.who is who
    assert (off.state(point), off.state(always)) == (State.NOT_NEEDED, State.APPLIED)
    on.apply(point, module, extension())
    assert (on.state(point), off.state(point)) == (State.APPLIED, State.NOT_APPLIED)
    on.revert()
    assert module.who is who
    misfit = PatchPoint("host", "other", NOTHING, replace, only_with_bypass=True)
    with pytest.raises(HostDoesNotFitError):
        Patches().apply(misfit, module, extension(bypass=False))


def test_an_original_is_prepared_and_what_is_prepared_answers_after_standing_down() -> None:
    module, active = host(), extension()

    def prepare(original: Callable[..., Any]) -> Callable[..., Any]:
        def prepared(*, request: str) -> str:
            return f"{original()} for {request}"

        return prepared

    point = PatchPoint("host", "who", NOTHING, replace, prepare=prepare)
    Patches().apply(point, module, active)
    assert [*inspect.signature(module.who).parameters] == ["request"]
    assert module.who(request="x") == "not the host for x"
    active.standing.in_force = False
    assert module.who(request="x") == "host for x"


def test_a_new_route_is_gone_after_it_was_reverted() -> None:
    module, active = host(), extension()
    point = NewRoute("host", "/new", NOTHING, lambda *_: lambda: "new")
    patches = Patches()
    patches.apply(point, module, active)
    assert [route.path for route in module.router.routes] == ["/new", "/me"]
    patches.revert()
    assert [route.path for route in module.router.routes] == ["/me"]


class Model:
    """A model with a table, as SQLAlchemy makes one."""

    __table__ = SimpleNamespace(columns={"id": 1, "api_key": 2, "api_key_scopes": 3})


@pytest.mark.parametrize(
    ("found", "columns", "prefix", "sentence"),
    [
        (Model, {"id", "api_key", "api_key_scopes", "gone"}, "", None),
        (Model, {"api_key"}, "api_key_of", None),
        (Model, {"api_key"}, "api_key", "the new columns api_key_scopes"),
        (Model, {"api_key"}, "", "the new columns api_key_scopes, id"),
        (None, {"api_key"}, "", "expected a table, found an object of type NoneType"),
    ],
)
def test_a_table_with_a_column_that_is_not_known_does_not_fit(
    found: object, columns: set[str], prefix: str, sentence: str | None
) -> None:
    mismatch = HostTable("host", "Model", frozenset(columns), prefix).mismatch(found)
    assert mismatch is None if sentence is None else sentence in str(mismatch)


def test_a_table_that_is_relied_on_must_fit_before_anything_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textwrap.Model", Model, raising=False)
    table = HostTable("textwrap", "Model", frozenset({"id"}))
    point = PatchPoint("host", "who", NOTHING, replace, relies_on=(table,))
    with pytest.raises(
        HostDoesNotFitError,
        match=r"^textwrap\.Model: expected a table it knows, found the new columns api_key",
    ):
        Patches().apply(point, host(), ACTIVE)


def test_what_is_relied_on_is_noticed_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textwrap.relied_on", lambda: "host", raising=False)
    relied_on = HostFunction("textwrap", "relied_on", NOTHING)
    point = PatchPoint("host", "who", NOTHING, replace, relies_on=(relied_on,))
    patches, module = Patches(), host()
    assert patches.changed(point) == ["host.who"], "it was never put in"
    patches.apply(point, module, ACTIVE)
    assert patches.changed(point) == []
    monkeypatch.setattr("textwrap.relied_on", lambda *_: "wrapped")
    assert patches.changed(point) == ["textwrap.relied_on"]
    module.who = ANY  # type: ignore[attr-defined]
    assert patches.changed(point) == ["host.who"]


def test_what_somebody_else_has_replaced_since_stays() -> None:
    module = host()
    point = PatchPoint("host", "who", NOTHING, replace)
    patches = Patches()
    patches.apply(point, module, ACTIVE)
    module.who = theirs = ANY  # type: ignore[attr-defined] # It equals ours and is not ours.
    patches.revert()
    assert module.who is theirs
