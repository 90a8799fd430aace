"""What was understood of a cube, and what is missing, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.core.cell_shape import sides_arcsec
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.finders.deepfocus.sight import Sight, sight_of

AT_ONCE = 1 << 24
"""Voxels that are looked at together."""


@dataclass(frozen=True)
class SkyAxes:
    """Of the image: its centre in ICRS degrees, NaN if it is at no known place.

    cell_arcsec : sides of a pixel in x and y; field_arcsec : of the image
    """

    ra_deg: float
    dec_deg: float
    projection: str
    cell_arcsec: tuple[float, float]
    field_arcsec: tuple[float, float]


@dataclass(frozen=True)
class Band:
    """Of the spectral axis. frequency_hz, velocity_kms : of the lowest and the highest channel

    velocity_kms : radio velocities; None without a rest frequency
    nominal : the axis is one of velocity without a rest frequency; frequencies mean nothing
    """

    frequency_hz: tuple[float, float] | None
    velocity_kms: tuple[float, float] | None
    channel_width_hz: float | None
    channel_width_kms: float
    rest_frequency_hz: float | None
    frame: str
    nominal: bool


@dataclass(frozen=True)
class Beams:
    """What is known of the beams.

    fwhm_px, across : of the beam, pixels, and how many of them span the shorter side
    channel_fwhm_px : narrowest and widest where they differ by channel; None where one is for all
    dirty_beam, primary_beam : at how many channels they are known, and the file; 0 if they are not
    """

    major_arcsec: float | None
    minor_arcsec: float | None
    pa_deg: float | None
    fwhm_px: float | None
    channel_fwhm_px: tuple[float, float] | None
    across: float | None
    dirty_beam: int
    dirty_beam_file: str | None
    primary_beam: int
    primary_beam_file: str | None


@dataclass(frozen=True)
class NoiseLevels:
    """mJy/beam. by_channel : None in a channel without data; kind : its power, 'measured' or known

    relative : lowest and highest by position in the image, over the mean
    continuum_channels : those to which a continuum was fitted that was subtracted from the spectra,
        as their noise shows; empty where it does not
    """

    median: float
    lowest: float
    highest: float
    relative: tuple[float, float]
    kind: str
    by_channel: tuple[float | None, ...]
    continuum_channels: tuple[int, ...]


@dataclass(frozen=True)
class Missing:
    """What is not known, what follows from that, and what supplies it."""

    what: str
    effect: str
    remedy: str


@dataclass(frozen=True)
class Inspection:
    """Of one cube. shape : (chan, y, x)

    blank : share of the voxels that have no data, NaN where they were not counted
    blank_channels : those without any data
    noise : None where it cannot be measured, and `notes` say why
    """

    name: str
    shape: tuple[int, int, int]
    unit: str
    sky: SkyAxes
    band: Band
    beams: Beams
    blank: float
    blank_channels: tuple[int, ...]
    noise: NoiseLevels | None
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Values:
    """What reading a cube's values tells; the fields are those of `Inspection`."""

    blank: float
    blank_channels: tuple[int, ...]
    noise: NoiseLevels | None
    notes: tuple[str, ...]


UNREAD = Values(float("nan"), (), None, ("blanks and noise were not measured: the cube is large",))


def inspected(cube: Cube) -> Inspection:
    """Look at a cube as the default finder would, without searching it."""
    return _with_values(cube, _read(cube))


def inspected_unread(cube: Cube) -> Inspection:
    """The same of a cube whose values take long to read: blanks (NaN) and noise are not known."""
    return _with_values(cube, UNREAD)


def _with_values(cube: Cube, values: Values) -> Inspection:
    return Inspection(
        name=str(cube.meta.get("name", "")),
        shape=(len(cube.data), cube.grid.ny, cube.grid.nx),
        unit=cube.unit,
        sky=_sky(cube),
        band=_band(cube),
        beams=_beams(cube),
        blank=values.blank,
        blank_channels=values.blank_channels,
        noise=values.noise,
        missing=tuple(_missing(cube)),
        notes=(*cube.meta.get("notes", ()), *values.notes),
    )


def _read(cube: Cube) -> Values:
    known = _known(cube.data)
    noise, said = _noise(cube)
    voxels = float(np.prod([float(n) for n in cube.grid.shape]))
    blank_channels = tuple(int(channel) for channel in np.flatnonzero(known == 0))
    return Values(1.0 - float(known.sum()) / voxels, blank_channels, noise, said)


def _known(data: Voxels) -> np.ndarray:
    """(chan,) voxels that have data."""
    known = np.zeros(len(data))
    for block in channel_blocks(data.shape, AT_ONCE):
        known[block] = np.isfinite(data[block]).sum(axis=(1, 2))
    return known


def _sky(cube: Cube) -> SkyAxes:
    grid = cube.grid
    centre = grid.sky_at((grid.nx - 1) / 2, (grid.ny - 1) / 2)
    x, y = sides_arcsec(grid.sky)
    return SkyAxes(
        ra_deg=float(centre.ra.deg),
        dec_deg=float(centre.dec.deg),
        projection=" ".join(str(each) for each in grid.sky.wcs.ctype),
        cell_arcsec=(x, y),
        field_arcsec=(x * grid.nx, y * grid.ny),
    )


def _band(cube: Cube) -> Band:
    grid = cube.grid
    ends = np.array([0, len(grid.freq_hz) - 1])
    velocity = np.sort(grid.velocity_kms(ends))
    return Band(
        frequency_hz=None if grid.nominal else (min(grid.freq_hz), max(grid.freq_hz)),
        velocity_kms=None if grid.rest_hz is None else (float(velocity[0]), float(velocity[1])),
        channel_width_hz=None if grid.nominal else grid.channel_width_hz,
        channel_width_kms=float(grid.width_kms(1.0, float(ends.mean()))),
        rest_frequency_hz=None if grid.nominal else grid.rest_hz,
        frame=grid.specsys,
        nominal=grid.nominal,
    )


def _beams(cube: Cube) -> Beams:
    beam, px = cube.beam, cube.beam_px
    return Beams(
        major_arcsec=None if beam is None else beam.major_arcsec,
        minor_arcsec=None if beam is None else beam.minor_arcsec,
        pa_deg=None if beam is None else beam.pa_deg,
        fwhm_px=px,
        channel_fwhm_px=_narrowest_and_widest(cube),
        across=None if px is None else min(cube.grid.ny, cube.grid.nx) / px,
        dirty_beam=0 if cube.psf is None else len(cube.psf),
        dirty_beam_file=cube.meta.get("psf"),
        primary_beam=0 if cube.primary_beam is None else len(cube.primary_beam),
        primary_beam_file=cube.meta.get("primary_beam"),
    )


def _narrowest_and_widest(cube: Cube) -> tuple[float, float] | None:
    if cube.beams is None:
        return None
    areas = np.nan_to_num(cube.beams.major_arcsec * cube.beams.minor_arcsec)
    fwhm_px = np.sqrt(areas[areas > 0]) / cube.grid.cell_arcsec
    return float(fwhm_px.min()), float(fwhm_px.max())


def _noise(cube: Cube) -> tuple[NoiseLevels | None, tuple[str, ...]]:
    """As the search measures it first, in bright sources' light; and why it could not."""
    try:
        sight = sight_of(cube)
    except DeepFocusError as error:
        return None, (f"the noise was not measured: {error.came}",)
    noise = sight.noise
    told = noise.channel[noise.searched]
    if not len(told):
        return None, ("the noise cannot be measured: no channel has enough values that scatter",)
    levels = 1e3 * noise.channel.astype(float)
    return NoiseLevels(
        median=float(np.median(1e3 * told)),
        lowest=float(1e3 * told.min()),
        highest=float(1e3 * told.max()),
        relative=(float(noise.position.min()), float(noise.position.max())),
        kind=sight.power.name or "measured",
        by_channel=tuple(float(each) if np.isfinite(each) else None for each in levels),
        continuum_channels=_continuum_channels(sight),
    ), ()


def _continuum_channels(sight: Sight) -> tuple[int, ...]:
    if sight.subtracted is None:
        return ()
    return tuple(int(each) for each in np.flatnonzero(sight.subtracted.channels))


def _missing(cube: Cube) -> Iterator[Missing]:
    if cube.beam is None and cube.psf is None:
        yield Missing(
            "beam",
            "without it the default finder cannot search",
            "give --psf FILE, or add BMAJ, BMIN and BPA to the header",
        )
    elif cube.psf is None:
        yield Missing(
            "dirty beam",
            "right for a restored cube; in a dirty one sidelobes are taken for sources",
            "give --psf FILE, or put NAME.psf.fits beside it",
        )
    if cube.primary_beam is None:
        yield Missing(
            "primary beam",
            "fluxes are not corrected for it",
            "give --pb FILE, or put NAME.pb.fits beside it",
        )
    if cube.grid.nominal or cube.grid.rest_hz is None:
        yield Missing(
            "rest frequency",
            "there are no velocities" if not cube.grid.nominal else "there are no frequencies",
            "give --rest-frequency, such as '230.538 GHz'",
        )
    if not np.isfinite(cube.grid.width_kms(1.0, 0.0)):
        yield Missing(
            "width of the channel",
            "there is no line flux, only flux densities",
            "add CDELT of the spectral axis to the header",
        )
    if cube.grid.frame is None:
        yield Missing(
            "frame of the sky", "positions are in pixels alone", "correct CTYPE and RADESYS"
        )
