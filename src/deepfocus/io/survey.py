"""What the planes of a cube contain, found in one pass: reading a large file takes its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.voxels import Voxels, channel_blocks

PLANE_SAMPLE = 4096
"""Voxels of a channel that tell what is usual."""
SAMPLE = 1 << 22
"""Voxels of all channels that do."""
TOGETHER = 1 << 20
"""Voxels that are looked at together: they stay in the cache."""


@dataclass(frozen=True, eq=False)
class Survey:
    """All but the last by channel.

    lowest, highest : value, NaN without data
    lows, highs : how many voxels have these
    zeros, known : voxels that are exactly zero, and that have data
    samples : some of the values other than zero
    plane : pixels of a plane
    """

    lowest: np.ndarray
    highest: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    zeros: np.ndarray
    known: np.ndarray
    samples: tuple[np.ndarray, ...]
    plane: int

    @property
    def size(self) -> int:
        """Voxels."""
        return self.plane * len(self.known)

    def count_of(self, extreme: float) -> int:
        """Voxels of the lowest value of all, or of the highest."""
        low, high = self.lowest == extreme, self.highest == extreme
        return int(self.lows[low].sum() + self.highs[high & ~low].sum())

    @property
    def constant(self) -> np.ndarray:
        """(chan,) bool: channels of one value alone."""
        constant: np.ndarray = (self.lowest == self.highest) & (self.plane > 1)
        return constant

    @property
    def is_mask(self) -> bool:
        """Whether there are both 0 and 1, and nothing else."""
        seen = self.known > 0
        low, high = self.lowest[seen], self.highest[seen]
        between = self.known[seen] - self.lows[seen] - np.where(high > low, self.highs[seen], 0)
        binary = np.isin(low, (0.0, 1.0)) & np.isin(high, (0.0, 1.0)) & (between == 0)
        return bool(binary.all() and (low == 0).any() and (high == 1).any())


def survey_of(
    voxels: Voxels, values_at_once: int = TOGETHER, *, erased: Sequence[float] = ()
) -> Survey:
    """The survey of a cube without infinities.

    values_at_once : voxels that may be held in memory
    erased : numbers that are taken for blanks
    """
    chan, ny, nx = voxels.shape
    most = min(PLANE_SAMPLE, max(1, SAMPLE // max(chan, 1)))
    step = max(1, ny * nx // most) | 1  # odd, so as not to stay in one column
    numbers = np.zeros((chan, 6))
    numbers[:, :2] = np.nan
    samples = []
    for channel, plane in _planes(voxels, min(values_at_once, TOGETHER)):
        values = plane.reshape(-1)
        for number in erased:
            values = np.where(values == np.float32(number), np.float32(np.nan), values)
        some = values[::step]
        samples.append(some[np.isfinite(some) & (some != 0)])
        numbers[channel] = _limits_and_counts(values)
    lowest, highest = numbers[:, :2].T
    lows, highs, zeros, known = numbers[:, 2:].T.astype(np.int64)
    return Survey(lowest, highest, lows, highs, zeros, known, tuple(samples), ny * nx)


def _planes(voxels: Voxels, values_at_once: int) -> Iterator[tuple[int, np.ndarray]]:
    for channels in channel_blocks(voxels.shape, values_at_once):
        yield from enumerate(voxels[channels], channels.start)


def _limits_and_counts(values: np.ndarray) -> tuple[float, float, int, int, int, int]:
    """Lowest and highest of some values, how many are equal to these, are zero, are not NaN."""
    low, high = values.min(), values.max()
    if np.isnan(low):
        values = values[~np.isnan(values)]
        if not len(values):
            return np.nan, np.nan, 0, 0, 0, 0
        low, high = values.min(), values.max()
    if low == high:
        zeros = len(values) if low == 0 else 0
        return float(low) + 0.0, float(high) + 0.0, len(values), len(values), zeros, len(values)
    lows, highs = (int(np.count_nonzero(values == one)) for one in (low, high))
    zeros = int(np.count_nonzero(values == 0)) if low <= 0 <= high else 0
    # -0 is no other number than 0
    return float(low) + 0.0, float(high) + 0.0, lows, highs, zeros, len(values)
