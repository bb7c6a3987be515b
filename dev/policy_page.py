"""Writes the reference in docs/policy.md from the JSON Schema of the policy file.

`python -m dev.policy_page` writes it. A unit test fails while it is not what it would write.
"""

from __future__ import annotations

from typing import Any

from owui_keygate.commands.policy.schema import schema
from owui_keygate.settings.presets import PRESETS

from harness.environments import ROOT

PAGE = ROOT / "docs" / "policy.md"
BEGIN = "<!-- `make policy-page` writes what follows. -->\n"
END = "<!-- `make policy-page` writes up to here. -->\n"


def reference() -> str:
    """Return the tables of members and presets."""
    facts = schema()
    account, endpoint = facts["$defs"]["account"], facts["$defs"]["endpoint"]
    lines = ["| member | example | meaning |", "| --- | --- | --- |"]
    lines += [
        _row("default", facts["properties"]["default"] | {"examples": ["deny", "bypass"]}),
        _row("[account.NAME]", facts["properties"]["account"] | {"examples": []}),
    ]
    for name, member in account["properties"].items():
        wanted = " Required." if name in account["required"] else ""
        items = member.get("items", {})
        examples = endpoint["anyOf"][-1]["examples"] if "$ref" in items else items.get("examples")
        described = member | {"description": member["description"] + wanted}
        lines.append(_row(name, {"examples": examples} | described))
    lines += [
        "",
        endpoint["description"],
        "",
        "| preset | what a key gets by it |",
        "| --- | --- |",
    ]
    lines += [f"| `@{name}` | {preset.meaning} |" for name, preset in PRESETS.items()]
    return "\n".join(lines) + "\n"


def _row(name: str, member: dict[str, Any]) -> str:
    examples = ", ".join(f"`{_cell(text)}`" for text in member["examples"]) or " "
    return f"| `{name}` | {examples} | {_cell(member['description'])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def page(text: str) -> str:
    """Return docs/policy.md with its reference written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
