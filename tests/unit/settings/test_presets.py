"""The presets of endpoints, held against the routes of each release that was tried."""

from __future__ import annotations

import re

import pytest
from owui_keygate._native import Policy, Settings
from owui_keygate.settings.presets import KEYS_APART, PRESETS, presets_of
from owui_keygate.settings.routes import EVERY_METHOD, HARMLESS, OWN, Route, classes_of, template_of

from dev.host_routes import known_of
from harness.environments import RELEASES

RELEASE_NUMBERS = [tuple(map(int, release.split("."))) for release in RELEASES]
ENTRY = re.compile(r"(?P<methods>[A-Z]+(?:\|[A-Z]+)*) (?P<path>/\S*)\$")


def policy_of(endpoints: list[str]) -> Policy:
    settings = Settings(
        {
            "ENABLE_ADMIN_API_KEY_BYPASS": "true",
            "ADMIN_API_KEY_ALLOWED_ENDPOINTS": ",".join(endpoints),
        }
    )
    assert settings.problems == []
    return Policy(settings)


def routes_of(entry: str) -> set[Route]:
    """Return the routes that an entry names, a route of any length as one of a segment."""
    found = ENTRY.fullmatch(entry)
    assert found, entry
    return {Route(method, template_of(found["path"])) for method in found["methods"].split("|")}


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_names_a_route_that_does_not_exist(name: str, release: tuple[int, ...]) -> None:
    entries = presets_of(release)[name]
    assert entries == sorted(set(entries), key=lambda entry: entry.partition(" ")[2])
    shortened = {
        Route(route.method, route.template.replace("{:path}", "{}"))
        for route in classes_of(release)
    }
    for entry in entries:
        assert routes_of(entry) <= shortened, entry


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_something_on_each_release(name: str, release: tuple[int, ...]) -> None:
    assert presets_of(release)[name]


def reached_instead(held: Route, other: Route) -> str | None:
    """Return a path that an entry for a route covers, and the host may take for another route.

    That needs a parameter of the one where the other has a word. Where it is the other way round as
    well, the word is no id that the other route knows.
    """
    words = held.template.replace("{:path}", "{}").split("/")
    others = other.template.split("/")
    taken = [
        theirs if ours == "{}" and not theirs.startswith("{") else ours
        for ours, theirs in zip(words, [*others, *["{}"] * len(words)], strict=False)
    ]
    if any(ours != "{}" and theirs == "{}" for ours, theirs in zip(words, others, strict=False)):
        return None
    path = "/".join(taken).replace("{}", "some-id")
    pattern = re.escape(other.template).replace(r"\{:path\}", ".*").replace(r"\{\}", "[^/]+")
    return path if taken != words and re.fullmatch(pattern, path) else None


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_reaches_a_class_that_is_not_its_own(name: str, release: tuple[int, ...]) -> None:
    """An entry with a parameter in it could cover another route than the one it is made of."""
    policy = policy_of(presets_of(release)[name])
    classes = classes_of(release)
    own = {HARMLESS}.union(*(part.kinds for part in PRESETS[name].parts))
    held = [route for route, kind in classes.items() if PRESETS[name].holds(route, kind, release)]
    for other, kind in classes.items():
        if kind not in own:
            path = other.template.replace("{:path}", "some-id").replace("{}", "some-id")
            method = "GET" if other.method == EVERY_METHOD else other.method
            assert policy.covering(method, path) is None, other
            assert not [
                path
                for each in held
                if other.method in {each.method, EVERY_METHOD}
                for path in [reached_instead(each, other)]
                if path is not None and policy.covering(each.method, path)
            ], other


def matches(template: str, path: str) -> bool:
    """Whether a path is one of a route, whose parameters are one segment each."""
    pattern = (
        re.escape(template_of(template)).replace(r"\{:path\}", "[^/]+").replace(r"\{\}", "[^/]+")
    )
    return re.fullmatch(pattern, path) is not None


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_covers_a_request_if_and_only_if_its_definition_does(
    name: str, release: tuple[int, ...]
) -> None:
    policy = policy_of(presets_of(release)[name])
    classes = classes_of(release)
    held = [route for route, kind in classes.items() if PRESETS[name].holds(route, kind, release)]
    for route in classes:
        path = route.template.replace("{:path}", "some-id").replace("{}", "some-id")
        methods = {route.method} if route.method != EVERY_METHOD else {"GET", "POST", "DELETE"}
        for method in methods:
            names = {method, "GET"} if method == "HEAD" else {method}
            expected = any(each.method in names and matches(each.template, path) for each in held)
            assert (policy.covering(method, path) is not None) is expected, (method, path)
            for other in (path + "/below", path.rstrip("/") + "x"):
                expected = any(
                    each.method in names and matches(each.template, other) for each in held
                )
                assert (policy.covering(method, other) is not None) is expected, (method, other)


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
def test_no_preset_but_users_shows_the_keys_that_old_releases_keep_with_their_users(
    release: tuple[int, ...],
) -> None:
    showing = {
        name
        for name, entries in presets_of(release).items()
        if policy_of(entries).covering("GET", "/api/v1/users/") is not None
    }
    assert showing == ({"users"} if release < KEYS_APART else {"users", "users-read"})


@pytest.mark.parametrize("release", RELEASE_NUMBERS)
def test_read_holds_every_harmless_route_of_the_api_that_is_read(release: tuple[int, ...]) -> None:
    """What it leaves out by its paths is left out for a reason, and is little."""
    policy = policy_of(presets_of(release)["read"])
    missing = {
        route.template
        for route, kind in classes_of(release).items()
        if route.method == "GET" and kind == HARMLESS
        if not policy.reaches("GET", route.template)
    }
    assert {path.partition("/{")[0] for path in missing} <= {
        "/api/v1/keygate/keys",
        "/api/v1/auths/signout",
        "/oauth",
        "/oauth/clients",
    }


def test_presets_say_what_they_are_for() -> None:
    for name, preset in PRESETS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert preset.meaning.isprintable()
        assert not preset.meaning.endswith(".")


def test_the_newest_release_has_what_jobs_need() -> None:
    presets = presets_of(RELEASE_NUMBERS[-1])
    assert presets["status"] == [
        "GET /api/v1/keygate$",
        "GET /api/version$",
        "GET /health$",
        "GET /health/db$",
        "GET /ready$",
    ]
    assert "POST /api/chat/completions$" in presets["chat"]
    assert set(presets["models"]) < set(presets["chat"])
    assert set(presets["users-read"]) <= set(_reads(presets["users"]))
    assert "DELETE|GET /api/v1/users/{id}$" in presets["users"]
    assert "POST /api/v1/auths/add$" in presets["users"]
    assert "POST /api/v1/groups/create$" in presets["groups"]


def _reads(entries: list[str]) -> list[str]:
    """Return the entries with GET alone, where they have it."""
    split = [entry.split(" ") for entry in entries]
    return [f"GET {path}" for methods, path in split if "GET" in methods.split("|")]


@pytest.mark.parametrize("name", ["users-read", "users", "read"])
def test_the_tokens_of_users_at_other_services_are_in_no_preset(name: str) -> None:
    policy = policy_of(presets_of(RELEASE_NUMBERS[-1])[name])
    assert not policy.reaches("GET", "/api/v1/users/{}/oauth/sessions")


def test_a_release_between_two_has_what_the_older_has() -> None:
    assert presets_of((0, 6, 40)) == presets_of((0, 6, 36)) != presets_of((0, 6, 43))
    assert presets_of((0, 12, 9)) == presets_of(RELEASE_NUMBERS[-1])
    assert presets_of((0, 5, 3)) == presets_of(()) == {}


def test_every_tried_release_has_its_own_routes() -> None:
    for release, number in zip(RELEASES, RELEASE_NUMBERS, strict=True):
        assert classes_of(number).keys() - OWN.keys() == known_of(release)
