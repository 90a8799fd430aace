"""The values that the figures of an evaluation show, as the paper's Figures 2, 3, 16, 21 and 22."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepfocus.core.catalogue import Catalogue, stacked
from deepfocus.evaluation.match import beyond_band, match
from deepfocus.evaluation.overlap import blendness
from deepfocus.evaluation.residuals import angle_difference, clockwise_angle, elongated

SNR_SECTIONS = (0.0, 2.0, 5.0, 10.0, 20.0, 50.0, np.inf)
FAR_OFF = 0.1
"""Relative error of an angle above which Figure 22 asks why."""
FAINT_SNR = 10.0
"""Peak signal-to-noise in one channel below which a source counts as faint."""


@dataclass(frozen=True, eq=False)
class Population:
    """All true sources of a set, each array (source,); NaN where the truth does not say it.

    snr_peak : of the line in one channel; ideal_snr : of an ideal observer
    line_flux : Jy km/s; continuum : mJy; angle : the paper's clockwise one, deg
    fwhm_x, fwhm_y : px; fwhm_z : channels; x, y : px
    """

    snr_peak: np.ndarray
    ideal_snr: np.ndarray
    line_flux: np.ndarray
    continuum: np.ndarray
    angle: np.ndarray
    fwhm_x: np.ndarray
    fwhm_y: np.ndarray
    fwhm_z: np.ndarray
    x: np.ndarray
    y: np.ndarray


def population(truths: Sequence[Catalogue]) -> Population:
    """What Figures 2 and 3 show."""
    true = stacked(truths)
    return Population(
        snr_peak=true["snr_peak"],
        ideal_snr=true["ideal_snr"],
        line_flux=true["line_flux"],
        continuum=true["continuum"],
        angle=clockwise_angle(true["pa"]),
        fwhm_x=true["fwhm_x_px"],
        fwhm_y=true["fwhm_y_px"],
        fwhm_z=true["line_fwhm_chan"],
        x=true["x"],
        y=true["y"],
    )


@dataclass(frozen=True, eq=False)
class Detected:
    """True sources in the band of many cubes, and which of them a finder has; each (source,).

    line_flux : Jy km/s; blendness : Eq 22; found : whether a one-to-one match is there
    """

    line_flux: np.ndarray
    blendness: np.ndarray
    found: np.ndarray


def detected(pairs: Sequence[tuple[Catalogue, Catalogue]]) -> Detected:
    """What Figure 16 shows of one finder, from (found, truth) of each cube."""
    fluxes, blends, has = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, bool)]
    for found, truth in pairs:
        matches = match(found, truth)
        fluxes.append(matches.truth["line_flux"])
        # with the lines beyond the band, which lie before or behind others all the same
        blends.append(blendness(truth)[~beyond_band(truth)])
        has.append(matches.detected)
    return Detected(np.concatenate(fluxes), np.concatenate(blends), np.concatenate(has))


@dataclass(frozen=True)
class Section:
    """Pairs with low <= SNR < high: how many, and the standard deviation of their errors."""

    low: float
    high: float
    n: int
    std: float


@dataclass(frozen=True, eq=False)
class FluxErrors:
    """snr : (pair,) true `snr_peak`; relative : (pair,) (true - measured) / true line flux"""

    snr: np.ndarray
    relative: np.ndarray
    sections: tuple[Section, ...]


def flux_errors(truth: Catalogue, found: Catalogue) -> FluxErrors:
    """What Figure 21 shows; row i of `truth` matches row i of `found`."""
    true = truth["line_flux"]
    snr, relative = truth["snr_peak"], np.full(len(true), np.nan)
    usable = true != 0
    relative[usable] = (true - found["line_flux"])[usable] / true[usable]
    both = np.isfinite(snr) & np.isfinite(relative)
    snr, relative = snr[both], relative[both]
    sections = []
    for low, high in pairwise(SNR_SECTIONS):
        inside = relative[(snr >= low) & (snr < high)]
        if len(inside):
            sections.append(Section(low, high, len(inside), float(np.std(inside))))
    return FluxErrors(snr, relative, tuple(sections))


@dataclass(frozen=True, eq=False)
class AngleErrors:
    """Each (pair,).

    relative : |true - measured| / true, of the paper's clockwise angle, turned the short way round
    eccentricity : true FWHM_x / FWHM_y; round : nearly 1; faint : `snr_peak` below `FAINT_SNR`
    """

    relative: np.ndarray
    eccentricity: np.ndarray
    round: np.ndarray
    faint: np.ndarray

    @property
    def far_off(self) -> np.ndarray:
        """Which are off by more than 10 per cent."""
        far: np.ndarray = self.relative > FAR_OFF
        return far

    def share_of_far_off(self, which: np.ndarray) -> float:
        """Share of `which` among the pairs that are far off; NaN without any."""
        far = self.far_off
        return float(np.mean(which[far])) if far.any() else float("nan")


def angle_errors(truth: Catalogue, found: Catalogue) -> AngleErrors:
    """What Figure 22 shows; row i of `truth` matches row i of `found`."""
    true = clockwise_angle(truth["pa"])
    relative = np.abs(angle_difference(truth["pa"], found["pa"])) / true
    width, height = truth["fwhm_x_px"], truth["fwhm_y_px"]
    # a point has neither
    eccentricity = np.divide(width, height, out=np.full_like(width, np.nan), where=height > 0)
    both = np.isfinite(relative) & np.isfinite(eccentricity)
    return AngleErrors(
        relative[both],
        eccentricity[both],
        ~elongated(truth)[both],
        (truth["snr_peak"] < FAINT_SNR)[both],
    )
