"""Writes what was found: a table for people, JSON for programs, and a chart."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from benches.live import targets
from benches.live.results import CHECK, RATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes

    from benches.live.results import Comparison, Results

TEXT = "#1f2328"
COLOURS = {"stock": "#9aa4b2", "keygate": "#c2410c", "limit": "#d6d3d1"}


def write(results: Results, folder: Path) -> None:
    """Write `results.md`, `results.json` and `results.svg` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(results))
    (folder / "results.json").write_text(json.dumps(results.to_json(), indent=1) + "\n")
    _draw(results, folder / "results.svg")


def markdown(results: Results) -> str:
    """Return the tables."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield ", ".join(f"{name}: {value}" for name, value in results.machine.items()) + "."
    yield ""
    yield (
        f"Medians of {results.effort['rounds']} rounds of {results.effort['seconds']:g} s "
        "for each side, taken in turn (least to most). The ratios are medians over the rounds. The "
        "limit is a server whose check asks no database, and the share is what part of its "
        "requests the extension reaches."
    )
    yield ""
    yield (
        "| measure | database | credential | clients | stock | keygate | times better | limit "
        "| share |"
    )
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for comparison in results.comparisons:
        yield _row(comparison)
    yield ""
    yield from _decode_token(results)
    yield from _memory(results)
    yield "| target | found | |"
    yield "| --- | --- | --- |"
    for verdict in targets.judge(results):
        word = "reached" if verdict.reached else "**missed**"
        yield f"| {verdict.target} | {verdict.found} | {word} |"


def _row(comparison: Comparison) -> str:
    measure = comparison.measure + (f": `{comparison.endpoint}`" if comparison.endpoint else "")
    cells = (
        measure,
        comparison.database,
        comparison.credential,
        str(comparison.clients),
        _spread(comparison.stock),
        _spread(comparison.keygate),
        f"{comparison.ratio:.2f}",
        _spread(comparison.limit) if comparison.limit else "",
        f"{comparison.share:.3f}" if comparison.share else "",
    )
    return f"| {' | '.join(cells)} |"


def _spread(rounds: list[float]) -> str:
    median = _number(statistics.median(rounds))
    return (
        median
        if len(rounds) == 1
        else f"{median} ({_number(min(rounds))} to {_number(max(rounds))})"
    )


def _number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004


def _decode_token(results: Results) -> Iterator[str]:
    if results.decode_token is None:
        return
    yield "| us for `decode_token` | PyJWT | keygate | times better |"
    yield "| --- | ---: | ---: | ---: |"
    for way, found in results.decode_token.items():
        numbers = (_number(found["pyjwt"]), _number(found["replaced"]), f"{found['ratio']:.2f}")
        yield f"| {way} | {' | '.join(numbers)} |"
    yield ""


def _memory(results: Results) -> Iterator[str]:
    memory = results.memory
    if memory is None:
        return
    yield "| requests answered | memory of stock, MB | memory of keygate, MB |"
    yield "| ---: | ---: | ---: |"
    last = len(memory.requests) - 1
    for sample in (0, last // 2, last):
        stock, keygate = memory.stock[sample], memory.keygate[sample]
        yield f"| {memory.requests[sample]:,} | {stock:.1f} | {keygate:.1f} |"
    yield ""


def _draw(results: Results, file: Path) -> None:
    """Draw a chart that is the same file for the same results, with its text as text."""
    with mpl.rc_context(
        {
            "font.size": 9,
            "svg.fonttype": "none",
            "svg.hashsalt": "owui-keygate",
            "text.color": TEXT,
            "xtick.color": TEXT,
            "ytick.color": TEXT,
        }
    ):
        figure = Figure(figsize=(9, 4.4), facecolor="white", layout="constrained")
        rates, checks = figure.subplots(1, 2)
        _bars(rates, list(results.select(RATE)), "requests/s with an administrator's API key")
        _bars(checks, list(results.select(CHECK)), "milliseconds in the check, 1 client")
        figure.legend(*rates.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        figure.savefig(file, format="svg", metadata={"Date": None})


def _bars(axes: Axes, comparisons: list[Comparison], title: str) -> None:
    """Draw a bar for each side of each comparison, the first one on top."""
    sides = [side for side in COLOURS if all(getattr(each, side) for each in comparisons)]
    height = 0.8 / len(sides)
    for number, side in enumerate(sides):
        offset = (number - (len(sides) - 1) / 2) * height
        places = [place + offset for place in range(len(comparisons))]
        values = [statistics.median(getattr(comparison, side)) for comparison in comparisons]
        bars = axes.barh(places, values, height, color=COLOURS[side], label=side)
        axes.bar_label(bars, [_number(value) for value in values], padding=3)
    labels = [
        comparison.database
        + (f", {comparison.clients} at once" if comparison.measure == RATE else "")
        for comparison in comparisons
    ]
    axes.set_yticks(range(len(comparisons)), labels)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
