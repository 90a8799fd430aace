"""Peaks of a filtered cube with their fidelity: their measurement, their rows, their panels.

What `matched_filter` and `lineseeker` share: both look for peaks of the signal-to-noise ratio in
smoothed spectra, and both let the negative ones judge the positive ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.channels import around
from deepfocus.core.cube import Cube
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.line_measurement import MeasuredLine, measure_line, row_of
from deepfocus.finders.measured_panels import integrated_panel, line_panel
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.forward.noise import noise_level
from deepfocus.ops.integrate import integrate

STEP = "fidelity"


@dataclass(frozen=True)
class LinePeak:
    """A peak of the signal-to-noise ratio: its voxel, and the FWHM of the line that it suggests."""

    channel: int
    y: int
    x: int
    snr: float
    width_chan: float


@dataclass(frozen=True)
class Candidate:
    """A peak, its fidelity, and the measurement there."""

    id: int
    peak: LinePeak
    fidelity: float
    measured: MeasuredLine

    def accepted_by(self, min_fidelity: float) -> bool:
        """Whether its fidelity is high enough."""
        return self.fidelity >= min_fidelity


def measured_at(
    peaks: Sequence[LinePeak], fidelities: np.ndarray, cube: Cube, beam: Ellipse
) -> list[Candidate]:
    """The peaks with their fidelity (n,) and the fit at each."""
    return [
        Candidate(
            id=number,
            peak=peak,
            fidelity=float(fidelity),
            measured=measure_line(
                cube, beam, x=peak.x, y=peak.y, line=around(peak.channel, peak.width_chan)
            ),
        )
        for number, (peak, fidelity) in enumerate(zip(peaks, fidelities, strict=True), start=1)
    ]


def table_of_peaks(peaks: Sequence[LinePeak], cube: Cube) -> Catalogue:
    """The candidates before they are judged and measured."""
    rows = [
        {
            "x": peak.x,
            "y": peak.y,
            "channel": peak.channel,
            "line_fwhm_chan": peak.width_chan,
            "channel_lo": peak.channel - peak.width_chan,
            "channel_hi": peak.channel + peak.width_chan,
            "snr_focused": peak.snr,
        }
        for peak in peaks
    ]
    return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def table_of_candidates(
    candidates: Sequence[Candidate], cube: Cube, *, min_fidelity: float
) -> Catalogue:
    """One row per candidate; those of less fidelity are rejected."""
    noise = noise_level(cube)
    rows = []
    for each in candidates:
        flag = Flag.ACCEPTED if each.accepted_by(min_fidelity) else Flag.LOW_FIDELITY
        rows.append(
            row_of(each.measured, cube, noise_jy_beam=noise)
            | {
                "id": each.id,
                "flag": int(flag),
                "reason": f"{REASONS[flag]} ({STEP})" if flag else "",
                "snr_focused": each.peak.snr,
                "probability": each.fidelity,
            }
        )
    return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def panels_of(
    cube: Cube, highest: np.ndarray, candidates: Sequence[Candidate], models: Sequence[Trace | None]
) -> tuple[Panel, ...]:
    """The integrated and the filtered field; spectrum and line image of every candidate.

    highest : (y, x) highest signal-to-noise; models : of each candidate, drawn beside its spectrum
    """
    spectra = [
        SpectrumPanel(
            each.id, measured=Trace("at the source", each.measured.spectrum, "Jy/beam"), model=model
        )
        for each, model in zip(candidates, models, strict=True)
    ]
    cutouts = [line_panel(each.id, each.measured) for each in candidates]
    return (
        integrated_panel(integrate(cube.array)),
        ImagePanel(
            "Highest signal-to-noise over channels and kernels", highest, "standard deviations"
        ),
        *spectra,
        *cutouts,
    )
