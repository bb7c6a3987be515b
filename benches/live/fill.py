"""Runs in the host's environment: adds people with API keys, so that no table is a toy."""

from __future__ import annotations

import asyncio
import sys

from open_webui.models.auths import Auths
from open_webui.models.users import Users


async def main(people: int) -> None:
    """Add people. Nobody can sign in with the empty hash of a password that they get."""
    for number in range(people):
        email = f"colleague-{number}@example.org"
        user = await Auths.insert_new_auth(email, "", f"Colleague {number}", role="user")
        await Users.update_user_api_key_by_id(user.id, f"sk-{number:032x}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
