"""Catalogues as short tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from astropy.table import Row

    from deepfocus.core.catalogue import Catalogue

Columns = tuple[tuple[str, str, float, int], ...]
"""Column of the catalogue, heading, factor, digits."""

SHOWN: Columns = (
    ("id", "id", 1, 0),
    ("x", "x", 1, 1),
    ("y", "y", 1, 1),
    ("channel", "channel", 1, 1),
    ("ra", "RA deg", 1, 6),
    ("dec", "Dec deg", 1, 6),
    ("frequency", "GHz", 1e-9, 5),
    ("velocity", "km/s", 1, 1),
    ("line_fwhm", "width km/s", 1, 1),
    ("line_flux", "Jy km/s", 1, 4),
    ("snr_focused", "SNR", 1, 1),
)

FLUX_DENSITY = ("continuum", "mJy", 1, 4)
"""Shown for the line flux where no channel has a width."""
LIMITS = {"line_fwhm": "line_fwhm_limit"}
"""Column that says what a number is below, where it is not known."""
INSTEAD = {"snr_focused": "snr_peak"}
"""Column that stands for one that is not known."""

TRUE: Columns = (
    ("x", "x", 1, 1),
    ("y", "y", 1, 1),
    ("fwhm_x_px", "FWHM x", 1, 1),
    ("fwhm_y_px", "FWHM y", 1, 1),
    ("pa", "PA deg", 1, 0),
    ("channel", "channel", 1, 1),
    ("line_fwhm_chan", "width ch", 1, 1),
    ("line_flux", "Jy km/s", 1, 4),
    ("continuum", "cont mJy", 1, 3),
    ("ideal_snr", "ideal SNR", 1, 1),
)

COMPARED: Columns = (
    ("x", "x", 1, 1),
    ("y", "y", 1, 1),
    ("channel", "channel", 1, 1),
    ("line_fwhm_chan", "width ch", 1, 1),
    ("pa", "PA deg", 1, 0),
    ("line_flux", "Jy km/s", 1, 4),
)


def sources_table(found: Catalogue) -> str:
    """The accepted sources, one per line, and below what to keep in mind of them."""
    rows = found.accepted
    said = [f"source {row['id']}: {row['warning']}" for row in rows.rows if row["warning"]]
    columns = SHOWN
    if not np.isfinite(rows["line_flux"]).any():
        columns = tuple(FLUX_DENSITY if each[0] == "line_flux" else each for each in SHOWN)
    return "\n".join([_listed(rows, columns), *said])


def true_sources(truth: Catalogue) -> str:
    """The lines of a truth, one per line."""
    return _listed(truth, TRUE)


def beside_truth(found: Catalogue, truth: Catalogue) -> str:
    """True sources with the accepted ones they match, then accepted ones that match none.

    A cell reads true / found; a dash marks a missing value.
    """
    from deepfocus.evaluation.match import match

    matches = match(found, truth)
    partner = dict(zip(matches.true_row, matches.found_row, strict=True))
    rows = []
    for i, true in enumerate(matches.truth.rows):
        other = matches.found.rows[partner[i]] if i in partner else None
        rows.append(["found" if other is not None else "missed", *_pair(true, other)])
    for other in matches.found.where(matches.spurious).rows:
        rows.append(["spurious", *_pair(None, other)])
    return _aligned(["", *(heading for _, heading, _, _ in COMPARED)], rows)


def _listed(catalogue: Catalogue, columns: Columns) -> str:
    """Every row of a catalogue, in those columns."""
    rows = [
        [_cell(row, name, factor, digits) for name, _, factor, digits in columns]
        for row in catalogue.rows
    ]
    return _aligned([heading for _, heading, _, _ in columns], rows)


def _cell(row: Row, name: str, factor: float, digits: int) -> str:
    """A number of a row, or its limit."""
    if name in INSTEAD and not np.isfinite(row[name]):
        name = INSTEAD[name]
    limit = row[LIMITS[name]] if name in LIMITS else np.nan
    if np.isfinite(row[name]) or not np.isfinite(limit):
        return _number(row[name] * factor, digits)
    return f"<{_number(limit * factor, digits)}"


def _pair(true: Row | None, found: Row | None) -> list[str]:
    cells = []
    for name, _, factor, digits in COMPARED:
        both = [
            _number(row[name] * factor, digits) if row is not None else "-" for row in (true, found)
        ]
        cells.append(" / ".join(both))
    return cells


def _number(value: float, digits: int) -> str:
    if not np.isfinite(value):
        return "-"
    lost = value != 0 and digits > 0 and abs(value) < 10.0**-digits
    return f"{value:.2e}" if lost or abs(value) >= 1e7 else f"{value:.{digits}f}"


def aligned_left(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
