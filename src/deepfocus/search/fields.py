"""A cube filtered on the sky with each size of a bank, on grids as coarse as the size allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.search.banded import REACH_SIGMA, gaussians
from deepfocus.search.bank import Bank
from deepfocus.search.first_filter import FirstFilter
from deepfocus.search.noise_map import NoiseMap

LEAST_COVERED = 0.05
"""Of a filter's weight: where less of it lies on data, nothing is said."""


@dataclass(frozen=True, eq=False)
class Field:
    """The cube through one spatial filter, in units of the noise if that were white.

    values : (chan, rows, columns) at every `step`-th pixel; 0 where there are no data
    """

    step: int
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Blanks:
    """Where a cube has data: few different planes, and which of them each channel has.

    planes : (m, y, x) bool; of_channel : (chan,) index into them
    """

    planes: np.ndarray
    of_channel: np.ndarray


def fields(data: np.ndarray, noise: NoiseMap, bank: Bank, first: FirstFilter) -> tuple[Field, ...]:
    """One field a size. Each is filtered further from the one before: Gaussians add up.

    data : (chan, y, x), NaN where blank. Voxels weigh by their noise, blank ones nothing.
    """
    blanks = blanks_of(data)
    weight = (1 / noise.position**2).astype(np.float32)
    raw = _through_first(data, noise, weight, first)
    kernel, step, size = first.kernel, first.step, 0.0
    made = [_field(raw, kernel, blanks, weight, step)]
    for next_size, next_step in zip(bank.sizes_px[1:], bank.steps_px[1:], strict=True):
        further = float(np.sqrt(next_size**2 - size**2))
        along_y, along_x = (gaussians(n, further / step, next_step // step) for n in raw.shape[1:])
        raw = along_y.along_y(along_x.along_x(raw))
        kernel = _wider(kernel, further)
        made.append(_field(raw, kernel, blanks, weight, next_step))
        step, size = next_step, next_size
    return tuple(made)


def blanks_of(data: np.ndarray) -> Blanks:
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
    data: np.ndarray, noise: NoiseMap, weight: np.ndarray, first: FirstFilter
) -> np.ndarray:
    """(chan, rows, columns) the cube over its noise, weighted, through the smallest filter."""
    rows, columns = (-(-n // first.step) for n in data.shape[1:])
    raw = np.zeros((len(data), rows, columns), np.float32)
    for channel in np.flatnonzero(noise.searched):
        plane = np.nan_to_num(data[channel], nan=0.0, posinf=0.0, neginf=0.0)
        raw[channel] = first.of(plane * weight) / noise.channel[channel]
    return raw


def _field(
    raw: np.ndarray, kernel: np.ndarray, blanks: Blanks, weight: np.ndarray, step: int
) -> Field:
    """The field over the standard deviation that white noise has after the filter."""
    squared = kernel.astype(float) ** 2
    whole = squared.sum()
    scales = []
    for plane in blanks.planes:
        variance = fftconvolve(weight * plane, squared, "same")[::step, ::step]
        told = variance > LEAST_COVERED * whole * weight[::step, ::step]
        scales.append(np.where(told, 1 / np.sqrt(np.where(told, variance, 1.0)), 0.0))
    scale = np.array(scales, np.float32)
    values = raw * (scale[0] if len(scale) == 1 else scale[blanks.of_channel])
    return Field(step, values)


def _wider(kernel: np.ndarray, fwhm: float) -> np.ndarray:
    """A kernel (odd, odd) through a Gaussian."""
    reach = int(REACH_SIGMA * fwhm / FWHM_PER_SIGMA + 1)
    line = gaussians(2 * reach + 1, fwhm, 1).row(reach)[1]
    wider: np.ndarray = fftconvolve(kernel, np.outer(line, line), "full")
    return wider
