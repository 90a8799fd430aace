"""Finds voxels without data that are written as a number: -1e10, -1000, or exact zeros.

A number is a blank if it is repeated bit by bit and stands far outside all others. An exact zero
lies amid the others, and is a blank where the rest is noise: noise is never exactly zero, nor the
same in a whole channel. A cube without noise, of sources alone, has zeros that are data; so has
one whose values were rounded to integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

FAR = 10.0
"""A blank is as many times farther out than the farthest other value on its side."""
LEAST_SHARE = 1e-5
"""Of the voxels that have a number which is a blank; and it stands in two at least."""
MOST_NUMBERS = 4
"""Different numbers that stand for a blank."""
PLANE_SAMPLE = 4096
"""Voxels of a channel that tell what is usual."""
ROUNDED_CHANNELS = 8
"""Fewest channels in which a rounded value that never changes is a blank."""
NEAR_ZERO = (0.01, 0.15)
"""Share of noise within a tenth of its median modulus: 0.054 for a Gaussian. Values that were cut
have less, sources that fade into nothing have more."""
BOTH_SIGNS = 0.1
"""Least share of either sign in noise."""


@dataclass(frozen=True)
class Usual:
    """Of a sample without blanks. middle, spread : median and its absolute deviation; rounded :
    whether most values are repeated; noisy : whether they look like noise about zero"""

    middle: float
    spread: float
    rounded: bool
    noisy: bool


def blank_in_place(data: np.ndarray) -> tuple[str, ...]:
    """Set blanks that are written as numbers to NaN, and say which.

    data : (chan, y, x) float32, changed in place
    """
    notes: list[str] = []
    for _ in range(MOST_NUMBERS):
        number = _far_number(data)
        if number is None:
            break
        count = _erase(data, number)
        notes.append(f"{number:g} in {_share(count, data)} of the voxels: read as blank")
    return (*notes, *_blank_zeros(data))


def _blank_zeros(data: np.ndarray) -> tuple[str, ...]:
    """Erase what is constant in a channel, and exact zeros, if the rest is noise."""
    lowest, highest = _limits(data)
    constant = (lowest == highest) & (data[0].size > 1)
    each = np.array([np.count_nonzero(plane == 0) for plane in data])
    zeros = int(each[~constant].sum())
    # a generator of 32-bit noise makes a zero in millions
    if not constant.any() and zeros < _fewest(data):
        return ()
    usual = _usual(plane for plane, flat in zip(data, constant, strict=True) if not flat)
    if usual is None or not usual.noisy:
        return ()
    notes: list[str] = []
    if constant.any():
        data[constant] = np.nan
        n = int(np.count_nonzero(constant))
        notes.append(f"{n} channel{'s' if n > 1 else ''} of one value alone: read as blank")
    count = 0
    if usual.rounded:
        count = _never_changing(data)
    elif zeros >= _fewest(data):
        count = _erase(data, 0.0)
    if count:
        notes.append(f"exact zeros in {_share(count, data)} of the voxels: read as blank")
    return tuple(notes)


def _far_number(data: np.ndarray) -> float | None:
    """The lowest or highest value, if it is a blank."""
    lowest, highest = _limits(data)
    low, high = float(np.fmin.reduce(lowest)), float(np.fmax.reduce(highest))
    for number, sign in ((low, -1.0), (high, 1.0)):
        usual = _usual(data, number)
        if usual is None or usual.spread == 0 or (usual.rounded and not usual.noisy):
            continue  # a model of a few values has no blanks
        away = sign * (number - usual.middle)
        if away < FAR * usual.spread:
            continue
        count, next_one = _repeated(data, number)
        farthest = max(sign * (next_one - usual.middle), usual.spread)
        if count >= _fewest(data) and away > FAR * farthest:
            return number
    return None


def _limits(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(chan,) lowest and highest value of each channel, NaN if it has none."""
    lowest = np.array([np.fmin.reduce(plane, axis=None) for plane in data])
    return lowest, np.array([np.fmax.reduce(plane, axis=None) for plane in data])


def _repeated(data: np.ndarray, number: float) -> tuple[int, float]:
    """How many voxels have an extreme number, and the extreme of the others on its side."""
    count, others = 0, []
    for plane in data:
        same = plane == np.float32(number)
        count += int(np.count_nonzero(same))
        left = plane[~same & np.isfinite(plane)]
        if len(left):
            others += [float(left.min()), float(left.max())]
    if not others:
        return count, np.nan
    return count, min(others, key=lambda other: abs(other - number))


def _usual(planes: Iterable[np.ndarray], apart: float = 0.0) -> Usual | None:
    """What is usual among the voxels other than those of the value `apart`; None for too few.

    Exact zeros are left out in any case: they may be blanks.
    """
    some: list[np.ndarray] = []
    for plane in planes:
        step = max(1, plane.size // PLANE_SAMPLE) | 1  # odd, so as not to stay in one column
        part = plane.reshape(-1)[::step]
        some.append(part[np.isfinite(part) & (part != np.float32(apart)) & (part != 0)])
    sample = np.concatenate(some) if some else np.empty(0)
    if len(sample) < 16:
        return None
    values = sample.astype(float)
    middle = float(np.median(values))
    different = np.unique(values)
    rounded = len(different) < 0.5 * len(values)
    size = np.abs(values)
    tenth = 0.1 * float(np.median(size))
    # rounded values other than 0 are one step from it at least
    steps = np.diff(different) if rounded else np.empty(0)
    reach = max(tenth, float(np.median(steps)) if len(steps) else 0.0)
    near = float(np.mean(size <= reach)) * tenth / reach
    positive = float(np.mean(values > 0))
    return Usual(
        middle=middle,
        spread=float(np.median(np.abs(values - middle))),
        rounded=rounded,
        noisy=NEAR_ZERO[0] < near < NEAR_ZERO[1] and BOTH_SIGNS < positive < 1 - BOTH_SIGNS,
    )


def _never_changing(data: np.ndarray) -> int:
    """Erase the pixels that are zero in each channel with data; return how many voxels."""
    known = [index for index, plane in enumerate(data) if np.isfinite(plane).any()]
    if len(known) < ROUNDED_CHANNELS:
        return 0
    zero = np.ones(data.shape[1:], bool)
    for index in known:
        zero &= data[index] == 0
    data[:, zero] = np.nan
    return int(np.count_nonzero(zero)) * len(known)


def _fewest(data: np.ndarray) -> float:
    """Voxels that a blank has at least."""
    return max(2.0, LEAST_SHARE * data.size)


def _erase(data: np.ndarray, number: float) -> int:
    """Set voxels of a number to NaN; return how many."""
    count = 0
    for plane in data:
        same = plane == np.float32(number)
        count += int(np.count_nonzero(same))
        plane[same] = np.nan
    return count


def _share(count: int, data: np.ndarray) -> str:
    return f"{100 * count / data.size:.2g}%"
