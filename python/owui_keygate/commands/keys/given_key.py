"""Whether a key that Open WebUI has not made can be told from one that it has."""

from __future__ import annotations

import re
from itertools import pairwise

from owui_keygate.commands.keys.errors import RefusedError

_FORM = re.compile("sk-([0-9a-f]{32})")
"""What `create_api_key` of Open WebUI returns: 32 hex digits, which hold 128 bits."""

_FEWEST = 8
"""How many different digits, and steps between them, a key must have.

Of random keys, one in twenty million has fewer. What people type and programs count has fewer.
"""


def check_key(api_key: str) -> None:
    """Refuse a key of another form, or one that is not random.

    No test can prove that a key is random. This one finds placeholders: repetitions, sequences, and
    few digits.

    Raises:
        RefusedError: The key is refused; the message does not repeat it.
    """
    found = _FORM.fullmatch(api_key)
    if found is None:
        message = (
            "Nothing was done: the key file does not contain a key in Open WebUI's form, which is "
            "sk- and 32 hex digits in lower case: `echo sk-$(openssl rand -hex 16)` makes one"
        )
        raise RefusedError(message)
    digits = found[1]
    values = [int(digit, 16) for digit in digits]
    steps = {after - before for before, after in pairwise(values)}
    half = len(digits) // 2
    if min(len(set(values)), len(steps)) < _FEWEST or digits[:half] == digits[half:]:
        message = (
            "Nothing was done: the key in the key file is not random, so it could be guessed: "
            "`echo sk-$(openssl rand -hex 16)` makes one that is"
        )
        raise RefusedError(message)
