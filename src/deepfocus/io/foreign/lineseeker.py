"""LineSeeker's lists of candidates, `LineCandidatesPositive.dat`, read and written.

Gonzalez-Lopez et al. 2019, ApJ 882, 139; https://github.com/jigonzal/LineSeeker. Each line has a
name, a position in sexagesimal degrees, a frequency to 1 MHz, the signal-to-noise ratio, and the
probabilities that it is noise: P from the negative peaks, PSim from simulations, and the Pesimistic
ones corrected for the number of kernels that were tried.

Positions are in the frame of the cube's header. The list has no widths, fluxes or pixels: those of
a position follow from the grid of the cube.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.sky_columns import with_sky_units
from deepfocus.io.foreign.links import Link
from deepfocus.io.foreign.places import (
    channels_at,
    equatorial_frame,
    grid_for,
    pixels_at,
    positions_in,
)
from deepfocus.io.foreign.texts import TextTable, no_list, numbers_in, read_text_table

LINESEEKER = "LineSeeker"
LINKS = (
    Link("ID", "", "id", "the number behind its last point"),
    Link("RA", "hourangle", "ra", "sexagesimal there"),
    Link("DEC", "deg", "dec", "sexagesimal there"),
    Link("FREQ", "GHz", "frequency"),
    Link("SN", "", "snr_focused", "of the smoothed cube"),
    Link("P", "", "fidelity", "1 - P"),
    Link("PE1", "", "fidelity_err", "mean of PE1 and PE2"),
    Link("PE2", "", "fidelity_err", "mean of PE1 and PE2"),
)
NEEDED = ("RA", "DEC", "FREQ", "SN")
ROUNDED_HZ = 0.5e6
"""LineSeeker gives GHz with three decimals."""
COLUMNS = (
    *("ID", "RA", "DEC", "FREQ", "SN", "P", "PE1", "PE2", "PSim", "PSimE1", "PSimE2"),
    *("PPesimistic", "PPesimisticE1", "PPesimisticE2"),
    *("PSimPesimistic", "PSimPesimisticE1", "PSimPesimisticE2"),
)
"""Of a list, in order, as LineSeeker spells them."""


def read_lineseeker(path: Path, grid: Grid | None = None) -> Catalogue:
    """A list of LineSeeker.

    grid : of the cube that was searched: positions and frequencies become pixels and channels of it

    Raises `DeepFocusError` if it is no such file, without a grid, or with one of another band.
    """
    table = read_text_table(path, of=LINESEEKER, names_in=lambda words: set(NEEDED) <= set(words))
    grid = grid_for(grid, who=LINESEEKER, why="it has no pixels and channels")
    there = _positions(table, path)
    frequency_hz = 1e9 * numbers_in(table, "FREQ", path=path, of=LINESEEKER)
    x, y = pixels_at(
        grid, there.ra.deg, there.dec.deg, whose=str(path), frame=equatorial_frame(grid)
    )
    lower, upper, false = (
        numbers_in(table, name, path=path, of=LINESEEKER) for name in ("PE1", "PE2", "P")
    )
    found = catalogue(
        rows=len(table.cells),
        x=x,
        y=y,
        channel=channels_at(grid, frequency_hz, whose=str(path), rounded_hz=ROUNDED_HZ),
        snr_focused=numbers_in(table, "SN", path=path, of=LINESEEKER),
        fidelity=1 - false,
        fidelity_err=(lower + upper) / 2,
        **_identity(table),
    )
    return with_sky_units(found, grid).with_columns(frequency=frequency_hz)


def write_lineseeker(found: Catalogue, path: Path, grid: Grid | None = None) -> None:
    """Write accepted sources as LineSeeker lists its candidates.

    grid : of the cube, in whose frame positions are written; ICRS without it

    Positions and frequencies have more digits than it gives them. What it simulates, and what it
    corrects for its own kernels, is nan.
    """
    lines = [f"#{' '.join(COLUMNS)}"]
    accepted = found.accepted
    places = zip(*positions_in(equatorial_frame(grid), accepted), strict=True)
    for row, (ra, dec) in zip(accepted.rows, places, strict=True):
        there = SkyCoord(ra, dec, unit="deg")
        cells = {
            "ID": f"DeepFocus_EL.{int(row['id']):02d}",
            "RA": there.ra.to_string("hourangle", sep=":", precision=6, pad=True),
            "DEC": there.dec.to_string("deg", sep=":", precision=5, pad=True, alwayssign=True),
            "FREQ": f"{row['frequency'] / 1e9:.9f}",
            "SN": f"{row['snr_focused']:.4f}",
            "P": f"{1 - row['fidelity']:.4f}",
            "PE1": f"{row['fidelity_err']:.4f}",
            "PE2": f"{row['fidelity_err']:.4f}",
        }
        lines.append(" ".join(cells.get(name, "nan") for name in COLUMNS))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _positions(table: TextTable, path: Path) -> SkyCoord:
    try:
        return SkyCoord(table.texts("RA"), table.texts("DEC"), unit=("hourangle", "deg"))
    except (ValueError, TypeError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise no_list(path, LINESEEKER, f"a position cannot be read: {why}") from error


def _identity(table: TextTable) -> dict[str, np.ndarray]:
    """Numbers of the sources as their names have them, if each has its own."""
    if "ID" not in table.names:
        return {}
    ends = [name.rpartition(".")[2] for name in table.texts("ID")]
    if len(set(ends)) < len(ends) or not all(end.isdecimal() for end in ends):
        return {}
    return {"id": np.array(ends, dtype=int)}
