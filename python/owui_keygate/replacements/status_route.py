"""The route `GET /api/v1/keygate`: what the extension does in the worker that answers."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from owui_keygate._native import __version__
from owui_keygate.instants import instant
from owui_keygate.settings import escape_routes, trusted_proxies
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from owui_keygate._native import Ending
    from owui_keygate.extension import Extension

_STATUS = unsure("Status route", "answering 500")

PATH = "/api/v1/keygate"


class Setting(BaseModel):
    """A setting, as it is in effect."""

    variable: str
    value: str
    given: bool = Field(description="Whether the environment sets it.")
    effect: str


class EndingKey(BaseModel):
    """A key that was used within a day and ends soon."""

    fingerprint: str
    account: str | None = Field(description="The name of its account in the policy file.")
    ends_at: str = Field(description="In UTC, as in ISO 8601.")


class Status(BaseModel):
    """What the extension does in this worker."""

    version: str
    host_version: str
    generation: str
    reader: str
    settings: list[Setting]
    decisions: dict[str, int] = Field(
        description="How often each decision was made since this worker started."
    )
    accounts: dict[str, dict[str, int]] = Field(
        description="The same for each account of the policy file."
    )
    ending_keys: list[EndingKey] = Field(
        description="The keys that this worker has seen within a day and that end within "
        "ADMIN_API_KEY_EXPIRY_WARNING, first the one that ends first."
    )
    warnings: list[str]


def make_endpoint(
    auth: ModuleType, extension: Extension
) -> Callable[..., Coroutine[Any, Any, Status]]:
    """Return the endpoint.

    Args:
        auth: The host's module `open_webui.utils.auth`; its `get_admin_user` guards the endpoint.
        extension: The extension.
    """
    # Neither the list nor the routes change while the host runs.
    look = functools.cache(escape_routes.look)

    async def keygate_status(_admin: object = Depends(auth.get_admin_user)) -> Status:
        """Return what owui-keygate does in the worker that answers."""
        if not extension.standing.in_force:
            # The route is removed, but somebody may still hold its endpoint.
            raise HTTPException(404)
        with _STATUS:
            policy, audit = extension.policy, extension.audit
            counts = audit.counts_by_account()
            return Status(
                version=__version__,
                host_version=extension.host_version,
                generation=extension.generation,
                reader=str(extension.reader),
                settings=json.loads(extension.settings.to_json())["report"],
                decisions=audit.counts(),
                accounts={name: counts[name] for name in counts if name is not None},
                ending_keys=[_ending_key(ending) for ending in audit.endings()],
                warnings=[*look(policy).warnings, *trusted_proxies.warnings(policy)],
            )
        raise HTTPException(500)

    return keygate_status


def _ending_key(ending: Ending) -> EndingKey:
    return EndingKey(fingerprint=ending.key, account=ending.account, ends_at=instant(ending.end))
