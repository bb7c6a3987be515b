"""Whether the extension will enforce the end of a key, by the environment of the command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from owui_keygate._native import OwnKey, Policy, Settings
from owui_keygate.panics import PanicError, as_errors

if TYPE_CHECKING:
    from owui_keygate.commands.keys.holders import Holder

_SWITCH = "OWUI_KEYGATE"
_SWITCHED = os.environ.get(_SWITCH)
"""Before it is off in this process."""


def is_ruled(holder: Holder) -> bool:
    """Whether the bypass rules an administrator, by this environment."""
    try:
        with as_errors():
            policy = Policy(Settings(_server_environment()))
            return policy.own_key(holder, session=True) == OwnKey.Allowed
    except PanicError:
        return False


def _server_environment() -> dict[str, str]:
    """Return the environment without what was set to import the host; it has read its file."""
    environment = dict(os.environ)
    del environment[_SWITCH]
    return environment if _SWITCHED is None else environment | {_SWITCH: _SWITCHED}
