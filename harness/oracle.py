"""The replaced check beside the host's own, without a server: `harness/oracle_process.py`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.server import host_settings
from harness.waiting import SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.environments import Environment

SCRIPT = Path(__file__).with_name("oracle_process.py")
SETTINGS = {
    # The time of the last activity is not what is compared.
    "DATABASE_USER_ACTIVE_STATUS_UPDATE_INTERVAL": "1e12",
    "ENABLE_OTEL": "true",
    "FROM_INIT_PY": "true",
}


RULES = {
    "auth.enable_api_keys": True,
    "auth.api_key.endpoint_restrictions": False,
    "auth.api_key.allowed_endpoints": "",
    "user.permissions": {},
}
PERMISSION = {"features": {"api_keys": True}}


def person(role: str = "admin", **fields: object) -> dict[str, Any]:
    """Return a row of the table `user`."""
    times = {"last_active_at": 1, "updated_at": 2, "created_at": 3}
    names = {"id": f"id-{role}", "email": f"{role}@example.org", "name": role}
    return names | times | {"role": role} | fields


def key_of(user: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a row of the table `api_key`."""
    times = {"created_at": 1, "updated_at": 1}
    return {"id": f"of-{user['id']}", "user_id": user["id"], "key": key} | times


class Oracle:
    """The host's modules in a process of their own, without a server; a context manager.

    Args:
        environment: The host with the extension.
        folder: Holds the database and the log.
        settings: Environment variables on top of the ones every host gets.
        wrapper: The command that runs the process, such as `setpriv` with its options.
    """

    def __init__(
        self,
        environment: Environment,
        folder: Path,
        settings: dict[str, str] | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._command = [*wrapper, str(environment.python), str(SCRIPT)]
        self._settings = host_settings(folder) | SETTINGS | (settings or {})
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the process; the first question waits until it is ready."""
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process end.

        Raises:
            subprocess.TimeoutExpired: It had to be killed.
        """
        if self._process is None:
            return
        try:
            self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            raise

    @property
    def log(self) -> str:
        """What the process has printed so far."""
        return (self.folder / "log").read_text()

    def end_of_log(self) -> str:
        """Return what an error can show of the log."""
        return self.log[-4000:]

    def ask(self, do: str, **facts: object) -> Any:  # noqa: ANN401
        """Have the process do something, and return its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do} | facts) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.end_of_log()
        return json.loads(line)

    def store(
        self, users: list[dict[str, Any]], rules: dict[str, object] | None = None, **more: object
    ) -> None:
        """Make the database hold these users, each with a key of their role, and these rules."""
        keys = [key_of(user, f"sk-{user['role']}") for user in users]
        facts = {"users": users, "keys": keys, "rules": RULES | (rules or {})}
        self.ask("store", **(facts | {"defaults": {}, "persistent": True} | more))

    def compare(self, key: str, path: str = "/api/models") -> Comparison:
        """Put a request to both checks."""
        return Comparison(self.ask("compare", key=key, path=path))

    def wait_until_fast(self, key: str) -> None:
        """Ask about an allowed key until the fast reader answers, and only the host before it."""

        def is_fast() -> bool:
            found = self.compare(key)
            found.assert_equal()
            assert found.host_reads or "user" in found.ours
            return found.host_reads == 0

        wait_until(is_fast, self.end_of_log)


class Comparison:
    """What the replaced check and the host's own made of one request."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.ours: dict[str, Any] = found["ours"]
        self.stock: dict[str, Any] = found["stock"]
        self.host_reads: int = found["host_reads"]

    def assert_equal(self) -> None:
        """Both said the same."""
        assert self.ours == self.stock

    def assert_equal_and_fast(self) -> None:
        """Both said the same, and the host's models were not asked."""
        self.assert_equal()
        assert self.host_reads == 0
