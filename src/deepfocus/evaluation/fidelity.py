"""Fidelity: how much of what stands out as much as a source stands out below zero.

Peaks of both signs in what the sources leave, beside the sources themselves, counted as LineSeeker
does (`finders.negative_peaks`), and beside what the false-alarm statistics of the search expect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from scipy.stats import poisson

from deepfocus.core.catalogue import Catalogue
from deepfocus.finders.deepfocus.both_signs import BothSigns
from deepfocus.finders.negative_peaks import Counts, Fidelity, nearest_width

UNLIKELY = 1e-3
"""Probability of as many negative peaks, or as few, below which noise is not as the theory has it.

Of all signal-to-noise ratios that are looked at.
"""
STEPS = 40
"""Of the curves."""


def counts_of(found: BothSigns) -> Counts:
    """Sources that were accepted stand up beside the peaks that are no sources."""
    sources = found.detection.catalogue.accepted
    widths = np.concatenate([[peak.width_chan for peak in found.up], sources["line_fwhm_chan"]])
    return Counts(
        up=np.concatenate([[peak.snr for peak in found.up], sources["snr_focused"]]),
        up_width=nearest_width(widths, found.widths_chan),
        down=np.array([peak.snr for peak in found.down]),
        down_width=nearest_width([peak.width_chan for peak in found.down], found.widths_chan),
        lowest=found.threshold,
        widths_chan=found.widths_chan,
    )


def with_fidelity(found: BothSigns, fidelity: Fidelity) -> Catalogue:
    """The catalogue with the columns."""
    sources = found.detection.catalogue
    width = nearest_width(sources["line_fwhm_chan"], found.widths_chan)
    snr = sources["snr_focused"]
    share, error = fidelity.of(np.nan_to_num(snr), width)
    known = np.isfinite(snr)
    return sources.with_columns(
        fidelity=np.where(known, share, np.nan), fidelity_err=np.where(known, error, np.nan)
    )


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Peaks above each signal-to-noise, of all widths.

    snr : (n,); up, down : counted; fitted, fitted_err : of the fit to those below zero
    expected : by the false-alarm statistics of the search
    """

    snr: np.ndarray
    up: np.ndarray
    down: np.ndarray
    fitted: np.ndarray
    fitted_err: np.ndarray
    expected: np.ndarray

    @property
    def disagreement(self) -> int | None:
        """Where the negative peaks are least as many as noise makes; None if they may well be."""
        as_many = poisson.sf(self.down - 1, self.expected)
        as_few = poisson.cdf(self.down, self.expected)
        likely = 2 * np.minimum(as_many, as_few)
        least = int(np.argmin(likely))
        return least if likely[least] < UNLIKELY / len(likely) else None

    def table(self) -> Table:
        """As columns."""
        return Table(
            {
                "snr": self.snr,
                "positive": self.up,
                "negative": self.down,
                "negative_fitted": self.fitted,
                "negative_fitted_err": self.fitted_err,
                "expected": self.expected,
            }
        )


def side_by_side(found: BothSigns, fidelity: Fidelity) -> SideBySide:
    """The counts, their fit, and what the search expects of noise."""
    counts = fidelity.counts
    highest = max([counts.lowest + 1.0, *counts.down.tolist(), 1.3 * counts.lowest])
    snr = np.linspace(counts.lowest, highest, STEPS)
    widths = np.arange(len(counts.widths_chan))
    each = [fidelity.negative(np.full(len(widths), s), widths) for s in snr]
    return SideBySide(
        snr=snr,
        up=(counts.up[None] >= snr[:, None]).sum(axis=1),
        down=(counts.down[None] >= snr[:, None]).sum(axis=1),
        fitted=np.array([one.sum() for one, _ in each]),
        fitted_err=np.array([np.hypot.reduce(error) for _, error in each]),
        expected=found.alarms.above(snr),
    )
