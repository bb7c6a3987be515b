"""Unsure means that Open WebUI decides: what every replacement does where it fails."""

from __future__ import annotations

import logging

from owui_keygate._native import PanicException

log = logging.getLogger("owui_keygate")


class _Unsure:
    __slots__ = ("_otherwise", "_what")

    def __init__(self, what: str, otherwise: str) -> None:
        self._what = what
        self._otherwise = otherwise

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> bool:
        if kind is None or not issubclass(kind, (Exception, PanicException)):
            return False
        # Only the type is named: the text of a database error repeats the key.
        log.error("%s failed (%s); %s", self._what, kind.__name__, self._otherwise)
        return True


def unsure(what: str, otherwise: str = "falling back to Open WebUI's own check") -> _Unsure:
    """Return a context manager that logs what fails in it, and goes on behind it.

    A panic of the native module is such a failure; what ends the request, as a cancellation does,
    is none. It keeps no state, so one serves all requests.

    Args:
        what: What is being done.
        otherwise: What happens instead.
    """
    return _Unsure(what, otherwise)
