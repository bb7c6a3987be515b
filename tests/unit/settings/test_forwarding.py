"""Which proxies a server believes."""

from __future__ import annotations

import pytest
from owui_keygate.settings.forwarding import believed_proxies

SERVE = ["/usr/bin/open-webui", "serve"]
BY_SERVE = {"FROM_INIT_PY": "true"}
ONE = {"FORWARDED_ALLOW_IPS": "10.0.0.1"}
ANY = {"UVICORN_FORWARDED_ALLOW_IPS": "*"}
ARGUMENTS = {"GUNICORN_CMD_ARGS": "--workers 2 --forwarded-allow-ips '*'"}


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
        (["/bin/uvicorn", "x:y"], ANY | ONE, (0, 12, 4), "*"),
        (["/lib/uvicorn/__main__.py", "x:y"], ANY | ONE, (0, 12, 4), "*"),
        (["uvicorn", "x:y"], {"UVICORN_FORWARDED_ALLOW_IPS": ""} | ONE, (0, 12, 4), "10.0.0.1"),
        (["uvicorn", "--forwarded-allow-ips", "::1"], ANY, (0, 12, 4), "::1"),
        (["uvicorn", "x:y"], BY_SERVE | ONE, (0, 9, 6), "10.0.0.1"),
        (SERVE, ANY | BY_SERVE | ONE, (0, 12, 0), "10.0.0.1"),
        (SERVE, ARGUMENTS | BY_SERVE | ONE, (0, 12, 0), "10.0.0.1"),
        (["gunicorn", "x:y"], ARGUMENTS | ONE, (0, 12, 4), "*"),
        (["/lib/gunicorn/__main__.py", "x:y"], ARGUMENTS | ONE, (0, 12, 4), "*"),
        (["gunicorn", "--forwarded-allow-ips=::1"], ARGUMENTS, (0, 12, 4), "::1"),
        (["gunicorn", "--forwarded-allow", "*"], ONE, (0, 12, 4), "*"),
        (["gunicorn", "--forw=*"], ONE, (0, 12, 4), "*"),
        (["gunicorn", "--forwarder-headers", "*", "--fd", "*", "--", "*"], ONE, (), "10.0.0.1"),
        (["gunicorn", "x:y"], BY_SERVE | ANY | ONE, (0, 9, 6), "10.0.0.1"),
        ([], {}, (0, 12, 4), "*"),
    ],
)
def test_the_option_wins_then_the_hosts_own_way_then_the_variable(
    command: list[str], environment: dict[str, str], release: tuple[int, ...], believed: str
) -> None:
    assert believed_proxies(command, environment, release) == believed
