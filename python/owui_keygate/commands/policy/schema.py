"""The JSON Schema of the policy file, for editors and for the documentation.

A schema cannot state everything: that no two accounts name one user, that a network has no bits set
after its prefix, that nothing looks like a key. `owui-keygate policy check` finds that, too.
"""

from __future__ import annotations

from typing import Any

from owui_keygate.settings.presets import PRESETS

_METHOD = r"[A-Z0-9!#$%&'*+.^_`~-]+"
_SEGMENT = r"/(?:[^/*?#{}\s]*|\{[A-Za-z_][A-Za-z0-9_]*\})"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

_USER = {
    "description": "The id of the user, which is better, or the e-mail address.",
    "type": "string",
    "pattern": rf'^\s*(?:[^\s:"`@]+@[^\s:"`@]+|{_UUID})\s*$',
    "examples": ["9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f", "terraform@example.org"],
}
_ENDPOINTS = {
    "description": "The only endpoints that the key reaches. A path covers itself and what is "
    "below it, by segments; `{name}` is exactly one segment; a trailing `$` ends the path there; "
    "GET covers HEAD. Without this member the key reaches every endpoint.",
    "type": "array",
    "minItems": 1,
    "items": {"$ref": "#/$defs/endpoint"},
}
_NETWORKS = {
    "description": "The only networks that the key works from, IPv4 and IPv6. Without this member "
    "it works from everywhere.",
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "string",
        "pattern": r"^\s*[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?\s*$",
        "examples": ["10.20.0.0/16", "2001:db8::/32", "192.0.2.7"],
    },
}
_MAX_AGE = {
    "description": "The oldest age of the key: days, hours, minutes or seconds. Without this "
    "member the key works at any age.",
    "type": "string",
    "pattern": r"^\s*(?=0*[1-9])[0-9]{1,6}[dhms]\s*$",
    "examples": ["90d", "12h", "30m", "45s"],
}


def schema() -> dict[str, Any]:
    """Return the schema, ready for JSON."""
    presets = [
        {
            "type": "string",
            "pattern": rf"^\s*@{name}\s*$",
            "description": f"A preset: {preset.meaning}.",
            "examples": [f"@{name}"],
        }
        for name, preset in PRESETS.items()
    ]
    endpoint = {
        "type": "string",
        "pattern": rf"^\s*(?:{_METHOD}(?:\|{_METHOD})*\s+)?(?:\*|(?:{_SEGMENT})+\$?)\s*$",
        "examples": ["GET /api/models", "GET|POST /api/v1/groups", "/api/v1/chats/{id}$", "GET *"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The policy file of owui-keygate",
        "description": "What each automation may do with its API key in Open WebUI. The limits of "
        "the environment hold as well.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "default": {
                "description": "What holds for administrators without an account here: Open "
                "WebUI's own rules (deny), or the bypass within the environment's limits (bypass).",
                "enum": ["deny", "bypass"],
                "default": "deny",
            },
            "account": {
                "description": "The accounts by their names, which are for people: the log, "
                "metrics and errors show them.",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,64}$"},
                "additionalProperties": {"$ref": "#/$defs/account"},
            },
        },
        "$defs": {
            "account": {
                "description": "What one automation may do.",
                "type": "object",
                "required": ["user"],
                "additionalProperties": False,
                "properties": {
                    "user": _USER,
                    "endpoints": _ENDPOINTS,
                    "networks": _NETWORKS,
                    "max_age": _MAX_AGE,
                },
            },
            "endpoint": {
                "description": "A preset, or methods and a path: `[METHOD[|METHOD...] ]/path`. `*` "
                "is every path.",
                "anyOf": [*presets, endpoint],
            },
        },
    }
