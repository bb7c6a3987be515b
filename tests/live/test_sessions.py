"""The replaced `decode_token` and the host's own, in the host's environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.environments import ROOT
from harness.server import host_settings
from tests.support.tokens import SECRET

if TYPE_CHECKING:
    from harness.environments import Environment

SCRIPT = Path(__file__).parent / "in_host" / "compare_sessions.py"


def test_session_tokens_are_decoded_as_the_host_decodes_them(
    keygate: Environment, tmp_path: Path
) -> None:
    env = host_settings(tmp_path) | {"FROM_INIT_PY": "true", "WEBUI_SECRET_KEY": SECRET}
    found = keygate.run("python", SCRIPT, env=env | {"PYTHONPATH": str(ROOT)}, seconds=200)
    assert found.stdout.splitlines()[-1:] == ["done"], found.stderr[-3000:]
    assert "differs: " not in found.stdout
