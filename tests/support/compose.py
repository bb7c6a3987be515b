"""What compose.yaml says, as far as tests run it."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from harness.environments import ROOT


def yaml_of(name: str) -> dict[str, Any]:
    """Return what a YAML file of the project holds."""
    read: dict[str, Any] = YAML(typ="safe").load((ROOT / name).read_text())
    return read


def service() -> dict[str, Any]:
    """Return the service of compose.yaml."""
    found: dict[str, Any] = yaml_of("compose.yaml")["services"]["open-webui"]
    return found


def health_check() -> str:
    """Return the script of its health check, as the shell in the container reads it."""
    kind, script = service()["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    return str(script).replace("$$", "$")


def readiness_probe() -> str:
    """Return the script of the readiness probe in the values of the chart."""
    *shell, script = yaml_of("deploy/helm-values.yaml")["readinessProbe"]["exec"]["command"]
    assert shell == ["sh", "-c"]
    return str(script)
