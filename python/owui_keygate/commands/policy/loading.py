"""What the commands ask: the policy of an environment and a file, on a release of Open WebUI."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate._native import Policy, Settings
from owui_keygate.commands.find_host import find_release
from owui_keygate.settings import forwarding
from owui_keygate.settings.presets import presets_of
from owui_keygate.settings.routes import classes_of, newest_release

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.settings.routes import Release

BYPASS = "ENABLE_ADMIN_API_KEY_BYPASS"
POLICY_FILE = "ADMIN_API_KEY_POLICY_FILE"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?!\d)")
_NO_PROXY = "127.0.0.1"
"""The one proxy that is believed where none is named: an address that is asked about is true."""


class SettingsError(Exception):
    """The settings or the policy file are invalid; the message says why."""


class Target(NamedTuple):
    """The release of Open WebUI that an answer is about.

    Attributes:
        release: Its number.
        origin: Where that comes from.
    """

    release: Release
    origin: str

    def __str__(self) -> str:
        """Return it for people."""
        return f"Open WebUI {'.'.join(map(str, self.release))} ({self.origin})"


def target_of(asked: str | None) -> Target:
    """Return the release that is asked for, else the one that is installed, else the newest known.

    Raises:
        ValueError: What is asked for is no release.
    """
    if asked is not None:
        return Target(release_of(asked), "asked for")
    installed = find_release()
    if installed is not None:
        return Target(release_of(installed), "installed")
    return Target(newest_release(), "the newest that was tried, as none is installed")


def release_of(version: str) -> Release:
    """Return the release that a version is of.

    Raises:
        ValueError: The text is no version, or of a release before the first that was tried.
    """
    numbers = _VERSION.match(version)
    release = tuple(map(int, numbers.groups())) if numbers else ()
    if not classes_of(release):
        message = "expected a release of Open WebUI from 0.5.4 on, such as 0.12.4"
        raise ValueError(message)
    return release


def load_policy(file: Path | None, release: Release) -> Policy:
    """Return the policy of this environment.

    Args:
        file: A policy file that takes the place of the environment's; the bypass is on with it.
        release: The release whose presets count.

    Raises:
        SettingsError: A setting or the file is invalid.
    """
    environment = dict(os.environ)
    if file is not None:
        environment |= {BYPASS: "true", POLICY_FILE: str(file)}
    return policy_of(environment, release)


def policy_of(environment: dict[str, str], release: Release) -> Policy:
    """Return the policy of an environment.

    Raises:
        SettingsError: A setting or the policy file is invalid.
    """
    settings = Settings({forwarding.VARIABLE: _NO_PROXY} | environment, presets_of(release))
    if settings.problems:
        raise SettingsError("; ".join(settings.problems))
    policy = Policy(settings)
    # The address in a question is the client's own.
    policy.note_server(addresses_are_true=True)
    return policy
