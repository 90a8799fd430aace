"""The finder `matched_filter`: line kernels over every pixel, judged by the negative peaks.

ALMA's blind surveys have used this method since LineSeeker and similar codes: subtract each pixel's
continuum, correlate its spectrum with lines of many widths, take the significant peaks, and count
the negative peaks to estimate how many positive ones are real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.evidence import Trace
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.judged_peaks import (
    LinePeak,
    measured_at,
    panels_of,
    table_of_candidates,
    table_of_peaks,
)
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.matched_filter.bank import Peak, filtered, linked, peaks_of, within_band
from deepfocus.finders.matched_filter.continuum import ClippedLine
from deepfocus.finders.matched_filter.fidelity import fidelities

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
        widths = within_band(self.settings.widths_chan, len(cube.data))
        line_data = self.settings.continuum.subtracted(cube.array)
        emission, absorption = filtered(line_data, widths)
        link_px = self.settings.link_beams * max(beam.fwhm_x_px, beam.fwhm_y_px)
        positive, negative = (
            linked(peaks_of(highest, self.settings.min_snr), widths, link_px=link_px)
            for highest in (emission, absorption)
        )
        fidelity = fidelities([peak.snr for peak in positive], [peak.snr for peak in negative])
        peaks = [_line_peak(peak, widths) for peak in positive]
        candidates = measured_at(peaks, fidelity, cube, beam)
        kernels = [
            Trace("best kernel", emission.snr[:, peak.y, peak.x], "standard deviations")
            for peak in peaks
        ]
        return Detection(
            catalogue=table_of_candidates(
                candidates, cube, min_fidelity=self.settings.min_fidelity
            ),
            snapshots={"peaks": table_of_peaks(peaks, cube)},
            notes=_notes(len(positive), len(negative)),
            evidence=panels_of(cube, emission.snr.max(axis=0), candidates, kernels),
        )


def _line_peak(peak: Peak, widths: Sequence[float]) -> LinePeak:
    return LinePeak(peak.channel, peak.y, peak.x, peak.snr, widths[peak.kernel])


def _notes(positive: int, negative: int) -> tuple[str, ...]:
    if negative <= 0.5 * max(positive, 1):
        return ()
    return (
        f"{negative} negative peaks are as high as the {positive} positive ones: sidelobes or "
        "artefacts, which lower the fidelity of faint sources",
    )
