"""The covariance of what was measured of each source, for whoever needs more than its errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from astropy.table import Table
from astropy.units import Unit

from deepfocus.core.cube import Cube
from deepfocus.finders.deepfocus.sources import SUMMARY, SourceFit

UNITS = {
    "x": "pix",
    "y": "pix",
    "cxx": "pix2",
    "cyy": "pix2",
    "cxy": "pix2",
    "channel": "chan",
    "fwhm_chan": "chan",
    "flux": "Jy km / s",
    "continuum": "mJy",
}
"""What the covariance is of: names of the summary, and units of their table. The sizes are second
moments, of which FWHM and angle are functions; negative where noise made them so."""


def covariances_of(sources: Sequence[SourceFit], ids: np.ndarray, cube: Cube) -> Table:
    """One row a source: its id, the values of `UNITS`, and the covariance of each pair of them.

    ids : (source,) numbers in the catalogue
    Columns are `x`, ... and `cov_x_x`, `cov_x_y`, ...; NaN where not fitted.
    """
    names = list(UNITS)
    at = [SUMMARY.index(name) for name in names]
    scales = np.array([_scale(source, names, cube) for source in sources]).reshape(-1, len(names))
    values = np.array([source.summary[at] for source in sources]).reshape(-1, len(names)) * scales
    found = np.array([source.covariance[np.ix_(at, at)] for source in sources])
    found = found.reshape(-1, len(names), len(names)) * scales[:, :, None] * scales[:, None, :]
    table = Table({"id": np.asarray(ids, int)})
    for i, name in enumerate(names):
        table[name] = values[:, i]
        table[name].unit = UNITS[name]
    for i, j in combinations_with_replacement(range(len(names)), 2):
        column = f"cov_{names[i]}_{names[j]}"
        table[column] = found[:, i, j]
        table[column].unit = Unit(UNITS[names[i]]) * Unit(UNITS[names[j]])
    return table


def _scale(source: SourceFit, names: Sequence[str], cube: Cube) -> np.ndarray:
    """From the units of a fit to those of the table."""
    kms = float(cube.grid.width_kms(1.0, source.value("channel")))
    return np.array([{"flux": kms, "continuum": 1e3}.get(name, 1.0) for name in names])
