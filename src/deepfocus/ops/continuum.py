"""The continuum beneath the lines: its trend in a spectrum, its image in a window (Eq 19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import ChannelRange, free_channels

MIN_FREE_CHANNELS = 5
"""Fewer line-free channels than this do not determine a continuum."""


@dataclass(frozen=True)
class Trend:
    """Continuum model intercept + slope * channel; `channels` it was fitted to.

    A trend that could not be fitted (`known` is False) is taken as zero.
    """

    intercept: float
    slope: float
    channels: int

    @property
    def known(self) -> bool:
        return self.channels >= MIN_FREE_CHANNELS

    def __call__(self, channel: np.ndarray | float) -> np.ndarray:
        return self.intercept + self.slope * np.asarray(channel, float)


@dataclass(frozen=True)
class Continuum:
    """What of a source is not line.

    lines : channel ranges that are left out of the continuum
    trend : of the source's spectrum; None for a flat one
    """

    lines: tuple[ChannelRange, ...]
    trend: Trend | None = None

    def beside(self, *more: ChannelRange) -> Continuum:
        """The same with more ranges left out."""
        return Continuum((*self.lines, *more), self.trend)

    def known_over(self, n: int) -> bool:
        """Whether enough of `n` channels are free of lines."""
        return int(free_channels(n, self.lines).sum()) >= MIN_FREE_CHANNELS

    def image(self, cutout: np.ndarray) -> np.ndarray:
        """(y, x) continuum of a channel: the median of the channels free of lines.

        cutout : (chan, y, x) without NaN. The paper averages; the median is not lifted by a
        neighbour's line, which the average would later subtract from the source as a hole.
        Zero where fewer than `MIN_FREE_CHANNELS` channels are free of lines.
        """
        free = free_channels(len(cutout), self.lines) & cutout.any(axis=(1, 2))
        if free.sum() < MIN_FREE_CHANNELS:
            return np.zeros(cutout.shape[1:], np.float32)
        return median_over_channels(cutout[free])

    def factor(self, n: int) -> np.ndarray:
        """(n,) f(z) of Eq 19: the trend relative to its median off the lines.

        1 everywhere without a trend, or where that median is not positive (no continuum). Held
        within a factor of two, which no continuum exceeds in one band.
        """
        if self.trend is None or not self.trend.known:
            return np.ones(n)
        model = self.trend(np.arange(n))
        free = free_channels(n, self.lines)
        level = float(np.median(model[free])) if free.any() else 0.0
        return np.clip(model / level, 0.5, 2.0) if level > 0 else np.ones(n)


@dataclass(frozen=True)
class FitTrend:
    """Fits a straight line (astropy's Linear1D) to a spectrum's channels outside its lines.

    clip_sigma : channels further than this from the line are left out, since a neighbour's line
        may stand there; infinite for no clipping
    min_significance : a slope of fewer standard errors is taken as zero: over one band a
        continuum hardly tilts, and Eq 19 would imprint the noise of the slope on every image
    """

    clip_sigma: float = 3.0
    min_significance: float = 3.0

    def __call__(self, spectrum: np.ndarray, lines: Sequence[ChannelRange]) -> Trend:
        """The trend of a spectrum (chan,), NaN where missing.

        Fewer than `MIN_FREE_CHANNELS` channels give zero with `known` False.
        """
        from astropy.modeling.fitting import LinearLSQFitter
        from astropy.modeling.models import Linear1D
        from astropy.stats import mad_std

        spectrum = np.asarray(spectrum, np.float64)
        use = free_channels(len(spectrum), lines) & np.isfinite(spectrum)
        if use.sum() < MIN_FREE_CHANNELS:
            return Trend(0.0, 0.0, int(use.sum()))
        channel = np.arange(len(spectrum), dtype=float)
        kept = use
        residual = spectrum - np.median(spectrum[use])
        for _ in range(4):
            centre = np.median(residual[kept])
            sigma = mad_std(residual[kept])
            kept = (
                use & (np.abs(residual - centre) <= self.clip_sigma * sigma) if sigma > 0 else use
            )
            if kept.sum() < MIN_FREE_CHANNELS:
                kept = use
            # Of a centred channel axis, so that slope and level are independent.
            middle = float(channel[kept].mean())
            fitted = LinearLSQFitter()(Linear1D(), channel[kept] - middle, spectrum[kept])
            slope, level = float(fitted.slope.value), float(fitted.intercept.value)
            residual = spectrum - level - slope * (channel - middle)
        spread = float(np.sum((channel[kept] - middle) ** 2))
        scatter = float(np.std(residual[kept]))
        if abs(slope) * np.sqrt(spread) < self.min_significance * scatter:
            slope = 0.0
        return Trend(level - slope * middle, slope, int(kept.sum()))


def median_over_channels(cutout: np.ndarray) -> np.ndarray:
    """(y, x) median of (chan, y, x) float32 without NaN.

    The numbers of np.median(axis=0), two to eight times as fast: spectra are sorted where they
    lie in a row of memory, a row of the image at a time.
    """
    low, high = (len(cutout) - 1) // 2, len(cutout) // 2
    out = np.empty(cutout.shape[1:], np.float32)
    for y in range(len(out)):
        ordered = np.sort(cutout[:, y].T, axis=1)
        out[y] = ordered[:, low : high + 1].mean(axis=1)
    return out
