"""How hard hypothesis tries: `fast` unless `--hypothesis-profile=slow` asks for more."""

from hypothesis import HealthCheck, settings

# How long an example takes to make depends on the machine, and is not what is tested.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("fast", UNTIMED, max_examples=300)
settings.register_profile("slow", UNTIMED, max_examples=5_000)
settings.load_profile("fast")
