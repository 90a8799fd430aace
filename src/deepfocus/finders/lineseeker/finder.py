"""The finder `lineseeker`: LineSeeker's algorithm (Gonzalez-Lopez et al. 2019, ApJ 882, 139).

Section 3.1 there, and Gonzalez-Lopez et al. 2017, A&A 597, A41: smooth the cube in frequency with
Gaussian kernels of a range of widths, divide each smoothed channel by its noise, take all voxels
above a signal-to-noise ratio, group those within a radius, first of each width and then over all,
and let the negative ones say, width by width, how many positive ones are noise. It was made for
cubes without continuum, so that is subtracted first. Positions, widths and fluxes, which
LineSeeker leaves to others, are fitted at each peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.judged_peaks import (
    LinePeak,
    measured_at,
    panels_of,
    table_of_candidates,
    table_of_peaks,
)
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.lineseeker.collapsed import line_width, peaks_above, signal_to_noise
from deepfocus.finders.lineseeker.groups import chains
from deepfocus.finders.matched_filter.bank import within_band
from deepfocus.finders.matched_filter.continuum import AsItIs, ClippedLine
from deepfocus.finders.negative_peaks import Counts, Fidelity, fidelity_of

LEAST_CHANNELS = 5
LEAST_RADIUS_PX = 2.0
"""More than the diagonal of a voxel: those that touch belong together, however small the beam."""


@dataclass(frozen=True)
class LineSeeker:
    """LineSeeker's algorithm.

    sigmas_chan : sigmas of the spectral kernels, in channels; 0 for the channels as they are
    min_snr : minimum signal-to-noise of a voxel
    min_fidelity : candidates of lower fidelity are rejected
    link_beams : radius within which voxels are grouped, in FWHMs of the beam's major axis; a
        channel counts as a pixel
    continuum : how the continuum is subtracted
    """

    kind: ClassVar[str] = "lineseeker"
    summary: ClassVar[str] = (
        "LineSeeker's algorithm: Gaussian kernels in frequency, fidelity width by width"
    )

    sigmas_chan: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
    min_snr: float = 4.5
    min_fidelity: float = 0.9
    link_beams: float = 1.0
    continuum: ClippedLine | AsItIs = field(default_factory=ClippedLine)

    def __post_init__(self) -> None:
        if not self.sigmas_chan or min(self.sigmas_chan) < 0 or self.min_snr <= 0:
            raise DeepFocusError(
                f"kernels of {self.sigmas_chan} channels at a signal-to-noise of {self.min_snr:g}",
                wanted="at least one kernel, none of them negative, and a positive min_snr",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyLineSeeker:
        """Nothing needs to be loaded."""
        return ReadyLineSeeker(self)


@dataclass(frozen=True)
class ReadyLineSeeker:
    """`LineSeeker`, which needs no preparation."""

    settings: LineSeeker = field(default_factory=LineSeeker)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Empty: the results depend on the settings alone."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Subtract the continuum, smooth, take what stands out, group, judge, measure.

        Raises `DeepFocusError` for a cube without data, of fewer than five channels, or without a
        beam.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        refuse_few_channels(cube, LEAST_CHANNELS, "lineseeker")
        beam = beam_ellipse(cube)
        beam_px = self.settings.link_beams * max(beam.fwhm_x_px, beam.fwhm_y_px)
        radius = max(beam_px, LEAST_RADIUS_PX)
        line_data = self.settings.continuum.subtracted(cube.array)
        up, down, highest = self.searched(line_data, radius)
        peaks, fidelities = grouped(up, fidelity_by_width(up, down, self.settings.min_snr), radius)
        candidates = measured_at(peaks, fidelities, cube, beam)
        return Detection(
            catalogue=table_of_candidates(
                candidates, cube, min_fidelity=self.settings.min_fidelity
            ),
            snapshots={"peaks": table_of_peaks(peaks, cube)},
            evidence=panels_of(cube, highest, candidates, [None] * len(candidates)),
        )

    def searched(
        self, line_data: np.ndarray, radius: float
    ) -> tuple[list[LinePeak], list[LinePeak], np.ndarray]:
        """Peaks above and below zero of every kernel, and the highest signal-to-noise (y, x)."""
        up: list[LinePeak] = []
        down: list[LinePeak] = []
        highest = np.zeros(line_data.shape[1:], np.float32)
        widths = {sigma: line_width(sigma) for sigma in self.settings.sigmas_chan}
        used = within_band(tuple(widths.values()), len(line_data))
        for sigma, width in widths.items():
            if width not in used:
                continue
            snr = signal_to_noise(line_data, sigma)
            np.maximum(highest, snr.max(axis=0), out=highest)
            up += peaks_above(snr, self.settings.min_snr, radius=radius, width_chan=width)
            negative = np.negative(snr, out=snr)
            down += peaks_above(negative, self.settings.min_snr, radius=radius, width_chan=width)
        return up, down, highest


def fidelity_by_width(
    up: Sequence[LinePeak], down: Sequence[LinePeak], lowest: float
) -> np.ndarray:
    """(up,) fidelity of each positive peak among the peaks of its own width."""
    widths = tuple(sorted({peak.width_chan for peak in (*up, *down)}))
    (up_snr, up_width), (down_snr, down_width) = (
        (
            np.array([peak.snr for peak in peaks], float),
            np.array([widths.index(peak.width_chan) for peak in peaks], int),
        )
        for peaks in (up, down)
    )
    if not len(up):
        return np.zeros(0)
    counts = Counts(up_snr, up_width, down_snr, down_width, lowest, widths)
    judge: Fidelity = fidelity_of(counts)
    return judge.of(up_snr, up_width)[0]


def grouped(
    peaks: Sequence[LinePeak], fidelities: np.ndarray, radius: float
) -> tuple[list[LinePeak], np.ndarray]:
    """The highest peak of each group over all widths, highest first, with its best fidelity.

    LineSeeker keeps the lowest probability of being noise that any width gives.
    """
    if not peaks:
        return [], np.zeros(0)
    places = np.array([(peak.channel, peak.y, peak.x) for peak in peaks])
    voxels, of_voxel = np.unique(places, axis=0, return_inverse=True)
    chain = chains(voxels, radius)[of_voxel]
    snr = np.array([peak.snr for peak in peaks])
    best = np.zeros(int(chain.max()) + 1)
    np.maximum.at(best, chain, fidelities)
    order = np.argsort(-snr, kind="stable")
    _, first = np.unique(chain[order], return_index=True)
    leaders = order[np.sort(first)]
    return [peaks[leader] for leader in leaders], best[chain[leaders]]
