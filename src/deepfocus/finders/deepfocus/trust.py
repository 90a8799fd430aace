"""Which peaks of a search may be sources, and which may be the sidelobes of stronger ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.forward.response import Response
from deepfocus.search.peaks import Peak

ABOVE_SIDELOBES = 2.0
"""Times the sidelobes of stronger peaks there: what is lower waits until they are subtracted."""
OWN_BEAMS = 1.0
"""Within so many FWHM of a stronger peak's filter, a peak is a part of that one: the fit decides."""
LEAST_SIZE = 0.3
"""FWHM of a start, of the beam's: from a size of 0 no fit moves."""


def worth_fitting(peaks: Sequence[Peak], response: Response) -> list[Peak]:
    """Peaks, highest first, that no stronger one explains."""
    beam = _envelope(response)
    kept: list[Peak] = []
    for peak in sorted(peaks, key=lambda each: -each.snr):
        if any(_part_of(peak, other, response.beam_px) for other in kept):
            continue
        sidelobes = sum(
            other.snr * _sidelobe(beam, peak, other) for other in peaks if other.snr > peak.snr
        )
        if peak.snr > ABOVE_SIDELOBES * sidelobes:
            kept.append(peak)
    return kept


def start_of(peak: Peak, beam_px: float) -> np.ndarray:
    """(11,) a component to start a fit from; its flux and continuum are solved for."""
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


def _sidelobe(beam: np.ndarray, peak: Peak, stronger: Peak) -> float:
    """What a stronger peak makes at the place of another, of its own height."""
    width = (peak.width_chan + stronger.width_chan) / 2
    if abs(peak.channel - stronger.channel) > 1.5 * width:
        return 0.0
    py, px = beam.shape
    row = round(peak.y - stronger.y) + py // 2
    column = round(peak.x - stronger.x) + px // 2
    return float(beam[row, column]) if 0 <= row < py and 0 <= column < px else 0.0


def _envelope(response: Response) -> np.ndarray:
    """(py, px) the highest response of the dirty beam within half a beam, outside its main lobe."""
    from scipy.ndimage import maximum_filter

    beam = response.dirty_beam[len(response.dirty_beam) // 2]
    reach = 2 * int(response.beam_px / 2) + 1
    dy, dx = (np.arange(n) - n // 2 for n in beam.shape)
    outside = np.hypot(dy[:, None], dx[None]) > response.beam_px
    envelope: np.ndarray = maximum_filter(np.where(outside, beam, 0.0), reach)
    return envelope
