"""Minor cycles: components from a residual, with the dirty beam subtracted pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.imaging.clean.lag_beam import LagBeam

RUNS_AWAY = 10.0
"""Growth of the brightest pixel at which a minor cycle ends: CLEAN diverges then."""


@dataclass(frozen=True, eq=False)
class Components:
    """image : (y, x) Jy/pixel, the sum of components at each pixel; iterations : their number"""

    image: np.ndarray
    iterations: int


class Minor(Protocol):
    """A way to find components."""

    def components(
        self, residual: np.ndarray, mask: np.ndarray, beam: LagBeam, *, limit: float, most: int
    ) -> Components:
        """Those that take a residual (y, x) Jy/beam, inside a mask (y, x) bool, below a limit.

        limit : brightness, above or below zero, at which to stop, Jy/beam; most : iterations
        """
        ...


@dataclass(frozen=True)
class Hogbom:
    """Hogbom (1974, A&AS 15, 417): the brightest pixel, times the gain, over the whole image.

    gain : share of the brightest pixel that one component takes
    """

    kind: ClassVar[str] = "hogbom"

    gain: float = 0.1

    def __post_init__(self) -> None:
        refuse_gain(self.gain)

    def components(
        self, residual: np.ndarray, mask: np.ndarray, beam: LagBeam, *, limit: float, most: int
    ) -> Components:
        """See `Minor`."""
        image = np.zeros(residual.shape)
        rows, columns = _window(mask)
        # outside the smallest window around the mask nothing is asked: the major cycle knows
        left = np.array(residual[rows, columns], np.float32)
        inside = np.array(mask[rows, columns], np.float32)
        size, step = np.empty_like(left), np.empty_like(left)
        highest = RUNS_AWAY * float(np.abs(residual[mask]).max())
        for iteration in range(most):
            np.multiply(np.abs(left, out=size), inside, out=size)
            y, x = divmod(int(size.argmax()), left.shape[1])
            if not limit < size[y, x] < highest:
                return Components(image, iteration)
            flux = self.gain * float(left[y, x])
            y_px, x_px = y + rows.start, x + columns.start
            image[y_px, x_px] += flux
            left -= np.multiply(beam.about(y_px, x_px, rows, columns), np.float32(flux), out=step)
        return Components(image, most)


@dataclass(frozen=True)
class Clark:
    """Clark (1980, A&A 89, 377): the bright pixels alone, through the middle of the dirty beam.

    What the beam does beyond is left to the next major cycle. So a minor cycle ends, too, where
    that could be as bright as the pixel that is next: the highest sidelobe beyond, times the flux
    of all components of the cycle.

    gain : as in `Hogbom`
    reach_px : of the beam that is subtracted, from its peak, in y and x
    """

    kind: ClassVar[str] = "clark"

    gain: float = 0.1
    reach_px: int = 32

    def __post_init__(self) -> None:
        refuse_gain(self.gain)
        if self.reach_px < 1:
            raise DeepFocusError(
                f"reach_px = {self.reach_px}", wanted="1 or more", remedy="take a few beams"
            )

    def components(
        self, residual: np.ndarray, mask: np.ndarray, beam: LagBeam, *, limit: float, most: int
    ) -> Components:
        """See `Minor`."""
        image = np.zeros(residual.shape)
        ny, nx = residual.shape
        ys, xs = np.nonzero(mask & (np.abs(residual) > limit))
        left = np.array(residual[ys, xs], np.float32)
        beyond, taken = self._beyond(beam), 0.0
        highest = RUNS_AWAY * float(np.abs(left).max(initial=0.0))
        for iteration in range(most if len(left) else 0):
            brightest = int(np.abs(left).argmax())
            peak = float(left[brightest])
            if not max(limit, beyond * taken) < abs(peak) < highest:
                return Components(image, iteration)
            dy, dx = ys - ys[brightest], xs - xs[brightest]
            near = (np.abs(dy) <= self.reach_px) & (np.abs(dx) <= self.reach_px)
            flux = self.gain * peak
            image[ys[brightest], xs[brightest]] += flux
            left[near] -= np.float32(flux) * beam.lags[ny + dy[near], nx + dx[near]]
            taken += abs(flux)
        return Components(image, most if len(left) else 0)

    def _beyond(self, beam: LagBeam) -> float:
        """The highest sidelobe, above or below zero, of what is not subtracted."""
        ny, nx = beam.shape
        outside = np.abs(beam.lags)
        middle = (slice(max(n - self.reach_px, 0), n + self.reach_px + 1) for n in (ny, nx))
        outside[*middle] = 0.0
        return float(outside.max())


AnyMinor = Hogbom | Clark
"""The kinds that settings can name."""


def refuse_gain(gain: float) -> None:
    """Raise `DeepFocusError` for a gain that does not converge."""
    if not 0 < gain <= 1:
        raise DeepFocusError(
            f"gain = {gain:g}", wanted="above 0, and 1 at most", remedy="take 0.1, as tclean does"
        )


def _window(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns around a mask that has a pixel at least."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
