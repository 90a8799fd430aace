"""What can be cut out of a cube for each source: cubelet, mask, moments, spectrum, and a
position-velocity cut along its gradient, or else its longer axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import Grid
from deepfocus.core.orientation import image_angle, plane_at
from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.ops.ellipses import covariance_of, ellipse_of
from deepfocus.ops.line_maps import (
    FEWEST_FREE,
    MASKED_SNR,
    aperture_sums,
    ellipse_mask,
    line_free,
    moments_of,
    scatter,
    without_continuum,
)
from deepfocus.ops.outlines import Outline, beam_outline, outlines
from deepfocus.ops.position_velocity import slit

APERTURE_FWHM = 1.25
"""Semi-axes of a source's aperture, FWHM as the cube shows it: 98.7% of a Gaussian."""
SIDE_FWHM = 3.0
"""Half a side of a cutout."""
LEAST_HALF_PX = 8
LINE_FWHM = 1.0
"""From a line's centre: channels that are summed. 98% of a Gaussian."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Of a source.

    flux_jy, flux_err_jy : (chan,) in its aperture, and what noise scatters such sums by, measured
        where the line is not; NaN in a dirty cube, where a sum over the beam is no flux
    peak_jy_beam : (chan,) at its centre
    """

    flux_jy: np.ndarray
    flux_err_jy: float
    peak_jy_beam: np.ndarray


@dataclass(frozen=True, eq=False)
class Maps:
    """Images (y, x) of a line, without continuum.

    total : moment 0, the cube's unit times km/s; dispersion : moment 2, a standard deviation in
        km/s; both with c dnu / nu at the line, as the catalogue's flux and width have it
    velocity : moment 1, km/s, on the cube's axis
    """

    total: np.ndarray
    velocity: np.ndarray
    dispersion: np.ndarray


@dataclass(frozen=True, eq=False)
class Cut:
    """A line by position and channel, through a source, the mean over the width of the beam.

    values : (chan, place), the cube's unit, without continuum; NaN where blank
    step_arcsec : from place to place; the middle one is the source's
    pa_deg : on the sky, towards which places count up
    along_gradient : whether that is where velocity rises; else it is the longer axis, or north
    outline : (4, 2) corners (place, channel) of the source: its FWHM through the beam, in the
        channels of its line's, leaning as it moves
    """

    values: np.ndarray
    step_arcsec: float
    pa_deg: float
    along_gradient: bool
    outline: np.ndarray


@dataclass(frozen=True, eq=False)
class Cutout:
    """Around a source.

    cube : all channels of some rows and columns, as they came; y0, x0 : its first pixel
    mask : (chan, y, x) bool of it; moments, cut : of the line
    channels : over which moment 0 is summed
    """

    source_id: int
    cube: Cube
    y0: int
    x0: int
    mask: np.ndarray
    channels: slice
    moments: Maps
    cut: Cut
    spectrum: Spectrum


@dataclass(frozen=True)
class _Shown:
    """A source as the cube shows it.

    pa_deg : of its cut; along_gradient : as of a `Cut`
    shift_arcsec : what its centre moves over the line's FWHM
    """

    number: int
    ellipse: Ellipse
    channel: float
    fwhm: float
    pa_deg: float
    along_gradient: bool
    shift_arcsec: float


@dataclass(frozen=True, eq=False)
class _Lines:
    """Of all sources, (n,): where they are, how far they shine, px, and in which channels."""

    x: np.ndarray
    y: np.ndarray
    reach_px: np.ndarray
    channel: np.ndarray
    fwhm: np.ndarray

    @classmethod
    def of(cls, sources: Catalogue) -> _Lines:
        sizes = np.nan_to_num(np.maximum(sources["fwhm_x_px"], sources["fwhm_y_px"]))
        known = np.isfinite(sources["x"] + sources["y"] + sources["channel"])
        fwhm = np.maximum(np.nan_to_num(sources["line_fwhm_chan"]), 1.0)
        columns = (sources["x"], sources["y"], sizes, sources["channel"], fwhm)
        return cls(*(np.asarray(each, float)[known] for each in columns))

    def leave(self, free: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """(chan,) bool, of free channels those without the lines in a part of the image.

        All of them where too few would be left.
        """
        inside = (
            (self.x > columns.start - self.reach_px)
            & (self.x < columns.stop + self.reach_px)
            & (self.y > rows.start - self.reach_px)
            & (self.y < rows.stop + self.reach_px)
        )
        left = free.copy()
        for channel, fwhm in zip(self.channel[inside], self.fwhm[inside], strict=True):
            left &= line_free(len(free), centre=float(channel), fwhm=float(fwhm))
        return left if np.count_nonzero(left) >= FEWEST_FREE else free


def cutouts_of(found: Catalogue, cube: Cube, *, among: Catalogue | None = None) -> Iterator[Cutout]:
    """Of each source with a line, in the order of the catalogue.

    among : all sources whose lines count as no continuum; those of the catalogue by default
    """
    lines = _Lines.of(found if among is None else among)
    beam = beam_outline(cube)
    point = covariance_of(_ellipse(beam)) if beam is not None else np.eye(2)
    shapes = outlines(found, cube)
    names = ("id", "x", "y", "channel", "line_fwhm_chan", "pa", "kinematic_pa", "line_shift")
    for number, x, y, channel, fwhm, *angles in zip(*(found[name] for name in names), strict=True):
        if not np.isfinite([x, y, channel]).all():
            continue
        own = shapes.get(int(number))
        covariance = point + (0 if own is None else covariance_of(_ellipse(own)))
        longer, rises, shift = (float(each) for each in angles)
        yield _cutout(
            cube,
            _Shown(
                number=int(number),
                ellipse=ellipse_of(covariance, x=float(x), y=float(y)),
                channel=float(channel),
                fwhm=max(float(fwhm), 1.0) if np.isfinite(fwhm) else 1.0,
                pa_deg=next((each for each in (rises, longer) if np.isfinite(each)), 0.0),
                along_gradient=bool(np.isfinite(rises)),
                shift_arcsec=shift if np.isfinite([rises, shift]).all() else 0.0,
            ),
            lines,
        )


def _ellipse(outline: Outline) -> Ellipse:
    along = outline.pa % 180.0 < 90.0
    axes = (outline.major, outline.minor) if along else (outline.minor, outline.major)
    return Ellipse(outline.x, outline.y, *axes, outline.pa % 180.0)


def _cutout(cube: Cube, source: _Shown, lines: _Lines) -> Cutout:
    rows, columns = _around(source.ellipse, cube)
    data = np.asarray(cube.data[:, rows, columns])
    small = _cropped(cube, data, rows, columns)
    inside = source.ellipse.shifted(x=-columns.start, y=-rows.start)
    aperture = ellipse_mask((data.shape[1], data.shape[2]), inside, scale=APERTURE_FWHM)
    channels = _channels_of(source.channel, source.fwhm, len(data))
    free = lines.leave(line_free(len(data), centre=source.channel, fwhm=source.fwhm), rows, columns)
    line, noise = without_continuum(data, free)
    mask = np.zeros(data.shape, bool)
    mask[channels] = aperture & (line[channels] > MASKED_SNR * noise)
    line, data = small.as_it_came(line), small.as_it_came(data)
    return Cutout(
        source_id=source.number,
        cube=small.with_data(data),
        y0=rows.start,
        x0=columns.start,
        mask=mask,
        channels=channels,
        moments=_maps(line, mask, channels, cube, source.channel),
        cut=_cut(line, small, inside, source),
        spectrum=_spectrum(small, data, aperture, free, inside),
    )


def _cut(line: np.ndarray, cube: Cube, shown: Ellipse, source: _Shown) -> Cut:
    """As long as the cutout is wide."""
    grid = cube.grid
    angle = float(image_angle(grid, source.pa_deg, x=shown.x, y=shown.y))
    angle = angle if np.isfinite(angle) else source.pa_deg
    radians = np.deg2rad(angle)
    direction = np.array([-np.sin(radians), np.cos(radians)])
    step = plane_at(grid, x=shown.x, y=shown.y) @ direction
    step_arcsec = float(np.hypot(*step)) * grid.cell_arcsec
    half_px = max(grid.ny, grid.nx) // 2
    fwhm_px = FWHM_PER_SIGMA * float(np.sqrt(direction @ covariance_of(shown) @ direction))
    return Cut(
        values=slit(
            line,
            x=shown.x,
            y=shown.y,
            angle=angle,
            half_px=half_px,
            width_px=2 * int((cube.beam_px or 1.0) / 2) + 1,
        ),
        step_arcsec=step_arcsec,
        pa_deg=source.pa_deg,
        along_gradient=source.along_gradient,
        outline=np.array([half_px, source.channel])
        + _corners(fwhm_px, source.fwhm, source.shift_arcsec / step_arcsec * _rises(grid)),
    )


def _corners(size: float, width: float, shift: float) -> np.ndarray:
    """(4, 2) of a box of a size and a width in channels, that moves by `shift` over the width."""
    places = np.array([-size - shift, size - shift, size + shift, -size + shift]) / 2
    return np.column_stack([places, np.array([-width, -width, width, width]) / 2])


def _rises(grid: Grid) -> int:
    """1 where velocity rises with the channel, else -1."""
    return 1 if grid.freq_hz[-1] < grid.freq_hz[0] else -1


def _around(shown: Ellipse, cube: Cube) -> tuple[slice, slice]:
    half = max(SIDE_FWHM * max(shown.fwhm_x_px, shown.fwhm_y_px), LEAST_HALF_PX)
    rows, columns = (
        # of a centre beyond the image, the pixels that are nearest
        slice(min(max(int(at - half), 0), n - 1), min(max(int(at + half) + 2, 1), n))
        for at, n in ((shown.y, cube.grid.ny), (shown.x, cube.grid.nx))
    )
    return rows, columns


def _channels_of(channel: float, fwhm: float, n: int) -> slice:
    """Of a line, one of them at least."""
    first = int(np.clip(np.ceil(channel - LINE_FWHM * fwhm), 0, n - 1))
    last = int(np.clip(np.floor(channel + LINE_FWHM * fwhm), first, n - 1))
    return slice(first, last + 1)


def _cropped(cube: Cube, data: np.ndarray, rows: slice, columns: slice) -> Cube:
    """With its own part of the primary beam; a dirty beam stays whole."""
    grid = cube.grid.cropped(
        y0=rows.start,
        x0=columns.start,
        ny=rows.stop - rows.start,
        nx=columns.stop - columns.start,
    )
    primary = cube.primary_beam
    return replace(
        cube,
        data=data,
        grid=grid,
        primary_beam=None if primary is None else primary[:, rows, columns],
    )


def _maps(line: np.ndarray, mask: np.ndarray, channels: slice, cube: Cube, channel: float) -> Maps:
    moments = moments_of(line, mask, channels=channels)
    width = float(cube.grid.width_kms(1.0, channel))
    return Maps(
        total=moments.total * width,
        velocity=_velocity_kms(cube, moments.centre, channel),
        dispersion=moments.spread * width,
    )


def _velocity_kms(cube: Cube, at: np.ndarray, channel: float) -> np.ndarray:
    """Of the axis, at channels; about the line where there is no rest frequency."""
    grid = cube.grid
    if np.isfinite(grid.velocity_kms(channel)):
        return np.asarray(grid.velocity_kms(at), float)
    about: np.ndarray = (at - channel) * grid.width_kms(1.0, channel) * _rises(grid)
    return about


def _spectrum(
    cube: Cube, data: np.ndarray, aperture: np.ndarray, free: np.ndarray, shown: Ellipse
) -> Spectrum:
    row = int(np.clip(round(shown.y), 0, data.shape[1] - 1))
    column = int(np.clip(round(shown.x), 0, data.shape[2] - 1))
    peak = data[:, row, column].astype(float)
    if cube.psf is not None or cube.beam is None:
        return Spectrum(np.full(len(data), np.nan), float("nan"), peak)
    sums = aperture_sums(data, aperture) / cube.beam_areas_px()
    return Spectrum(sums, scatter(sums, free), peak)
