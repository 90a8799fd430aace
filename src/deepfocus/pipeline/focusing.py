"""Steps 8 and 9: spectral focusing, deblending and removal of false positives (Figure 14).

Every line of a blob is focused: integrated over its own channels, without continuum. The line
that is strongest is the primary peak; the others are compared with it. Rejected candidates keep
their row and get a flag. This is the one stage that moves what others have set, as the paper
does: the position goes from the blob to the focused image, a deblended source gets its own box,
and a primary that absorbs another peak a wider channel range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.ops.boxes import Box
from deepfocus.ops.focus import channel_slice
from deepfocus.ops.friends import grow_friends
from deepfocus.ops.integrate import integrate
from deepfocus.ops.snr import global_snr
from deepfocus.pipeline.deep_gru import Spectrum, box_of_row
from deepfocus.pipeline.line_view import (
    LineView,
    Peak,
    kernel_fwhm_px,
    line_spectrum,
    range_snr,
    view_line,
)


@dataclass(frozen=True)
class FocusingSettings:
    """Limits of Figure 14.

    crop_px : side of the focused image, the paper's 64
    bright_global_snr : above this Global SNR in the integrated image a blob with one line is
        accepted without a gain from focusing (6)
    min_global_snr : focused images below this Global SNR are rejected (1)
    same_position_px : two peaks this close are at one position (3)
    subtract_continuum : measure the Global SNR of the line alone, in the focused image and in
        the integrated image it must beat. Sources with a continuum gain from every channel,
        so that with it the narrower sum can never win, however strong the line is. False
        compares the images as they are, as printed.
    min_own_peak_snr : a peak this many noises high inside the blob's box means that the line
        is the blob's own and not one of a neighbour (3)
    min_peak_snr : a peak this high gives the position; below, the blob's barycentre stands.
        A peak outside the box must be this high to be looked at (5)
    unknown_beam_px : FWHM of the smoothing before peaks are located, where the cube has no beam
    linking_px, friend_fraction, plateau : friends of friends: linking length, least value
        relative to the seed, and the relative gain of Global SNR at which growth ends
    """

    crop_px: int = 64
    bright_global_snr: float = 6.0
    min_global_snr: float = 1.0
    same_position_px: float = 3.0
    subtract_continuum: bool = True
    min_own_peak_snr: float = 3.0
    min_peak_snr: float = 5.0
    unknown_beam_px: float = 6.0
    linking_px: float = 1.5
    friend_fraction: float = 0.15
    plateau: float = 0.02


MAX_VIEW_PX = 256
WIDE_LINE = 0.5  # of the band: focusing a wider line changes little, so no gain is asked for


@dataclass(frozen=True)
class Candidate:
    """A line of a blob on its way through Figure 14."""

    id: int
    parent_id: int
    flag: Flag
    x: float
    y: float
    box: Box
    channel: float
    fwhm_chan: float
    span: tuple[float, float]
    global_snr: float = np.nan
    global_snr_focused: float = np.nan
    pixel_snr: float = np.nan
    snr_focused: float = np.nan

    def flagged(self, flag: Flag) -> Candidate:
        """The same, rejected for one more reason."""
        return replace(self, flag=self.flag | flag)

    @property
    def accepted(self) -> bool:
        return self.flag == Flag.ACCEPTED

    @property
    def open(self) -> bool:
        """Has a line to focus on and was not rejected before."""
        return self.accepted and bool(np.isfinite(self.channel))


@dataclass(frozen=True)
class Focusing:
    """Candidates -> flags, final x, y, boxes and ranges, and their SNRs.

    Adds global_snr, global_snr_focused, pixel_snr, snr_focused (peak of the smoothed line
    image over its noise); sets x, y, box and channel range where deblending changed them.
    """

    settings: FocusingSettings = FocusingSettings()

    def __call__(
        self,
        cube: Cube,
        candidates: Catalogue,
        *,
        integrated: np.ndarray,
        spectra: Mapping[int, Spectrum],
    ) -> Catalogue:
        if len(candidates) == 0:
            return candidates
        kernel_px = kernel_fwhm_px(cube, self.settings.unknown_beam_px)
        done: dict[int, Candidate] = {}
        for blob_id, spectrum in spectra.items():
            blob = _Blob(cube, spectrum, integrated, kernel_px, self.settings)
            for candidate in blob.examine(_of_blob(candidates, blob_id)):
                done[candidate.id] = candidate
        return _written(candidates, [done[int(number)] for number in candidates["id"]])


@dataclass(frozen=True, eq=False)
class _Blob:
    """One blob of Blobs Finder with all its lines."""

    cube: Cube
    spectrum: Spectrum
    integrated: np.ndarray
    kernel_px: float
    settings: FocusingSettings

    def examine(self, lines: Sequence[Candidate]) -> list[Candidate]:
        """Figure 14 for the lines of one blob, the strongest first."""
        several = sum(line.open for line in lines) > 1
        primary: Candidate | None = None
        kept: list[Candidate] = []
        out: dict[int, Candidate] = {}
        for line in lines:
            measured = replace(line, global_snr=self.integrated_snr(line.box))
            if not line.open:
                out[line.id] = measured
            elif primary is None:
                focused = self.judged_primary(measured, flagged_for_deblending=several)
                out[line.id] = focused
                if focused.accepted:  # else the next peak takes its place
                    primary = focused
                    kept = [focused]
            else:
                secondary = self.located(measured, primary)
                twin = self.twin_of(secondary, kept)
                if twin is None:
                    out[line.id] = self.cut_faint(secondary)
                    if out[line.id].accepted:
                        kept.append(out[line.id])
                    continue
                grown = self.grown_range(twin, secondary)
                if grown is None:
                    out[line.id] = secondary.flagged(Flag.SAME_AS_PRIMARY)  # condition 2
                else:
                    out[line.id] = secondary.flagged(Flag.MERGED)
                    out[twin.id] = grown
                    kept = [grown if one.id == twin.id else one for one in kept]
        return list(out.values())

    def judged_primary(self, line: Candidate, *, flagged_for_deblending: bool) -> Candidate:
        """Left branch of Figure 14: bright enough as it is, or brighter when focused."""
        focused = self.located(line, None)
        bright = line.global_snr > self.settings.bright_global_snr
        if not (bright and not flagged_for_deblending) and not self.gains(focused, bright=bright):
            return focused.flagged(Flag.NO_GAIN_WHEN_FOCUSED)  # condition 1
        return self.cut_faint(focused)

    def gains(self, line: Candidate, *, bright: bool) -> bool:
        """Whether the Global SNR rises when the source is focused, or is bright anyhow."""
        if bright:
            return True
        n = len(self.cube.data)
        if min(line.span[1], n - 1) - max(line.span[0], 0) > WIDE_LINE * n:
            return True
        if not self.settings.subtract_continuum:
            return line.global_snr_focused > self.integrated_snr(line.box)
        whole_band = self.view(line.box, (0.0, n - 1.0), continuum_outside=[line.span])
        return line.global_snr_focused > whole_band.global_snr(line.box)

    def cut_faint(self, line: Candidate) -> Candidate:
        """The last test of Figure 14: Global SNR of the focused image of at least 1."""
        if line.global_snr_focused < self.settings.min_global_snr:
            return line.flagged(Flag.LOW_FOCUSED_SNR)
        return line

    def twin_of(self, line: Candidate, kept: Sequence[Candidate]) -> Candidate | None:
        """The accepted line at the same position whose channels overlap, if there is one."""
        for other in kept:
            apart = np.hypot(line.x - other.x, line.y - other.y)
            overlap = line.span[0] < other.span[1] and other.span[0] < line.span[1]
            if apart <= self.settings.same_position_px and overlap:
                return other
        return None

    def grown_range(self, primary: Candidate, other: Candidate) -> Candidate | None:
        """The primary over both ranges if that raises its SNR, else None.

        The SNR is that of the sum over channels at the primary's position: the Global SNR of
        a bright source measures how its own wings fill the ring and not its channels.
        """
        span = min(primary.span[0], other.span[0]), max(primary.span[1], other.span[1])
        spectrum = line_spectrum(
            self.cube,
            y=primary.y,
            x=primary.x,
            spans=self.spectrum.spans,
            kernel_px=self.kernel_px,
        )
        if range_snr(spectrum, span) <= range_snr(spectrum, primary.span):
            return None
        return replace(
            primary,
            span=span,
            channel=(span[0] + span[1]) / 2,
            fwhm_chan=(span[1] - span[0]) / 2,
            global_snr_focused=self.snr_over(primary, span),
        )

    def located(self, line: Candidate, primary: Candidate | None) -> Candidate:
        """The line at its place in the focused image, with its box and SNRs.

        A peak of its own in the blob's box wins; else the highest of the whole crop, where the
        brightest Pixel SNR is; else the blob's barycentre stands. A box is grown by friends of
        friends around a peak outside the box, and around one away from the primary's.
        """
        view = self.view(line.box, line.span)
        peak = view.peak_in(
            line.box, min_snr=self.settings.min_own_peak_snr, margin=self.kernel_px / 4
        )
        own = peak is not None
        peak = peak or view.peak_in(None, min_snr=self.settings.min_peak_snr)
        placed = line
        if peak is not None and peak.snr >= self.settings.min_peak_snr:
            placed = replace(line, x=peak.x, y=peak.y)
            if not own or (primary is not None and self.apart(placed, primary)):
                placed = replace(placed, box=self.friends(view, peak))
        return replace(
            placed,
            global_snr_focused=self.snr_over(placed, placed.span),
            pixel_snr=view.pixel_snr_at(x=placed.x, y=placed.y),
            snr_focused=view.snr_at(x=placed.x, y=placed.y),
        )

    def apart(self, one: Candidate, other: Candidate) -> bool:
        """The 3 px rule: whether two lines come from different positions."""
        return bool(np.hypot(one.x - other.x, one.y - other.y) > self.settings.same_position_px)

    def friends(self, view: LineView, peak: Peak) -> Box:
        """Box grown around a peak by friends of friends, in the cube's pixels."""
        box = grow_friends(
            np.where(view.inside, view.image, np.nan),
            view.smoothed,
            y=peak.row,
            x=peak.column,
            linking_px=self.settings.linking_px,
            friend_fraction=self.settings.friend_fraction,
            plateau=self.settings.plateau,
        )
        return box.shifted(x=view.x0, y=view.y0)

    def snr_over(self, line: Candidate, span: tuple[float, float]) -> float:
        """Global SNR of a candidate's box in the image focused on `span`."""
        if self.settings.subtract_continuum:
            return self.view(line.box, span).global_snr(line.box)
        channels = channel_slice(*span, len(self.cube.data))
        focused = integrate(self.cube.data, channels.start, channels.stop)
        return global_snr(focused, line.box)

    def integrated_snr(self, box: Box) -> float:
        return global_snr(self.integrated, box)

    def view(
        self,
        box: Box,
        span: tuple[float, float],
        *,
        continuum_outside: Sequence[tuple[float, float]] | None = None,
    ) -> LineView:
        """The line image of `span` around a box; larger than the crop where the source is.

        The continuum comes from the channels outside the blob's lines and `span`, or outside
        the ranges given instead of `span`.
        """
        outside = [span] if continuum_outside is None else continuum_outside
        longest = max(box.x1 - box.x0, box.y1 - box.y0)
        size = int(np.clip(2 * np.ceil(1.1 * longest), self.settings.crop_px, MAX_VIEW_PX))
        return view_line(
            self.cube,
            y=box.centre[1],
            x=box.centre[0],
            size=size,
            span=span,
            spans=[*self.spectrum.spans, *outside],
            continuum=self.spectrum.continuum,
            kernel_px=self.kernel_px,
        )


def _of_blob(candidates: Catalogue, blob_id: int) -> list[Candidate]:
    """The lines of a blob: its own row (the strongest line), then its children."""
    mine = (candidates["id"] == blob_id) | (candidates["parent_id"] == blob_id)
    return [_candidate(row) for row in candidates.table[mine]]


def _candidate(row: Any) -> Candidate:
    return Candidate(
        id=int(row["id"]),
        parent_id=int(row["parent_id"]),
        flag=Flag(int(row["flag"])),
        x=float(row["x"]),
        y=float(row["y"]),
        box=box_of_row(row),
        channel=float(row["channel"]),
        fwhm_chan=float(row["line_fwhm_chan"]),
        span=(float(row["channel_lo"]), float(row["channel_hi"])),
    )


def _written(candidates: Catalogue, done: Sequence[Candidate]) -> Catalogue:
    return candidates.with_columns(
        flag=[int(c.flag) for c in done],
        x=[c.x for c in done],
        y=[c.y for c in done],
        box_x0=[c.box.x0 for c in done],
        box_x1=[c.box.x1 for c in done],
        box_y0=[c.box.y0 for c in done],
        box_y1=[c.box.y1 for c in done],
        channel=[c.channel for c in done],
        line_fwhm_chan=[c.fwhm_chan for c in done],
        channel_lo=[c.span[0] for c in done],
        channel_hi=[c.span[1] for c in done],
        global_snr=[c.global_snr for c in done],
        global_snr_focused=[c.global_snr_focused for c in done],
        pixel_snr=[c.pixel_snr for c in done],
        snr_focused=[c.snr_focused for c in done],
    )
