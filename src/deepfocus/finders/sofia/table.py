"""SoFiA-2's catalogue in our columns.

Its ellipses are left out: they are moments of a mask that is wider than the source, in which a
point source of 30 sigma is 13% larger than the beam. No beam can be taken off that.
"""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import REASONS, Flag
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.finders.sofia.files import Sources

WARNINGS = {
    1: "near the edge of the image",
    2: "line cut off by the end of the band",
    4: "beside blank voxels",
    8: "touches another source",
}
"""Bits of SoFiA's own `flag`."""


def table_of(sources: Sources, cube: Cube) -> Catalogue:
    """Every source of SoFiA's catalogue as a row of ours."""
    x, y, channel = (_centre(sources, axis) for axis in ("x", "y", "z"))
    measured = sources["rms"] > 0  # else the mask fills its box, and leaves no noise to measure
    w50 = _positive(sources["w50"])
    jy_kms = cube.grid.width_kms(1.0, channel) / _response(cube, x=x, y=y)
    found = catalogue(
        x=x,
        y=y,
        channel=channel,
        x_err=np.where(measured, sources["err_x"], np.nan),
        y_err=np.where(measured, sources["err_y"], np.nan),
        channel_err=np.where(measured, sources["err_z"], np.nan),
        line_fwhm_chan=w50,
        line_w20_chan=_positive(sources["w20"]),
        channel_lo=channel - w50,
        channel_hi=channel + w50,
        box_x0=sources["x_min"] - 0.5,
        box_x1=sources["x_max"] + 0.5,
        box_y0=sources["y_min"] - 0.5,
        box_y1=sources["y_max"] + 0.5,
        line_flux=sources["f_sum"] * jy_kms,
        line_flux_err=np.where(measured, sources["err_f_sum"] * jy_kms, np.nan),
        peak=1e3 * sources["f_max"],
        snr_peak=_ratio(sources["f_max"], sources["rms"]),
        snr_focused=_ratio(sources["f_sum"], sources["err_f_sum"]),
        warning=[_in_words(int(flag)) for flag in sources["flag"]],
    )
    return with_sky_columns(found, cube.grid)


def rejected(found: Catalogue, which: np.ndarray, flag: Flag, *, step: str) -> Catalogue:
    """The rows; those of a mask that were still accepted have a flag now, and its reason."""
    now = which & (found["flag"] == 0)
    return found.with_columns(
        flag=np.where(now, int(flag), found["flag"]),
        reason=np.where(now, f"{REASONS[flag]} ({step})", found["reason"]),
    )


def _centre(sources: Sources, axis: str) -> np.ndarray:
    """Its centroid; the middle of its mask, where nothing in that is above zero."""
    middle = (sources[f"{axis}_min"] + sources[f"{axis}_max"]) / 2
    return np.where(np.isfinite(sources[axis]), sources[axis], middle)


def _response(cube: Cube, *, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Primary beam at the sources; 1 where the cube does not carry it."""
    if cube.primary_beam is None:
        return np.ones(len(x))
    return _positive(cube.primary_beam_at(x=x, y=y))


def _positive(values: np.ndarray) -> np.ndarray:
    """NaN where a value is 0, which is SoFiA's way to say that it could not measure it."""
    positive: np.ndarray = np.where(values > 0, values, np.nan)
    return positive


def _ratio(value: np.ndarray, noise: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = value / _positive(noise)
    return ratio


def _in_words(flag: int) -> str:
    return "; ".join(words for bit, words in WARNINGS.items() if flag & bit)
