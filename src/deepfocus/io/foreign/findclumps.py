"""The lists of Findclumps in interferopy, as of Walter et al. 2016 for ASPECS; read only.

https://interferopy.readthedocs.io/en/latest/pages/findclumps.html. One line a clump, of the cube
summed over so many channels (BINNING). X and Y are SExtractor's, which count from 1, and are finer
than RA and DEC, which have five decimals of a degree. FLUX_MAX is that of a sum of channels, which
is no peak of the cube: it is left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.sky_columns import with_sky_units
from deepfocus.io.foreign.links import Link
from deepfocus.io.foreign.places import channels_at, grid_for
from deepfocus.io.foreign.texts import numbers_in, read_text_table

FINDCLUMPS = "Findclumps"
LINKS = (
    Link("ID", "", "id"),
    Link("X", "pix", "x", "from 1 there"),
    Link("Y", "pix", "y", "from 1 there"),
    Link("RA", "deg", "ra", "not read: X and Y are finer"),
    Link("DEC", "deg", "dec", "not read: X and Y are finer"),
    Link("FREQ_GHZ", "GHz", "frequency"),
    Link("SNR", "", "snr_focused", "of the sum over BINNING channels"),
    Link("F_kw", "", "fidelity", "among the clumps of the same BINNING; F is among all"),
)
NEEDED = ("X", "Y", "FREQ_GHZ", "SNR")
ROUNDED_HZ = 0.05e6
"""It gives GHz with four decimals."""


def read_findclumps(path: Path, grid: Grid | None = None) -> Catalogue:
    """A list of clumps, with the fidelities if it has them.

    grid : of the cube that was searched

    Raises `DeepFocusError` if it is no such file, without a grid, or with one of another band.
    """
    table = read_text_table(path, of=FINDCLUMPS, names_in=lambda words: set(NEEDED) <= set(words))
    grid = grid_for(grid, who=FINDCLUMPS, why="it has no channels of the cube")
    values = {
        link.theirs: numbers_in(table, link.theirs, path=path, of=FINDCLUMPS) for link in LINKS
    }
    frequency_hz = 1e9 * values["FREQ_GHZ"]
    found = catalogue(
        rows=len(table.cells),
        x=values["X"] - 1,
        y=values["Y"] - 1,
        channel=channels_at(grid, frequency_hz, whose=str(path), rounded_hz=ROUNDED_HZ),
        snr_focused=values["SNR"],
        fidelity=np.where(values["F_kw"] >= 0, values["F_kw"], np.nan),  # -1: not known
        **({"id": values["ID"]} if "ID" in table.names else {}),
    )
    return with_sky_units(found, grid).with_columns(frequency=frequency_hz)
