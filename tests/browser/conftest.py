"""Servers of the real host with keys off, and a browser in which people open its page."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from harness import people
from harness.client import bearer
from harness.environments import host_environment
from harness.server import BYPASS_ON, Server
from tests.support.account_page import AccountPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.people import Person

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = 60_000
"""How long one step on a page may take; a busy machine needs more than Playwright's default."""
NOTHING_BUT_THIS_MACHINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
CONFIG = "/api/v1/auths/admin/config"
SETTINGS = "/api/v1/users/user/settings/update"


@dataclass(frozen=True)
class Site:
    """A server, and two people of whom the host would let both make keys if keys were on."""

    server: Server
    admin: Person
    user: Person

    def switch_keys(self, *, enabled: bool) -> None:
        """Turn the host's own switch."""
        with closing(self.server.client()) as client:
            people.set_rules(client, self.admin, enabled=enabled)

    def answer_to(self, key: str) -> int:
        """Return the status a key gets that asks for the administrators' settings."""
        with closing(self.server.client()) as client:
            return client.request("GET", CONFIG, bearer(key)).status


@contextmanager
def site(folder: Path, settings: dict[str, str]) -> Iterator[Site]:
    """Start a server with the extension and make its people; keys are off."""
    with Server(host_environment(with_wheel=True), folder, settings) as server:
        with closing(server.client()) as client:
            admin = people.sign_up(client)
            user = people.add_person(client, admin, "user", "user")
            if people.keys_need_permission(client, admin):
                people.let_make_keys(client, admin, user)
            # The news of the release would lie over the page.
            client.call("POST", SETTINGS, admin.session, {"ui": {"showChangelog": False}})
        made = Site(server, admin, user)
        made.switch_keys(enabled=False)
        yield made


@pytest.fixture(scope="session")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the bypass on."""
    with site(tmp_path_factory.mktemp("on"), BYPASS_ON) as made:
        yield made


@pytest.fixture(scope="session")
def off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the bypass off."""
    with site(tmp_path_factory.mktemp("off"), {}) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; Playwright starts it without the sandbox, which root cannot have."""
    expect.set_options(timeout=MILLISECONDS)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=CHROMIUM, args=[NOTHING_BUT_THIS_MACHINE], timeout=MILLISECONDS
        ) as started,
    ):
        yield started


@pytest.fixture
def account_of(browser: Browser) -> Iterator[Callable[[Site, Person], AccountPage]]:
    """Opens the account page of somebody in a browser of their own.

    No page may end with an exception that nobody caught. The stock host's own pages have none.
    """
    uncaught: list[str] = []
    contexts = []

    def open_account(site: Site, person: Person) -> AccountPage:
        context = browser.new_context(viewport={"width": 1024, "height": 640})
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.on("weberror", lambda error: uncaught.append(str(error.error)))
        return AccountPage(context.new_page(), site.server.url, person)

    yield open_account
    for context in contexts:
        context.close()
    assert uncaught == []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="write the pictures of the README there")


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[AccountPage, str], None]:
    """Takes a picture of an account page, if pictures are asked for."""
    folder: Path | None = request.config.getoption("--screenshots")

    def take(account: AccountPage, name: str) -> None:
        if folder is not None:
            account.picture(folder / f"{name}.png")

    return take
