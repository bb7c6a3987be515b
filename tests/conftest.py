"""How hard hypothesis tries, and the order of the tests.

The profile is `fast` unless `--hypothesis-profile=slow` asks for more. What needs no host comes
first, so that a fault there is seen at once. Then come the files that take longest, so that both
workers are busy to the end.
"""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes to make depends on the machine, and is not what is tested.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("fast", UNTIMED, max_examples=300)
settings.register_profile("slow", UNTIMED, max_examples=5_000)
settings.load_profile("fast")

LONGEST = (
    "test_soak",
    "test_keys",
    "test_startup",
    "test_strictness",
    "test_panics",
    "test_doctor",
    "test_other_hooks",
    "test_key_accounts",
    "test_key_output",
    "test_routes",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into this order; those of a file stay together."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}

    def rank(item: pytest.Item) -> tuple[bool, int]:
        return "live" in item.path.parts, ranks.get(item.path.stem, len(ranks))

    items.sort(key=rank)
