"""How high the sidelobes of a source are, and how far they are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.fft import fftfreq, ifftshift, irfft2, rfft2, rfftfreq
from scipy.ndimage import gaussian_filter

from deepfocus.core.source import FWHM_PER_SIGMA

NONE = 0.01
"""Of the beam's peak: a beam whose highest sidelobe is lower has none."""
MAIN_LOBE_BEAMS = 1.5
"""Radius of the main lobe, FWHM."""
MIDDLE_BEAMS = 32.0
"""How far from its peak a beam is looked at for its highest sidelobes, FWHM."""

SAFETY, HIGHEST = 2.0, 0.5
"""Times what is known: what is not may be higher, but no higher than that of the peak."""


@dataclass(frozen=True, eq=False)
class Sidelobes:
    """Of a dirty beam; a restoring beam has none.

    beam : (y, x), peak 1 at [ny // 2, nx // 2]; beam_px : FWHM of its main lobe
    ends : whether the beam ends well within its image, as a restoring beam does
    """

    beam: np.ndarray
    beam_px: float
    ends: bool = False
    _beyond: dict[float, float] = field(default_factory=dict, init=False, repr=False)
    _known: dict[float, float] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def highest(self) -> float:
        """Of the peak, beyond the main lobe; positive or negative."""
        dy, dx = (np.arange(n) - n // 2 for n in self.beam.shape)
        beyond = np.hypot(dy[:, None], dx[None]) > MAIN_LOBE_BEAMS * self.beam_px
        return float(np.abs(self.beam[beyond]).max()) if beyond.any() else 0.0

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return not self.ends and self.highest > NONE

    def reached(self, dy: float, dx: float, size_px: float) -> bool:
        """Whether a filter of a size, so far from a source, sees no more than the known beam."""
        ny, nx = self.beam.shape
        margin = np.hypot(self.beam_px, size_px)
        return bool(abs(dy) <= ny // 2 - margin and abs(dx) <= nx // 2 - margin)

    def beyond(self, size_px: float) -> float:
        """Highest response of a filter to the sidelobes that are not known, of that to the source.

        They are taken to be up to twice as high as those in the outer half of the known beam.
        """
        if size_px not in self._beyond:
            dy, dx = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in self.beam.shape)
            outer = np.maximum(dy[:, None], dx[None]) > 0.5
            seen = gaussian_filter(self.beam.astype(np.float32), size_px / FWHM_PER_SIGMA)
            known = float(np.abs(seen[outer]).max() / seen.max())
            self._beyond[size_px] = min(SAFETY * known, HIGHEST)
        return self._beyond[size_px]

    def share(self, size_px: float) -> float:
        """Highest response of a filter to the sidelobes of a source of its size, of that to itself.

        1 where a sidelobe is no lower: of emission that the shortest baselines resolve, a dirty
        image shows fringes alone, and the filter does not tell where it is.
        """
        if size_px not in self._known:
            ny, nx = self._middle.shape
            fy, fx = fftfreq(ny)[:, None], rfftfreq(nx)[None]
            # of the source and of the filter
            variance = 2 * (size_px / FWHM_PER_SIGMA) ** 2
            blur = np.exp(-2 * np.pi**2 * variance * (fy**2 + fx**2)).astype(np.float32)
            seen = irfft2(self._spectrum * blur, s=(ny, nx))
            dy, dx = fftfreq(ny, 1 / ny)[:, None], fftfreq(nx, 1 / nx)[None]
            beyond = np.hypot(dy, dx) > MAIN_LOBE_BEAMS * np.hypot(self.beam_px, size_px)
            known = bool(seen[0, 0] > 0) and beyond.any()
            share = float(seen[beyond].max() / seen[0, 0]) if known else float(beyond.any())
            self._known[size_px] = min(share, 1.0)
        return self._known[size_px]

    @cached_property
    def _middle(self) -> np.ndarray:
        """The beam as far as its highest sidelobes lie, its peak at [n // 2, n // 2]."""
        reach = int(np.ceil(MIDDLE_BEAMS * self.beam_px))
        y, x = (slice(max(n // 2 - reach, 0), n // 2 + reach) for n in self.beam.shape)
        return self.beam[y, x].astype(np.float32)

    @cached_property
    def _spectrum(self) -> np.ndarray:
        """Of the beam's middle, its peak at [0, 0]."""
        spectrum: np.ndarray = rfft2(ifftshift(self._middle))
        return spectrum

    def tells_place(self, size_px: float) -> bool:
        """Whether a filter sees a source of its size best where that is."""
        return not self.any or self.share(size_px) < 1.0
