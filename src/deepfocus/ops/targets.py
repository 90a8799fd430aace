"""Network targets: from the truth to a training target, and from an output to values.

A network's card states its target and its input. `encode` makes the target for training;
`decode` converts an output for detection.
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
    """Maximum of the sources' unit-peak images, so that all have equal weight (docs/decisions)."""

    kind: ClassVar[str] = "probability_map"

    def encode(self, images: np.ndarray) -> np.ndarray:
        """(y, x) in [0, 1] from the sources' unit-peak images (source, y, x)."""
        if not len(images):
            return np.zeros(images.shape[1:], np.float32)
        highest: np.ndarray = np.clip(images.max(axis=0), 0, 1).astype(np.float32)
        return highest

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Probability in [0, 1], in the shape of the output."""
        probability: np.ndarray = np.clip(output, 0, 1)
        return probability


@dataclass(frozen=True)
class LineProbability:
    """Maximum of the lines' unit-peak profiles."""

    kind: ClassVar[str] = "line_probability"

    def encode(self, lines: Iterable[tuple[float, float]], channels: int) -> np.ndarray:
        """(chan,) in [0, 1] from lines (channel, FWHM in channels)."""
        profiles = [gaussian_1d(channels, channel, fwhm) for channel, fwhm in lines]
        return np.max(profiles, axis=0) if profiles else np.zeros(channels, np.float32)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """Probability in [0, 1], in the shape of the output."""
        probability: np.ndarray = np.clip(output, 0, 1)
        return probability


@dataclass(frozen=True)
class Fwhm:
    """The FWHM of a source along one of its axes, before convolution with the beam.

    axis : 'major' or 'minor'; unit_px : unit of the target in pixels
    """

    kind: ClassVar[str] = "fwhm"

    axis: Literal["major", "minor"] = "major"
    unit_px: float = 10.0

    def encode(self, ellipse: Ellipse) -> np.ndarray:
        """(1,) target of a true source."""
        major, minor = major_minor_from_axes(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
        return np.array([(major if self.axis == "major" else minor) / self.unit_px])

    def decode(self, output: np.ndarray) -> np.ndarray:
        """(b,) FWHM in pixels from outputs (b, 1)."""
        return self.unit_px * output[:, 0]


@dataclass(frozen=True)
class Elongation:
    """The elongation vector e (cos 2 pa, sin 2 pa), which has no jump (`ops.morphology`)."""

    kind: ClassVar[str] = "elongation"

    def encode(self, ellipse: Ellipse) -> np.ndarray:
        """(2,) target of a true source."""
        major, minor = major_minor_from_axes(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
        return elongation_vector(major, minor, ellipse.pa)

    def decode(self, output: np.ndarray) -> np.ndarray:
        """(b,) position angle of the major axis, degrees in [0, 180), from outputs (b, 2)."""
        return pa_from_vector(output)


@dataclass(frozen=True)
class LogFlux:
    """Logarithm of the line flux, attenuated by the primary beam, over the input's scale.

    farthest : limit on the absolute value of decoded logarithms, so that a wild output stays
        finite; no flux is a factor e^20 from the peak of its image
    """

    kind: ClassVar[str] = "log_flux"

    farthest: float = 20.0

    def encode(self, flux_jy_chan: float, *, scale: float) -> np.ndarray:
        """(1,) target of an apparent line flux, Jy times channels; NaN if the flux is negative."""
        with np.errstate(invalid="ignore"):
            return np.array([np.log(flux_jy_chan / scale)])

    def decode(self, output: np.ndarray, *, scale: np.ndarray) -> np.ndarray:
        """(b,) apparent line flux, Jy times channels, from outputs (b, 1) and scales (b,)."""
        clipped = np.clip(output[:, 0], -self.farthest, self.farthest)
        flux: np.ndarray = np.exp(clipped) * scale
        return flux


Target = ProbabilityMap | LineProbability | Fwhm | Elongation | LogFlux
