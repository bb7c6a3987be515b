"""The benchmark of a slow disk judges beside stock, and says what a machine lacks."""

from __future__ import annotations

import pytest

from benches import slow_disk

FAST, SLOW = [1.0] * 200, [9.0] * 200


@pytest.mark.parametrize(
    ("stock", "ours", "verdict"),
    [
        (FAST, FAST, "reached"),
        (FAST, SLOW, "missed"),
        (SLOW, SLOW, "reached"),
        (FAST, [*FAST[:191], *SLOW[:9]], "reached"),
        (FAST, [*FAST[:180], *SLOW[:20]], "missed"),
    ],
)
def test_one_check_in_twenty_may_be_slow(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stock: list[float],
    ours: list[float],
    verdict: str,
) -> None:
    monkeypatch.setattr(slow_disk, "lacking", list)
    monkeypatch.setattr(slow_disk, "measure", lambda: {10: {"stock": stock, "ours": ours}})
    assert slow_disk.main() == (verdict == "missed")
    assert capsys.readouterr().out.endswith(f": {verdict}\n")


def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slow_disk, "lacking", lambda: ["/dev/fuse", "root"])
    assert slow_disk.main() == 2
    assert "It needs /dev/fuse and root." in capsys.readouterr().out
