"""Settings > Account as a person finds it, by the words that the releases of the host share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from harness.people import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from harness.people import Person

KEY_ROUTE = "**/api/v1/auths/api_key"


class AccountPage:
    """What somebody sees who has signed in through the form and gone to Settings > Account.

    Attributes:
        create: The button that makes a key; it is there for whom the page has a key section.
    """

    def __init__(self, page: Page, url: str, person: Person) -> None:
        self._page = page
        self._dialog = page.get_by_role("dialog").filter(has=page.get_by_role("tab"))
        self._secrets = self._dialog.locator("input:disabled")
        self.create = self._dialog.get_by_role("button", name="Create new secret key")
        self._sign_in(url, person)
        self._open()
        self._unfold_keys()

    def make_key(self) -> str:
        """Make a key as an administrator, whom the page also shows their session token."""
        self.create.click()
        return self.shown_key()

    def shown_key(self) -> str:
        """Return the key that the page shows an administrator who has one."""
        expect(self._secrets).to_have_count(2)
        return self._secrets.last.input_value()

    def take_key_back(self) -> None:
        """Delete the key; where the page cannot do that, make another one in its place.

        A menu for both came after 0.9.6. Before, the button that replaces the key is the last one
        but `Save`, and in 0.6.43 it has no name.
        """
        menu = self._dialog.get_by_role("button", name="More", exact=True)
        if menu.count() == 0:
            with self._page.expect_response(KEY_ROUTE):
                self._dialog.get_by_role("button").nth(-2).click()
            return
        menu.click()
        self._page.get_by_role("menu").get_by_text("Delete", exact=True).click()
        question = self._page.get_by_role("dialog").filter(has_text="Delete API Key?")
        with self._page.expect_response(KEY_ROUTE):
            question.get_by_role("button", name="Delete").click()

    def picture(self, file: Path) -> None:
        """Write a picture of the dialog, scrolled to its end, with every secret covered."""
        expect(self._page.locator("[data-sonner-toast]")).to_have_count(0)
        last = self._dialog.get_by_text("Change Password").or_(self._secrets).last
        last.scroll_into_view_if_needed()
        # The dialog itself is all of the window; what lies before the shade is in it.
        window = self._dialog.locator("> *").first
        window.screenshot(path=file, mask=[self._secrets], mask_color="#d4d4d4")

    def _sign_in(self, url: str, person: Person) -> None:
        self._page.goto(url)
        self._page.get_by_role("textbox", name="Email").fill(person.email)
        self._page.get_by_role("textbox", name="Password").fill(PASSWORD)
        self._page.get_by_role("button", name="Sign in").click()

    def _open(self) -> None:
        # Some pages have it twice, in the sidebar and in its folded form.
        portraits = self._page.get_by_alt_text("Open User Profile Menu")
        portraits.filter(visible=True).first.click()
        self._page.get_by_role("menu").get_by_text("Settings", exact=True).click()
        self._dialog.get_by_role("tab", name="Account").click()
        # The page asks who this is before it fills in the name.
        expect(self._dialog.get_by_placeholder("Enter your name")).not_to_have_value("")

    def _unfold_keys(self) -> None:
        heading = self._dialog.get_by_text("API keys", exact=True)
        # Up to 0.6.36 every administrator has the heading, then over the session token alone.
        if heading.count() > 0:
            heading.locator("xpath=following::button[normalize-space()='Show'][1]").click()
