"""The files that deploy the extension say the same, and what the project says elsewhere."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from harness.container_server import DATA
from harness.environments import RELEASES, ROOT
from tests.support import compose
from tests.support.compose import yaml_of
from tests.support.deployed import BUILD, RUN, by_compose, default, variables_of_readme

VALUES = yaml_of("deploy/helm-values.yaml")
POLICY = "ADMIN_API_KEY_POLICY_FILE"
PROXIES = "FORWARDED_ALLOW_IPS"
EXAMPLES = ip_network("192.0.2.0/24")
"""Addresses for documentation (RFC 5737), which nobody has."""


def test_readme_and_compose_name_the_same() -> None:
    service = compose.service()
    assert f"--volume {service['volumes'][0]}" in RUN
    assert service["volumes"][0].endswith(f":{DATA}")
    assert f"--publish {service['ports'][0]}" in RUN
    assert variables_of_readme().items() <= by_compose().items()
    image = service["image"].split(":")[0]
    assert (RUN.split()[-1], BUILD) == (image, f"--tag {image} .")


def test_compose_and_the_values_of_the_chart_set_the_same() -> None:
    variables = by_compose()
    assert variables.pop("WEBUI_SECRET_KEY_FILE").startswith("/run/secrets/")
    rows = {row["name"]: row for row in VALUES["extraEnvVars"]}
    assert set(rows.pop("WEBUI_SECRET_KEY")["valueFrom"]) == {"secretKeyRef"}
    assert rows.pop(PROXIES)["value"] != variables.pop(PROXIES)
    assert {name: row["value"] for name, row in rows.items()} == variables
    [mount] = VALUES["volumeMounts"]["container"]
    assert mount["mountPath"] == variables[POLICY]
    name, _, mode = compose.service()["volumes"][1].removeprefix("./").split(":")
    assert (ROOT / name).is_file()
    assert mode == "ro"
    assert f"--from-file={name}" in (ROOT / "deploy" / "helm-values.yaml").read_text()
    assert mount["subPath"] == (ROOT / name).name


def test_compose_trusts_a_proxy_on_the_machine_and_nobody_else() -> None:
    [network] = yaml_of("compose.yaml")["networks"]["default"]["ipam"]["config"]
    assert by_compose()[PROXIES] == network["gateway"]
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])
    published = compose.service()["ports"]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_the_values_of_the_chart_trust_nobody_until_they_are_changed() -> None:
    [proxies] = [row["value"] for row in VALUES["extraEnvVars"] if row["name"] == PROXIES]
    assert ip_network(proxies) == EXAMPLES


def test_compose_and_the_values_of_the_chart_ask_the_same_about_health() -> None:
    assert compose.health_check() == compose.readiness_probe()


def test_the_newest_tried_release_is_the_default() -> None:
    service = compose.service()
    found = {
        "Dockerfile": default("OPEN_WEBUI"),
        "compose.yaml": service["build"]["args"]["OPEN_WEBUI"],
        "its image": service["image"].split(":")[1],
        "the chart": VALUES["image"]["tag"],
    }
    assert set(found.values()) == {RELEASES[-1]}, found


def test_the_image_is_built_with_the_rust_of_the_checks() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    [rust] = re.findall(r'RUSTUP_TOOLCHAIN: "([\d.]+)"', workflow)
    assert f":{rust}-" in default("RUST_IMAGE")
