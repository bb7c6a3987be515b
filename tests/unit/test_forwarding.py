"""Which proxies a server believes."""

from __future__ import annotations

import pytest
from owui_keygate.forwarding import believed_proxies

SERVE = ["/usr/bin/open-webui", "serve"]
BY_SERVE = {"FROM_INIT_PY": "true"}
ONE = {"FORWARDED_ALLOW_IPS": "10.0.0.1"}


@pytest.mark.parametrize(
    ("command", "environment", "release", "believed"),
    [
        (SERVE, BY_SERVE, (0, 12, 0), "*"),
        (SERVE, BY_SERVE | ONE, (0, 12, 0), "10.0.0.1"),
        (SERVE, BY_SERVE | ONE, (0, 11, 4), "*"),
        (SERVE, BY_SERVE | ONE, (), "*"),
        (["uvicorn", "open_webui.main:app"], ONE, (0, 9, 6), "10.0.0.1"),
        (["uvicorn", "open_webui.main:app"], {}, (0, 9, 6), "*"),
        (["uvicorn", "--forwarded-allow-ips", "*"], ONE, (0, 12, 4), "*"),
        (["uvicorn", "--forwarded-allow-ips=*"], ONE, (0, 12, 4), "*"),
        (["uvicorn", "--forwarded-allow-ips", "::1"], BY_SERVE | ONE, (0, 9, 6), "::1"),
        (["uvicorn", "--forwarded-allow-ips=a", "--forwarded-allow-ips", "b"], {}, (0, 12, 4), "b"),
        (["uvicorn", "--forwarded-allow-ips"], ONE, (0, 12, 4), "*"),
    ],
)
def test_the_option_wins_then_the_hosts_own_way_then_the_variable(
    command: list[str], environment: dict[str, str], release: tuple[int, ...], believed: str
) -> None:
    assert believed_proxies(command, environment, release) == believed
