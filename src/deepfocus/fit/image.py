"""The dirty image of components over a whole cube, for subtraction: sidelobes and all.

A component without a gradient is one image times one spectrum at each node in frequency. One that
moves is another image in every channel of its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.fft import ifft, irfft

from deepfocus.core.voxels import Changeable, runs
from deepfocus.core.workspace import TILE_PX
from deepfocus.fit.attenuation import NO_PRIMARY_BEAM, Attenuation, attenuation_near
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    X,
    Y,
    covariance_of,
    tilt,
)
from deepfocus.fit.spectra import Profile, Sampled, window
from deepfocus.forward.response import Response, summed

REACH_SIGMA = 5.0
"""Of a Gaussian in an image: beyond, it is below 4e-6 of its peak."""
SIDE_STEP = 16
"""Pixels: squares of few sizes need few transforms of the beam."""
MOST_PLANES = 24
"""Held at once before they are added."""
TOGETHER = 1 << 18
"""Voxels made at once of planes, about: more would leave the cache."""
MOST_GROWTH = 2.0
"""Exponent of a Gaussian of negative size, which noise may make of a point: it grows towards long
baselines. Within the uv coverage it stays well below; beyond, the end of the known beam leaves a
little power, which else would be multiplied by 1e9."""
NO_WEIGHT = 1e-6
"""Of a node's flux, relative to the largest: it is left out."""


@dataclass(frozen=True, eq=False)
class Part:
    """Components (n, 12) whose image is part of a model, times a sign.

    profile : how channels see their lines
    """

    values: np.ndarray
    profile: Profile = field(default_factory=Sampled)
    sign: float = 1.0


def model_cube(
    values: np.ndarray, response: Response, *, profile: Profile | None = None
) -> np.ndarray:
    """(chan, y, x) float32 Jy/beam: the dirty image of components (n, 12)."""
    chan = response.interpolation.shape[1]
    out = np.zeros((chan, response.ny, response.nx), np.float32)
    add_model(out, [Part(values, profile or Sampled())], response)
    return out


def add_model(
    out: Changeable,
    parts: Sequence[Part],
    response: Response,
    *,
    channels: np.ndarray | None = None,
) -> None:
    """Add the dirty image of components to a cube (chan, y, x) in place.

    Sidelobes end where the known dirty beam does.
    channels : (chan,) bool, those that are drawn; all of them by default
    """
    drawn = np.ones(len(out), bool) if channels is None else channels
    layers: list[_Layers] = []
    for part in parts:
        for row in np.asarray(part.values, float):
            if np.any(row[GRADIENT]):
                _add_moving_line(out, row, response, part, drawn)
                row = row.copy()
                row[FLUX] = 0.0
            layers += _still(row, response, part, drawn)
            if sum(len(each.planes) for each in layers) > MOST_PLANES:
                _add_layers(out, layers)
                layers = []
    _add_layers(out, layers)


def spectrum_of(row: np.ndarray, profile: Profile, channels: int) -> np.ndarray:
    """(chan,) Jy of a component, its line and its continuum, before the primary beam."""
    at = np.arange(channels)
    near = window(row[CHANNEL], row[SIGMA], channels)
    spectrum: np.ndarray = row[CONTINUUM] + row[SLOPE] * tilt(at, channels)
    spectrum[near] += row[FLUX] * _line(row, at[near], profile)
    return spectrum


@dataclass(frozen=True, eq=False)
class _Layers:
    """Images (plane, y, x) at the rows and columns `here`, and how much of each a channel shows.

    amounts : (chan, plane) float32
    """

    here: tuple[slice, slice]
    planes: np.ndarray
    amounts: np.ndarray


def _add_layers(out: Changeable, layers: Sequence[_Layers]) -> None:
    """Add images to a cube; all those at the same place by going through it once."""
    places: dict[tuple[int, ...], list[_Layers]] = {}
    for each in layers:
        rows, columns = each.here
        places.setdefault((rows.start, rows.stop, columns.start, columns.stop), []).append(each)
    for there in places.values():
        planes = np.concatenate([each.planes for each in there])
        amounts = np.concatenate([each.amounts for each in there], axis=1)
        _add_planes(out, there[0].here, planes, amounts)


def _add_planes(
    out: Changeable, here: tuple[slice, slice], planes: np.ndarray, amounts: np.ndarray
) -> None:
    """Add amounts (chan, plane) of planes (plane, y, x) at rows and columns, piece by piece.

    Pieces of a whole image are whole tiles, as what changes is kept.
    """
    (rows, columns), (_, ny, nx) = here, planes.shape
    shining = np.asarray(amounts.any(axis=1))
    strip = TILE_PX * max(1, TOGETHER // (TILE_PX * nx))
    for low in range(0, ny, strip):
        part = planes[:, low : low + strip]
        at = slice(rows.start + low, rows.start + low + part.shape[1])
        flat = part.reshape(len(part), -1)
        for some in runs(shining, max(1, TOGETHER // flat.shape[1])):
            out[some, at, columns] += (amounts[some] @ flat).reshape(-1, *part.shape[1:])


def _still(row: np.ndarray, response: Response, part: Part, channels: np.ndarray) -> list[_Layers]:
    """A component whose line stays in place, in some channels (chan,) bool, if it shines there."""
    spectrum = np.where(channels, spectrum_of(row, part.profile, len(channels)), 0.0)
    of_nodes = response.interpolation * spectrum
    strength = np.abs(of_nodes).max(axis=1)
    nodes = np.flatnonzero(strength > NO_WEIGHT * strength.max())
    if not len(nodes):
        return []
    same = len(response.dirty_beam) == 1 and response.primary_beam is None
    if same:
        of_nodes, nodes = of_nodes.sum(axis=0, keepdims=True), np.array([0])
    drawn = [_plane(row, response, int(k)) for k in nodes]
    planes = np.stack([each.values for each in drawn])
    amounts = (part.sign * of_nodes[nodes]).T.astype(np.float32)
    return [_Layers(drawn[0].here, planes, amounts)]


def _add_moving_line(
    out: Changeable, row: np.ndarray, response: Response, part: Part, channels: np.ndarray
) -> None:
    """The line of a component that is elsewhere in each channel, in some (chan,) bool of them."""
    line = window(row[CHANNEL], row[SIGMA], len(out))
    near = np.arange(len(out))[line][channels[line]]
    for channel, amount in zip(near, row[FLUX] * _line(row, near, part.profile), strict=True):
        moved = row.copy()
        moved[[X, Y]] += (channel - row[CHANNEL]) * row[GRADIENT]
        weights = response.interpolation[:, channel]
        attenuation = _attenuation(moved, response, weights)
        plane = _through(moved, response, response.shares_at(channel), attenuation)
        out[channel, *plane.here] += np.float32(part.sign * amount) * plane.values


def _line(row: np.ndarray, channels: np.ndarray, profile: Profile) -> np.ndarray:
    """(chan,) the line of unit flux."""
    line: np.ndarray = profile.of(channels, centre=row[[CHANNEL]], sigma=row[[SIGMA]])[0][0]
    return line


@dataclass(frozen=True, eq=False)
class _Plane:
    """A part of an image: values (y, x) float32 at the rows and columns `here`."""

    here: tuple[slice, slice]
    values: np.ndarray


def _plane(row: np.ndarray, response: Response, node: int) -> _Plane:
    """Dirty image at a node, of unit flux density."""
    beams = np.zeros(len(response.dirty_beam))
    beams[node if len(beams) > 1 else 0] = 1.0
    weights = np.zeros(len(response.interpolation))
    weights[node] = 1.0
    return _through(row, response, beams, _attenuation(row, response, weights))


def _through(
    row: np.ndarray, response: Response, beams: np.ndarray, attenuation: Attenuation
) -> _Plane:
    """Image of unit flux density through a primary and a dirty beam, a sum of those known.

    A beam that ends is drawn as far as it reaches.
    """
    seen = attenuation.of(row[None, [X, Y]], covariance_of(row[None]))
    (x, y), covariance = seen.centre[0], seen.covariance[0]
    factor = float(np.exp(seen.log_factor[0]))
    radius = response.beams.support_px
    if radius is not None:
        # from the source on the sky, so that it is the same square at all frequencies
        side = _side(radius, covariance_of(row[None])[0])
        if side < min(response.drawn_on):
            x0, y0 = (round(float(at)) - side // 2 for at in row[[X, Y]])
            transfer = summed(beams, response.beams.local_transfer(side))
            transform = _transform(x - x0, y - y0, covariance, factor, (side, side))
            return _cut(_seen_through(transfer, transform, side, side), x0, y0, response)
    transfer = summed(beams, response.drawn_through)
    transform = _transform(x, y, covariance, factor, response.drawn_on)
    plane = _seen_through(transfer, transform, response.ny, response.drawn_on[1])
    here = slice(0, response.ny), slice(0, response.nx)
    return _Plane(here, plane[here])


def _side(radius: int, covariance: np.ndarray) -> int:
    """Pixels of a square in which a beam of that radius and a Gaussian fit, in steps."""
    sigma = float(np.sqrt(max(np.linalg.eigvalsh(covariance)[1], 0.0)))
    return -(-(2 * (radius + int(REACH_SIGMA * sigma)) + 3) // SIDE_STEP) * SIDE_STEP


def _cut(plane: np.ndarray, x0: int, y0: int, response: Response) -> _Plane:
    """What lies in the image of a plane whose first pixel is (x0, y0) of it."""
    rows, columns = (
        slice(min(max(first, 0), n), min(max(first + side, 0), n))
        for first, side, n in zip((y0, x0), plane.shape, (response.ny, response.nx), strict=True)
    )
    inside = (
        slice(rows.start - y0, rows.stop - y0),
        slice(columns.start - x0, columns.stop - x0),
    )
    return _Plane((rows, columns), plane[inside])


def _transform(
    x: float, y: float, covariance: np.ndarray, factor: float, shape: tuple[int, int]
) -> np.ndarray:
    """(rows, columns // 2 + 1) complex64 transform of a Gaussian of a flux on that shape."""
    v, u = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    (cxx, cxy), (_, cyy) = -2 * np.pi**2 * covariance
    # single precision, as the cube's: a phase is exact before it is rounded
    along_v = np.exp(-2j * np.pi * y * v) * factor
    along_u = np.exp(-2j * np.pi * x * u)
    transform = np.outer(along_v.astype(np.complex64), along_u.astype(np.complex64))
    exponent = np.outer((2 * cxy * v).astype(np.float32), u.astype(np.float32))
    exponent += (cxx * u**2).astype(np.float32)
    exponent += (cyy * v**2).astype(np.float32)[:, None]
    np.minimum(exponent, np.float32(MOST_GROWTH), out=exponent)
    transform *= np.exp(exponent)
    return transform


def _seen_through(
    transfer: np.ndarray, transform: np.ndarray, rows: int, columns: int
) -> np.ndarray:
    """(rows, columns) the first rows of an image of so many columns, float32, from transforms.

    What lies below them, as much again, is not transformed. transform : used up
    """
    transform *= transfer
    some = ifft(transform, axis=0, overwrite_x=True)[:rows]
    plane: np.ndarray = irfft(some, n=columns, axis=1)
    return plane


def _attenuation(row: np.ndarray, response: Response, weights: np.ndarray) -> Attenuation:
    """The primary beam near a component, for weights (node,) of its planes."""
    if response.primary_beam is None:
        return NO_PRIMARY_BEAM
    rows, columns = (
        slice(min(max(round(at), 0), n - 1), min(max(round(at), 0), n - 1) + 1)
        for at, n in ((row[Y], response.ny), (row[X], response.nx))
    )
    return attenuation_near(response.primary_beam, weights, rows=rows, columns=columns)
