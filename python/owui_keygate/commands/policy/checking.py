"""Checks a policy file, without Open WebUI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate._native import check_policy_file
from owui_keygate.commands.policy.loading import BYPASS, POLICY_FILE, policy_of
from owui_keygate.settings.escape_routes import account_warnings
from owui_keygate.settings.presets import presets_of

if TYPE_CHECKING:
    from pathlib import Path

    from owui_keygate.settings.routes import Release


class Fault(NamedTuple):
    """What is wrong with a file.

    Attributes:
        line: The line, from 1; None where the file cannot be read.
        column: The column in characters, from 1.
        reason: What is wrong there, and what was expected.
    """

    line: int | None
    column: int | None
    reason: str


class Checked(NamedTuple):
    """What a check has found.

    Attributes:
        file: The file; None if it cannot be read, as what was typed may then be a secret.
        faults: What is wrong, in the order of the file.
        accounts: The names of its accounts, if nothing is wrong.
        warnings: What an operator should read, if nothing is wrong.
    """

    file: str | None
    faults: list[Fault]
    accounts: list[str]
    warnings: list[str]


def check(file: Path, release: Release) -> Checked:
    """Check a policy file.

    Args:
        file: The file.
        release: The release whose presets count.

    Raises:
        SettingsError: The file has become invalid meanwhile.
    """
    faults = [Fault(*fault) for fault in check_policy_file(file, presets_of(release))]
    if faults:
        is_read = all(fault.line is not None for fault in faults)
        return Checked(str(file) if is_read else None, faults, [], [])
    policy = policy_of({BYPASS: "true", POLICY_FILE: str(file)}, release)
    return Checked(str(file), [], list(policy.accounts), account_warnings(policy))


def facts_of(checked: Checked) -> dict[str, Any]:
    """Return what was found, ready for JSON."""
    return checked._asdict() | {"faults": [fault._asdict() for fault in checked.faults]}


def render(checked: Checked) -> list[str]:
    """Return what was found as lines for people, each fault as compilers write it."""
    if not checked.faults:
        count = len(checked.accounts)
        accounts = "1 account" if count == 1 else f"{count} accounts"
        return [
            *(f"warning: {warning}" for warning in checked.warnings),
            f"{checked.file}: fine, {accounts}",
        ]
    return [
        f"The policy file {fault.reason}"
        if fault.line is None
        else f"{checked.file}:{fault.line}:{fault.column}: {fault.reason}"
        for fault in checked.faults
    ]
