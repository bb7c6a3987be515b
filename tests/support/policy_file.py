"""A policy file, and the command that is asked about it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

with warnings.catch_warnings():
    # This typer imports what this click has deprecated.
    warnings.simplefilter("ignore")
    from owui_keygate.commands import cli
    from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ID = "9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f"
FILE = f"""\
default = "deny"

[account.prometheus]
user = "{ID}"
endpoints = ["@status", "GET /api/models$"]
networks = ["10.20.0.0/16"]
max_age = "90d"

[account.terraform]
user = "terraform@example.org"
endpoints = ["@users", "GET|POST /api/v1/groups"]

[account.open]
user = "open@example.org"
"""


def write(folder: Path, text: str = FILE) -> Path:
    """Write a policy file into a folder, and return its path."""
    file = folder / "policy.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def run(*arguments: object) -> Result:
    """Run `owui-keygate policy`."""
    return CliRunner().invoke(cli.app, ["policy", *map(str, arguments)])
