"""Whether the extension enforces the expiry of a key, given the environment of the command."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from owui_keygate._native import OwnKey, Policy, Settings
from owui_keygate.panics import PanicError, as_errors

if TYPE_CHECKING:
    from owui_keygate.readers.holder import Holder

_SWITCH = "OWUI_KEYGATE"
_SWITCHED = os.environ.get(_SWITCH)
"""The operator's value, from before the extension was switched off in this process."""


def is_ruled(holder: Holder) -> bool:
    """Whether the bypass applies to an administrator, given this environment."""
    try:
        with as_errors():
            return _policy().own_key(holder, session=True) == OwnKey.Allowed
    except PanicError:
        return False


@functools.cache
def _policy() -> Policy:
    """Return the policy of this environment, read once for all keys of a command."""
    return Policy(Settings(_server_environment()))


def _server_environment() -> dict[str, str]:
    """Return the environment, `.env` file included, with the operator's value of the switch."""
    environment = dict(os.environ)
    del environment[_SWITCH]
    return environment if _SWITCHED is None else environment | {_SWITCH: _SWITCHED}
