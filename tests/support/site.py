"""A server whose page people open in a browser."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness import people
from harness.client import bearer
from harness.environments import host_environment
from harness.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.people import Person

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

    def rotate(self, person: Person) -> str:
        """Give somebody a new key by command, and leave the old one for an hour."""
        environment = host_environment(with_wheel=True)
        rotation = ("keys", "rotate", person.email, "--overlap", "1h", "--yes")
        server = self.server
        found = environment.run("owui-keygate", *rotation, env=server.settings, cwd=server.folder)
        found.check_returncode()
        return found.stdout.strip()


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
