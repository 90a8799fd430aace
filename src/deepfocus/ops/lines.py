"""Lines in a denoised spectrum (section 4.4, step 7)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks, peak_widths

from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.source import FWHM_PER_SIGMA


@dataclass(frozen=True)
class Line:
    """A Gaussian peak of a clean spectrum: centre and FWHM in channels, amplitude.

    good : the fit converged to a width inside the band; if not, the values come from the peak
    itself (its channel and its width at half height).
    """

    channel: float
    fwhm_chan: float
    amplitude: float
    good: bool = True

    @property
    def span(self) -> ChannelRange:
        """Centre -+ FWHM."""
        return around(self.channel, self.fwhm_chan)


@dataclass(frozen=True)
class FindLines:
    """Finds the peaks of a denoised spectrum and fits each with a 1D Gaussian.

    min_height : least height of a peak (0.1 in the paper)
    min_prominence : least height of a peak above the higher of its two valleys
    min_distance_chan : least separation of two peaks
    """

    min_height: float = 0.1
    min_prominence: float = 0.05
    min_distance_chan: float = 3.0

    def __call__(self, clean: np.ndarray) -> list[Line]:
        """The lines of a clean spectrum (chan,) in [0, 1], by increasing channel.

        Peaks in the first and last channel count. Each fit uses only the flanks of its own peak,
        up to the valley before the next one, because overlapping lines appear as their maximum,
        not their sum.
        """
        clean = np.nan_to_num(np.asarray(clean, np.float64))
        padded = np.concatenate([[0.0], clean, [0.0]])
        peaks, _ = find_peaks(
            padded,
            height=self.min_height,
            prominence=self.min_prominence,
            distance=max(self.min_distance_chan, 1),
        )
        if len(peaks) == 0:
            return []
        widths = peak_widths(padded, peaks, rel_height=0.5)[0]
        peaks = peaks - 1
        lines = []
        for k, peak in enumerate(peaks):
            left = _valley(clean, peaks[k - 1], peak) if k > 0 else 0
            right = _valley(clean, peak, peaks[k + 1]) if k + 1 < len(peaks) else len(clean) - 1
            lo, hi = _flanks(clean, int(peak), left, right)
            lines.append(_fit(clean, int(peak), lo, hi, width=float(widths[k])))
        return lines


def _valley(clean: np.ndarray, left: int, right: int) -> int:
    return int(left + np.argmin(clean[left : right + 1]))


def _flanks(clean: np.ndarray, peak: int, left: int, right: int) -> tuple[int, int]:
    """First and last channel: down to a tenth of the peak on both sides, plus two channels."""
    level = 0.1 * clean[peak]
    lo = hi = peak
    while lo > left and clean[lo] > level:
        lo -= 1
    while hi < right and clean[hi] > level:
        hi += 1
    return max(lo - 2, left), min(hi + 2, right)


def _fit(clean: np.ndarray, peak: int, lo: int, hi: int, *, width: float) -> Line:
    from astropy.modeling.fitting import LevMarLSQFitter
    from astropy.modeling.models import Gaussian1D
    from astropy.utils.exceptions import AstropyUserWarning

    amplitude, width = float(clean[peak]), max(width, 1.0)
    fallback = Line(float(peak), width, amplitude, good=False)
    channels = np.arange(lo, hi + 1, dtype=float)
    if len(channels) < 3:
        return fallback
    start = Gaussian1D(amplitude=amplitude, mean=float(peak), stddev=width / FWHM_PER_SIGMA)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)  # the result is checked below
        warnings.simplefilter("ignore", RuntimeWarning)
        fitted = LevMarLSQFitter()(start, channels, clean[lo : hi + 1])
    centre, fwhm = float(fitted.mean.value), abs(float(fitted.stddev.value)) * FWHM_PER_SIGMA
    good = (
        bool(np.isfinite([centre, fwhm, fitted.amplitude.value]).all())
        and 0.5 <= fwhm <= len(clean)
        and fitted.amplitude.value > 0
        and lo - fwhm <= centre <= hi + fwhm
        and -0.5 <= centre <= len(clean) - 0.5
    )
    if not good:
        return fallback
    # The model may overshoot a flat-topped peak; the spectrum itself never exceeds 1.
    return Line(centre, fwhm, float(min(fitted.amplitude.value, 1.0)))
