"""The route `GET /api/v1/keygate`: what the extension does in the worker that answers."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from owui_keygate._native import __version__
from owui_keygate.settings import escape_routes, trusted_proxies
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from owui_keygate.extension import Extension

_STATUS = unsure("Status route", "answering 500")

PATH = "/api/v1/keygate"


class Setting(BaseModel):
    """A setting, as it is in effect."""

    variable: str
    value: str
    given: bool = Field(description="Whether the environment sets it.")
    effect: str


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
            policy = extension.policy
            return Status(
                version=__version__,
                host_version=extension.host_version,
                generation=extension.generation,
                reader=str(extension.reader),
                settings=json.loads(extension.settings.to_json())["report"],
                decisions=extension.audit.counts(),
                warnings=[*look(policy).warnings, *trusted_proxies.warnings(policy)],
            )
        raise HTTPException(500)

    return keygate_status
