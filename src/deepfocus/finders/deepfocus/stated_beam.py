"""Whether bright sources agree with the beam that a cube states, in words: notes.

scale    a beam stated too wide or too narrow leaves rings, which one number explains: of the beam
         `scale` times as wide
errors   gain errors leave a pattern of the same kind, which none explains: what is left of the
         source is then more than noise
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from deepfocus.finders.deepfocus.around_bright import Bright, Ring, rings_around
from deepfocus.finders.deepfocus.beam_errors import LEAST_EXCESS, SURE
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight

BRIGHT = 50.0
"""Signal-to-noise of a source whose ring tells anything."""
SCALES = np.geomspace(0.7, 1.4, 29)
"""From which the best is looked for."""
STEP = 0.005
"""Of a scale, over which its derivative is taken."""
LEAST_SCALE = 0.01
"""Of the beam: less may be the pixels' doing."""
OF_SCALE, OF_ERRORS = "around bright sources a beam", "around the brightest source"
"""How either note begins."""


@dataclass(frozen=True)
class Asked:
    """What a ring says.

    scale, error : how wide the beam is, of the stated one; the error grows with what is left
    excess, sure : power left of the stated beam over that of noise, and by how many standard
        deviations it is more; of_scaled : the same ratio for the scaled beam
    rms : left, of the source's peak in the beam
    """

    scale: float
    error: float
    excess: float
    sure: float
    of_scaled: float
    rms: float


def notes_of_beam(sources: Sequence[Bright], sight: Sight, looked: Looked) -> tuple[str, ...]:
    """What bright sources say of the stated beam; nothing where they agree with it.

    A restoring beam has no sidelobes to tell.
    """
    if not sight.sidelobes.any:
        return ()
    rings = rings_around(sources, BRIGHT, sight, looked.explained.residual, looked.noise)
    asked = [(bright, asked_of(ring)) for bright, ring in rings]
    if not asked:
        return ()
    scale, error = together([each for _, each in asked])
    if abs(scale - 1) > max(SURE * error, LEAST_SCALE):
        return (_of_scale(scale, error),)
    bright, first = asked[0]
    if first.excess > LEAST_EXCESS and first.sure > SURE:
        return (_of_errors(bright, first),)
    return ()


def asked_of(ring: Ring) -> Asked:
    """The scale that explains most of what is left, and what is left with and without it."""
    best = _best_scale(ring)
    at_best = ring.without_shape(ring.beam_at(best) - ring.beam_at())
    slope = ring.without_shape((ring.beam_at(best + STEP) - ring.beam_at(best - STEP)) / (2 * STEP))
    squared = float(slope @ slope)
    error = np.sqrt(max(float(slope @ ring.covariance @ slope), 0.0)) / squared
    expected, scatter = ring.power_of_noise
    power = float(ring.left @ ring.left)
    left = ring.left - at_best
    of_scaled = float(left @ left) / expected
    return Asked(
        scale=best,
        error=float(error * np.sqrt(max(of_scaled, 1.0))),
        excess=power / expected,
        sure=(power - expected) / scatter,
        of_scaled=of_scaled,
        rms=float(np.sqrt(power / len(ring.left))),
    )


def together(asked: Sequence[Asked]) -> tuple[float, float]:
    """Scale and error of several sources, larger where they do not agree."""
    scales = np.array([each.scale for each in asked])
    weights = np.array([each.error for each in asked]) ** -2.0
    mean = float(weights @ scales / weights.sum())
    chi2 = float(weights @ (scales - mean) ** 2)
    apart = max(chi2 / max(len(asked) - 1, 1), 1.0)
    return mean, float(np.sqrt(apart / weights.sum()))


def _best_scale(ring: Ring) -> float:
    stated = ring.beam_at()

    def left(scale: float) -> float:
        rest = ring.left - ring.without_shape(ring.beam_at(scale) - stated)
        return float(rest @ rest)

    at = int(np.argmin([left(scale) for scale in SCALES]))
    bounds = SCALES[max(at - 1, 0)], SCALES[min(at + 1, len(SCALES) - 1)]
    return float(minimize_scalar(left, bounds=bounds, method="bounded").x)


def _of_scale(scale: float, error: float) -> str:
    direction = "wider" if scale > 1 else "narrower"
    return (
        f"{OF_SCALE} {100 * abs(scale - 1):.1f}% {direction} "
        f"(± {100 * error:.1f}%) fits better than the PSF: check that it is that of these data; "
        f"fluxes may be off by {100 * abs(scale**2 - 1):.0f}%, and sizes are wrong"
    )


def _of_errors(bright: Bright, asked: Asked) -> str:
    noise = np.sqrt(asked.excess)
    return (
        f"{OF_ERRORS} (signal-to-noise {bright.snr:.0f}) {noise:.1f} times the "
        f"noise is left, 1/{1 / asked.rms:.0f} of its flux: gain errors, or a PSF of other data; "
        "faint sources beside it may be its sidelobes"
    )
