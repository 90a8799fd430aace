"""A template: a noise-free cube of one galaxy, which becomes a source of any size and line width.

Voxels are samples of the brightness, which is linear between them: each is the height of a hat
twice as wide as the spacing, in x, y and velocity. So the flux is the sum of the voxels, and
brightness is never negative. What lies on the sky's pixels and channels is the mean over their
extent. Values are relative; flux, size and line width are given by the source that uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array

from deepfocus.core.errors import DeepFocusError

HAT_VARIANCE = 1 / 6
"""Variance of a hat, in squared spacings."""
SAMPLES_PER_SPACING = 4
"""Samples across a spacing of the template, or more: where they fall changes a pixel by 1%."""
MOST_SAMPLES = 4_000_000
"""Samples of one source, which take some 200 bytes each."""
OFFSETS = np.array([-0.8, -0.4, 0.0, 0.4, 0.8])
"""Samples of a hat, in spacings."""
SMALL = 0.1
"""Pixels per spacing, below which it matters little where in a pixel those samples fall."""


@dataclass(frozen=True, eq=False)
class Shape:
    """What a template looks like as a Gaussian, in its own spacings and degrees.

    x, y : centroid; major, minor : FWHM of the Gaussian with the same half-light ellipse
    pa : position angle of the major axis, from +y towards -x, in [0, 180)
    """

    x: float
    y: float
    major: float
    minor: float
    pa: float


@dataclass(frozen=True, eq=False)
class Template:
    """A noise-free galaxy.

    name : of the galaxy or of its file
    voxels : (chan, y, x), none negative, normalised to a sum of 1. The velocity increases (the gas
        recedes faster) with the channel, x increases to the west, y to the north.
    aspect : spacing in y over the spacing in x
    """

    name: str
    voxels: np.ndarray
    aspect: float = 1.0

    @cached_property
    def spectrum(self) -> np.ndarray:
        """(chan,) summed over the sky."""
        total: np.ndarray = self.voxels.sum(axis=(1, 2))
        return total

    @cached_property
    def image(self) -> np.ndarray:
        """(y, x) summed over the velocities."""
        total: np.ndarray = self.voxels.sum(axis=0)
        return total

    @cached_property
    def shape(self) -> Shape:
        """The Gaussian with its half-light ellipse.

        Axis ratio and angle are those of the second moments. The size is such that half of the
        light lies inside the ellipse, as for `sky.disc`: moments weigh the faint edge too much.
        """
        y, x = np.indices(self.image.shape).astype(float)
        y *= self.aspect
        light = self.image.ravel()
        offsets = np.stack([x.ravel(), y.ravel()])
        centre = offsets @ light
        offsets -= centre[:, None]
        moments = (offsets * light) @ offsets.T + HAT_VARIANCE * np.diag([1.0, self.aspect**2])
        variances, axes = np.linalg.eigh(moments)
        along, ratio = axes[:, 1], float(np.sqrt(variances[0] / variances[1]))
        half = self._half_light(centre, along, ratio)
        pa = float(np.rad2deg(np.arctan2(-along[0], along[1])) % 180.0)
        x, y = float(centre[0]), float(centre[1] / self.aspect)
        return Shape(x, y, major=2 * half, minor=2 * half * ratio, pa=pa)

    def _half_light(self, centre: np.ndarray, along: np.ndarray, ratio: float) -> float:
        """Semi-major axis of the ellipse, about the centroid, that holds half of the light."""
        fine = 8
        ny, nx = self.image.shape
        at_y = (np.arange((ny + 1) * fine) + 0.5) / fine - 1
        at_x = (np.arange((nx + 1) * fine) + 0.5) / fine - 1
        light = _hats(at_y, ny) @ self.image @ _hats(at_x, nx).T
        dx, dy = at_x[None, :] - centre[0], at_y[:, None] * self.aspect - centre[1]
        radius = np.hypot(dx * along[0] + dy * along[1], (dy * along[0] - dx * along[1]) / ratio)
        order = np.argsort(radius, axis=None)
        growth = np.cumsum(light.ravel()[order])
        return float(radius.ravel()[order][np.searchsorted(growth, growth[-1] / 2)])

    @cached_property
    def line(self) -> tuple[float, float]:
        """Middle and width at half maximum (W50) of the whole line, in its own channels."""
        low, high = self._ends(0.5)
        return (low + high) / 2 - 1, high - low

    @cached_property
    def w20(self) -> float:
        """Width of the whole line at 20% of its maximum, in its own channels."""
        low, high = self._ends(0.2)
        return high - low

    def _ends(self, level: float) -> tuple[float, float]:
        """Outermost places at that share of the line's maximum, in channels from the one before."""
        spectrum = np.concatenate([[0.0], self.spectrum, [0.0]])
        height = level * spectrum.max()
        above = np.flatnonzero(spectrum >= height)
        first, last = above[0], above[-1]
        low = first - (spectrum[first] - height) / (spectrum[first] - spectrum[first - 1])
        high = last + (spectrum[last] - height) / (spectrum[last] - spectrum[last + 1])
        return float(low), float(high)

    @cached_property
    def motion(self) -> tuple[float, float]:
        """What the line's centre moves on the sky per channel, in spacings in x, and the angle.

        The covariance of place and channel over the variance of the channel; the position angle of
        where the receding gas is, from +y towards -x, in [0, 360).
        """
        channel, y, x = (
            np.arange(n) - at for n, at in zip(self.voxels.shape, self._middles(), strict=True)
        )
        variance = self.spectrum @ channel**2 + HAT_VARIANCE
        along_x = channel @ self.voxels.sum(axis=1) @ x / variance
        along_y = channel @ self.voxels.sum(axis=2) @ y / variance * self.aspect
        length = float(np.hypot(along_x, along_y))
        return length, float(np.rad2deg(np.arctan2(-along_x, along_y)) % 360.0)

    def _middles(self) -> tuple[float, ...]:
        """(chan, y, x) mean place of the light."""
        channel, (y, x) = self.spectrum, (self.image.sum(axis=axis) for axis in (1, 0))
        return tuple(float(np.arange(len(light)) @ light) for light in (channel, y, x))

    def in_channels(self, channels: int, *, centre: float, scale: float) -> np.ndarray:
        """(channels, chan) share of each of its channels' light that falls in every channel.

        centre : the middle of its line, in the channels of the result
        scale : channels of the result per channel of the template; negative if they run the other
            way. Columns sum to 1 where the line lies within the band.
        """
        middle, _ = self.line
        at = centre + (np.arange(len(self.voxels)) - middle) * scale
        edges = np.arange(channels + 1) - 0.5
        below = _hat_below((edges[:, None] - at) / abs(scale))
        share: np.ndarray = np.diff(below, axis=0)
        return share

    def on_pixels(
        self, shape: tuple[int, int], *, x: float, y: float, scale: float, turn_deg: float
    ) -> csr_array:
        """(pixels of `shape`, y * x) share of each of its pixels' light that falls on every pixel.

        x, y : where its centroid lies; scale : pixels per spacing in x
        turn_deg : from +y towards -x. Columns sum to 1 where the source lies within the image.
        """
        ny, nx = self.image.shape
        reach = scale * float(np.hypot((nx + 1) / 2 + 1, (ny + 1) / 2 * self.aspect + 1)) + 1
        reach += scale * float(
            np.hypot(self.shape.x - (nx - 1) / 2, (self.shape.y - (ny - 1) / 2) * self.aspect)
        )
        finest = scale * min(1.0, self.aspect)
        fine = max(2, int(np.ceil(SAMPLES_PER_SPACING / finest)))
        low_x, low_y = int(np.floor(x - reach)), int(np.floor(y - reach))
        wide = int(np.ceil(x + reach)) - low_x + 1, int(np.ceil(y + reach)) - low_y + 1
        samples = wide[0] * wide[1] * fine**2
        own_samples = nx * ny * len(OFFSETS) ** 2
        if samples > MOST_SAMPLES and own_samples <= MOST_SAMPLES and scale < SMALL:
            return self._scattered(shape, x=x, y=y, scale=scale, turn_deg=turn_deg)
        _require_few(samples, self.name, scale)
        at_x = low_x - 0.5 + (np.arange(wide[0] * fine) + 0.5) / fine
        at_y = low_y - 0.5 + (np.arange(wide[1] * fine) + 0.5) / fine
        turn = np.deg2rad(turn_deg)
        dx, dy = at_x[None, :] - x, at_y[:, None] - y
        tx = (dx * np.cos(turn) + dy * np.sin(turn)) / scale + self.shape.x
        ty = (-dx * np.sin(turn) + dy * np.cos(turn)) / (scale * self.aspect) + self.shape.y
        pixel_x = np.broadcast_to(np.repeat(np.arange(wide[0]) + low_x, fine)[None, :], tx.shape)
        pixel_y = np.broadcast_to(np.repeat(np.arange(wide[1]) + low_y, fine)[:, None], tx.shape)
        return _shares(tx, ty, pixel_x, pixel_y, (ny, nx), shape)

    def _scattered(
        self, shape: tuple[int, int], *, x: float, y: float, scale: float, turn_deg: float
    ) -> csr_array:
        """`on_pixels` where a pixel has many of its own: samples of these are put where they fall,
        instead of samples of the pixels being looked up in them."""
        ny, nx = self.image.shape
        j, i, oy, ox = np.meshgrid(
            np.arange(ny), np.arange(nx), OFFSETS, OFFSETS, indexing="ij", sparse=True
        )
        turn = np.deg2rad(turn_deg)
        u, v = scale * (i + ox - self.shape.x), scale * self.aspect * (j + oy - self.shape.y)
        column = np.floor(x + u * np.cos(turn) - v * np.sin(turn) + 0.5).astype(int)
        row = np.floor(y + u * np.sin(turn) + v * np.cos(turn) + 0.5).astype(int)
        light = (1 - np.abs(oy)) * (1 - np.abs(ox))
        value = np.broadcast_to(light / light.sum(), row.shape)
        own = np.broadcast_to(j * nx + i, row.shape)
        inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
        at = (row * shape[1] + column)[inside], own[inside]
        return coo_array((value[inside], at), shape=(shape[0] * shape[1], ny * nx)).tocsr()


def _hats(at: np.ndarray, number: int) -> np.ndarray:
    """(at, number) height at each place of the hats at 0 ... number - 1."""
    heights: np.ndarray = np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(number)))
    return heights


def _hat_below(at: np.ndarray) -> np.ndarray:
    """Integral of a hat of unit area from minus infinity to each place."""
    inside = np.clip(at, -1.0, 1.0)
    below: np.ndarray = np.where(inside < 0, (1 + inside) ** 2 / 2, 1 - (1 - inside) ** 2 / 2)
    return below


def _shares(
    tx: np.ndarray,
    ty: np.ndarray,
    pixel_x: np.ndarray,
    pixel_y: np.ndarray,
    own: tuple[int, int],
    shape: tuple[int, int],
) -> csr_array:
    """Samples at (ty, tx) of the template, in the pixels (pixel_y, pixel_x), as shares of light."""
    near = (tx > -1) & (tx < own[1]) & (ty > -1) & (ty < own[0])
    tx, ty, pixel_x, pixel_y = tx[near], ty[near], pixel_x[near], pixel_y[near]
    inside = (pixel_x >= 0) & (pixel_x < shape[1]) & (pixel_y >= 0) & (pixel_y < shape[0])
    rows, columns, values = [], [], []
    for step_y in (0, 1):
        for step_x in (0, 1):
            j, i = np.floor(ty).astype(int) + step_y, np.floor(tx).astype(int) + step_x
            weight = (1 - np.abs(ty - j)) * (1 - np.abs(tx - i))
            good = (j >= 0) & (j < own[0]) & (i >= 0) & (i < own[1])
            rows.append(np.where(inside, pixel_y * shape[1] + pixel_x, -1)[good])
            columns.append((j * own[1] + i)[good])
            values.append(weight[good])
    row, column, value = (np.concatenate(each) for each in (rows, columns, values))
    # every template pixel has all of its light, also what falls beside the image
    light = np.bincount(column, value, minlength=own[0] * own[1])
    kept = row >= 0
    value = value[kept] / light[column[kept]]
    size = shape[0] * shape[1], own[0] * own[1]
    return coo_array((value, (row[kept], column[kept])), shape=size).tocsr()


def _require_few(samples: int, name: str, scale: float) -> None:
    if samples > MOST_SAMPLES:
        raise DeepFocusError(
            f"{name} at {scale:g} pixels per spacing needs {samples} samples",
            wanted=f"at most {MOST_SAMPLES}",
            remedy=f"give a {'larger' if scale < 1 else 'smaller'} fwhm_px, or another template",
        )
