"""The route that tells administrators what the extension does in the worker that answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi import Depends, HTTPException
from pydantic import BaseModel, Field

from owui_keygate._native import PanicException

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

    from owui_keygate.patching.points import Place

log = logging.getLogger("owui_keygate")

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


def endpoint(auth: ModuleType, place: Place) -> Callable[..., Coroutine[Any, Any, Status]]:
    """Return the endpoint.

    Args:
        auth: The host's module `open_webui.utils.auth`; its `get_admin_user` guards the endpoint.
        place: The installation.
    """

    async def keygate_status(_admin: Any = Depends(auth.get_admin_user)) -> Status:  # noqa: ANN401, B008
        """Return what owui-keygate does in the worker that answers."""
        if place.failure is not None:
            # The route is gone, but for whoever has taken hold of it before.
            raise HTTPException(404)
        try:
            return Status.model_validate(place.status())
        except PanicException as panic:
            log.error("The status is not known: %s", type(panic).__name__)  # noqa: TRY400
            raise HTTPException(500) from panic

    return keygate_status
