"""The state of the extension in this process, for `owui-keygate doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from owui_keygate._native import Policy
from owui_keygate.settings import escape_routes

if TYPE_CHECKING:
    from owui_keygate.installation import Installation


def report(installation: Installation) -> dict[str, Any]:
    """Return the state of everything, ready for JSON."""
    generation, settings = installation.generation, installation.settings
    extension = installation.extension
    points = generation.patch_points if generation else ()
    found = escape_routes.look(Policy(settings)) if settings else escape_routes.Finding({}, [], {})
    return {
        "host_version": installation.host_version,
        "generation": generation.name if generation else None,
        "tried": installation.host_version in generation.tried if generation else False,
        "host_fits": installation.host_fits,
        "failure": installation.failure,
        "reader": extension.reader._asdict() if extension else None,
        "patch_points": {str(point): str(installation.patches.state(point)) for point in points},
        "settings": json.loads(settings.to_json()) if settings else None,
        **found._asdict(),
    }
