"""Which peaks of a search may be sources, and which may be the sidelobes of stronger ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.explaining import MODEL_ERROR
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.fit.solve import Fit
from deepfocus.forward.response import Response
from deepfocus.search.peaks import Peak

SIDELOBES = 0.35
"""Of a peak: what is lower in the same channels may be a sidelobe of it, summed by a wide filter.
It waits until that one is subtracted. Restored cubes have no sidelobes."""
NO_SIDELOBES = 0.01
"""Of the beam's peak: a beam whose highest sidelobe is lower has none."""
FAR_SAFETY = 5.0
"""A wide filter sums sidelobes over some beams."""
LEFT_OVER = 0.04
"""Of a source that was subtracted: what its model's errors leave elsewhere in the same channels."""
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
class Fitted:
    """A component that was subtracted: where it is, and how bright its source is.

    line, continuum, total : signal-to-noise ratios of its source
    """

    x: float
    y: float
    channel: float
    width_chan: float
    line: float
    continuum: float
    total: float

    def on(self, peak: Peak, beam_px: float) -> bool:
        """Whether a peak may be an error of its own model."""
        apart = np.hypot(peak.x - self.x, peak.y - self.y)
        near = apart < NEIGHBOURS_BEAMS * beam_px
        return bool(near and self.in_channels_of(peak))

    def in_channels_of(self, peak: Peak) -> float:
        """Signal-to-noise of its line, if it shines in the channels of a peak."""
        width = (self.width_chan + peak.width_chan) / 2
        return self.line if abs(self.channel - peak.channel) < 1.5 * width else 0.0


def fitted_of(fits: Iterable[Fit]) -> Iterator[Fitted]:
    """The components of clusters; each is as bright as all of its cluster."""
    for each in fits:
        line = float(np.sqrt(np.maximum(each.gain, 0.0).sum()))
        total = float(np.sqrt(max(-each.chi2, 0.0)))
        continuum = float(each.brightness[:, CONTINUUM].max())
        for row in each.values:
            width = float(FWHM_PER_SIGMA * row[SIGMA])
            x, y, channel = row[[X, Y, CHANNEL]].tolist()
            yield Fitted(x, y, channel, width, line, continuum, total)


def worth_fitting(
    peaks: Sequence[Peak], response: Response, fitted: Sequence[Fitted] = ()
) -> list[Peak]:
    """Peaks, highest first, that no stronger one explains.

    fitted : what was subtracted before, with its sidelobes as far as the beam is known
    """
    share = SIDELOBES if highest_sidelobe(response) > NO_SIDELOBES else 0.0
    kept: list[Peak] = []
    broad = BROAD * response.interpolation.shape[1]
    for peak in sorted(peaks, key=lambda each: (each.width_chan > broad, -each.snr)):
        hidden = any(
            peak.snr < share * other.snr and _same_channels(peak, other)
            for other in peaks
            if other.snr > peak.snr and (other.width_chan <= broad or peak.width_chan > broad)
        )
        hidden = hidden or left_by_fitted(peak, fitted, response)
        if not hidden and not any(_part_of(peak, other, response.beam_px) for other in kept):
            kept.append(peak)
    return kept


def left_by_fitted(peak: Peak, fitted: Sequence[Fitted], response: Response) -> bool:
    """Whether a peak is no higher than what subtracted sources may have left."""
    on = (each for each in fitted if each.on(peak, response.beam_px))
    if any(peak.snr < MODEL_ERROR * each.total for each in on):
        return True
    if highest_sidelobe(response) <= NO_SIDELOBES:
        return False
    far = max(_level_at_end(response), LEFT_OVER)
    return peak.snr < left_of_continua(fitted, response) or any(
        peak.snr < LEFT_OVER * each.in_channels_of(peak)
        or (
            peak.snr < far * max(each.in_channels_of(peak), each.continuum)
            and _beyond_beam(peak, each, response)
        )
        for each in fitted
    )


def left_of_continua(fitted: Sequence[Fitted], response: Response) -> float:
    """Signal-to-noise of what the brightest continuum may leave anywhere."""
    if highest_sidelobe(response) <= NO_SIDELOBES:
        return 0.0
    return LEFT_CONTINUUM * max((each.continuum for each in fitted), default=0.0)


def highest_sidelobe(response: Response) -> float:
    """Highest response of the dirty beam, of its peak, beyond 1.5 FWHM."""
    beam = response.dirty_beam[len(response.dirty_beam) // 2]
    dy, dx = (np.arange(n) - n // 2 for n in beam.shape)
    beyond = np.hypot(dy[:, None], dx[None]) > 1.5 * response.beam_px
    return float(np.abs(beam[beyond]).max()) if beyond.any() else 0.0


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


def _beyond_beam(peak: Peak, other: Fitted, response: Response) -> bool:
    """Whether a peak's filter reaches where the other's dirty beam is not known."""
    _, py, px = response.dirty_beam.shape
    reach_y, reach_x = (n // 2 - np.hypot(response.beam_px, peak.size_px) for n in (py, px))
    return bool(abs(peak.y - other.y) > reach_y or abs(peak.x - other.x) > reach_x)


def _level_at_end(response: Response) -> float:
    """Highest peak that unknown sidelobes may make, of the source's, from the beam's outer half."""
    beam = response.dirty_beam[len(response.dirty_beam) // 2]
    dy, dx = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in beam.shape)
    outer = np.maximum(dy[:, None], dx[None]) > 0.5
    return FAR_SAFETY * float(np.abs(beam[outer]).max()) if outer.any() else 0.0


def _same_channels(one: Peak, other: Peak) -> bool:
    width = (one.width_chan + other.width_chan) / 2
    return abs(one.channel - other.channel) < 1.5 * width
