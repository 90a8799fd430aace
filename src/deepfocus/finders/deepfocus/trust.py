"""Which peaks of a search may be sources, and which may be the sidelobes of stronger ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.sidelobes import Sidelobes
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.fit.in_band import shown
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.search.peaks import Peak

SIDELOBES = 0.35
"""Of a peak: what is lower in the same channels may be a sidelobe of it, summed by a wide filter.
It waits until that one is subtracted. Restored cubes have no sidelobes."""
MODEL_ERROR = 0.015
"""Of a source's signal-to-noise: what its model may be wrong by."""
LEFT_OVER = 0.04
"""Of a source that was subtracted: what its model's errors leave elsewhere in the same channels."""
UNREFINED = 0.05
"""Of a source that is a single Gaussian yet: lower peaks around it wait until it may be more."""
NOISE = 4.0
"""Signal-to-noise that noise may add to a sidelobe."""
PEAKS = 5.0
"""Standard deviations of what a wrong beam leaves around a source: its peaks are no higher."""
CURVED = 0.1
"""Of a continuum's sidelobe: far away they move with frequency, and are not straight."""
LEFT_CONTINUUM = 2e-3
"""Of a continuum's signal-to-noise: what is left of it once a straight line is subtracted."""
OWN_BEAMS = 1.0
"""Within so many FWHM of a stronger peak's filter a peak is a part of it: the fit decides."""
BROAD = 0.25
"""Of the band: broader peaks come last, for between two lines' continua they may be anything."""
NEIGHBOURS_BEAMS = 2.5
"""Up to this distance from a component, peaks may be what is wrong with it."""
LEAST_SIZE = 0.3
"""FWHM of a start, of the beam's: from a size of 0 no fit moves."""


@dataclass(frozen=True)
class SeenLine:
    """A line as a filter sees it.

    x, y : pixels; channel; snr; width_chan, size_px : FWHM in frequency and on the sky
    """

    x: float
    y: float
    channel: float
    snr: float
    width_chan: float
    size_px: float


Line = Peak | SeenLine
"""A peak of a search has what a line has."""


@dataclass(frozen=True)
class Fitted:
    """A component that was subtracted.

    line : signal-to-noise ratio of its line; continuum, total : of the brightest continuum of its
        cluster, and of the whole cluster; cluster : its number
    refined : whether its cluster was given all the components that it needs
    """

    x: float
    y: float
    channel: float
    width_chan: float
    line: float
    continuum: float
    total: float
    cluster: int
    refined: bool = True

    def explains(self, peak: Line, beam_px: float) -> bool:
        """Whether a peak near it, in any channel, may be gone once it is refined.

        What a line leaves is in all channels where a continuum is subtracted from spectra.
        """
        if self.refined or not self.line > 0:
            return False
        apart = np.hypot(peak.x - self.x, peak.y - self.y)
        return bool(apart < NEIGHBOURS_BEAMS * beam_px and peak.snr < UNREFINED * self.total)

    def on(self, peak: Line, beam_px: float) -> bool:
        """Whether a peak may be an error of its own model."""
        apart = np.hypot(peak.x - self.x, peak.y - self.y)
        near = apart < NEIGHBOURS_BEAMS * beam_px
        return bool(near and self.in_channels_of(peak))

    def in_channels_of(self, peak: Line) -> float:
        """Signal-to-noise of its line, if it shines in the channels of a peak."""
        width = (self.width_chan + peak.width_chan) / 2
        return self.line if abs(self.channel - peak.channel) < 1.5 * width else 0.0

    def in_filter_of(self, peak: Line) -> float:
        """Signal-to-noise at which the line filter of a peak sees its line.

        The product of two Gaussians of unit power: a line that is as wide and in the same channel
        is seen in full, and a sidelobe has the line of its source.
        """
        own, other = (
            max(width, 1.0) / FWHM_PER_SIGMA for width in (self.width_chan, peak.width_chan)
        )
        both = own**2 + other**2
        apart = self.channel - peak.channel
        return float(self.line * np.sqrt(2 * own * other / both) * np.exp(-(apart**2) / (2 * both)))


def fitted_of(explained: Explained) -> Iterator[Fitted]:
    """The components of all clusters."""
    for cluster, each in enumerate(explained.fits):
        refined = each in explained.settled
        total = float(np.sqrt(max(-each.chi2, 0.0)))
        continuum = float(each.brightness[:, CONTINUUM].max())
        values = shown(each.values, each.problem.profile)
        for row, line in zip(values, each.brightness[:, FLUX], strict=True):
            x, y, channel = row[[X, Y, CHANNEL]].tolist()
            width = float(FWHM_PER_SIGMA * row[SIGMA])
            yield Fitted(x, y, channel, width, float(line), continuum, total, cluster, refined)


def worth_fitting(
    peaks: Sequence[Peak], sight: Sight, fitted: Sequence[Fitted] = (), *, beam_error: float = 0.0
) -> list[Peak]:
    """Peaks, highest first, that no stronger one explains.

    fitted : what was subtracted before, with its sidelobes as far as the beam is known
    beam_error : what that was wrong by, of a source
    """
    kept: list[Peak] = []
    channels = len(sight.data)
    broad = channels if is_image(channels) else BROAD * channels
    for peak in sorted(peaks, key=lambda each: (each.width_chan > broad, -each.snr)):
        share = _sidelobe_share(peak, sight.sidelobes)
        hidden = any(
            peak.snr < share * other.snr and _same_channels(peak, other)
            for other in peaks
            if other.snr > peak.snr and (other.width_chan <= broad or peak.width_chan > broad)
        )
        hidden = hidden or line_left(peak, fitted, sight.sidelobes)
        hidden = hidden or may_be_beam_error(peak, fitted, beam_error)
        hidden = hidden or any(each.explains(peak, sight.beam_px) for each in fitted)
        if not hidden and not any(_part_of(peak, other, sight.beam_px) for other in kept):
            kept.append(peak)
    return kept


def line_left(peak: Line, fitted: Sequence[Fitted], sidelobes: Sidelobes) -> bool:
    """Whether a line is no higher than what subtracted sources may have left.

    The search sees no continuum that is straight, so a continuum leaves little of itself.
    """
    if peak.snr < _left_by_all(peak, fitted, sidelobes):
        return True
    if not sidelobes.any:
        return False
    left_over = LEFT_OVER * _together(each.in_channels_of(peak) for each in fitted)
    return peak.snr < left_over or may_be_far_sidelobe(peak, fitted, sidelobes)


def may_be_far_sidelobe(peak: Line, fitted: Sequence[Fitted], sidelobes: Sidelobes) -> bool:
    """Whether a line is no higher than sidelobes of the others where the beam is not known."""
    if not sidelobes.any:
        return False
    far = [each for each in fitted if not _reached(peak, each, sidelobes)]
    line = _together(_lines_of_clusters(peak, far))
    continuum = CURVED * max((each.continuum for each in far), default=0.0)
    return peak.snr < _far_level(peak, line + continuum, sidelobes)


def may_be_beam_error(peak: Line, fitted: Sequence[Fitted], beam_error: float) -> bool:
    """Whether a line is no higher than what a wrong beam leaves of others in its channels."""
    if not beam_error:
        return False
    return peak.snr < beam_error_level(_together(_lines_of_clusters(peak, fitted)), beam_error)


def beam_error_level(line: float, beam_error: float) -> float:
    """Signal-to-noise that a wrong beam's pattern of so bright a line may reach, noise included."""
    return PEAKS * beam_error * line + NOISE


def unfitted_sidelobes(
    peaks: Sequence[Peak], sight: Sight, fitted: Sequence[Fitted], beam_error: float
) -> list[Peak]:
    """Peaks that are not fitted, since they may be sidelobes; the highest of each place."""
    kept: list[Peak] = []
    for peak in sorted(peaks, key=lambda each: -each.snr):
        far = may_be_far_sidelobe(peak, fitted, sight.sidelobes)
        if not (far or may_be_beam_error(peak, fitted, beam_error)):
            continue
        if not any(_part_of(peak, other, sight.beam_px) for other in kept):
            kept.append(peak)
    return kept


def continuum_left(peak: Line, fitted: Sequence[Fitted], sidelobes: Sidelobes) -> bool:
    """Whether a continuum, its channel any, is no higher than what subtracted ones may leave."""
    if peak.snr < _left_by_all(peak, fitted, sidelobes):
        return True
    far = (each.continuum for each in fitted if not _reached(peak, each, sidelobes))
    return sidelobes.any and peak.snr < _far_level(peak, max(far, default=0.0), sidelobes)


def left_of_continua(fitted: Sequence[Fitted], sidelobes: Sidelobes) -> float:
    """Signal-to-noise of what the brightest continuum may leave anywhere."""
    brightest = max((each.continuum for each in fitted), default=0.0)
    return LEFT_CONTINUUM * brightest if sidelobes.any else 0.0


def start_of(peak: Peak, beam_px: float) -> np.ndarray:
    """(12,) a component to start a fit from; its flux and continuum are solved for."""
    row = np.zeros(COUNT)
    row[[X, Y, CHANNEL]] = peak.x, peak.y, peak.channel
    row[[CXX, CYY]] = (max(peak.size_px, LEAST_SIZE * beam_px) / FWHM_PER_SIGMA) ** 2
    row[SIGMA] = peak.width_chan / FWHM_PER_SIGMA
    row[[FLUX, CONTINUUM]] = np.nan
    return row


def _part_of(peak: Peak, stronger: Peak, beam_px: float) -> bool:
    reach = OWN_BEAMS * float(np.hypot(beam_px, max(stronger.size_px, peak.size_px)))
    apart = float(np.hypot(peak.x - stronger.x, peak.y - stronger.y))
    width = max(peak.width_chan, stronger.width_chan)
    return apart < reach and abs(peak.channel - stronger.channel) <= width


def _left_by_all(peak: Line, fitted: Sequence[Fitted], sidelobes: Sidelobes) -> float:
    """Signal-to-noise of the models' errors at a peak's own place, and of continua anywhere."""
    on = (each.total for each in fitted if each.on(peak, sidelobes.beam_px))
    return max(MODEL_ERROR * max(on, default=0.0), left_of_continua(fitted, sidelobes))


def _lines_of_clusters(peak: Line, fitted: Iterable[Fitted]) -> Iterable[float]:
    """Signal-to-noise at which a filter may see the lines of each cluster, which add up."""
    lines: dict[int, float] = {}
    for each in fitted:
        lines[each.cluster] = min(
            lines.get(each.cluster, 0.0) + each.in_filter_of(peak), each.total
        )
    return lines.values()


def _together(lines: Iterable[float]) -> float:
    """Signal-to-noise of several lines."""
    return float(np.sqrt(sum(line**2 for line in lines)))


def _far_level(peak: Line, unknown: float, sidelobes: Sidelobes) -> float:
    """Signal-to-noise that unknown sidelobes of so bright a source may make, noise included."""
    return sidelobes.beyond(peak.size_px) * unknown + NOISE if unknown else 0.0


def _reached(peak: Line, each: Fitted, sidelobes: Sidelobes) -> bool:
    return sidelobes.reached(peak.y - each.y, peak.x - each.x, peak.size_px)


def _sidelobe_share(peak: Line, sidelobes: Sidelobes) -> float:
    """Of a stronger peak: what a sidelobe of it may be in the filter of this one."""
    return max(SIDELOBES, sidelobes.share(peak.size_px)) if sidelobes.any else 0.0


def _same_channels(one: Peak, other: Peak) -> bool:
    width = (one.width_chan + other.width_chan) / 2
    return abs(one.channel - other.channel) < 1.5 * width
