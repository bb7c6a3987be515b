"""Keys that change without a gap: two rows of one account, until the old one has ended."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from harness import people
from harness.client import bearer
from tests.support.hammer import Hammer
from tests.support.keys import KEEPS_TIMES, UNKNOWN, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.people import Person
    from tests.support.hammer import Answer

needs_rows = pytest.mark.skipif(not KEEPS_TIMES, reason="an account has one key before 0.6.41")
ROTATIONS = int(os.environ.get("ROTATIONS", "10"))
"""How often a key is rotated under load; the nightly run asks for a hundred."""
DAY = 86_400
_NUMBERS = itertools.count()


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def rows(place: Place, email: str) -> dict[str, int | None]:
    """Return the end of each key of an account."""
    found = place.execute(
        "SELECT key, expires_at FROM api_key WHERE user_id = "
        f"""(SELECT id FROM "user" WHERE email = '{email}')"""
    )
    return dict(found)


def listed(place: Place, *options: str) -> list[dict[str, Any]]:
    found = place.keys("list", "--json", *options)
    assert found.returncode == 0, found.stderr
    holders: list[dict[str, Any]] = json.loads(found.stdout)
    return holders


def end(place: Place, key: str, seconds: int = -1) -> None:
    """Let a key end so many seconds from now."""
    at = int(time.time()) + seconds
    place.execute(f"UPDATE api_key SET expires_at = {at} WHERE key = '{key}'")


@pytest.mark.skipif(KEEPS_TIMES, reason="keys can overlap from 0.6.41 on")
def test_one_key_for_each_account_cannot_overlap(sqlite: Place, email: str) -> None:
    old = sqlite.made("create", email)
    before = sqlite.everything()
    refused = sqlite.keys("rotate", email, "--overlap", "1h", "--yes")
    assert (refused.returncode, "omit --overlap" in refused.stderr) == (1, True)
    for arguments in (["prune", "--yes"], ["list", "--expiring", "1d"], ["list", "--unused", "1d"]):
        refused = sqlite.keys(*arguments)
        assert (refused.returncode, "0.6.41" in refused.stderr) == (1, True)
    assert sqlite.everything() == before
    assert sqlite.status(old) == 200


@needs_rows
def test_the_old_key_stays_valid_until_the_overlap_is_over(place: Place, email: str) -> None:
    old = place.made("create", email)
    [before] = place.execute(f"SELECT * FROM api_key WHERE key = '{old}'")
    asked = place.keys("rotate", email, "--overlap", "24h")
    assert asked.stderr.startswith(f"The API key {fingerprint(old)} of {email} would stop working ")
    assert rows(place, email) == {old: None}
    now = int(time.time())
    found = place.keys("rotate", email, "--overlap", "24h", "--yes")
    new = found.stdout.strip()
    assert f"The old key {fingerprint(old)} stays valid until " in found.stderr
    ends = rows(place, email)
    assert ends.pop(new) is None
    assert now + DAY <= (ends.pop(old) or 0) <= time.time() + DAY
    assert ends == {}
    [after] = place.execute(f"SELECT * FROM api_key WHERE key = '{old}'")
    kept = [was for was, is_ in zip(before, after, strict=True) if was != is_]
    assert len(kept) == 2, "all but its id and its end"
    assert (place.status(old), place.status(new)) == (200, 200)
    shown = [each for each in listed(place) if each["email"] == email]
    assert [each["fingerprint"] for each in shown] == [fingerprint(old), fingerprint(new)]
    end(place, old)
    assert (place.status(old), place.status(new)) == (401, 200)
    dry = place.keys("prune", "--dry-run")
    assert f"Would delete the API key {fingerprint(old)} of {email}\n" in dry.stderr
    asked = place.keys("prune")
    assert (asked.returncode, "--yes" in asked.stderr) == (1, True)
    assert old in rows(place, email)
    pruned = place.keys("prune", "--yes", "--json")
    assert fingerprint(old) in {each["fingerprint"] for each in json.loads(pruned.stdout)}
    assert rows(place, email) == {new: None}
    assert place.status(old) == UNKNOWN
    nothing = place.keys("prune")
    assert (nothing.returncode, nothing.stderr) == (0, "Deleted 0 API keys\n")


@needs_rows
def test_an_overlap_lengthens_no_life(place: Place, email: str) -> None:
    first = place.made("create", email, "--expires", "2h")
    [end_] = rows(place, email).values()
    second = place.made("rotate", email, "--overlap", "24h", "--yes")
    ends = rows(place, email)
    assert ends[first] == end_
    third = place.made("rotate", fingerprint(second), "--overlap", "30m", "--yes")
    ends = rows(place, email)
    assert (ends[first] or 0) <= time.time() + 1_800
    assert (ends[second] or 0) <= time.time() + 1_800
    life = f"SELECT expires_at - created_at FROM api_key WHERE key = '{third}'"
    assert place.execute(life) == [(7_200,)], "as long as the first was meant to live"
    assert [place.status(key) for key in (first, second, third)] == [200, 200, 200]
    refused = place.keys("rotate", email, "--yes")
    assert (refused.returncode, "add --overlap" in refused.stderr) == (1, True)
    assert place.keys("revoke", fingerprint(second), "--yes").returncode == 0
    assert [place.status(key) for key in (first, second, third)] == [200, UNKNOWN, 200]
    assert place.keys("revoke", email, "--yes").returncode == 0
    assert rows(place, email) == {}


@needs_rows
def test_nothing_half_rotated_stays(place: Place, email: str) -> None:
    old = place.made("create", email)
    before = place.execute("SELECT * FROM api_key ORDER BY id")
    with place.no_new_keys():
        assert place.keys("rotate", email, "--overlap", "1h", "--yes").returncode == 3
    assert place.execute("SELECT * FROM api_key ORDER BY id") == before
    assert place.status(old) == 200


@needs_rows
def test_a_dry_run_changes_nothing(place: Place, email: str) -> None:
    old = place.made("create", email)
    before = [place.everything(), place.execute("SELECT * FROM api_key ORDER BY id")]
    for arguments, said in (
        (("create", f"new-{email}", "--expires", "2100-01-31"), "Would create the account new-"),
        (("rotate", email), f"Would delete the API key {fingerprint(old)}"),
        (("rotate", email, "--overlap", "1h"), f"Would let the API key {fingerprint(old)}"),
        (("revoke", email), f"Would delete the API key {fingerprint(old)}"),
    ):
        dry = place.keys(*arguments, "--dry-run")
        assert (dry.returncode, dry.stdout) == (0, "")
        assert said in dry.stderr
        assert dry.stderr.endswith("This was a dry run: nothing has changed\n")
        facts = json.loads(place.keys(*arguments, "--dry-run", "--json").stdout)
        assert "api_key" not in facts
    assert place.keys("create", email, "--dry-run").returncode == 1
    assert place.keys("rotate", f"no-{email}", "--dry-run").returncode == 1
    after = [place.everything(), place.execute("SELECT * FROM api_key ORDER BY id")]
    assert after == before
    assert place.status(old) == 200


@needs_rows
def test_every_change_is_recorded(sqlite: Place, email: str) -> None:
    def names(place: Place) -> set[str]:
        return {fingerprint(key) for key in rows(place, email)}

    made = sqlite.records("create", email)
    [old] = names(sqlite)
    assert made == [("create-account", email, None), ("create-key", email, old)]
    assert sqlite.records("rotate", email, "--overlap", "1h", "--dry-run") == []
    rotated = sqlite.records("rotate", email, "--overlap", "1h", "--yes")
    [new] = names(sqlite) - {old}
    assert rotated == [("create-key", email, new), ("limit-key", email, old)]
    assert sqlite.records("revoke", old, "--yes") == [("delete-key", email, old)]
    replaced = sqlite.records("rotate", email, "--yes")
    [newest] = names(sqlite)
    assert replaced == [("create-key", email, newest), ("delete-key", email, new)]
    assert sqlite.records("list") == []
    assert sqlite.records("revoke", email, "--yes") == [("delete-key", email, newest)]


@needs_rows
def test_a_date_ends_a_key(sqlite: Place, email: str) -> None:
    made = sqlite.keys("create", email, "--expires", "2100-01-01T12:00Z")
    assert "The key expires at 2100-01-01T12:00:00Z" in made.stderr
    assert list(rows(sqlite, email).values()) == [4_102_488_000]
    refused = sqlite.keys("rotate", email, "--yes", "--expires", "2020-01-31")
    assert (refused.returncode, "in the past" in refused.stderr) == (2, True)


@needs_rows
def test_the_list_finds_what_needs_attention(sqlite: Place, email: str) -> None:
    def found(*options: str) -> bool:
        return any(each["email"] == email for each in listed(sqlite, *options))

    key = sqlite.made("create", email, "--expires", "10d")
    assert found("--expiring", "14d")
    assert not found("--expiring", "9d")
    assert not found("--unused", "1d")
    assert not found("--role", "user")
    ended = sqlite.keys("list", "--expiring", "14d", "--fail")
    assert ended.returncode == 8
    assert email in ended.stdout
    sqlite.execute(f"UPDATE api_key SET created_at = created_at - 99999 WHERE key = '{key}'")
    assert found("--unused", "1d", "--role", "admin")
    new = sqlite.made("rotate", email, "--overlap", "1h", "--yes", "--expires", "90d")
    assert not found("--expiring", "14d"), "nobody must be woken by a key that was replaced"
    assert found("--expiring", "91d")
    end(sqlite, new)
    assert found("--expiring", "1s")
    nobody = sqlite.keys("list", "--fail", "--role", "pending")
    assert (nobody.returncode, len(nobody.stdout.splitlines())) == (0, 1)


@needs_rows
def test_an_ended_key_that_nothing_refuses_is_named(sqlite: Place, email: str) -> None:
    key = sqlite.made("create", email)
    end(sqlite, key)
    assert "Warning" not in sqlite.keys("list").stderr, "the bypass refuses it"
    warned = sqlite.quick("list", ENABLE_ADMIN_API_KEY_BYPASS="false").stderr
    assert fingerprint(key) in warned
    assert "owui-keygate keys prune" in warned


@pytest.fixture
def bot(place: Place, email: str) -> Iterator[Person]:
    """An administrator with two keys, `old` and `new`, who is signed in."""
    with closing(place.server.client()) as client:
        person = people.add_person(client, place.first, email.partition("@")[0], "admin")
    person.keys["old"] = place.made("create", person.email)
    person.keys["new"] = place.made("rotate", person.email, "--overlap", "24h", "--yes")
    yield person
    place.keys("revoke", person.email, "--yes")


@needs_rows
def test_the_account_page_shows_one_of_two_keys(place: Place, bot: Person) -> None:
    with closing(place.server.client()) as client:
        shown = client.call("GET", "/api/v1/auths/api_key", bot.session)
    assert shown["api_key"] in bot.keys.values()
    assert [place.status(key) for key in bot.keys.values()] == [200, 200]


@needs_rows
def test_the_account_page_replaces_both_keys(place: Place, bot: Person) -> None:
    with closing(place.server.client()) as client:
        key = people.make_key(client, bot)
    assert list(rows(place, bot.email)) == [key]
    assert [place.status(each) for each in bot.keys.values()] == [UNKNOWN, UNKNOWN]
    assert place.status(key) == 200


@needs_rows
def test_the_account_page_deletes_both_keys(place: Place, bot: Person) -> None:
    with closing(place.server.client()) as client:
        people.delete_key(client, bot)
    assert rows(place, bot.email) == {}
    assert [place.status(each) for each in bot.keys.values()] == [UNKNOWN, UNKNOWN]


@needs_rows
def test_a_demotion_takes_the_bypass_from_both_keys(place: Place, bot: Person) -> None:
    with closing(place.server.client()) as client:
        people.set_role(client, place.first, bot, "user")
        statuses = [
            client.request("GET", "/api/v1/users/user/settings", bearer(key)).status
            for key in bot.keys.values()
        ]
    assert statuses == [403, 403]
    assert len(rows(place, bot.email)) == 2


@needs_rows
@pytest.mark.timeout(120 + 10 * ROTATIONS)
def test_no_request_is_refused_while_keys_change(place: Place, email: str) -> None:
    """The client takes each new key at once, and sends the one before as well until it ends."""
    key = place.made("create", email)
    sent = [key]
    doubtful: dict[str, float] = {}
    """From when on each key may be refused."""
    ended: dict[str, float] = {}
    """From when on each key must be refused."""
    with Hammer([place.server.port], lambda: tuple(sent)) as hammer:
        hammer.wait_for_answers(4)
        for _ in range(ROTATIONS):
            old, key = key, place.made("rotate", email, "--overlap", "1h", "--yes")
            sent[:] = [old, key]
            hammer.wait_until(partial(has_answer, key))
            doubtful[old] = time.monotonic()
            end(place, old)
            ended[old] = time.monotonic()
            hammer.wait_until(partial(has_answer, old))
            assert place.keys("prune", "--yes").returncode == 0
        answers = list(hammer.answers)
    refused = [each for each in answers if each.status != 200]
    assert {each.key for each in refused} == set(ended)
    assert {each.status for each in refused} <= {401, UNKNOWN}
    assert [each for each in refused if each.end < doubtful[each.key]] == []
    late = [each for each in answers if each.key in ended and each.start > ended[each.key]]
    assert len(late) >= ROTATIONS
    assert 200 not in {each.status for each in late}


def has_answer(key: str, answers: list[Answer]) -> bool:
    return any(each.key == key for each in answers)
