"""What a few moving Gaussians are wrong by for a galaxy, even where they explain the data.

Measured on galaxies in cubes of validation seeds, exponential discs and templates of real ones
alike: what is beyond the errors that the fit states, as a share that stays and one that falls with
the signal-to-noise, where more components fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.mapped_ellipses import of_moments
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.sources import PLACE, SHAPE, SHIFT, SUMMARY, SourceFit

CHANNEL, FLUX = SUMMARY.index("channel"), SUMMARY.index("flux")
WIDTH, W20 = SUMMARY.index("fwhm_chan"), SUMMARY.index("w20_chan")


@dataclass(frozen=True)
class Wrong:
    """By how much: `share`, and `unseen` over the signal-to-noise, in quadrature."""

    share: float
    unseen: float

    def at(self, snr: float) -> float:
        """Of a galaxy of that signal-to-noise; never more than one of `unseen`."""
        return float(np.hypot(self.share, self.unseen / max(snr, self.unseen)))


IN_FLUX = Wrong(0.04, 1.4)
"""Of the flux."""
IN_PLACE = Wrong(0.005, 0.35)
"""Of the size, along x and y."""
IN_CHANNEL = Wrong(0.003, 0.35)
"""Of the line's width."""
IN_WIDTH = Wrong(0.005, 0.8)
"""Of itself: Gaussians have wings, and no edges."""
IN_SHAPE = 0.03
"""Of a width that was measured in the spectrum: its shape is none of those that are tried there."""
IN_SIZE = Wrong(0.07, 1.5)
"""Of each axis."""
IN_ANGLE = Wrong(0.02, 0.5)
"""Radians."""
IN_MOTION = Wrong(0.11, 3.5)
"""Of what the line moves on the sky."""
IN_DIRECTION = Wrong(0.015, 0.0)
"""Radians."""
MOTION_OF_ALL, MOTION_OF_ONE = 1.1, 1.3
"""What a galaxy's line moves on the sky, over what its model does, of several components and of
one: the outskirts, too faint for the model, move farthest."""


def with_model_errors(source: SourceFit) -> SourceFit:
    """A galaxy with all of its motion, and a covariance that counts what its model is wrong by."""
    snr = _snr(source)
    summary, covariance = source.summary.copy(), source.covariance.copy()
    motion = MOTION_OF_ONE if len(source.components) == 1 else MOTION_OF_ALL
    summary[SHIFT] *= motion
    covariance[SHIFT] *= motion
    covariance[:, SHIFT] *= motion
    size = FWHM_PER_SIGMA * np.sqrt(max(float(summary[SHAPE[:2]].sum()), 0.0))
    covariance[PLACE, PLACE] += (IN_PLACE.at(snr) * size) ** 2
    covariance[CHANNEL, CHANNEL] += (IN_CHANNEL.at(snr) * summary[WIDTH]) ** 2
    in_width = IN_WIDTH.at(snr) if source.spectrum is None else IN_SHAPE
    for at in (WIDTH, W20):
        covariance[at, at] += (in_width * summary[at]) ** 2
    covariance[FLUX, FLUX] += flux_variance(source)
    covariance[np.ix_(SHAPE, SHAPE)] += _of_shape(summary[SHAPE], snr)
    covariance[np.ix_(SHIFT, SHIFT)] += _of_motion(summary[SHIFT], snr)
    return replace(source, summary=summary, covariance=covariance)


def flux_variance(source: SourceFit) -> float:
    """Of the flux of a galaxy, what its Gaussians are wrong by."""
    return (IN_FLUX.at(_snr(source)) * source.value("flux")) ** 2


def _snr(source: SourceFit) -> float:
    return float(np.sqrt(max(source.gain, 0.0)))


def _of_shape(moments: np.ndarray, snr: float) -> np.ndarray:
    """(3, 3) of second moments xx, yy, xy: of both axes, and of their angle."""
    xx, yy, xy = moments
    squares, axes = np.linalg.eigh([[xx, xy], [xy, yy]])
    of_axes = 2 * IN_SIZE.at(snr) * np.maximum(squares, 0.0)
    of_angle = IN_ANGLE.at(snr) * (squares[1] - squares[0])
    turn = of_moments(axes)
    own: np.ndarray = turn @ np.diag(np.square([*of_axes, of_angle])) @ turn.T
    return own


def _of_motion(along: np.ndarray, snr: float) -> np.ndarray:
    """(2, 2) of what a line moves: its length, and its direction."""
    across = np.array([-along[1], along[0]])
    own: np.ndarray = IN_MOTION.at(snr) ** 2 * np.outer(along, along)
    own += IN_DIRECTION.at(snr) ** 2 * np.outer(across, across)
    return own
