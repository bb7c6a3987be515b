"""The replaced check and the host's own, in one process on one database.

The bypass is off, so the host's own function is the oracle for every user, rule, path and key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from harness.oracle import PERMISSION, Oracle, key_of, person
from harness.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.environments import Environment


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def oracle(
    request: pytest.FixtureRequest, keygate: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Oracle]:
    folder = tmp_path_factory.mktemp("oracle")
    if request.param == "sqlite":
        with Oracle(keygate, folder / "host") as made:
            yield made
        return
    with (
        Postgres() as postgres,
        Oracle(keygate, folder / "host", {"DATABASE_URL": postgres.create("host")}) as made,
    ):
        made.store([person()], {"auth.enable_api_keys": True})
        made.wait_until_fast("sk-admin")
        yield made


def jsons() -> st.SearchStrategy[Any]:
    # PostgreSQL takes no zero character in JSON, and the host no lone surrogates.
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
    numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers | text
    return st.recursive(
        leaves, lambda more: st.lists(more, max_size=3) | st.dictionaries(text, more, max_size=3)
    )


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
times = st.integers(-(2**63), 2**63 - 1)
dicts = st.none() | st.dictionaries(texts, jsons(), max_size=3)
paths = st.sampled_from(["/api/models", "/api", "/api/models/x", "/api/modelsx", "/", "//api", ""])
lists = st.sampled_from(
    ["", "/api/models", " /x ,/api", "/api/models\x1c,/y", ",", "/api/", "/", "x"]
)
permissions = st.sampled_from([PERMISSION, {"features": {"api_keys": False}}, {}])
columns = {
    "bio": st.none() | texts,
    "date_of_birth": st.none() | st.dates().map(str),
    "email": texts,
    "gender": st.none() | texts,
    "info": dicts,
    "last_active_at": times,
    "oauth": dicts,
    "profile_image_url": st.none() | texts,
    "scim": dicts,
    "settings": dicts | st.fixed_dictionaries({"ui": dicts, "more": jsons()}),
    "status_expires_at": st.none() | times,
}
odd_columns = {"info": jsons(), "settings": jsons(), "last_active_at": st.none()}


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a database: somebody with any row the host may hold, and any rules."""
    role = draw(st.sampled_from(["admin"] * 3 + ["user", "pending", "Admin", "", "admin "]))
    user = person(role) | {"id": "id"} | draw(st.fixed_dictionaries(columns))
    odd = draw(st.sampled_from([*odd_columns, *[None] * 12]))
    if odd is not None:
        user[odd] = draw(odd_columns[odd])
    key = key_of(user, "sk-key") | {"expires_at": draw(st.none() | st.integers(0, 2**40))}
    values = {
        "auth.enable_api_keys": draw(st.just(value=True) | st.booleans() | jsons()),
        "auth.api_key.endpoint_restrictions": draw(st.booleans() | jsons()),
        "auth.api_key.allowed_endpoints": draw(lists | jsons()),
        "user.permissions": draw(permissions | dicts),
    }
    stored = draw(st.sets(st.sampled_from(sorted(values))) | st.just(set(values)))
    defaulted = draw(st.sets(st.sampled_from(sorted(values))) | st.just(set(values)))
    return {
        "users": [user],
        "keys": [key],
        "rules": {name: values[name] for name in stored},
        "defaults": {name: values[name] for name in defaulted},
        "persistent": draw(st.sampled_from([True, True, True, False])),
    }


@given(world=worlds(), path=paths | texts, key=st.sampled_from(["sk-key"] * 6 + ["sk-nobody", ""]))
def test_user_answer_and_trace_equal_the_hosts_own(
    oracle: Oracle, world: dict[str, Any], path: str, key: str
) -> None:
    oracle.ask("store", **world)
    found = oracle.compare(key, path)
    event(next(iter(found.stock)))
    if "raised" in found.stock:
        # What the host cannot read, such as a role that is NULL, is for the host to fail at.
        found.assert_equal()
    else:
        found.assert_equal_and_fast()


@pytest.mark.parametrize(
    "key", ["sk-a\0b", "sk-é", "sk-" + "a" * 300, "sk-a\x1fb", "sk-'", "sk-%s"]
)
def test_an_odd_key_is_what_the_host_makes_of_it(oracle: Oracle, key: str) -> None:
    """At a zero byte PostgreSQL's library would cut a key, and find the key of somebody else."""
    stored = key.partition("\0")[0]
    user = person()
    oracle.store([user], keys=[key_of(user, stored)])
    oracle.compare(key).assert_equal()


def test_each_request_has_its_own_user_object(oracle: Oracle) -> None:
    nested: dict[str, Any] = {
        "settings": {"ui": {"a": [1]}, "more": [{}]},
        "info": {"b": {"c": "\u00e9"}},
    }
    oracle.store([person(**nested)])
    assert oracle.ask("twice", key="sk-admin") == {"shared": [], "same": False}


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE \"user\" SET role = '{}'", ["user", "admin"]),
        ("UPDATE config SET value = '{}' WHERE key = 'auth.enable_api_keys'", ["false", "true"]),
    ],
    ids=["role", "rule"],
)
def test_a_row_that_changes_and_changes_back_is_seen_each_time(
    oracle: Oracle, statement: str, values: list[str]
) -> None:
    """All of it in one second and without the host: only reading the row can tell."""
    oracle.store([person()])
    seen = []
    for value in values * 10:
        oracle.ask("execute", statements=[statement.format(value)])
        found = oracle.compare("sk-admin")
        found.assert_equal_and_fast()
        seen.append(next(iter(found.ours)))
    assert seen == ["refused", "user"] * 10


def test_a_column_the_extension_does_not_know_is_no_matter(oracle: Oracle) -> None:
    oracle.store([person()])
    oracle.ask("execute", statements=["ALTER TABLE \"user\" ADD COLUMN extra TEXT DEFAULT 'x'"])
    oracle.compare("sk-admin").assert_equal_and_fast()
