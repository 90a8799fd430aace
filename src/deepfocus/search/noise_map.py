"""The noise of a cube by channel and by position, from the cube itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.search.robust import negative_rms, shrunk

BLOCK_BEAMS, SMALLEST_BLOCK_PX = 5.0, 12
"""Noise by position is measured on blocks of that many beams."""
FEWEST_VALUES = 30
"""Of a channel, or its noise is not known and it is not searched."""
ENOUGH_VALUES = 4 * FEWEST_VALUES
"""Of each channel of a sample: of an image of few beams, all pixels are taken."""
MOST_VALUES = 1 << 24
"""Of a sample."""
PLANES_VALUES = 1 << 22
"""Voxels of the planes that are read together, if they are not in memory."""
NARROWEST = 0.5
"""Channels: standard deviation of a line that is not resolved, as a correlator shows it."""
LEAST_EXCESS = 0.1
"""A correlation measured in few channels may leave less than nothing."""
FEWEST_CHANNELS = 16
"""Of a band, for a slope to be told from noise."""


@dataclass(frozen=True, eq=False)
class NoiseMap:
    """Standard deviation sigma(k, y, x) = channel[k] position[y, x].

    channel : (chan,) Jy/beam, infinite where a channel has no data
    position : (y, x) relative, root mean square 1
    between_channels : (lags,) correlation of channels, 1 at lag 0; of independent ones unless a
        search measured it
    """

    channel: np.ndarray
    position: np.ndarray
    between_channels: np.ndarray = field(default_factory=lambda: np.ones(1))

    @property
    def searched(self) -> np.ndarray:
        """(chan,) whether a channel has data."""
        searched: np.ndarray = np.isfinite(self.channel)
        return searched

    def at(self, *, x: float, y: float) -> np.ndarray:
        """(chan,) standard deviation at the nearest pixel."""
        rows, columns = self.position.shape
        row, column = min(max(round(y), 0), rows - 1), min(max(round(x), 0), columns - 1)
        at: np.ndarray = self.channel * float(self.position[row, column])
        return at

    def excess(self, sigma_chan: float) -> float:
        """Variance of the noise in a Gaussian line, over that of independent channels.

        sigma_chan : standard deviation of the line; infinite for a continuum. Two such lines, so
        many channels apart, overlap by exp(-lag^2 / 4 sigma^2).
        """
        lags = np.arange(1, len(self.between_channels))
        overlap = np.exp(-((lags / (2 * max(sigma_chan, NARROWEST))) ** 2))
        return max(1.0 + 2.0 * float(overlap @ self.between_channels[1:]), LEAST_EXCESS)


@dataclass(frozen=True, eq=False)
class Sample:
    """Every `step`-th pixel of a cube with images of `shape`: (chan, rows, columns) values.

    A tenth of the pixels serve: the others are correlated with them, or add little.
    """

    values: np.ndarray
    step: int
    shape: tuple[int, int]

    def of(self, other: Voxels) -> np.ndarray:
        """The same pixels of another cube."""
        return _every(other, self.step)


def sample_of(data: Voxels, correlated_px: float) -> Sample:
    """correlated_px : FWHM of the beam that correlates the noise; 0 for white noise"""
    channels, ny, nx = data.shape
    close = max(int(correlated_px / 2), round((ny * nx) ** 0.5 / 128))
    step = max(
        1,
        min(close, int((ny * nx / ENOUGH_VALUES) ** 0.5)),
        int(np.ceil((ny * nx * channels / MOST_VALUES) ** 0.5)),
    )
    return Sample(_every(data, step), step, (ny, nx))


def _every(data: Voxels, step: int) -> np.ndarray:
    """(chan, rows, columns) float32; a few planes are read at a time."""
    if isinstance(data, np.ndarray):
        return data[:, ::step, ::step]
    blocks = channel_blocks(data.shape, PLANES_VALUES)
    return np.concatenate([data[block, ::step, ::step] for block in blocks])


def noise_map(
    data: Voxels, *, correlated_px: float, emission: np.ndarray | None = None
) -> NoiseMap:
    """Noise of a cube (chan, y, x), NaN where blank, as `noise_of_sample` measures it.

    emission : (chan, y, x) bool, voxels of known emission, left out; none unless given
    """
    sample = sample_of(data, correlated_px)
    left_out = None if emission is None else sample.of(emission)
    return noise_of_sample(sample, correlated_px=correlated_px, emission=left_out)


def noise_of_sample(
    sample: Sample, *, correlated_px: float, emission: np.ndarray | None = None
) -> NoiseMap:
    """Noise from the negative half of the values, without the continuum of each pixel.

    emission : (chan, rows, columns) bool, of the sample
    """
    unit = without_levels(sample, correlated_px=correlated_px, emission=emission)
    blocks = _blocks(unit.values, correlated_px / sample.step)
    counted = max(float(np.isfinite(unit.values).sum()) / blocks.size, 1.0)
    relative = shrunk(blocks, np.sqrt(unit.together / counted))
    position, level = _interpolated(relative, sample.shape)
    return NoiseMap((unit.channel * level).astype(np.float32), position.astype(np.float32))


@dataclass(frozen=True, eq=False)
class WithoutLevels:
    """values : (chan, rows, columns) of a sample, over the noise of their channel, without
    continuum; NaN where they do not count. channel : (chan,) that noise, infinite where it is not
    known. together : values that are as good as one
    """

    values: np.ndarray
    channel: np.ndarray
    together: float


def without_levels(
    sample: Sample, *, correlated_px: float, emission: np.ndarray | None = None
) -> WithoutLevels:
    """emission : (chan, rows, columns) bool, left out"""
    some = sample.values
    known = np.isfinite(some)
    used = known if emission is None else _unless_all(known, emission)
    line = _without_continuum(np.where(known, some, np.float32(0)).astype(np.float32, copy=False))
    line = np.where(used, line, np.nan)
    channels = len(line)
    together = max(1.13 * correlated_px**2 / 2 / sample.step**2, 1.0)
    counts = used.reshape(channels, -1).sum(axis=1)
    flat = line.reshape(channels, -1)
    raw = np.array([_level(each, n) for each, n in zip(flat, counts, strict=True)])
    told = np.isfinite(raw) & (raw > 0)
    typical = float(np.median(counts[told])) if told.any() else 1.0
    channel = np.where(told, shrunk(raw, np.sqrt(together / max(typical, 1.0))), np.inf)
    return WithoutLevels(line / channel[:, None, None], channel, together)


def _unless_all(known: np.ndarray, emission: np.ndarray) -> np.ndarray:
    """Voxels without emission, or all of a channel in which too few of these are left."""
    used: np.ndarray = known & ~emission
    few = used.sum(axis=(1, 2)) <= FEWEST_VALUES
    used[few] = known[few]
    return used


def _level(values: np.ndarray, count: int) -> float:
    return negative_rms(values) if count > FEWEST_VALUES else float("nan")


def _without_continuum(some: np.ndarray) -> np.ndarray:
    """Each pixel off the straight line through the medians of the two halves of its band.

    A least-squares line would spread a bright spectral line over the channels without it. In an
    image of few channels, whose median would be a good part of the noise, there is no continuum.
    """
    channels = len(some)
    if is_image(channels):
        return some
    if channels < FEWEST_CHANNELS:
        flat: np.ndarray = some - np.median(some, axis=0)
        return flat
    half = channels // 2
    low, high = np.median(some[:half], axis=0), np.median(some[half:], axis=0)
    at = (np.arange(channels) - (half - 1) / 2) / ((channels + half - 1) / 2 - (half - 1) / 2)
    line: np.ndarray = some - low - (high - low) * at[:, None, None].astype(np.float32)
    return line


def _blocks(normalised: np.ndarray, beam: float) -> np.ndarray:
    """(rows, columns) noise of blocks of some beams, in samples; NaN where there is none."""
    size = max(SMALLEST_BLOCK_PX, round(BLOCK_BEAMS * beam))
    edges = [
        np.linspace(0, n, max(1, round(n / size)) + 1).astype(int) for n in normalised.shape[1:]
    ]
    return np.array(
        [
            [
                negative_rms(normalised[:, y0:y1, x0:x1])
                for x0, x1 in zip(edges[1][:-1], edges[1][1:], strict=True)
            ]
            for y0, y1 in zip(edges[0][:-1], edges[0][1:], strict=True)
        ]
    )


def _interpolated(blocks: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """(y, x) between the middles of the blocks, linear; constant beyond them; and their level.

    The root mean square of the blocks is 1 there: by that they are divided.
    """
    if not np.isfinite(blocks).all() or np.ptp(blocks) == 0:
        return np.ones(shape), 1.0
    rows, columns = (_hats(n, parts) for n, parts in zip(shape, blocks.shape, strict=True))
    level = float(np.sqrt(np.mean(blocks**2)))
    between: np.ndarray = rows @ (blocks / level) @ columns.T
    return between, level


def _hats(n: int, parts: int) -> np.ndarray:
    """(n, parts) weights of linear interpolation from the middles of equal parts."""
    at = np.clip((np.arange(n) + 0.5) / n * parts - 0.5, 0, parts - 1)
    hats: np.ndarray = np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(parts)))
    return hats
