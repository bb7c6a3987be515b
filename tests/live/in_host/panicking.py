"""The host with a native module that panics where it is told to.

It is told by the file `panic` of the working directory, which holds the name of an entry point of
the module, such as `Policy.judge`, or nothing. The panics are real: Rust unwinds, since PyO3
resumes a panic that reaches it as `PanicException` from a call into Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from owui_keygate import _native

TOLD = Path("panic")
CLASSES = (_native.Audit, _native.Policy, _native.SessionVerifier, _native.Settings)
FUNCTIONS = ("check_policy_file", "fingerprint", "hold_everyone", "is_setting", "parse_duration")


class Bomb:
    """Panics when Rust asks for its value."""

    def __float__(self) -> float:
        raise _native.PanicException


_verifier = _native.SessionVerifier("a secret that nobody uses for anything")
_verify = _native.SessionVerifier.verify


def panic() -> NoReturn:
    """Panic within the native module."""
    _verify(_verifier, "", Bomb())  # type: ignore[arg-type]
    raise AssertionError


def entry_points() -> list[str]:
    """Return the names of all entry points, `__new__` for what makes an object."""
    members = [f"{each.__name__}.{name}" for each in CLASSES for name in vars(each)]
    return [*FUNCTIONS, *(name for name in members if name.endswith("__new__") or "__" not in name)]


def told() -> str:
    """Return which entry point is to panic."""
    return TOLD.read_text() if TOLD.is_file() else ""


def arm(entry_point: str) -> None:
    """Have an entry point panic whenever that is what the file tells."""
    *owner, name = entry_point.split(".")
    place: Any = getattr(_native, owner[0]) if owner else _native
    original = vars(place)[name]

    def armed(*arguments: Any, **options: Any) -> Any:
        if told() == entry_point:
            panic()
        return original(*arguments, **options)

    if name == "__new__":
        # Python does not let the original be called from another function of that name.
        if told() == entry_point:
            place.__new__ = lambda *_arguments: panic()
    elif callable(original):
        setattr(place, name, armed)
    else:
        original = original.__get__
        setattr(place, name, property(armed))


def arm_all() -> None:
    """Arm every entry point."""
    for entry_point in entry_points():
        arm(entry_point)


def app() -> Any:
    """Return the host's application; it is imported after the native module has been armed."""
    arm_all()
    from open_webui.main import app

    return app
