"""Is copied into the host's environments: spares each process what is not tested.

To import the host makes a million objects that stay. With fewer collections of garbage meanwhile,
and none at the end of a process, each takes three quarters of the time, or half. And the host
hashes a password as it is imported, and whenever a person signs up or in: 0.2 s each.

With the variable below a process spends what it spends at a user's.
"""

import atexit
import functools
import gc
import os

USUAL = "HARNESS_USUAL_SPEED"
FEWEST_ROUNDS = 4

if USUAL not in os.environ:
    import bcrypt

    gc.set_threshold(2_000_000, 20, 20)
    atexit.register(gc.freeze)
    bcrypt.gensalt = functools.partial(bcrypt.gensalt, FEWEST_ROUNDS)
