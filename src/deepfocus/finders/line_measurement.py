"""Measure a source at a given position and channel by fitting its spectrum and its line image.

For finders that provide a position, a channel and a rough width, but no measurement of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import erf

from deepfocus.core.cell_shape import pixels_to_sky
from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.mapped_ellipses import mapped
from deepfocus.core.orientation import is_upright
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse, Source
from deepfocus.ops.boxes import BOX_FRACTION, Box, source_box
from deepfocus.ops.continuum import Continuum
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.ellipses import deconvolved
from deepfocus.ops.fitted_beam import fit_beam
from deepfocus.ops.gaussian_fits import FittedLine, FittedSource, fit_line, fit_source
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.ops.snr import mad_sigma

LINE_IS_WITHIN = 1.5
"""Half-width, in line FWHMs, of the channel range excluded from the continuum."""
SUMMED_WITHIN = 1.0
"""Half-width, in line FWHMs, of the channel range over which a line is summed."""
HOLDS = float(erf(2 * SUMMED_WITHIN * np.sqrt(np.log(2))))
"""Fraction of a Gaussian line's flux in that sum."""
SHAPE_SNR = 6.0
"""Below this SNR a line image does not constrain the shape; the source counts as unresolved."""


@dataclass(frozen=True)
class MeasuredLine:
    """A source and its line.

    source : deconvolved from the beam; line_jy and continuum_jy without primary beam correction
    line_jy_beam, continuum_jy_beam : peak values in the cube
    """

    source: Source
    line_jy_beam: float
    continuum_jy_beam: float
    spectrum: np.ndarray
    image: np.ndarray
    window: Window


def beam_ellipse(cube: Cube, channel: float | None = None) -> Ellipse:
    """The main lobe of the cube's beam as an ellipse in pixels, at the origin.

    channel : whose beam it is, where they differ; the median one by default
    Raises `DeepFocusError` if the cube has neither a beam nor a dirty beam.
    """
    beam, cell = cube.beam if channel is None else cube.beam_in(channel), cube.grid.cell_arcsec
    if beam is None and cube.psf is not None:
        beam = fit_beam(cube.psf[len(cube.psf) // 2], cell)
    if beam is None:
        raise DeepFocusError(
            "the cube has neither a beam nor a PSF",
            wanted="BMAJ, BMIN and BPA in its header, or NAME.psf.fits next to NAME.fits",
            remedy="add the beam to the header, or export the PSF of the imaging run",
        )
    pa = beam.pa_deg % 180.0
    if cube.beam is not None and not (cube.grid.square_cells and is_upright(cube.grid)):
        return _in_pixels(beam, cube.grid)
    fwhm_x, fwhm_y = axes_from_major_minor(beam.major_arcsec / cell, beam.minor_arcsec / cell, pa)
    return Ellipse(0.0, 0.0, float(fwhm_x), float(fwhm_y), pa)


def _in_pixels(beam: Beam, grid: Grid) -> Ellipse:
    """A beam, whose sizes and angle are on the sky, on pixels of any shape."""
    pa = beam.pa_deg % 180.0
    on_sky = axes_from_major_minor(beam.major_arcsec, beam.minor_arcsec, pa)
    fwhm_x, fwhm_y, angle = mapped(np.linalg.inv(pixels_to_sky(grid.sky)), *on_sky, pa)
    return Ellipse(0.0, 0.0, float(fwhm_x), float(fwhm_y), float(angle))


def measure_line(
    cube: Cube, beam: Ellipse, *, x: float, y: float, line: ChannelRange
) -> MeasuredLine:
    """Fit the line and the source near a position.

    beam : from `beam_ellipse`; line : approximate channels of the line, centre +- FWHM
    """
    reach = int(np.ceil(3 * max(beam.fwhm_x_px, beam.fwhm_y_px)))
    window = Window(x, y, 2 * reach + 1)
    cutout = crop(cube.array, window)
    channel, fwhm_chan = line.centre, (line.hi - line.lo) / 2
    beam = beam if cube.beams is None else beam_ellipse(cube, channel)
    continuum = Continuum((around(channel, LINE_IS_WITHIN * fwhm_chan),)).image(cutout)
    emission = cutout - continuum
    at = beam.shifted(x=x - window.x0, y=y - window.y0)
    spectrum = weighted_spectrum(emission, at)
    fitted = fit_line(spectrum, channel=channel, fwhm_chan=fwhm_chan)
    fitted = fitted or FittedLine(channel, fwhm_chan, float(np.nanmax(spectrum)))
    summed = around(fitted.channel, SUMMED_WITHIN * fitted.fwhm_chan).slice(len(emission))
    image = emission[summed].sum(axis=0, dtype=float)
    apparent = _apparent(image, at)
    apparent_ellipse = apparent.ellipse.shifted(x=window.x0, y=window.y0)
    source = deconvolved(apparent_ellipse, beam)
    per_beam = apparent.ellipse.area_px / beam.area_px
    line_jy_chan = apparent.peak * per_beam / HOLDS
    continuum_jy_beam = _amplitude(continuum, apparent.ellipse)
    return MeasuredLine(
        source=Source(
            **vars(source),
            channel=fitted.channel,
            fwhm_chan=fitted.fwhm_chan,
            line_jy=line_jy_chan / (fitted.fwhm_chan * GAUSSIAN_AREA),
            continuum_jy=continuum_jy_beam * per_beam,
        ),
        line_jy_beam=apparent.peak / HOLDS / (fitted.fwhm_chan * GAUSSIAN_AREA),
        continuum_jy_beam=continuum_jy_beam,
        spectrum=spectrum,
        image=image.astype(np.float32),
        window=window,
    )


def weighted_spectrum(emission: np.ndarray, at: Ellipse) -> np.ndarray:
    """(chan,) least-squares amplitude of the shape `at` in every channel of (chan, y, x)."""
    template = gaussian_2d(emission.shape[1:], at).astype(float)
    return np.tensordot(emission, template, axes=2) / float(np.sum(template**2))


def _apparent(image: np.ndarray, at: Ellipse) -> FittedSource:
    """The source fitted in a line image; a point source at `at` if it is too faint to fit."""
    noise = mad_sigma(image)
    point = FittedSource(at, _amplitude(image, at))
    if noise <= 0 or point.peak < SHAPE_SNR * noise:
        return point
    return fit_source(image, at) or point


def _amplitude(image: np.ndarray, ellipse: Ellipse) -> float:
    template = gaussian_2d(image.shape, ellipse).astype(float)
    return float(np.sum(template * image) / np.sum(template**2))


def row_of(measured: MeasuredLine, cube: Cube, *, noise_jy_beam: float) -> dict[str, Any]:
    """The catalogue columns that a measurement fills."""
    source = measured.source
    response = 1.0
    if cube.primary_beam is not None:
        known = float(cube.primary_beam_at(x=source.x, y=source.y))
        response = known if known > 0 else np.nan
    kms_per_chan = float(cube.grid.width_kms(1.0, source.channel))
    box = box_of(source)
    return {
        "x": source.x,
        "y": source.y,
        "channel": source.channel,
        "line_fwhm_chan": source.fwhm_chan,
        "channel_lo": source.span.lo,
        "channel_hi": source.span.hi,
        "box_x0": box.x0,
        "box_x1": box.x1,
        "box_y0": box.y0,
        "box_y1": box.y1,
        "fwhm_x_px": source.fwhm_x_px,
        "fwhm_y_px": source.fwhm_y_px,
        "pa": source.pa,
        "line_flux": source.line_jy * source.fwhm_chan * GAUSSIAN_AREA * kms_per_chan / response,
        "continuum": 1e3 * source.continuum_jy / response,
        "peak": 1e3 * (measured.line_jy_beam + measured.continuum_jy_beam),
        "snr_peak": measured.line_jy_beam / noise_jy_beam if noise_jy_beam > 0 else np.nan,
    }


def box_of(ellipse: Ellipse) -> Box:
    """The box of a measured source, at least one pixel wide."""
    least = float(1 / np.sqrt(np.log2(1 / BOX_FRACTION)))
    wide = replace(
        ellipse,
        fwhm_x_px=max(ellipse.fwhm_x_px, least),
        fwhm_y_px=max(ellipse.fwhm_y_px, least),
    )
    return source_box(wide)
