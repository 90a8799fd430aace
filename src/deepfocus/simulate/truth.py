"""The truth about a simulated sky, as a `Catalogue`: every column the detection will fill."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.ops.boxes import source_box
from deepfocus.sky.components import FWHM_PER_SIGMA, Component, EmissionLine, SkyModel

GAUSSIAN_AREA = float(np.sqrt(2 * np.pi) / FWHM_PER_SIGMA)


def truth_catalogue(sky: SkyModel, *, peaks: np.ndarray, cube: Cube) -> Catalogue:
    """One row a line of a source.

    peaks : (component,) brightest voxel of each source's own dirty emission, Jy/beam
    Line flux is that of the noise-free sky, before the primary beam.
    """
    rows = [
        _row(component, line, peak_jy_beam=peak, cube=cube)
        for component, peak in zip(sky.components, peaks, strict=True)
        for line in component.lines
    ]
    return catalogue_of_rows(rows)


def _row(
    component: Component, line: EmissionLine, *, peak_jy_beam: float, cube: Cube
) -> dict[str, float]:
    grid = cube.grid
    box = source_box(
        component.x, component.y, component.fwhm_x_px, component.fwhm_y_px, component.pa
    )
    sky = grid.sky_at(component.x, component.y)
    frequency_hz = float(grid.frequency_at(line.channel))
    channels = np.arange(len(grid.freq_hz))
    continuum_jy = component.area_px * float(
        np.interp(line.channel, channels, component.continuum(grid))
    )
    width_kms = float(grid.width_kms(line.fwhm_chan, line.channel))
    line_share = line.relative / (1 + line.relative)
    row = {
        "x": component.x,
        "y": component.y,
        "ra": sky.ra.deg,
        "dec": sky.dec.deg,
        "channel": line.channel,
        "frequency": frequency_hz,
        "line_fwhm_chan": line.fwhm_chan,
        "line_fwhm": width_kms,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "channel_lo": line.channel - line.fwhm_chan,
        "channel_hi": line.channel + line.fwhm_chan,
        "fwhm_x_px": component.fwhm_x_px,
        "fwhm_y_px": component.fwhm_y_px,
        "fwhm_x": component.fwhm_x_px * grid.cell_arcsec,
        "fwhm_y": component.fwhm_y_px * grid.cell_arcsec,
        "pa": component.pa,
        "line_flux": continuum_jy * line.relative * width_kms * GAUSSIAN_AREA,
        "peak": peak_jy_beam * 1e3,
        "continuum": continuum_jy * 1e3,
        "probability": 1.0,
    }
    if cube.noise_jy_beam:
        row["snr_peak"] = peak_jy_beam * line_share / cube.noise_jy_beam
    return row
