"""Colours and marks of finders in the figures that compare them."""

from __future__ import annotations

from collections.abc import Iterable

COLOURS = ("#1f5fa8", "#d7263d", "#1b9e4b", "#e08e0b", "#7b4fa3", "#0f8b8d", "#8c564b", "#555555")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
TRUE, FAINT_LINE = "#222222", "#dddddd"


def styles_of(labels: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and mark of each finder, in order; more finders than colours take them again."""
    return {
        label: (COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i, label in enumerate(labels)
    }
