"""The dirty image of components over a whole cube, for subtraction: sidelobes and all.

A component without a gradient is one image times one spectrum at each node in frequency. One that
moves is another image in every channel of its line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2

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
from deepfocus.forward.response import Response

REACH_SIGMA = 5.0
"""Of a Gaussian in an image: beyond, it is below 4e-6 of its peak."""
SIDE_STEP = 16
"""Pixels: squares of few sizes need few transforms of the beam."""
NO_WEIGHT = 1e-6
"""Of a node's flux, relative to the largest: it is left out."""


def model_cube(
    values: np.ndarray, response: Response, *, profile: Profile | None = None
) -> np.ndarray:
    """(chan, y, x) float32 Jy/beam: the dirty image of components (n, 12)."""
    chan = response.interpolation.shape[1]
    out = np.zeros((chan, response.ny, response.nx), np.float32)
    add_model(out, values, response, profile=profile)
    return out


def add_model(
    out: np.ndarray,
    values: np.ndarray,
    response: Response,
    *,
    sign: float = 1.0,
    profile: Profile | None = None,
) -> None:
    """Add the dirty image of components (n, 12), times `sign`, to a cube (chan, y, x) in place.

    profile : `Sampled` unless given. Sidelobes end where the known dirty beam does.
    """
    seen_by = profile or Sampled()
    for row in np.asarray(values, float):
        if np.any(row[GRADIENT]):
            _add_moving_line(out, row, response, sign, seen_by)
            row = row.copy()
            row[FLUX] = 0.0
        _add_still(out, row, response, sign, seen_by)


def _add_still(
    out: np.ndarray, row: np.ndarray, response: Response, sign: float, profile: Profile
) -> None:
    """A component whose line stays in place."""
    channels = np.arange(len(out))
    near = window(row[CHANNEL], row[SIGMA], len(out))
    spectrum = row[CONTINUUM] + row[SLOPE] * tilt(channels, len(out))
    spectrum[near] += row[FLUX] * _line(row, channels[near], profile)
    shining = np.flatnonzero(spectrum)
    if not len(shining):
        return
    of_nodes = response.interpolation[:, shining] * spectrum[shining]
    strength = np.abs(of_nodes).max(axis=1)
    nodes = np.flatnonzero(strength > NO_WEIGHT * strength.max())
    same = len(response.dirty_beam) == 1 and response.primary_beam is None
    if same:
        of_nodes, nodes = of_nodes.sum(axis=0, keepdims=True), np.array([0])
    drawn = [_plane(row, response, int(k)) for k in nodes]
    here = drawn[0].here
    planes = np.stack([each.values.ravel() for each in drawn])
    amounts = (sign * of_nodes[nodes]).T.astype(np.float32)
    for channel, amount in zip(shining, amounts, strict=True):
        out[channel, *here] += (amount @ planes).reshape(drawn[0].values.shape)


def _add_moving_line(
    out: np.ndarray, row: np.ndarray, response: Response, sign: float, profile: Profile
) -> None:
    """The line of a component that is elsewhere in each channel."""
    near = np.arange(len(out))[window(row[CHANNEL], row[SIGMA], len(out))]
    for channel, amount in zip(near, row[FLUX] * _line(row, near, profile), strict=True):
        moved = row.copy()
        moved[[X, Y]] += (channel - row[CHANNEL]) * row[GRADIENT]
        weights = response.interpolation[:, channel]
        beams = weights if len(response.dirty_beam) > 1 else np.ones(1)
        attenuation = _attenuation(moved, response, weights)
        plane = _through(moved, response, beams, attenuation)
        out[channel, *plane.here] += np.float32(sign * amount) * plane.values


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
    radius = response.support_px
    if radius is not None:
        # from the source on the sky, so that it is the same square at all frequencies
        side = _side(radius, covariance_of(row[None])[0])
        if side < min(response.padded):
            x0, y0 = (round(float(at)) - side // 2 for at in row[[X, Y]])
            transfer = np.tensordot(beams, response.local_transfer(side), axes=1)
            plane = _drawn(x - x0, y - y0, covariance, factor, transfer, (side, side))
            return _cut(plane, x0, y0, response)
    transfer = np.tensordot(beams, response.transfer, axes=1)
    plane = _drawn(x, y, covariance, factor, transfer, response.padded)
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


def _drawn(
    x: float,
    y: float,
    covariance: np.ndarray,
    factor: float,
    transfer: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """(rows, columns) float32 image of a Gaussian of a flux through a transfer function."""
    v, u = np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1])
    (cxx, cxy), (_, cyy) = covariance
    size = cxx * u**2 + cyy * v[:, None] ** 2 + 2 * cxy * np.outer(v, u)
    waves = np.outer(np.exp(-2j * np.pi * y * v), np.exp(-2j * np.pi * x * u))
    transform = factor * np.exp(-2 * np.pi**2 * size) * waves * transfer
    plane: np.ndarray = irfft2(transform.astype(np.complex64), s=shape)
    return plane.astype(np.float32, copy=False)


def _attenuation(row: np.ndarray, response: Response, weights: np.ndarray) -> Attenuation:
    """The primary beam near a component, for weights (node,) of its planes."""
    if response.primary_beam is None:
        return NO_PRIMARY_BEAM
    rows, columns = (
        slice(min(max(round(at), 0), n - 1), min(max(round(at), 0), n - 1) + 1)
        for at, n in ((row[Y], response.ny), (row[X], response.nx))
    )
    return attenuation_near(response.primary_beam, weights, rows=rows, columns=columns)
