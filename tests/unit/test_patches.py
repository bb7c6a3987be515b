"""Patch points of every kind: put in, and taken out again."""

from __future__ import annotations

import functools
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from fastapi import APIRouter, Depends, FastAPI
from owui_keygate.patch_points import DependencyPoint, HostFunction, PatchPoint, RoutePoint
from owui_keygate.patches import HostDoesNotFitError, Patches
from owui_keygate.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.patch_points import Place

PLACE: Any = SimpleNamespace()
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


def replace(original: Callable[..., Any], _module: ModuleType, _place: Place) -> Any:  # noqa: ANN401
    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> str:  # noqa: ANN401
        return f"not the {original(*args, **kwargs)}"

    return replacement


def answer(module: ModuleType) -> Any:  # noqa: ANN401
    """Return what an application says that includes the router now."""
    app = FastAPI()
    app.include_router(module.router, prefix="/api")
    [route] = [route for route in app.routes if getattr(route, "path", "") == "/api/me"]
    return resolve(route.dependant)  # type: ignore[attr-defined]


def resolve(dependant: Any) -> Any:  # noqa: ANN401
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
    patches.apply(point, module, PLACE)
    assert patches.is_applied(point)
    fresh_router(module)
    assert answer(module) == "not the host"
    patches.revert()
    assert not patches.is_applied(point)
    fresh_router(module)
    assert answer(module) == "host"


def test_the_endpoint_of_a_route_is_replaced_for_who_includes_the_router() -> None:
    module = host()
    point = RoutePoint("host", "me", Shape(("user",), is_async=False), replace)
    patches = Patches()
    patches.apply(point, module, PLACE)
    assert patches.is_applied(point)
    assert answer(module) == "not the host"
    patches.revert()
    assert answer(module) == "host"


def test_a_method_is_replaced_for_objects_that_are_there_already() -> None:
    module = host()
    middleware = module.Middleware()
    point = PatchPoint("host", "Middleware.call", Shape(("self",), is_async=False), replace)
    patches = Patches()
    patches.apply(point, module, PLACE)
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
        Patches().apply(point, host(), PLACE)


def test_a_point_is_replaced_once() -> None:
    module = host()
    point = PatchPoint("host", "who", NOTHING, replace)
    patches = Patches()
    patches.apply(point, module, PLACE)
    once = module.who
    patches.apply(point, module, PLACE)
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
        Patches().apply(point, found, PLACE)
    assert found.who is who


def test_what_somebody_else_has_replaced_since_stays() -> None:
    module = host()
    point = PatchPoint("host", "who", NOTHING, replace)
    patches = Patches()
    patches.apply(point, module, PLACE)
    module.who = theirs = ANY  # type: ignore[attr-defined] # It equals ours and is not ours.
    patches.revert()
    assert module.who is theirs
