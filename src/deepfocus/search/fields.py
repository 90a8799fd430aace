"""A cube filtered on the sky with each size of a bank, on grids as coarse as the size allows.

A few channels at a time: what filters them does not look at others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.signal import fftconvolve

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.core.workspace import Workspace
from deepfocus.search.banded import REACH_SIGMA, Banded, gaussians
from deepfocus.search.bank import Bank
from deepfocus.search.beside_ends import BesideEnds, beside_ends, from_ends
from deepfocus.search.first_filter import FirstFilter
from deepfocus.search.lines import band_weight
from deepfocus.search.noise_map import NoiseMap

LEAST_COVERED = 0.05
"""Of a filter's weight: where less of it lies on data, nothing is said."""


@dataclass(frozen=True, eq=False)
class Field:
    """The cube through one spatial filter, in units of the noise if that were white.

    values : (chan, rows, columns) at every `step`-th pixel; 0 where there are no data
    band : (rows, columns) their sum over the band, each channel with the weight of `band_weight`
    """

    step: int
    values: Voxels
    band: np.ndarray


@dataclass(frozen=True, eq=False)
class Filter:
    """One size: what filters the field of the size before further, and its kernel on the sky.

    along : of rows and of columns; None for the first size, which a `FirstFilter` makes
    kernel : (odd, odd); noise : (odd, odd) autocorrelation that it is made for, None if white
    """

    step: int
    along: tuple[Banded, Banded] | None
    kernel: np.ndarray
    noise: np.ndarray | None

    @cached_property
    def ends(self) -> BesideEnds | None:
        """What noise is where data end; None if it is taken for white there."""
        return None if self.noise is None else beside_ends(self.kernel, self.noise, step=self.step)


def fields(
    data: Voxels,
    noise: NoiseMap,
    bank: Bank,
    first: FirstFilter,
    workspace: Workspace,
) -> tuple[Field, ...]:
    """One field a size. Each is filtered further from the one before: Gaussians add up.

    data : (chan, y, x), NaN where blank. Voxels weigh by their noise, blank ones nothing.
    """
    channels, ny, nx = data.shape
    weight = (1 / noise.position**2).astype(np.float32)
    filters = _filters(bank, first, (ny, nx))
    shapes = [(channels, *_nodes((ny, nx), each.step)) for each in filters]
    together = workspace.together(ny * nx)
    values = [workspace.spectra(shape, together) for shape in shapes]
    bands = [np.zeros(shape[1:]) for shape in shapes]
    of_band = band_weight(noise.channel)
    scales = _Scales(filters, weight)
    for block in channel_blocks(data.shape, together * ny * nx):
        if not noise.searched[block].any():
            continue
        raw, planes = _through_first(data, noise, weight, first, block)
        of_channels = scales.of(planes)
        for size, each in enumerate(filters):
            if each.along is not None:
                raw = each.along[0].along_y(each.along[1].along_x(raw))
            scaled = np.zeros_like(raw)
            for channel, scale in of_channels.items():
                np.multiply(raw[channel], scale[size], out=scaled[channel])
            values[size][block] = scaled
            bands[size] += np.tensordot(of_band[block], scaled, axes=1)
    return tuple(
        Field(each.step, stored, band)
        for each, stored, band in zip(filters, values, bands, strict=True)
    )


def _filters(bank: Bank, first: FirstFilter, shape: tuple[int, int]) -> tuple[Filter, ...]:
    """The smallest, and those that widen it."""
    kernel, step, size = first.kernel, first.step, 0.0
    made = [Filter(step, None, kernel, first.noise)]
    for next_size, next_step in zip(bank.sizes_px[1:], bank.steps_px[1:], strict=True):
        further = float(np.sqrt(next_size**2 - size**2))
        along_y, along_x = (
            gaussians(n, further / step, next_step // step) for n in _nodes(shape, step)
        )
        kernel = _wider(kernel, further)
        made.append(Filter(next_step, (along_y, along_x), kernel, first.noise))
        step, size = next_step, next_size
    return tuple(made)


def _nodes(shape: tuple[int, ...], step: int) -> tuple[int, int]:
    """Rows and columns of every `step`-th pixel."""
    rows, columns = (-(-n // step) for n in shape)
    return rows, columns


def _through_first(
    data: Voxels, noise: NoiseMap, weight: np.ndarray, first: FirstFilter, block: slice
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """(chan, rows, columns) channels over their noise, weighted, through the smallest filter.

    And of each that is searched, by its number in the block, (y, x) bool where it has data.
    """
    raw = np.zeros((block.stop - block.start, *_nodes(data.shape[1:], first.step)), np.float32)
    planes = {}
    for channel in block.start + np.flatnonzero(noise.searched[block]):
        plane, at = data[channel], int(channel - block.start)
        planes[at] = np.isfinite(plane)
        known = np.where(planes[at], plane, np.float32(0))
        raw[at] = first.of(known * weight) / noise.channel[channel]
    return raw, planes


class _Scales:
    """One over the standard deviation that white noise has after each filter.

    It depends on where a channel has data. Those of the channels before are kept: most have data
    where their neighbours do.
    """

    def __init__(self, filters: Sequence[Filter], weight: np.ndarray) -> None:
        self._filters, self._weight = filters, weight
        self._kept: dict[bytes, list[np.ndarray]] = {}

    def of(self, planes: Mapping[int, np.ndarray]) -> dict[int, list[np.ndarray]]:
        """For each of some channels, by where it has data, the scale (rows, columns) of each
        filter."""
        keys = {channel: np.packbits(plane).tobytes() for channel, plane in planes.items()}
        different = {keys[channel]: plane for channel, plane in planes.items()}
        self._kept = {
            key: self._kept.get(key) or self._made(plane) for key, plane in different.items()
        }
        return {channel: self._kept[key] for channel, key in keys.items()}

    def _made(self, has_data: np.ndarray) -> list[np.ndarray]:
        weighs = any(each.ends is not None for each in self._filters)
        distance = from_ends(has_data) if weighs else np.zeros_like(self._weight)
        return [_scale(each, has_data, self._weight, distance) for each in self._filters]


def _scale(
    of: Filter, has_data: np.ndarray, weight: np.ndarray, distance: np.ndarray
) -> np.ndarray:
    """(rows, columns) one over the noise that white noise has after a filter.

    distance : (y, x) from the ends of the data
    """
    squared, step = of.kernel.astype(float) ** 2, of.step
    variance = fftconvolve(weight * has_data, squared, "same")[::step, ::step]
    if of.ends is not None:
        variance *= of.ends.at(distance[::step, ::step])
    told = variance > LEAST_COVERED * squared.sum() * weight[::step, ::step]
    scale: np.ndarray = np.where(told, 1 / np.sqrt(np.where(told, variance, 1.0)), 0.0)
    return scale.astype(np.float32)


def _wider(kernel: np.ndarray, fwhm: float) -> np.ndarray:
    """A kernel (odd, odd) through a Gaussian."""
    reach = int(REACH_SIGMA * fwhm / FWHM_PER_SIGMA + 1)
    line = gaussians(2 * reach + 1, fwhm, 1).row(reach)[1]
    wider: np.ndarray = fftconvolve(kernel, np.outer(line, line), "full")
    return wider
