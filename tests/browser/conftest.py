"""Servers of the real host with keys off, and a browser in which people open its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from harness.server import BYPASS_ON
from tests.support.account_page import AccountPage
from tests.support.site import Site, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.people import Person

CHROMIUM = "/usr/bin/chromium"
MILLISECONDS = 60_000
"""How long one step on a page may take; a busy machine needs more than Playwright's default."""
NOTHING_BUT_THIS_MACHINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


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
