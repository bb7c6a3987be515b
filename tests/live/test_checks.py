"""The replaced check and the host's own, in one process on one database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.server import host_settings

if TYPE_CHECKING:
    from harness.environments import Environment

SCRIPT = Path(__file__).with_name("compare_checks.py")


def test_user_answer_and_trace_equal_the_hosts_own(keygate: Environment, tmp_path: Path) -> None:
    """The bypass is off, so the host's own function is the oracle for every user and rule."""
    env = host_settings(tmp_path) | {"FROM_INIT_PY": "true", "ENABLE_OTEL": "true"}
    found = keygate.run("python", SCRIPT, env=env, seconds=200)
    printed = found.stdout.splitlines()
    assert printed[-1:] == ["done"], found.stderr[-3000:]
    assert [line for line in printed if line.startswith(("sk-", "two ", "an "))] == []
