"""Runs in the host's environment: the replaced `decode_token` beside the host's own.

What differs is printed; nothing is printed where all is the same.
"""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace
from unittest.mock import patch

from jwt import api_jwt
from open_webui.utils import auth
from owui_keygate.replacements import decode_token

from tests.support.tokens import ACCEPT, CASES, SECRET, Case


def compare(case: Case) -> None:
    """Compare at the time of a case."""

    class Frozen(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Frozen:
            return cls.fromtimestamp(case.now, tz)

    clock = SimpleNamespace(time=lambda: case.now)
    with patch.object(api_jwt, "datetime", Frozen), patch.object(decode_token, "time", clock):
        ours = auth.decode_token(case.token)
        host_own = auth.decode_token.__wrapped__(case.token)
    if repr(ours) != repr(host_own):
        print("differs:", case.name, ours, host_own)  # noqa: T201


def main() -> None:
    """Compare every kind of token, then one that the host writes itself."""
    for case in CASES:
        if case.secret == SECRET:
            compare(case)
    written = auth.create_token({"id": "x", "typ": "session"}, dt.timedelta(hours=1))
    compare(Case("one of the host's", written, ACCEPT, now=time.time()))
    print("done" if auth.decode_token(written) else "the host's token is refused")  # noqa: T201


if __name__ == "__main__":
    main()
