"""The truth about a simulated sky, as a `Catalogue` with every column that a detection fills."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.core.gain import with_gain
from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse, Source
from deepfocus.forward.limit import Limit
from deepfocus.instrument.telescope import Telescope
from deepfocus.ops.boxes import BOX_FRACTION, source_box
from deepfocus.simulation.limits import Limits
from deepfocus.sky.components import LineTruth, SkyModel, SkySource

POINT_PX = float(1 / np.sqrt(np.log2(1 / BOX_FRACTION)))
"""FWHM of a source whose box is one pixel wide."""

SEARCHED_FWHM = 2.0
"""Search radius around a disc for its brightest voxel, in FWHM; 1% of its light lies outside."""
VOXELS_AT_A_TIME = 2**21


def truth_catalogue(sky: SkyModel, *, peaks: np.ndarray, limits: Limits, cube: Cube) -> Catalogue:
    """One row per line of each source.

    peaks : (source,) brightest voxel of each source's dirty emission, Jy/beam, from `source_peaks`
    limits : of each line: its ideal signal-to-noise ratio, and Cramer-Rao bounds, which the truth
        has in place of uncertainties; without them, both are NaN

    Line fluxes refer to the noise-free sky before the primary beam. They cover the whole line even
    if the band cuts it, and are negative in absorption. A disc has the shape of the Gaussian with
    the same half-light ellipse, W50 and W20 as its line widths, and moves on the sky along its
    line, as a template does. A point's box is its pixel. The meta has
    the beam of the cube, `with_beam`.
    """
    rows = []
    for source, peak, those in zip(sky.components, peaks, limits, strict=True):
        lines = source.line_truths(sky.grid)
        for number, line in enumerate(lines):
            row = _row(source, line, peak_jy_beam=peak, cube=cube)
            if those:
                row |= limit_columns(those[number], line.channel, line.flux_jy_kms, sky.grid)
            rows.append(row)
    return with_beam_and_band(with_gain(catalogue_of_rows(rows), cube), cube)


def with_beam_and_band(truth: Catalogue, cube: Cube) -> Catalogue:
    """The truth with the FWHM of its cube's beam, where known, and its channels, in its meta.

    They are ``beam_px`` and ``channels``. A beam that the truth already has stays: that of an
    injection may be fitted to the PSF.
    """
    truth = truth.with_meta(channels=len(cube.data))
    if truth.meta.get("beam_px") or not cube.beam_px:
        return truth
    return truth.with_meta(beam_px=cube.beam_px)


def source_peaks(
    sky: SkyModel,
    *,
    telescope: Telescope,
    components: np.ndarray,
    spectra: np.ndarray,
    peaks: np.ndarray,
) -> np.ndarray:
    """(source,) brightest voxel of each source's own noise-free dirty emission, Jy/beam.

    components, spectra, peaks : of the sky's parts, as in `simulation.cube.Scene`

    A source of one part has that part's peak. The first of several parts contains the channel map
    with the most flux, but a fainter, more compact map may have the brightest voxel. So all
    channels are searched, but only near the source.
    """
    if not len(sky.components):
        return np.zeros(0)
    starts = sky.first_parts
    found: np.ndarray = peaks[starts].astype(float)
    for i, (first, last) in enumerate(pairwise([*starts, len(peaks)])):
        if last - first > 1:
            near = components[first:last, :, *_around(sky.components[i].ellipse, sky.grid)]
            found[i] = max(found[i], _brightest(telescope, near, spectra[first:last]))
    return found


def _around(ellipse: Ellipse, grid: Grid) -> tuple[slice, slice]:
    """Rows and columns of the image near a source."""
    reach = SEARCHED_FWHM * max(ellipse.fwhm_x_px, ellipse.fwhm_y_px) + 1
    rows, columns = (
        slice(max(int(at - reach), 0), max(min(int(at + reach) + 2, n), 0))
        for at, n in ((ellipse.y, grid.ny), (ellipse.x, grid.nx))
    )
    return rows, columns


def _brightest(telescope: Telescope, components: np.ndarray, spectra: np.ndarray) -> float:
    """Brightest voxel of the sum of parts (part, node, y, x), a few rows at a time."""
    ny, nx = components.shape[-2:]
    if not ny * nx:
        return 0.0
    step = max(1, VOXELS_AT_A_TIME // (spectra.shape[1] * nx))
    return max(
        float(telescope.dirty_cube(components[..., y : y + step, :], spectra).max())
        for y in range(0, ny, step)
    )


def _row(
    source: SkySource, line: LineTruth, *, peak_jy_beam: float, cube: Cube
) -> dict[str, float]:
    shape = Source(**vars(source.ellipse), channel=line.channel, fwhm_chan=line.fwhm_chan)
    row = place_and_shape(shape, cube.grid)
    row |= {
        "line_flux": line.flux_jy_kms,
        "peak": peak_jy_beam * line.peak_share * 1e3,
        "continuum": line.continuum_jy * 1e3,
    }
    row |= w20_columns(line.w20_chan, line.channel, cube.grid)
    row |= motion_columns(line.shift_px, line.kinematic_pa, cube.grid)
    level = None if cube.noise is None else cube.noise.level_jy_beam
    if level:
        row["snr_peak"] = peak_jy_beam * line.line_share / level
    return row


def limit_columns(limit: Limit, channel: float, flux_jy_kms: float, grid: Grid) -> dict[str, float]:
    """The limit of a line at that channel and of that flux, as columns of a truth."""
    kms = float(grid.width_kms(1.0, channel))
    return {
        "ideal_snr": limit.snr,
        "x_err": limit.x_px,
        "y_err": limit.y_px,
        "channel_err": limit.channel,
        "frequency_err": float(grid.sky_frequency_width(limit.channel, channel)),
        "line_fwhm_chan_err": limit.width_chan,
        "line_fwhm_err": limit.width_chan * kms,
        "fwhm_x_px_err": limit.fwhm_x_px,
        "fwhm_y_px_err": limit.fwhm_y_px,
        "fwhm_x_err": limit.fwhm_x_px * grid.cell_arcsec,
        "fwhm_y_err": limit.fwhm_y_px * grid.cell_arcsec,
        "pa_err": limit.pa_deg,
        "line_flux_err": limit.flux * abs(flux_jy_kms),
    }


def w20_columns(w20_chan: float, channel: float, grid: Grid) -> dict[str, float]:
    """The width of a line at that channel, at 20% of its peak."""
    return {"line_w20_chan": w20_chan, "line_w20": float(grid.width_kms(w20_chan, channel))}


def motion_columns(shift_px: float, kinematic_pa: float, grid: Grid) -> dict[str, float]:
    """What a line's centre moves on the sky over its width, and where to; NaN if it does not."""
    moves = shift_px > 0
    return {
        "line_shift_px": shift_px if moves else float("nan"),
        "line_shift": shift_px * grid.cell_arcsec if moves else float("nan"),
        "kinematic_pa": kinematic_pa if moves else float("nan"),
    }


def place_and_shape(source: Source, grid: Grid) -> dict[str, float]:
    """Position and shape columns of a true source, in pixels and on the sky."""
    # a box is at least one pixel wide
    lengths = max(source.fwhm_x_px, POINT_PX), max(source.fwhm_y_px, POINT_PX)
    box = source_box(replace(source, fwhm_x_px=lengths[0], fwhm_y_px=lengths[1]))
    channel, fwhm_chan = source.channel, source.fwhm_chan
    sky = grid.sky_at(source.x, source.y)
    return {
        "x": source.x,
        "y": source.y,
        "ra": float(sky.ra.deg),
        "dec": float(sky.dec.deg),
        "channel": channel,
        "frequency": float(grid.sky_frequency_at(channel)),
        "velocity": float(grid.velocity_kms(channel)),
        "line_fwhm_chan": fwhm_chan,
        "line_fwhm": float(grid.width_kms(fwhm_chan, channel)),
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "channel_lo": channel - fwhm_chan,
        "channel_hi": channel + fwhm_chan,
        "fwhm_x_px": source.fwhm_x_px,
        "fwhm_y_px": source.fwhm_y_px,
        "fwhm_x": source.fwhm_x_px * grid.cell_arcsec,
        "fwhm_y": source.fwhm_y_px * grid.cell_arcsec,
        "pa": source.pa,
        "probability": 1.0,
    }
