"""Text tables, aligned for a terminal and valid as Markdown for a README."""

from __future__ import annotations

import math
from collections.abc import Sequence

from deepfocus.evaluation.counts import Counts


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with padded columns; the first is left-aligned, the rest right-aligned."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(header))]
    lines = [_line(row, widths) for row in cells]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join([lines[0], _line(rule, widths), *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def number(value: float | None, *, digits: int = 3) -> str:
    """A number with `digits` decimals, or '-' if it is unknown."""
    if value is None or not math.isfinite(value):
        return "-"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def interval(value: float, bounds: tuple[float, float]) -> str:
    """A fraction with its interval, '0.923 [0.915, 0.930]', or '-'."""
    if not math.isfinite(value):
        return "-"
    return f"{value:.3f} [{bounds[0]:.3f}, {bounds[1]:.3f}]"


def percent(value: float | None) -> str:
    """A fraction as whole per cent, or '-'."""
    return "-" if value is None or not math.isfinite(value) else f"{100 * value:.0f} %"


COUNTS_HEADER = ("TP", "FP", "FN", "precision", "recall", "F1")


def counts_cells(counts: Counts) -> list[str]:
    """The cells under `COUNTS_HEADER`, with 95 per cent intervals."""
    return [
        str(counts.tp),
        str(counts.fp),
        str(counts.fn),
        interval(counts.precision, counts.precision_interval()),
        interval(counts.recall, counts.recall_interval()),
        number(counts.f1),
    ]
