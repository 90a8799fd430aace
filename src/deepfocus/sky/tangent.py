"""How a source changes with its lines: the spectra of its parts, and their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

NEGLIGIBLE = 1e-2
"""Parts with singular values below this fraction of the largest carry 1e-4 of the power."""


@dataclass(frozen=True, eq=False)
class LineTangent:
    """One line of a source, and how it changes; all (part, chan).

    own : the line alone, to which the rest of the source adds
    by_channel : its derivative by its centre, per channel
    by_width : its derivative by the logarithm of its width, at the same flux
    """

    own: np.ndarray
    by_channel: np.ndarray
    by_width: np.ndarray


@dataclass(frozen=True, eq=False)
class Tangent:
    """A source as parts, each an image times a spectrum, as `SkySource.parts` gives them.

    images : (part, y, x); total : (part, chan), all emission; lines : in the order of its truths
    """

    images: np.ndarray
    total: np.ndarray
    lines: tuple[LineTangent, ...]


Spectra = Callable[[int, float, float], np.ndarray]
"""(chan, n) spectra with line i moved by some channels and its width multiplied; n are any
quantities in which they are linear, such as velocities."""


def line_spectra(
    spectra: Spectra, without: Callable[[int], np.ndarray], widths_chan: tuple[float, ...]
) -> list[np.ndarray]:
    """The total and, for each line, itself and its derivatives as in `LineTangent`, each (chan, n).

    Derivatives are central differences over a thousandth of the width: exact to 1e-6 of them.
    without : spectra without line i, at the same continuum
    """
    stack = [spectra(0, 0.0, 1.0)]
    for i, width in enumerate(widths_chan):
        step = 1e-3
        stack.append(stack[0] - without(i))
        moved = spectra(i, step * width, 1.0) - spectra(i, -step * width, 1.0)
        stack.append(moved / (2 * step * width))
        stack.append((spectra(i, 0.0, 1 + step) - spectra(i, 0.0, 1 - step)) / (2 * step))
    return stack


def common_parts(
    stack: list[np.ndarray], widths_chan: tuple[float, ...]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Spectra (part, chan) for each of `stack` (chan, n), and coefficients (part, n), by SVD.

    Their products are the stack, but for what is `NEGLIGIBLE` in all of it.
    """
    scales = [1.0] + [scale for width in widths_chan for scale in (1.0, width, 1.0)]
    scaled = np.concatenate([each * by for each, by in zip(stack, scales, strict=True)])
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    rank = max(int(np.sum(values > NEGLIGIBLE * values[0])), 1)
    spectra = np.split(left[:, :rank].T, len(stack), axis=1)
    by_scale = [each / by for each, by in zip(spectra, scales, strict=True)]
    return by_scale, values[:rank, None] * right[:rank]


def tangent_of(images: np.ndarray, spectra: list[np.ndarray]) -> Tangent:
    """The tangent of images (part, y, x) and spectra (part, chan), ordered as `line_spectra`."""
    lines = tuple(LineTangent(*spectra[i : i + 3]) for i in range(1, len(spectra), 3))
    return Tangent(images, spectra[0], lines)
