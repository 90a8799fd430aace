"""A cube filtered on the sky with each size of a bank, on grids as coarse as the size allows.

A few channels at a time: what filters them does not look at others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.core.workspace import Workspace
from deepfocus.search.banded import REACH_SIGMA, Banded, gaussians
from deepfocus.search.bank import Bank
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
class Blanks:
    """Where a cube has data: few different planes, and which of them each channel has.

    planes : (m, y, x) bool; of_channel : (chan,) index into them
    """

    planes: np.ndarray
    of_channel: np.ndarray


@dataclass(frozen=True, eq=False)
class Filter:
    """One size: what filters the field of the size before further, and how it is normalised.

    along : of rows and of columns; None for the first size, which a `FirstFilter` makes
    scale : (m, rows, columns) one over the standard deviation that white noise has after the
        filter, for each of the planes of blanks
    """

    step: int
    along: tuple[Banded, Banded] | None
    scale: np.ndarray


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
    blanks = blanks_of(data)
    weight = (1 / noise.position**2).astype(np.float32)
    filters = _filters(bank, first, blanks, weight)
    shapes = [(channels, *each.scale.shape[1:]) for each in filters]
    together = workspace.together(ny * nx)
    values = [workspace.spectra(shape, together) for shape in shapes]
    bands = [np.zeros(shape[1:]) for shape in shapes]
    of_band = band_weight(noise.channel)
    for block in channel_blocks(data.shape, together * ny * nx):
        if not noise.searched[block].any():
            continue
        raw = _through_first(data, noise, weight, first, block)
        for size, each in enumerate(filters):
            if each.along is not None:
                raw = each.along[0].along_y(each.along[1].along_x(raw))
            scaled = raw * each.scale[blanks.of_channel[block]]
            values[size][block] = scaled
            bands[size] += np.tensordot(of_band[block], scaled, axes=1)
    return tuple(
        Field(each.step, stored, band)
        for each, stored, band in zip(filters, values, bands, strict=True)
    )


def _filters(
    bank: Bank, first: FirstFilter, blanks: Blanks, weight: np.ndarray
) -> tuple[Filter, ...]:
    """The smallest, and those that widen it."""
    kernel, step, size = first.kernel, first.step, 0.0
    scale = _scale(kernel, blanks, weight, step)
    made = [Filter(step, None, scale)]
    for next_size, next_step in zip(bank.sizes_px[1:], bank.steps_px[1:], strict=True):
        further = float(np.sqrt(next_size**2 - size**2))
        along_y, along_x = (
            gaussians(n, further / step, next_step // step) for n in made[-1].scale.shape[1:]
        )
        kernel = _wider(kernel, further)
        scale = _scale(kernel, blanks, weight, next_step)
        made.append(Filter(next_step, (along_y, along_x), scale))
        step, size = next_step, next_size
    return tuple(made)


def blanks_of(data: Voxels) -> Blanks:
    """The different planes of blanks of a cube (chan, y, x)."""
    numbers: dict[bytes, int] = {}
    planes: list[np.ndarray] = []
    of_channel = []
    for plane in data:
        has_data = np.isfinite(plane)
        key = np.packbits(has_data).tobytes()
        if key not in numbers:
            numbers[key] = len(planes)
            planes.append(has_data)
        of_channel.append(numbers[key])
    return Blanks(np.array(planes), np.array(of_channel))


def _through_first(
    data: Voxels, noise: NoiseMap, weight: np.ndarray, first: FirstFilter, block: slice
) -> np.ndarray:
    """(chan, rows, columns) channels over their noise, weighted, through the smallest filter."""
    rows, columns = (-(-n // first.step) for n in data.shape[1:])
    raw = np.zeros((block.stop - block.start, rows, columns), np.float32)
    for channel in block.start + np.flatnonzero(noise.searched[block]):
        plane = data[channel]
        known = np.where(np.isfinite(plane), plane, np.float32(0))
        raw[channel - block.start] = first.of(known * weight) / noise.channel[channel]
    return raw


def _scale(kernel: np.ndarray, blanks: Blanks, weight: np.ndarray, step: int) -> np.ndarray:
    """(m, rows, columns) one over the noise that white noise has after a filter."""
    squared = kernel.astype(float) ** 2
    whole = squared.sum()
    scales = []
    for plane in blanks.planes:
        variance = fftconvolve(weight * plane, squared, "same")[::step, ::step]
        told = variance > LEAST_COVERED * whole * weight[::step, ::step]
        scales.append(np.where(told, 1 / np.sqrt(np.where(told, variance, 1.0)), 0.0))
    return np.array(scales, np.float32)


def _wider(kernel: np.ndarray, fwhm: float) -> np.ndarray:
    """A kernel (odd, odd) through a Gaussian."""
    reach = int(REACH_SIGMA * fwhm / FWHM_PER_SIGMA + 1)
    line = gaussians(2 * reach + 1, fwhm, 1).row(reach)[1]
    wider: np.ndarray = fftconvolve(kernel, np.outer(line, line), "full")
    return wider
