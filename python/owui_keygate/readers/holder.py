"""Who has an API key, and which key is an account's current one."""

from __future__ import annotations

from typing import Any, NamedTuple


class Holder(NamedTuple):
    """An account and one of its API keys; from 0.6.41 on, an account can have several.

    Times are seconds since 1970, or None if the host has no such time.

    Attributes:
        id: The id of the account.
        email: Its e-mail address.
        role: Its role.
        fingerprint: The first 8 hex digits of the SHA-256 of the key; None without a key.
        created_at: When the key was created.
        expires_at: When it expires.
        last_used_at: When it was last used.
        key_id: The id of its row, if keys have a table of their own.
    """

    id: str
    email: str
    role: str
    fingerprint: str | None
    created_at: int | None
    expires_at: int | None
    last_used_at: int | None
    key_id: str | None = None


def rank(holder: Holder) -> tuple[int, bool, int]:
    """Return what sorts the keys of an account, its current one last."""
    # Two keys can be made in the same second; the one that was replaced then ends first.
    return (holder.created_at or 0, holder.expires_at is None, holder.expires_at or 0)


def newest(keys: list[Holder]) -> Holder:
    """Return the current one of an account's keys."""
    return max(keys, key=rank)


def has_ended(holder: Holder, now: float) -> bool:
    """Whether a key has ended at a time in seconds since 1970."""
    return holder.expires_at is not None and holder.expires_at <= now


def facts_of(holder: Holder) -> dict[str, Any]:
    """Return a holder as a JSON object."""
    return {
        "email": holder.email,
        "role": holder.role,
        "fingerprint": holder.fingerprint,
        "created_at": holder.created_at,
        "expires_at": holder.expires_at,
        "last_used_at": holder.last_used_at,
    }
