"""How hard hypothesis tries: `fast` unless `--hypothesis-profile=slow` asks for more."""

from hypothesis import settings

settings.register_profile("fast", max_examples=300, deadline=None)
settings.register_profile("slow", max_examples=5_000, deadline=None)
settings.load_profile("fast")
