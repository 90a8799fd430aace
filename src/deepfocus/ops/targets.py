"""What the output of a network means: from the truth to its target, from its output to values.

A target stands on the card of a network beside its input. `encode` gives what training asks for,
`decode` what detection reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.morphology import elongation_vector, major_minor_from_axes, pa_from_vector


@dataclass(frozen=True)
class ProbabilityMap:
    """The largest of the sources' images of unit peak: each weighs the same (docs/decisions)."""

    kind: ClassVar[str] = "probability_map"

    def encode(self, images: np.ndarray) -> np.ndarray:
        """(y, x) in [0, 1] of the sources' images (source, y, x), of unit peak."""
        if not len(images):
            return np.zeros(images.shape[1:], np.float32)
        return np.asarray(images.max(axis=0), np.float32)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Probability in [0, 1], of the shape of the output."""
        return np.clip(output, 0, 1)


@dataclass(frozen=True)
class LineProbability:
    """The largest of the lines' profiles of unit peak."""

    kind: ClassVar[str] = "line_probability"

    def encode(self, lines: Iterable[tuple[float, float]], channels: int) -> np.ndarray:
        """(chan,) in [0, 1] of lines (channel, FWHM in channels)."""
        profiles = [gaussian_1d(channels, channel, fwhm) for channel, fwhm in lines]
        return np.max(profiles, axis=0) if profiles else np.zeros(channels, np.float32)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Probability in [0, 1], of the shape of the output."""
        return np.clip(output, 0, 1)


@dataclass(frozen=True)
class Fwhm:
    """The FWHM of a source along one of its axes, before the beam.

    axis : 'major' or 'minor'; unit_px : pixels that count as one
    """

    kind: ClassVar[str] = "fwhm"

    axis: Literal["major", "minor"] = "major"
    unit_px: float = 10.0

    def encode(self, ellipse: Ellipse) -> np.ndarray:
        """(1,) of a true source."""
        major, minor = major_minor_from_axes(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
        return np.array([(major if self.axis == "major" else minor) / self.unit_px])

    def decode(self, output: np.ndarray) -> np.ndarray:
        """(b,) FWHM in pixels of outputs (b, 1)."""
        return self.unit_px * output[:, 0]


@dataclass(frozen=True)
class Elongation:
    """The elongation vector e (cos 2 pa, sin 2 pa), which has no jump (`ops.morphology`)."""

    kind: ClassVar[str] = "elongation"

    def encode(self, ellipse: Ellipse) -> np.ndarray:
        """(2,) of a true source."""
        major, minor = major_minor_from_axes(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
        return elongation_vector(major, minor, ellipse.pa)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """(b,) position angle of the major axis, degrees in [0, 180), of outputs (b, 2)."""
        return pa_from_vector(output)


@dataclass(frozen=True)
class LogFlux:
    """Logarithm of the line flux through the primary beam over the scale of the input.

    farthest : decoded logarithms are held within it. No flux is a factor e^20 from the peak of
        its image: a wild output stays finite
    """

    kind: ClassVar[str] = "log_flux"

    farthest: float = 20.0

    def encode(self, flux_jy_chan: float, *, scale: float) -> np.ndarray:
        """(1,) of an apparent line flux, Jy times channels; NaN where it is negative."""
        with np.errstate(invalid="ignore"):
            return np.array([np.log(flux_jy_chan / scale)])

    def decode(self, output: np.ndarray, *, scale: np.ndarray) -> np.ndarray:
        """(b,) apparent line flux, Jy times channels, of outputs (b, 1) and scales (b,)."""
        held = np.clip(output[:, 0], -self.farthest, self.farthest)
        return np.exp(held) * scale


Target = ProbabilityMap | LineProbability | Fwhm | Elongation | LogFlux
