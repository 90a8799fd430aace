"""Sources as rows of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag, reason
from deepfocus.core.grid import Grid
from deepfocus.core.orientation import plane_at
from deepfocus.finders.deepfocus.judge import Judgement
from deepfocus.finders.deepfocus.masked import NOT_MEASURED, MaskFlux
from deepfocus.finders.deepfocus.samples import between, within
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.finders.line_measurement import box_of
from deepfocus.finders.sky_columns import with_sky_columns, with_sky_shapes, with_sky_units
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.peaks import Peak

STEP, NOT_FITTED = "judge", "search"
WITHIN_A_CHANNEL = float(1 / np.sqrt(12))
"""Standard deviation of a line's centre that may be anywhere in a channel, channels."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A source, the verdict on it, its flux in a mask, Jy channels, and what to keep in mind."""

    source: SourceFit
    verdict: Judgement
    mask: MaskFlux = NOT_MEASURED
    warning: str = ""


def table_of(
    entries: Sequence[Entry], sidelobes: Sequence[Peak], cube: Cube, noise: NoiseMap
) -> Catalogue:
    """One row a source, the most significant first; those of entries keep their order if they are.

    sidelobes : peaks that may be: rows that are rejected, with what the search knows of them
    """
    rows = [row_of(entry, cube, noise) for entry in entries]
    said = {"flag": int(Flag.SIDELOBE), "reason": f"{reason(Flag.SIDELOBE)} ({NOT_FITTED})"}
    rows += [_row_of_peak(peak) | said for peak in sidelobes]
    rows.sort(key=lambda row: -row["snr_focused"])
    return _with_sky(catalogue_of_rows(rows), cube.grid)


def fitted(catalogue: Catalogue) -> np.ndarray:
    """(row,) bool: the rows that are entries, and no peaks that were left alone."""
    return np.array(
        [not str(each).endswith(f"({NOT_FITTED})") for each in catalogue["reason"]], bool
    )


def row_of(entry: Entry, cube: Cube, noise: NoiseMap) -> dict[str, Any]:
    """The columns of a source, in pixels and channels; sizes and angles on the sky if cells are
    not square."""
    source, verdict = entry.source, entry.verdict
    ellipse = source.ellipse
    mapped = source.mapped(plane_at(cube.grid, x=source.value("x"), y=source.value("y")))
    # where cells are square, the table's angles are turned afterwards
    on_sky = source if cube.grid.square_cells else mapped
    shape, shift = on_sky.ellipse, on_sky.shift
    fwhm_x_err, fwhm_y_err, pa_err = on_sky.shape_errors
    channel, fwhm_chan = source.value("channel"), source.value("fwhm_chan")
    kms = float(cube.grid.width_kms(1.0, channel))
    mask_flux = entry.mask.scaled(kms).flux
    box = box_of(ellipse)
    low, high = channel - fwhm_chan, channel + fwhm_chan
    spectral = _of_image if is_image(len(cube.data)) else _of_line
    # a galaxy may be dark at its own centre
    around = (
        within(low, high + 1, len(cube.data)),
        between(box.y0, box.y1, cube.data.shape[1]),
        between(box.x0, box.x1, cube.data.shape[2]),
    )
    highest = float(np.nan_to_num(cube.data[around], nan=-np.inf).max())
    sigma = noise.at(x=ellipse.x, y=ellipse.y)
    known = np.flatnonzero(np.isfinite(sigma))  # the line's middle may have been lost
    level = sigma[known[np.argmin(np.abs(known - channel))]]
    return {
        "flag": int(verdict.flag),
        "reason": f"{reason(verdict.flag)} ({STEP})" if verdict.flag else "",
        "warning": entry.warning,
        "x": ellipse.x,
        "x_err": source.error("x"),
        "y": ellipse.y,
        "y_err": source.error("y"),
        # in pixels, until the table is on the sky
        "ra_err": mapped.error("x"),
        "dec_err": mapped.error("y"),
        "channel": channel,
        "channel_lo": low,
        "channel_hi": high,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "fwhm_x_px": shape.fwhm_x_px,
        "fwhm_x_px_err": fwhm_x_err,
        "fwhm_y_px": shape.fwhm_y_px,
        "fwhm_y_px_err": fwhm_y_err,
        "fwhm_limit_px": on_sky.size_limit_px,
        "pa": shape.pa,
        "pa_err": pa_err,
        "line_shift_px": shift.length_px,
        "line_shift_px_err": shift.length_px_err,
        "kinematic_pa": towards_velocity(shift.pa, cube.grid),
        "kinematic_pa_err": shift.pa_err,
        "line_flux": source.value("flux") * kms,
        "line_flux_err": source.error("flux") * kms,
        "mask_flux": mask_flux.value,
        "mask_flux_err": mask_flux.error,
        "peak": 1e3 * highest,
        "peak_err": 1e3 * float(level),
        "snr_peak": highest / float(level),
        "snr_focused": verdict.snr,
        "probability": 1 - verdict.false_alarm,
        **spectral(source, cube),
    }


def _of_line(source: SourceFit, cube: Cube) -> dict[str, Any]:
    """What the spectrum of a cube tells of a line and its continuum."""
    return {
        "channel_err": source.error("channel"),
        "line_fwhm_chan": source.value("fwhm_chan"),
        "line_fwhm_chan_err": source.error("fwhm_chan"),
        "line_w20_chan": source.value("w20_chan"),
        "line_w20_chan_err": source.error("w20_chan"),
        "continuum": 1e3 * source.value("continuum"),
        "continuum_err": 1e3 * source.error("continuum"),
    }


def _of_image(source: SourceFit, cube: Cube) -> dict[str, Any]:
    """What an image of few channels tells: a limit of the width, and a centre to a channel.

    A line flux needs the width of a channel. Without it the flux density stands as a continuum's.
    """
    channels = len(cube.data)
    columns = {
        "channel_err": float(np.hypot(np.nan_to_num(source.error("channel")), WITHIN_A_CHANNEL)),
        "line_fwhm_limit_chan": source.width_limit_chan(channels),
    }
    if not np.isfinite(cube.grid.width_kms(1.0, 0.0)):
        columns["continuum"] = 1e3 * source.value("flux") / channels
        columns["continuum_err"] = 1e3 * source.error("flux") / channels
    return columns


def table_of_peaks(peaks: Sequence[Peak], grid: Grid) -> Catalogue:
    """What the search found, before anything was fitted."""
    return with_sky_columns(catalogue_of_rows([_row_of_peak(peak) for peak in peaks]), grid)


def _row_of_peak(peak: Peak) -> dict[str, Any]:
    return {
        "x": peak.x,
        "y": peak.y,
        "channel": peak.channel,
        "line_fwhm_chan": peak.width_chan,
        "channel_lo": peak.channel - peak.width_chan,
        "channel_hi": peak.channel + peak.width_chan,
        "fwhm_x_px": peak.size_px,
        "fwhm_y_px": peak.size_px,
        "snr_focused": peak.snr,
    }


def _with_sky(found: Catalogue, grid: Grid) -> Catalogue:
    """With sky positions, frequencies and velocities, and their errors."""
    if not len(found):
        return found
    found = with_sky_units(with_sky_shapes(found, grid) if grid.square_cells else found, grid)
    cell_deg = grid.cell_arcsec / 3600.0
    return found.with_columns(
        ra_err=found["ra_err"] * cell_deg / np.cos(np.deg2rad(found["dec"])),
        dec_err=found["dec_err"] * cell_deg,
        frequency_err=grid.sky_frequency_width(found["channel_err"], found["channel"]),
        velocity_err=grid.velocity_step_kms(found["channel"]) * found["channel_err"],
        line_fwhm_err=grid.width_kms(found["line_fwhm_chan_err"], found["channel"]),
        line_w20_err=grid.width_kms(found["line_w20_chan_err"], found["channel"]),
        fwhm_x_err=found["fwhm_x_px_err"] * grid.cell_arcsec,
        fwhm_y_err=found["fwhm_y_px_err"] * grid.cell_arcsec,
        line_shift_err=found["line_shift_px_err"] * grid.cell_arcsec,
    )


def towards_velocity(pa: float, grid: Grid) -> float:
    """Position angle with rising velocity of what moves along `pa` with rising channel."""
    rising = grid.freq_hz[-1] > grid.freq_hz[0]
    return (pa + 180.0) % 360.0 if rising else pa
