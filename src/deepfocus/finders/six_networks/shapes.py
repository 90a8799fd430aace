"""Steps 10 and 11: major and minor FWHM and position angle from the focused line images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse
from deepfocus.finders.six_networks.candidate import Candidate, Candidates, accepted, updated
from deepfocus.ops.inputs import FocusedImage
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.ops.targets import Elongation, Fwhm
from deepfocus.weights.six import Trained


@dataclass(frozen=True, eq=False)
class MeasureShapes:
    """Accepted candidates -> the same with their ellipses and focused images.

    min_fwhm_px : smallest size that is reported
    """

    major: Trained[FocusedImage, Fwhm]
    minor: Trained[FocusedImage, Fwhm]
    angle: Trained[FocusedImage, Elongation]
    min_fwhm_px: float = 0.5

    def __call__(self, cube: Cube, candidates: Sequence[Candidate]) -> Candidates:
        found = accepted(candidates)
        if not found:
            return tuple(candidates)
        images = [focused_image(self.major.input, cube, each) for each in found]
        one, other = (net.target.decode(answers(net, images)) for net in (self.major, self.minor))
        major = np.maximum(np.maximum(one, other), self.min_fwhm_px)
        minor = np.maximum(np.minimum(one, other), self.min_fwhm_px)
        pa = self.angle.target.decode(answers(self.angle, images))
        axes = axes_from_major_minor(major, minor, pa)
        shaped = [
            replace(
                each,
                ellipse=Ellipse(each.x, each.y, float(fwhm_x), float(fwhm_y), float(angle)),
                focused=image,
            )
            for each, fwhm_x, fwhm_y, angle, image in zip(found, *axes, pa, images, strict=True)
        ]
        return updated(candidates, shaped)


def focused_image(sees: FocusedImage, cube: Cube, candidate: Candidate) -> np.ndarray:
    """A network's input image of a candidate's line, before normalisation."""
    return sees.image(
        cube.array,
        x=candidate.x,
        y=candidate.y,
        channels=candidate.span,
        continuum=candidate.home.continuum,
    )


def answers(network: Trained[FocusedImage, Any], images: Sequence[np.ndarray]) -> np.ndarray:
    """Outputs (b, k) of a network for images, which are encoded as the network expects."""
    inputs = np.stack([network.input.encode(image).values for image in images])
    return np.asarray(network.run(inputs[:, None].astype(np.float32)), np.float64)
