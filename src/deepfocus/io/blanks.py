"""Finds voxels without data that are written as a number: -1e10, -1000, 1e36, or exact zeros.

A number is a blank if it is repeated bit by bit and stands far outside all others. An exact zero
lies amid the others, and is a blank where the rest is noise: noise is never exactly zero, nor the
same in a whole channel. A cube without noise, of sources alone, has zeros that are data; so has
one whose values were rounded to integers. A number that no telescope sees is damage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.catalogue import numbered
from deepfocus.core.voxels import Voxels, channel_blocks
from deepfocus.io.survey import TOGETHER, Survey, survey_of

FAR = 10.0
"""A blank is as many times farther out than the farthest other value on its side."""
LEAST_SHARE = 1e-5
"""Of the voxels that have a number which is a blank; and it stands in two at least."""
HUGEST = 1e15
"""Of brightness in any unit; sums of squares overflow single precision somewhat above."""
MOST_NUMBERS = 4
"""Different numbers that stand for a blank."""
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


@dataclass(frozen=True, eq=False)
class Blanks:
    """Voxels without data that are written as numbers.

    numbers : that stand for no data
    constant : (chan,) bool, channels without data
    zeros : whether exact zeros are blank
    never : (y, x) bool, pixels that are blank in all channels; None for none
    huge : whether there are values beyond `HUGEST`, which are blank
    """

    numbers: tuple[float, ...]
    constant: np.ndarray
    zeros: bool = False
    never: np.ndarray | None = None
    huge: bool = False

    def erase_from(self, block: np.ndarray, channels: slice, rows: slice, columns: slice) -> None:
        """Set them to NaN in a part of the cube that is in memory.

        block : (chan, y, x) float32, changed in place; the slices tell which part it is
        """
        for number in self.numbers:
            block[block == np.float32(number)] = np.nan
        constant = self.constant[channels]
        if constant.any():
            block[constant] = np.nan
        if self.zeros:
            block[block == 0] = np.nan
        if self.huge:
            block[np.abs(block) > HUGEST] = np.nan
        if self.never is not None:
            block[:, self.never[rows, columns]] = np.nan


def blank_in_place(data: np.ndarray) -> tuple[str, ...]:
    """Set blanks that are written as numbers to NaN, and say which.

    data : (chan, y, x) float32, changed in place
    """
    blanks, notes = find_blanks(data, survey_of(data))
    whole = slice(None)
    for channel in range(len(data)):  # a mask of the whole cube would need a quarter of its memory
        one = slice(channel, channel + 1)
        blanks.erase_from(data[one], one, whole, whole)
    return notes


def find_blanks(
    voxels: Voxels, survey: Survey, values_at_once: int = TOGETHER
) -> tuple[Blanks, tuple[str, ...]]:
    """The blanks that are written as numbers, and notes that say which.

    survey : of these voxels
    values_at_once : voxels that may be held in memory
    """
    notes: list[str] = []
    numbers: list[float] = []
    for _ in range(MOST_NUMBERS):
        found = _far_number(voxels, survey, numbers, values_at_once)
        if found is None:
            break
        number, without = found
        share = _share(survey.count_of(number), survey)
        notes.append(f"{number:g} in {share} of the voxels: read as blank")
        numbers.append(number)
        survey = without
    huge = np.fmax(-survey.lowest, survey.highest) > HUGEST
    if huge.any():
        channels = numbered(int(np.count_nonzero(huge)), "channel")
        notes.append(f"values beyond {HUGEST:g} in {channels}: read as blank")
    none = Blanks(tuple(numbers), np.zeros(len(survey.known), bool), huge=bool(huge.any()))
    blanks, said = _blank_zeros(voxels, survey, none, values_at_once)
    return blanks, (*notes, *said)


def _blank_zeros(
    voxels: Voxels, survey: Survey, blanks: Blanks, values_at_once: int
) -> tuple[Blanks, tuple[str, ...]]:
    """And what is constant in a channel, and exact zeros, if the rest is noise."""
    constant = survey.constant
    zeros = int(survey.zeros[~constant].sum())
    # a generator of 32-bit noise makes a zero in millions
    if not constant.any() and zeros < _fewest(survey):
        return blanks, ()
    kept = [part for part, flat in zip(survey.samples, constant, strict=True) if not flat]
    usual = _usual(kept)
    if usual is None or not usual.noisy:
        return blanks, ()
    notes: list[str] = []
    if constant.any():
        blanks = replace(blanks, constant=constant)
        n = int(np.count_nonzero(constant))
        notes.append(f"{n} channel{'s' if n > 1 else ''} of one value alone: read as blank")
    count = 0
    if usual.rounded:
        known = np.flatnonzero((survey.known > 0) & ~constant)
        never = _never_changing(voxels, blanks, known, values_at_once)
        count = int(np.count_nonzero(never)) * len(known)
        blanks = replace(blanks, never=never if count else None)
    elif zeros >= _fewest(survey):
        count, blanks = zeros, replace(blanks, zeros=True)
    if count:
        share = _share(count, survey)
        notes.append(f"exact zeros in {share} of the voxels: read as blank")
    return blanks, tuple(notes)


def _far_number(
    voxels: Voxels, survey: Survey, erased: Sequence[float], values_at_once: int
) -> tuple[float, Survey] | None:
    """The lowest or highest value, if it is a blank, and the survey of the others.

    survey, erased : of what is left without the blanks that were found before; and these
    """
    low, high = float(np.fmin.reduce(survey.lowest)), float(np.fmax.reduce(survey.highest))
    for number, sign in ((low, -1.0), (high, 1.0)):
        if survey.count_of(number) < _fewest(survey):
            continue
        usual = _usual(survey.samples, number)
        if usual is None or usual.spread == 0 or (usual.rounded and not usual.noisy):
            continue  # a model of a few values has no blanks
        away = sign * (number - usual.middle)
        if away < FAR * usual.spread:
            continue
        without = survey_of(voxels, values_at_once, erased=[*erased, number])
        ends = without.lowest if sign < 0 else without.highest
        next_one = float((np.fmin if sign < 0 else np.fmax).reduce(ends))
        farthest = max(sign * (next_one - usual.middle), usual.spread)
        if away > FAR * farthest:
            return number, without
    return None


def _usual(samples: Sequence[np.ndarray], apart: float = 0.0) -> Usual | None:
    """What is usual among values other than `apart`; None for too few."""
    values = np.concatenate([*samples, np.empty(0, np.float32)]).astype(float)
    values = values[values != np.float32(apart)]
    if len(values) < 16:
        return None
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


def _never_changing(
    voxels: Voxels, blanks: Blanks, known: np.ndarray, values_at_once: int
) -> np.ndarray:
    """(y, x) bool: the pixels that are zero in each channel with data.

    known : (k,) channels that have data, once the blanks are erased
    """
    zero = np.full(voxels.shape[1:], len(known) >= ROUNDED_CHANNELS)
    whole, counts = slice(None), set(known.tolist())
    for channels in channel_blocks(voxels.shape, min(values_at_once, TOGETHER)):
        if not zero.any():
            break
        block = np.array(voxels[channels])
        blanks.erase_from(block, channels, whole, whole)
        for channel, plane in enumerate(block, channels.start):
            if channel in counts:
                zero &= plane == 0
    return zero


def _fewest(survey: Survey) -> float:
    """Voxels that a blank has at least."""
    return max(2.0, LEAST_SHARE * survey.size)


def _share(count: int, survey: Survey) -> str:
    return f"{100 * count / survey.size:.2g}%"
