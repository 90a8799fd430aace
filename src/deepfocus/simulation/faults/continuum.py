"""Continuum subtraction as it is done: a polynomial through channels that may hold lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.simulation.scene import BLOCK_BYTES


@dataclass(frozen=True)
class Subtraction:
    """Least-squares polynomial of each pixel's spectrum, taken from all channels.

    CASA's uvcontsub fits the real and imaginary parts of each visibility. Imaging is linear, and
    all channels have the same weights, so the same fit to each pixel gives the same cube, but for
    the change of the beam over the band.

    order : of the polynomial
    fit : first and last channel of each range that is fitted, from 0, both included; all channels
        if there are none. Whatever line lies there is fitted too, and leaves a hole elsewhere
    """

    order: int = 1
    fit: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.order < 0 or any(not 0 <= first <= last for first, last in self.fit):
            raise DeepFocusError(
                f"order {self.order}, channels {list(map(list, self.fit))}",
                wanted="an order of 0 or more, and ranges of a first and a last channel",
                remedy="correct them in [faults.continuum]",
            )

    def fitted(self, channels: int) -> np.ndarray:
        """(chan,) whether a channel is fitted."""
        chosen = np.zeros(channels, bool)
        for first, last in self.fit or ((0, channels - 1),):
            chosen[first : last + 1] = True
        return chosen

    def operator(self, fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(chan, order + 1) polynomials, and (order + 1, chan) what gives their coefficients.

        Raises `DeepFocusError` if fewer channels are fitted than the polynomial has coefficients.
        """
        if fitted.sum() <= self.order:
            raise DeepFocusError(
                f"{fitted.sum()} channels to fit a polynomial of order {self.order}",
                wanted=f"{self.order + 1} or more",
                remedy="widen fit in [faults.continuum], or lower the order",
            )
        at = np.linspace(-1, 1, len(fitted))
        polynomials = np.polynomial.legendre.legvander(at, self.order)
        coefficients = np.zeros(polynomials.T.shape)
        coefficients[:, fitted] = np.linalg.pinv(polynomials[fitted])
        return polynomials, coefficients

    def subtracted(self, cube: np.ndarray, *, flagged: np.ndarray) -> np.ndarray:
        """Subtract from a cube (chan, y, x) in place; flagged channels (chan,) are not fitted."""
        channels, ny, nx = cube.shape
        polynomials, coefficients = (
            each.astype(np.float32) for each in self.operator(self.fitted(channels) & ~flagged)
        )
        step = max(1, BLOCK_BYTES // (4 * channels * nx))
        for y in range(0, ny, step):
            rows = cube[:, y : y + step].reshape(channels, -1)
            continuum = polynomials @ (coefficients @ rows)
            cube[:, y : y + step] -= continuum.reshape(channels, -1, nx)
        return cube
