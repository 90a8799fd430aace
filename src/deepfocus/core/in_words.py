"""A cube in one paragraph, for a notebook or a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astropy import units as u

from deepfocus.core.cell_shape import in_words as cells_in_words

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord

    from deepfocus.core.cube import Cube
    from deepfocus.core.grid import Grid
    from deepfocus.core.noise import Noise


def cube_in_words(cube: Cube) -> str:
    """Size, position, band, beams and noise of a cube."""
    return ". ".join((_size(cube), _axes(cube), _instrument(cube))) + "."


def _size(cube: Cube) -> str:
    chan, ny, nx = cube.data.shape
    name = cube.meta.get("name", cube.meta.get("object"))
    called = f" '{name}'" if name else ""
    channels = "1 channel" if chan == 1 else f"{chan} channels"
    return f"Cube{called}: {channels} of {ny} x {nx} pixels (y, x), {cube.unit}"


def _axes(cube: Cube) -> str:
    grid = cube.grid
    return f"{_position(grid)}, pixels of {cells_in_words(grid.sky)}; {_band(grid)}"


def _position(grid: Grid) -> str:
    centre = grid.sky_at((grid.nx - 1) / 2, (grid.ny - 1) / 2)
    return f"Centre {place_in_words(centre)}"


def place_in_words(place: SkyCoord) -> str:
    """'RA 12:23:06.21, Dec +05:15:01.3'."""
    if not np.isfinite(place.ra.deg):
        return "at no known place on the sky"
    return (
        f"RA {place.ra.to_string(unit=u.hourangle, sep=':', precision=2, pad=True)}, "
        f"Dec {place.dec.to_string(unit=u.deg, sep=':', precision=1, pad=True, alwayssign=True)}"
    )


def _band(grid: Grid) -> str:
    if len(grid.freq_hz) == 1:
        return _channel(grid)
    last = len(grid.freq_hz) - 1
    kms = float(grid.width_kms(1.0, last / 2))
    if grid.nominal:
        low, high = np.sort(grid.velocity_kms(np.array([0, last])))
        return (
            f"{low:.6g} to {high:.6g} km/s in channels of {kms:.3g} km/s, {grid.specsys}, rest "
            "frequency not known"
        )
    low, high = min(grid.freq_hz), max(grid.freq_hz)
    rest = f"{grid.rest_hz / 1e9:.6g} GHz" if grid.rest_hz else "not known"
    return (
        f"{low / 1e9:.6g} to {high / 1e9:.6g} GHz in channels of "
        f"{grid.channel_width_hz / 1e6:.4g} MHz ({kms:.3g} km/s), {grid.specsys}, rest frequency "
        f"{rest}"
    )


def _channel(grid: Grid) -> str:
    """The band of a grid of one channel, of which less may be known."""
    kms = float(grid.width_kms(1.0, 0.0))
    width = f"{kms:.4g} km/s wide" if np.isfinite(kms) else "width not known"
    if grid.nominal:
        return f"one channel, frequency not known, {width}"
    return f"one channel at {grid.freq_hz[0] / 1e9:.6g} GHz, {width}, {grid.specsys}"


def _instrument(cube: Cube) -> str:
    beam = "not known"
    if cube.beam is not None:
        beam = (
            f"{cube.beam.major_arcsec:.3g} x {cube.beam.minor_arcsec:.3g} arcsec at "
            f"{cube.beam.pa_deg:.0f} deg"
        )
    planes = {"dirty beam": cube.psf, "primary beam": cube.primary_beam}
    known = ", ".join(
        f"{name} {'not known' if values is None else f'at {len(values)} channels'}"
        for name, values in planes.items()
    )
    return f"Beam {beam}, {known}; noise {_noise(cube.noise)}"


def _noise(noise: Noise | None) -> str:
    if noise is None:
        return "not known"
    kind = noise.power.name or "measured"
    level = noise.level_jy_beam
    return kind if level is None else f"{kind}, {1e3 * level:.3g} mJy/beam"
