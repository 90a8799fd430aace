"""The finder `matched_filter`: line kernels over every pixel, judged by the negative peaks.

ALMA's blind surveys have used this method since LineSeeker and similar codes: subtract each pixel's
continuum, correlate its spectrum with lines of many widths, take the significant peaks, and count
the negative peaks to estimate how many positive ones are real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.channels import around
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import REASONS, Flag
from deepfocus.core.source import Ellipse
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, Panel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.line_measurement import MeasuredLine, beam_ellipse, measure_line, row_of
from deepfocus.finders.matched_filter.bank import Highest, Peak, filtered, linked, peaks_of
from deepfocus.finders.matched_filter.continuum import ClippedLine
from deepfocus.finders.matched_filter.fidelity import fidelities
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.forward.noise import noise_level
from deepfocus.ops.integrate import integrate

BAND_SHARE = 0.25
"""Kernels wider than this share of the band are not used: such lines look like continuum."""
STEP = "fidelity"

LEAST_CHANNELS = 5
"""With fewer, a line of a channel or two cannot be told from its continuum."""


@dataclass(frozen=True)
class MatchedFilter:
    """The classic search of ALMA's blind line surveys.

    widths_chan : FWHM of the line kernels
    min_snr : minimum signal-to-noise of a peak, over all kernels
    min_fidelity : peaks of lower fidelity are rejected
    link_beams : peaks with overlapping lines are linked into one source up to this distance, in
        FWHMs of the beam's major axis
    continuum : how a pixel's continuum is subtracted
    """

    kind: ClassVar[str] = "matched_filter"
    summary: ClassVar[str] = (
        "line kernels over every pixel, judged by the negative peaks; the classic of ALMA surveys"
    )

    widths_chan: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    min_snr: float = 5.0
    min_fidelity: float = 0.9
    link_beams: float = 1.0
    continuum: ClippedLine = field(default_factory=ClippedLine)

    def __post_init__(self) -> None:
        if not self.widths_chan or min(self.widths_chan) < 1 or self.min_snr <= 0:
            raise DeepFocusError(
                f"kernels of {self.widths_chan} channels at a signal-to-noise of {self.min_snr:g}",
                wanted="at least one kernel, of 1 channel or more, and a positive min_snr",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyMatchedFilter:
        """Nothing needs to be loaded."""
        return ReadyMatchedFilter(self)


@dataclass(frozen=True)
class Candidate:
    """A peak of the filtered cube, with its fidelity and the measurement there."""

    id: int
    peak: Peak
    width_chan: float
    fidelity: float
    measured: MeasuredLine

    def accepted_by(self, min_fidelity: float) -> bool:
        """Whether its fidelity is high enough."""
        return self.fidelity >= min_fidelity


@dataclass(frozen=True)
class ReadyMatchedFilter:
    """`MatchedFilter`, which needs no preparation."""

    settings: MatchedFilter = field(default_factory=MatchedFilter)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Empty: the results depend on the settings alone."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Subtract the continuum, filter, find peaks, judge them, measure.

        Raises `DeepFocusError` for a cube without data or without a beam.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        refuse_few_channels(cube, LEAST_CHANNELS, "matched_filter")
        beam = beam_ellipse(cube)
        widths = self.widths_within(len(cube.data))
        line_data = self.settings.continuum.subtracted(cube.array)
        emission, absorption = filtered(line_data, widths)
        link_px = self.settings.link_beams * max(beam.fwhm_x_px, beam.fwhm_y_px)
        positive, negative = (
            linked(peaks_of(highest, self.settings.min_snr), widths, link_px=link_px)
            for highest in (emission, absorption)
        )
        candidates = self.judged(cube, beam, widths, positive, negative)
        return Detection(
            catalogue=self.table(candidates, cube),
            snapshots={"peaks": _table_of_peaks(positive, widths, cube)},
            notes=_notes(len(positive), len(negative)),
            evidence=self.panels(cube, emission, candidates),
        )

    def widths_within(self, channels: int) -> tuple[float, ...]:
        """The kernels that are narrow enough for the band; the narrowest is always kept."""
        narrow = min(self.settings.widths_chan)
        return tuple(
            width
            for width in self.settings.widths_chan
            if width <= BAND_SHARE * channels or width == narrow
        )

    def judged(
        self,
        cube: Cube,
        beam: Ellipse,
        widths: Sequence[float],
        positive: Sequence[Peak],
        negative: Sequence[Peak],
    ) -> list[Candidate]:
        """The positive peaks with their fidelity and measurement."""
        fidelity = fidelities([peak.snr for peak in positive], [peak.snr for peak in negative])
        return [
            Candidate(
                id=number,
                peak=peak,
                width_chan=widths[peak.kernel],
                fidelity=float(trust),
                measured=measure_line(
                    cube,
                    beam,
                    x=peak.x,
                    y=peak.y,
                    line=around(peak.channel, widths[peak.kernel]),
                ),
            )
            for number, (peak, trust) in enumerate(zip(positive, fidelity, strict=True), start=1)
        ]

    def table(self, candidates: Sequence[Candidate], cube: Cube) -> Catalogue:
        """One row per candidate."""
        noise = noise_level(cube)
        rows = []
        for each in candidates:
            flag = Flag.ACCEPTED
            if not each.accepted_by(self.settings.min_fidelity):
                flag = Flag.LOW_FIDELITY
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

    def panels(
        self, cube: Cube, emission: Highest, candidates: Sequence[Candidate]
    ) -> tuple[Panel, ...]:
        """The integrated and the filtered field; spectrum and line image of every candidate."""
        spectra = [
            SpectrumPanel(
                each.id,
                measured=Trace("at the source", each.measured.spectrum, "Jy/beam"),
                model=Trace(
                    "best kernel", emission.snr[:, each.peak.y, each.peak.x], "standard deviations"
                ),
            )
            for each in candidates
        ]
        cutouts = [
            CutoutPanel(
                each.id,
                title="summed over its line",
                image=each.measured.image,
                x0=each.measured.window.x0,
                y0=each.measured.window.y0,
                unit="Jy/beam x channels",
            )
            for each in candidates
        ]
        return (
            ImagePanel(
                "Dirty cube, integrated over frequency", integrate(cube.array), "Jy/beam x channels"
            ),
            ImagePanel(
                "Highest signal-to-noise over channels and kernels",
                emission.snr.max(axis=0),
                "standard deviations",
            ),
            *spectra,
            *cutouts,
        )


def _table_of_peaks(peaks: Sequence[Peak], widths: Sequence[float], cube: Cube) -> Catalogue:
    """The candidates before they are judged and measured."""
    rows = [
        {
            "x": peak.x,
            "y": peak.y,
            "channel": peak.channel,
            "line_fwhm_chan": widths[peak.kernel],
            "channel_lo": peak.channel - widths[peak.kernel],
            "channel_hi": peak.channel + widths[peak.kernel],
            "snr_focused": peak.snr,
        }
        for peak in peaks
    ]
    return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def _notes(positive: int, negative: int) -> tuple[str, ...]:
    if negative <= 0.5 * max(positive, 1):
        return ()
    return (
        f"{negative} negative peaks are as high as the {positive} positive ones: sidelobes or "
        "artefacts, which lower the fidelity of faint sources",
    )
