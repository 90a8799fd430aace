"""Masks: sums over them, the errors of these, and how far a mask has to grow.

The voxels in which a source stands out miss its faint edges. So its mask grows shell by shell for
as long as a shell adds more than its own error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.fft import next_fast_len, rfft2

from deepfocus.ops.circular import power

Slices = tuple[slice, slice, slice]

SHELL_BEAMS = 0.25
CHANNEL_BEAMS = 0.5
"""A channel away is as far as that on the sky, so that two shells reach one channel further."""
MOST_BEAMS = 2.0
"""A mask grows by no more than that."""
LEAST_GAIN = 0.003
"""Of the flux: a shell with less ends the growth of the brightest sources."""
NO_POWER = 1e-5
"""Of the noise's highest power: cells with less are left out."""


@dataclass(frozen=True, eq=False)
class CorrelatedNoise:
    """Noise of a cube, or of a box of it.

    channel : (chan,) and position : (y, x), whose product is its standard deviation, Jy/beam;
        infinite in channels without data
    autocorrelation : (2 lag + 1, 2 lag + 1) on the sky, 1 in the middle
    between_channels : (lag,) correlation of channels, 1 at lag 0; 0 at lags that are not given
    """

    channel: np.ndarray
    position: np.ndarray
    autocorrelation: np.ndarray
    between_channels: np.ndarray

    def within(self, box: Slices) -> CorrelatedNoise:
        """That of a box."""
        return replace(self, channel=self.channel[box[0]], position=self.position[box[1:]])

    def covariance(self, weights: np.ndarray) -> np.ndarray:
        """(chan, chan) covariance of the sums over the noise in each channel.

        weights : (chan, y, x), or (1, y, x) if they are the same in all channels
        """
        known = np.where(np.isfinite(self.channel), self.channel, 0.0)
        transforms, power = self._transforms(weights * self.position)
        channels = len(known)
        covariance = np.zeros((channels, channels))
        for lag, correlation in enumerate(self.between_channels[:channels]):
            if len(transforms) == 1:
                sums = np.full(channels - lag, np.vdot(transforms[0] * power, transforms[0]).real)
            else:
                later = transforms[lag:].conj()
                earlier = transforms[: channels - lag] * power
                sums = np.einsum("kc,kc->k", earlier, later).real
            at = np.arange(channels - lag)
            covariance[at, at + lag] = covariance[at + lag, at] = correlation * sums
        covariance *= np.outer(known, known)
        return covariance

    def error(self, weights: np.ndarray) -> float:
        """Standard deviation of the sum of the noise times weights (chan, y, x)."""
        return float(np.sqrt(max(self.covariance(weights).sum(), 0.0)))

    def _transforms(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(chan, cell) transforms of images, and (cell,) the power, whose products are sums."""
        reach = len(self.autocorrelation) // 2
        rows, columns = (
            next_fast_len(max(n + reach, 2 * reach + 1), real=True) for n in images.shape[1:]
        )
        shape = rows, columns
        seen = power(self.autocorrelation, shape)
        cells = np.abs(seen) > NO_POWER * np.abs(seen).max()
        transforms = rfft2(images.astype(np.float32), shape)[:, cells]
        return transforms, seen[cells].astype(np.float32)


@dataclass(frozen=True, eq=False)
class Grown:
    """A mask and how it grew.

    mask : (chan, y, x) bool
    sums : (shell + 1,) of the data over the core, and after each shell
    """

    mask: np.ndarray
    sums: np.ndarray


def grown(
    line: np.ndarray,
    core: np.ndarray,
    closed: np.ndarray,
    *,
    noise: CorrelatedNoise,
    beam_px: float,
) -> Grown:
    """The core, and shells around it until one adds less than its error or LEAST_GAIN.

    line : (chan, y, x) without NaN, of a box with room to grow
    core, closed : (chan, y, x) bool, where the source surely is, and where it must not grow
    """
    step = SHELL_BEAMS * beam_px
    away = ndimage.distance_transform_edt(~core, sampling=(CHANNEL_BEAMS * beam_px, 1.0, 1.0))
    shell_of = np.ceil(away / step).astype(np.int16)
    shell_of[closed & ~core] = np.iinfo(np.int16).max
    sums = [float(line[core].sum(dtype=float))]
    last = 0
    for number in range(1, round(MOST_BEAMS / SHELL_BEAMS) + 1):
        shell = shell_of == number
        if not shell.any():  # of beams below four pixels the first shells have none
            continue
        box = bounding_box(shell)
        gain = float(line[box][shell[box]].sum(dtype=float))
        if gain < max(noise.within(box).error(shell[box]), LEAST_GAIN * sums[-1]):
            break
        sums.append(sums[-1] + gain)
        last = number
    return Grown(shell_of <= last, np.array(sums))


def around_on_sky(mask: np.ndarray, reach_px: float) -> np.ndarray:
    """(chan, y, x) bool: what lies around a mask in its own channels, no further than a reach."""
    ring = np.zeros_like(mask)
    for channel in np.flatnonzero(mask.any(axis=(1, 2))):
        ring[channel] = ndimage.distance_transform_edt(~mask[channel]) <= reach_px
    ring &= ~mask
    return ring


def bounding_box(mask: np.ndarray) -> Slices:
    """The smallest box around the True voxels of a mask (chan, y, x), of which there are some."""
    k, y, x = (np.flatnonzero(np.any(mask, axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    return (slice(k[0], k[-1] + 1), slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1))


def padded(box: Slices, room: tuple[int, int, int], shape: tuple[int, ...]) -> Slices:
    """A box with room (chan, y, x) on either side, as far as the cube goes."""
    k, y, x = (
        slice(max(each.start - more, 0), min(each.stop + more, n))
        for each, more, n in zip(box, room, shape, strict=True)
    )
    return k, y, x
