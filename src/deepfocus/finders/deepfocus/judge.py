"""Whether a source is real: how likely noise is to make a peak as high anywhere in the cube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.flags import Flag
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.own_trough import trough_under
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.finders.deepfocus.trust import (
    Fitted,
    SeenLine,
    may_be_beam_error,
    may_be_far_sidelobe,
)
from deepfocus.fit.parameters import CHANNEL, FLUX, PEAK_PER_FLUX, SIGMA, X, Y, covariance_of
from deepfocus.fit.solve import LARGEST_BEAMS
from deepfocus.search.peaks import Peak

FILLED = 0.5
"""Of a line's peak: a continuum that is so far below zero is absorption in all other channels."""
GONE = 0.5
"""Of the threshold's square. What gains less when all is fitted was left by others that were not
yet, and is no source of its own: in 250 cubes those that gained 0.35 of it were none, from 0.67 on
they all were."""
AT_THE_LIMIT = 0.99
"""Of the largest size that a fit allows."""
MOST_OF_IT = 0.5
"""Of a source's flux."""
BROADEST = 0.66
"""Of the band: a broader line is not told from continuum."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    snr : of the source's highest peak in the search, or of its lines' gain of chi^2 if they are
        higher; false_alarm : probability of at least one peak of noise as high in a search of the
        whole cube
    """

    snr: float
    false_alarm: float
    flag: Flag


def judged(source: SourceFit, looked: Looked, sight: Sight, most: float) -> Judgement:
    """Accept a source whose false-alarm probability is no more than `most`.

    The search looked at all places, channels, widths and sizes, so the probability counts them. It
    is that of the peak: what a fit gains beyond it, it gains of noise, too. A source that the fit
    added beside another has no peak of its own: its gain stands for it. One that gains nearly
    nothing in the end is rejected, whatever peak there was.
    """
    peaks = [
        (peak.snr, float(each.alarms.probability(peak.snr)))
        for each in looked.found
        for peak in each.peaks
        if _of(source, peak, sight.beam_px)
    ]
    gained = float(np.sqrt(max(source.gain, 0.0)))
    snr = max([gained, *(each for each, _ in peaks)])
    by_noise = [probability for _, probability in peaks]
    false_alarm = min(by_noise or [float(looked.found[-1].alarms.probability(gained))])
    gone = source.gain < GONE * looked.found[-1].threshold ** 2
    flag = Flag.ACCEPTED if false_alarm <= most and not gone else Flag.LOW_PROBABILITY
    dug = trough_under(source, looked, sight)
    broad = is_too_broad(source, len(looked.explained.residual))
    if broad or is_too_large(source, sight) or is_trough(source, dug):
        flag |= Flag.BAD_FIT
    line, others = _line_of(source, snr), _others(source, looked)
    far = may_be_far_sidelobe(line, others, sight.sidelobes)
    if far or may_be_beam_error(line, others, looked.beam_error):
        flag |= Flag.SIDELOBE
    return Judgement(snr, false_alarm, flag)


def is_too_broad(source: SourceFit, channels: int) -> bool:
    """Whether its line fills most of the band, and does not consist of narrower ones.

    Those of a rotating disc may fill a band together, and a faint broad one may lie under them. In
    an image of few channels nothing is too broad: it may as well be continuum.
    """
    if is_image(channels):
        return False
    brightest = FWHM_PER_SIGMA * float(source.components[0, SIGMA])
    return min(brightest, source.value("fwhm_chan")) > BROADEST * channels


def is_too_large(source: SourceFit, sight: Sight) -> bool:
    """Whether most of its flux is in components as large as a fit allows, in a dirty cube.

    An array sees next to nothing of what is so large, and what a brighter source's model leaves in
    its channels, all over the image, is fitted best by that. A galaxy may have such components.
    """
    variances = np.linalg.eigvalsh(covariance_of(source.components))[:, -1]
    size = FWHM_PER_SIGMA * np.sqrt(np.maximum(variances, 0.0))
    at_the_limit = size > AT_THE_LIMIT * LARGEST_BEAMS * sight.beam_px
    flux = np.abs(source.components[:, FLUX])
    return sight.sidelobes.any and bool(flux[at_the_limit].sum() > MOST_OF_IT * flux.sum())


def is_trough(source: SourceFit, dug: float = 0.0) -> bool:
    """Whether a line only fills what its continuum, below zero, digs: absorption beside it.

    dug : Jy, below zero, of its continuum, that was subtracted of the line itself
    """
    peak = PEAK_PER_FLUX * FWHM_PER_SIGMA * source.value("flux") / source.value("fwhm_chan")
    return source.value("continuum") - dug < -FILLED * peak


def _others(source: SourceFit, looked: Looked) -> list[Fitted]:
    """The components that are not of a source."""
    components = source.components_shown
    own = {tuple(place) for place in components[:, [X, Y, CHANNEL]].tolist()}
    return [each for each in looked.fitted if (each.x, each.y, each.channel) not in own]


def _line_of(source: SourceFit, snr: float) -> SeenLine:
    ellipse = source.ellipse
    return SeenLine(
        x=ellipse.x,
        y=ellipse.y,
        channel=source.value("channel"),
        snr=snr,
        width_chan=source.value("fwhm_chan"),
        size_px=float(np.sqrt(ellipse.fwhm_x_px * ellipse.fwhm_y_px)),
    )


def _of(source: SourceFit, peak: Peak, beam_px: float) -> bool:
    components = source.components
    apart = np.hypot(components[:, X] - peak.x, components[:, Y] - peak.y)
    within = np.abs(components[:, CHANNEL] - peak.channel)
    near = apart < np.hypot(beam_px, peak.size_px) / 2
    return bool(np.any(near & (within < peak.width_chan / 2 + 2 * components[:, SIGMA])))
