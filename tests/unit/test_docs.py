"""The documents name what is there, and leave out nothing that an operator may see in the log."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dev import policy_page, routes_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MESSAGE = re.compile(r'\blog\.(?:warning|error)\(\s*"([^"%]+)%s')
"""A message of a level that an operator looks into, up to what differs each time."""
FAILURE = re.compile(r'\bunsure\(\s*"([^"]+)"')
"""What fails where another goes on, as its message begins."""
VERDICT = re.compile(r'"((?:Active|Not active|Ready|Not ready|Invalid|Unsupported)\b[^"{]*)')
"""What `doctor` says last, up to what differs each time."""
LEAKS = {
    "a literal of kubectl": r"--from-literal",
    "a header in an argument": r"""(?:-H|--header)[ =]?["']?[\w-]+: *(?:Bearer +|Token +)?[$s{]""",
    "a password in an argument": r"""(?:-d|--data\S*|--json) +["'](?!@)[^\n|]*(?:password|\$KEY)""",
    "a credential of curl": r"curl\b[^\n|]* (?:-u|--user|-b|--cookie|--oauth2-bearer)\b",
    "a key that keys is told": r"keys (?:create|rotate|revoke) +[\"']?(?:sk-|\$)",
    "a key in a file that all may read": r"(?m:^)(?!.*umask).*keys (?:create|rotate)[^\n|)`]*>",
}
"""How an example would show a credential to every process, or to everybody who reads files."""
MOST_WORDS = 1200
"""As `wc -w` counts: what is longer is not read before something is installed."""
SECTIONS = [
    "owui-keygate",
    "Is this for me?",
    "Install",
    "See the difference",
    "Use",
    "Settings",
    "Kill a leaked key",
    "Switch it off",
    "Read on",
]
"""The README begins with what the extension does and what it risks."""
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.(?:in|md|rs|toml|txt|yml)|Makefile)`")
"""What a page names in backticks: with a slash in it, or with the suffix of a file in the root."""
REPORTS = ROOT / "docs" / "reports.md"
REPORT = re.compile(r"(?m)^\| \[[\w-]+#(\d+)\]\(https://github\.com/[\w/-]+/(\d+)\)(.*)$")
"""A report by its number, the number that its link leads to, and what is said of it."""
NAMED_TEST = re.compile(r"\]\(\.\./tests/[\w/]+\.py\) `(test_\w+)`")
MADE = ("dist/", "fuzz/artifacts", "fuzz/found", "target/")
"""Paths that commands make."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if not link.startswith("https://")]
    assert [link for link in inside if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https:)([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    lost = [
        (file, anchor)
        for file, anchor in links
        if anchor not in anchors((page.parent / file) if file else page)
    ]
    assert lost == []


def anchors(page: Path) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_in_the_file_beside_its_name(page: Path) -> None:
    named = re.findall(r"\]\(([^)]+)\) `(\w+)`", page.read_text(encoding="utf-8"))
    for file, name in named:
        code = (page.parent / file).read_text(encoding="utf-8")
        assert re.search(rf"\b(?:def|fn) {name}\b", code), f"{name} is not in {file}"


def test_each_report_that_was_read_names_a_test() -> None:
    page = REPORTS.read_text(encoding="utf-8")
    reports = REPORT.findall(page)
    assert len(reports) == page.count("\n| [") > 15
    for shown, linked, text in reports:
        assert shown == linked
        assert NAMED_TEST.search(text) or "text not read" in text, shown


def test_each_test_of_a_report_is_on_the_page() -> None:
    code = (ROOT / "tests" / "live" / "test_reports.py").read_text(encoding="utf-8")
    named = NAMED_TEST.findall(REPORTS.read_text(encoding="utf-8"))
    assert set(re.findall(r"def (test_\w+)", code)) - set(named) == set()


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_the_readme_answers_in_the_order_of_the_questions() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    without_examples = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert re.findall(r"(?m)^#+ (.*)$", without_examples) == SECTIONS


def test_every_path_that_contributing_names_exists() -> None:
    named = PATH.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(named) > 50
    kept = [path for path in named if not path.startswith(MADE)]
    assert [path for path in kept if not (ROOT / path).exists()] == []


def test_each_message_of_the_log_is_explained() -> None:
    sources = sorted((ROOT / "python").rglob("*.py"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    texts = MESSAGE.findall(code) + [f"{what} failed (" for what in FAILURE.findall(code)]
    assert len(texts) > 15
    explained = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [text for text in texts if text.strip() not in explained] == []


def test_each_verdict_of_doctor_is_explained() -> None:
    doctor = ROOT / "python" / "owui_keygate" / "commands" / "doctor"
    sources = [doctor / name for name in ("diagnosis.py", "quick.py")]
    verdicts = [v for file in sources for v in VERDICT.findall(file.read_text(encoding="utf-8"))]
    assert len(verdicts) > 12
    explained = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [verdict for verdict in verdicts if verdict.strip() not in explained] == []


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("page", [*PAGES, ROOT / "dev" / "demo.py"], ids=lambda page: page.name)
def test_no_example_shows_a_credential(page: Path, leak: str) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    assert re.findall(f".*(?:{LEAKS[leak]}).*", text) == []


@pytest.mark.parametrize(
    ("leak", "example"),
    [
        ("a literal of kubectl", 'kubectl create secret generic k --from-literal=key="$key"'),
        ("a header in an argument", 'curl -fsS -H "Authorization: Bearer $(cat bot.key)" $URL'),
        ("a header in an argument", 'curl -H "Authorization: Bearer $KEY" $URL'),
        ("a header in an argument", "curl --header 'x-api-key: sk-1' $URL"),
        ("a password in an argument", """-d '{"email": "a@b.c", "password": "…"}' | jq"""),
        ("a credential of curl", "curl -b token=$KEY $URL"),
        ("a key that keys is told", 'owui-keygate keys revoke "$KEY"'),
        ("a key in a file that all may read", "owui-keygate keys rotate a@b.c --yes > bot.key"),
    ],
)
def test_an_example_that_shows_one_is_found(leak: str, example: str) -> None:
    assert re.search(LEAKS[leak], example)


def test_the_clients_of_the_page_are_those_that_are_tried() -> None:
    files = sorted((ROOT / "harness" / "clients").glob("*.txt"))
    tried = {line for file in files for line in file.read_text(encoding="utf-8").splitlines()}
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    named = re.findall(r"(?m)^\| `([\w-]+)`(?: ([\d.]+))? \|", page)
    assert len(named) > 15
    names = {line.partition("==")[0] for line in tried}
    unknown = [
        row for row in named if (f"{row[0]}=={row[1]}" if row[1] else row[0]) not in tried | names
    ]
    assert unknown == [("langchain-openwebui", "0.0.1")]  # It holds nothing that could be tried.


def test_the_pages_about_routes_are_up_to_date() -> None:
    limits = routes_page.LIMITS.read_text(encoding="utf-8")
    assert limits.count(routes_page.BEGIN) == limits.count(routes_page.END) == 1
    assert routes_page.limits_page(limits) == limits, "run `make routes`"
    assert routes_page.PAGE.read_text(encoding="utf-8") == routes_page.page(), "run `make routes`"


def test_the_reference_of_the_policy_file_is_made_from_its_schema() -> None:
    text = policy_page.PAGE.read_text(encoding="utf-8")
    assert text.count(policy_page.BEGIN) == text.count(policy_page.END) == 1
    assert policy_page.page(text) == text, "run `make policy-page`"
