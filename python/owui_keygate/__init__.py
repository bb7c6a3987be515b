"""Lets administrators' API keys work on Open WebUI while API keys are off for everybody else.

This package is imported at the start of every interpreter it is installed in, so it imports
nothing that costs time before Open WebUI is imported.
"""

from owui_keygate.startup import install

__all__ = ["__version__", "install"]

__version__: str


def __getattr__(name: str) -> str:
    if name == "__version__":
        from owui_keygate._native import __version__

        return __version__
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
