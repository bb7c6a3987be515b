"""The demo: a real host with keys off, who gets in with the bypass, and who without.

`python -m dev.demo` prints both tables and ends with 0 if every line is as expected.
`python -m dev.demo serve` leaves a server running with the bypass on.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from harness import people
from harness.client import api_key_header, bearer, cookie
from harness.environments import HOST_VERSION, host_environment, say
from harness.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.client import Client, Response
    from harness.people import Person

OK, DENIED, UNKNOWN = HTTPStatus.OK, HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED
USERS = "/api/v1/users/"
CONFIG = "/api/v1/auths/admin/config"
MODELS = "/api/models"
OWN_KEY = "/api/v1/auths/api_key"


@dataclass(frozen=True)
class Cast:
    """The people of the demo."""

    admin: Person
    second: Person
    user: Person


@dataclass(frozen=True)
class Line:
    """One line of the table: who asked for what, what came back, and what should have."""

    who: str
    what: str
    response: Response
    expected: int

    @property
    def is_as_expected(self) -> bool:
        """Whether the promise holds."""
        return self.response.status == self.expected

    def __str__(self) -> str:
        """Return the line."""
        verdict = "" if self.is_as_expected else f"  EXPECTED {self.expected}"
        return f"  {self.who:<34} {self.what:<34} {self.response.status}{verdict}"


def cast(client: Client) -> Cast:
    """Make two administrators and a user with a key each, then switch keys off."""
    admin = people.sign_up(client)
    people.set_rules(client, admin, enabled=True)
    people.let_everybody_make_keys(client, admin, allowed=True)
    made = Cast(
        admin,
        second=people.add_person(client, admin, "second", "admin"),
        user=people.add_person(client, admin, "user", "user"),
    )
    for person in (made.admin, made.second, made.user):
        person.keys["valid"] = people.make_key(client, person)
    people.set_rules(client, admin, enabled=False)
    return made


def lines(client: Client, who: Cast, *, bypass: bool) -> Iterator[Line]:
    """Ask for everything, and yield a line for each answer."""
    admin, second, user = (person.keys["valid"] for person in (who.admin, who.second, who.user))
    if_bypass = OK if bypass else DENIED

    def line(name: str, method: str, path: str, headers: dict[str, str], expected: int) -> Line:
        body = {"name": "demo", "description": ""} if path.endswith("/create") else None
        response = client.request(method, path, headers, body)
        return Line(name, f"{method} {path}", response, expected)

    yield line("admin's key", "GET", USERS, bearer(admin), if_bypass)
    yield line("admin's key, x-api-key header", "GET", CONFIG, api_key_header(admin), if_bypass)
    yield line("admin's key, cookie", "GET", CONFIG, cookie(admin), DENIED)
    yield line("second admin's key", "POST", "/api/v1/groups/create", bearer(second), if_bypass)
    yield line("user's key", "GET", MODELS, bearer(user), DENIED)
    yield line("user's key, x-api-key header", "GET", MODELS, api_key_header(user), DENIED)
    yield line("nobody's key", "GET", MODELS, bearer(people.NOBODYS_KEY), UNKNOWN)
    yield line("user, signed in", "GET", OWN_KEY, bearer(who.user.session), DENIED)
    yield line("admin, signed in", "GET", OWN_KEY, bearer(who.admin.session), if_bypass)
    people.set_role(client, who.admin, who.second, "user")
    yield line("second admin's key, now a user", "GET", MODELS, bearer(second), DENIED)
    people.set_role(client, who.admin, who.second, "admin")
    yield line("second admin's key, admin again", "GET", MODELS, bearer(second), if_bypass)


def show(folder: Path, *, bypass: bool, who: Cast | None) -> tuple[bool, Cast]:
    """Start a server, print its table, and return whether every line is as expected."""
    with demo_server(folder, bypass=bypass) as server:
        client = server.client()
        who = who or cast(client)
        state = on_or_off(bypass=bypass)
        print(f"\nAPI keys are off for everybody; ENABLE_ADMIN_API_KEY_BYPASS is {state}:")
        all_good = True
        for line in lines(client, who, bypass=bypass):
            print(line, flush=True)
            all_good &= line.is_as_expected
        client.close()
    print()
    return all_good, who


def on_or_off(*, bypass: bool) -> str:
    """Return the word for it."""
    return "on" if bypass else "off"


def demo_server(folder: Path, *, bypass: bool) -> Server:
    """Return a server of the host with the wheel in it, about to be started."""
    say(f"Starting Open WebUI {HOST_VERSION} with the bypass {on_or_off(bypass=bypass)} ...")
    settings = {"ENABLE_ADMIN_API_KEY_BYPASS": str(bypass).lower()}
    return Server(host_environment(with_wheel=True), folder, settings)


def demo(folder: Path) -> int:
    """Print both tables; return 0 if every line is as expected."""
    with_bypass, who = show(folder, bypass=True, who=None)
    without, _ = show(folder, bypass=False, who=who)
    good = with_bypass and without
    print("Every line is as expected." if good else "A line is not as expected.")
    return 0 if good else 1


def serve(folder: Path) -> int:
    """Leave a server running until it is interrupted."""
    with demo_server(folder, bypass=True) as server:
        client = server.client()
        admin = cast(client).admin
        client.close()
        print(f"Open WebUI answers at {server.url}; API keys are off for everybody.")
        print(f"Sign in as {admin.email} with the password {people.PASSWORD}, or try:\n")
        header = folder / "key.header"
        header.touch(mode=0o600)
        header.write_text(f"Authorization: Bearer {admin.keys['valid']}\n", encoding="utf-8")
        print(f"  curl -H @{header} {server.url}{USERS}\n")
        print("Ctrl-C ends it.", flush=True)
        try:
            server.wait_until_dead()
        except KeyboardInterrupt:
            say("Stopping ...")
    return 0


def main() -> int:
    """Run the demo, or serve; a request to end also ends the server."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="owui-keygate-demo-") as folder:
        return serve(Path(folder)) if sys.argv[1:] == ["serve"] else demo(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
