"""Lines in a denoised spectrum and the linear continuum beneath them (section 4.4, step 7)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks, peak_widths

from deepfocus.core.source import FWHM_PER_SIGMA

MIN_FREE_CHANNELS = 5
"""Fewer line-free channels than this do not determine a continuum."""


@dataclass(frozen=True)
class Line:
    """A Gaussian peak of a clean spectrum: centre and FWHM in channels, amplitude.

    good : the fit converged to a width inside the band; if not, the numbers are those of the
    peak itself (its channel and its width at half height).
    """

    channel: float
    fwhm_chan: float
    amplitude: float
    good: bool = True

    @property
    def span(self) -> tuple[float, float]:
        """Channel range of the line, centre -+ FWHM (the paper's extension 2 FWHM)."""
        return self.channel - self.fwhm_chan, self.channel + self.fwhm_chan


@dataclass(frozen=True)
class Linear:
    """Continuum model intercept + slope * channel; `channels` it was fitted to.

    A continuum that could not be fitted (`known` is False) is taken as zero.
    """

    intercept: float
    slope: float
    channels: int

    @property
    def known(self) -> bool:
        return self.channels >= MIN_FREE_CHANNELS

    def __call__(self, channel: np.ndarray | float) -> np.ndarray:
        return self.intercept + self.slope * np.asarray(channel, float)


def find_lines(
    clean: np.ndarray, height: float = 0.1, prominence: float = 0.05, distance: float = 3
) -> list[Line]:
    """Peaks of a denoised spectrum, each fitted with a 1D Gaussian, by increasing channel.

    clean : (chan,) in [0, 1]. height : the paper's threshold 0.1. prominence : how far a peak
    stands above the higher of its two valleys. distance : least separation in channels.
    Peaks in the first and last channel count. Each fit sees its peak's own flanks only, up to
    the valley to the next one, because overlapping lines show as their maximum, not their sum.
    """
    clean = np.nan_to_num(np.asarray(clean, np.float64))
    padded = np.concatenate([[0.0], clean, [0.0]])
    peaks, _ = find_peaks(padded, height=height, prominence=prominence, distance=max(distance, 1))
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
    """The channels down to a tenth of the peak on both sides, and two beyond."""
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
        warnings.simplefilter("ignore", AstropyUserWarning)  # judged from its result below
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
    # The model may overshoot a flat-topped peak; the map itself never exceeds 1.
    return Line(centre, fwhm, float(min(fitted.amplitude.value, 1.0)))


def free_channels(n: int, spans: Iterable[tuple[float, float]]) -> np.ndarray:
    """(n,) bool: the channels whose centre lies outside every range of `spans`."""
    channel = np.arange(n)
    free = np.ones(n, bool)
    for low, high in spans:
        free &= (channel < low) | (channel > high)
    return free


def fit_continuum(
    spectrum: np.ndarray,
    spans: Iterable[tuple[float, float]],
    *,
    clip_sigma: float = 3.0,
    min_significance: float = 3.0,
) -> Linear:
    """Straight line (Linear1D) through the channels outside `spans`.

    spectrum : (chan,), NaN where missing. clip_sigma : channels further than this from the
    line are left out, since a neighbour's line may stand there. min_significance : a slope of
    fewer standard errors is taken as zero: over one band a continuum hardly tilts, and Eq 19
    would imprint the noise of the slope on every image. Fewer than `MIN_FREE_CHANNELS`
    channels give zero with `known` False.
    """
    from astropy.modeling.fitting import LinearLSQFitter
    from astropy.modeling.models import Linear1D

    spectrum = np.asarray(spectrum, np.float64)
    use = free_channels(len(spectrum), spans) & np.isfinite(spectrum)
    if use.sum() < MIN_FREE_CHANNELS:
        return Linear(0.0, 0.0, int(use.sum()))
    channel = np.arange(len(spectrum), dtype=float)
    kept = use
    residual = spectrum - np.median(spectrum[use])
    for _ in range(4):
        centre = np.median(residual[kept])
        sigma = 1.4826 * np.median(np.abs(residual[kept] - centre))
        kept = use & (np.abs(residual - centre) <= clip_sigma * sigma) if sigma > 0 else use
        if kept.sum() < MIN_FREE_CHANNELS:
            kept = use
        # Of a centred channel axis, so that slope and level are independent.
        middle = float(channel[kept].mean())
        fitted = LinearLSQFitter()(Linear1D(), channel[kept] - middle, spectrum[kept])
        slope, level = float(fitted.slope.value), float(fitted.intercept.value)
        residual = spectrum - level - slope * (channel - middle)
    spread = float(np.sum((channel[kept] - middle) ** 2))
    scatter = float(np.std(residual[kept]))
    if abs(slope) * np.sqrt(spread) < min_significance * scatter:
        slope = 0.0
    return Linear(level - slope * middle, slope, int(kept.sum()))
