"""Warns of API keys that are in use and end soon."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from owui_keygate.instants import instant

if TYPE_CHECKING:
    from owui_keygate._native import Ending

log = logging.getLogger("owui_keygate")


def warn(ending: Ending | None) -> None:
    """Log that a key ends soon; do nothing for None."""
    if ending is None:
        return
    facts = {"user": ending.user, "key": ending.key, "end": instant(ending.end)}
    if ending.account is not None:
        facts = {"account": ending.account} | facts
    # As JSON, no control character can end the line.
    told = " ".join(f"{name}={json.dumps(fact)}" for name, fact in facts.items())
    log.warning("An API key ends soon, and its requests are refused then; replace it: %s", told)
