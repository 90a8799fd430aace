"""SoFiA-2's catalogue in our columns: those of `core.sofia_table`, widths and fluxes of lines."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.sky_columns import with_sky_columns
from deepfocus.core.sofia_table import Sources, measured_columns, positive


def table_of(sources: Sources, cube: Cube) -> Catalogue:
    """Every source of SoFiA's catalogue as a row of ours."""
    columns = measured_columns(sources)
    x, y, channel = columns["x"], columns["y"], columns["channel"]
    w50 = positive(sources["w50"])
    kms = cube.grid.width_kms(1.0, channel)
    jy_kms = kms * _over_own_beam(cube, channel) / _response(cube, x=x, y=y)
    flux_err = np.where(sources["rms"] > 0, sources["err_f_sum"], np.nan)
    found = catalogue(
        **columns,
        line_fwhm_chan=w50,
        line_w20_chan=positive(sources["w20"]),
        channel_lo=channel - w50,
        channel_hi=channel + w50,
        line_flux=sources["f_sum"] * jy_kms,
        line_flux_err=flux_err * jy_kms,
    )
    return with_sky_columns(found, cube.grid)


def rejected(found: Catalogue, which: np.ndarray, flag: Flag, *, step: str) -> Catalogue:
    """The rows; those of a mask that were still accepted have a flag now, and its reason."""
    now = which & (found["flag"] == 0)
    return found.with_columns(
        flag=np.where(now, int(flag), found["flag"]),
        reason=np.where(now, f"{REASONS[flag]} ({step})", found["reason"]),
    )


def _over_own_beam(cube: Cube, channel: np.ndarray) -> np.ndarray:
    """What makes sums over the median beam those over the beam of each line's own channel."""
    if cube.beams is None or cube.beam is None:
        return np.ones(len(channel))
    each = np.asarray(cube.beam_areas_px())
    nearest = np.clip(np.rint(channel), 0, len(each) - 1).astype(int)
    share: np.ndarray = cube.beam.area_px(cube.grid.cell_arcsec) / each[nearest]
    return share


def _response(cube: Cube, *, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Primary beam at the sources; 1 where the cube does not carry it."""
    if cube.primary_beam is None:
        return np.ones(len(x))
    return positive(cube.primary_beam_at(x=x, y=y))
