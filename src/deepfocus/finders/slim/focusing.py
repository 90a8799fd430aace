"""Steps 8 and 9: spectral focusing, deblending and removal of false positives (Figure 14).

Every line of a blob is focused: integrated over its own channels, without continuum. The strongest
line is the primary peak; the others are compared with it. The position comes from the focused
image instead of the blob. A deblended source gets its own box, and a primary that absorbs another
peak gets a wider channel range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from deepfocus.core.channels import ChannelRange
from deepfocus.core.flags import Flag
from deepfocus.finders.six_networks.candidate import (
    BlobSpectrum,
    Candidate,
    Candidates,
    updated,
)
from deepfocus.finders.six_networks.line_view import LineView, LineViews, Peak, range_snr
from deepfocus.ops.boxes import Box
from deepfocus.ops.friends import FriendsOfFriends
from deepfocus.ops.integrate import integrate
from deepfocus.ops.snr import global_snr

STEP = "focusing"
WIDE_LINE = 0.5  # of the band: focusing a wider line changes little, so no gain is required


@dataclass(frozen=True)
class LineOnly:
    """Images without continuum.

    Continuum adds signal in every channel. If it were kept, the narrower sum could never win,
    however strong the line.
    """

    kind: ClassVar[str] = "line_only"

    def focused_snr(self, blob: BlobInField, box: Box, channels: ChannelRange) -> float:
        return blob.line_view(box, channels).global_snr(box)

    def unfocused_snr(self, blob: BlobInField, box: Box, line: ChannelRange) -> float:
        band = ChannelRange(0.0, blob.channels - 1.0)
        outside_line = blob.spectrum.continuum.beside(line)
        return blob.views.around(box, band, outside_line).global_snr(box)


@dataclass(frozen=True)
class WholeImage:
    """Images with continuum, as printed."""

    kind: ClassVar[str] = "whole_image"

    def focused_snr(self, blob: BlobInField, box: Box, channels: ChannelRange) -> float:
        summed = channels.slice(blob.channels)
        focused = integrate(blob.views.cube.array, summed.start, summed.stop)
        return global_snr(focused, box)

    def unfocused_snr(self, blob: BlobInField, box: Box, line: ChannelRange) -> float:
        return global_snr(blob.integrated, box)


@dataclass(frozen=True)
class FocusingSettings:
    """Limits of Figure 14.

    bright_global_snr : above this Global SNR in the integrated image a blob is accepted without
        a gain from focusing (6)
    min_global_snr : focused images below this Global SNR are rejected (1)
    seen_in : images in which a gain is required
    min_own_peak_snr : a peak of this many sigma inside the blob's box means that the line is the
        blob's own and not a neighbour's (3)
    min_peak_snr : a peak this high sets the position; otherwise the blob's barycentre is kept.
        A peak outside the box must be this high to be considered (5)
    friends : how the box of a deblended source grows
    """

    bright_global_snr: float = 6.0
    min_global_snr: float = 1.0
    seen_in: LineOnly | WholeImage = field(default_factory=LineOnly)
    min_own_peak_snr: float = 3.0
    min_peak_snr: float = 5.0
    friends: FriendsOfFriends = field(default_factory=FriendsOfFriends)


@dataclass(frozen=True, eq=False)
class Focusing:
    """Candidates -> the same with final positions, boxes, ranges and SNRs, or rejected.

    same_position_px : two peaks this close are at one position (the paper's 3)
    """

    settings: FocusingSettings
    same_position_px: float

    def __call__(
        self, views: LineViews, candidates: Sequence[Candidate], integrated: np.ndarray
    ) -> Candidates:
        lines: dict[int, list[Candidate]] = {}
        for each in candidates:
            lines.setdefault(each.home.id, []).append(each)
        examined: list[Candidate] = []
        for of_blob in lines.values():
            blob = BlobInField(views, of_blob[0].home, integrated)
            examined += _Figure14(blob, self.settings, self.same_position_px).examine(of_blob)
        return updated(candidates, examined)


@dataclass(frozen=True, eq=False)
class BlobInField:
    """A blob of the map, and the images in which its lines are examined."""

    views: LineViews
    spectrum: BlobSpectrum
    integrated: np.ndarray

    @property
    def channels(self) -> int:
        """Number of channels in the cube."""
        return len(self.views.cube.data)

    def line_view(self, box: Box, channels: ChannelRange) -> LineView:
        """The line emission of a channel range around a box."""
        return self.views.around(box, channels, self.spectrum.continuum.beside(channels))


@dataclass(frozen=True, eq=False)
class _Figure14:
    """The decisions on the lines of one blob."""

    blob: BlobInField
    settings: FocusingSettings
    same_position_px: float

    def examine(self, lines: Sequence[Candidate]) -> list[Candidate]:
        """Figure 14 for the lines of one blob, the strongest first."""
        primary: Candidate | None = None
        kept: list[Candidate] = []
        out: dict[int, Candidate] = {}
        for line in lines:
            measured = self.seen_unfocused(line)
            if not line.accepted:
                out[line.id] = measured
            elif primary is None:
                focused = self.judged_primary(measured)
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
                if grown is None:  # condition 2
                    out[line.id] = secondary.rejected(Flag.SAME_AS_PRIMARY, STEP)
                else:
                    out[line.id] = secondary.rejected(Flag.MERGED, STEP)
                    out[twin.id] = grown
                    kept = [grown if one.id == twin.id else one for one in kept]
        return list(out.values())

    def seen_unfocused(self, line: Candidate) -> Candidate:
        """The line with the Global SNR of its box in the integrated image."""
        snr = global_snr(self.blob.integrated, line.box)
        return replace(line, snrs=replace(line.snrs, global_integrated=snr))

    def judged_primary(self, line: Candidate) -> Candidate:
        """Left branch of Figure 14: bright enough as it is, or brighter when focused."""
        focused = self.located(line, None)
        bright = line.snrs.global_integrated > self.settings.bright_global_snr
        if not self.gains(focused, bright=bright):
            return focused.rejected(Flag.NO_GAIN_WHEN_FOCUSED, STEP)  # condition 1
        return self.cut_faint(focused)

    def gains(self, line: Candidate, *, bright: bool) -> bool:
        """Whether focusing raises the Global SNR; True for any bright source or wide line."""
        n = self.blob.channels
        if bright or line.span.length_within(n) > WIDE_LINE * n:
            return True
        unfocused = self.settings.seen_in.unfocused_snr(self.blob, line.box, line.span)
        return line.snrs.global_focused > unfocused

    def cut_faint(self, line: Candidate) -> Candidate:
        """The last test of Figure 14: the focused image needs a Global SNR of at least 1."""
        if line.snrs.global_focused < self.settings.min_global_snr:
            return line.rejected(Flag.LOW_FOCUSED_SNR, STEP)
        return line

    def twin_of(self, line: Candidate, kept: Sequence[Candidate]) -> Candidate | None:
        """The accepted line at the same position with overlapping channels, if there is one."""
        for other in kept:
            near = line.distance_px(other) <= self.same_position_px
            if near and line.span.overlaps(other.span):
                return other
        return None

    def grown_range(self, primary: Candidate, other: Candidate) -> Candidate | None:
        """The primary over both ranges if that raises its SNR, else None.

        The SNR is measured in the sum over channels at the primary's position: the Global SNR of
        a bright source reflects how its own wings fill the ring, not its channels.
        """
        both = primary.span.joined(other.span)
        spectrum = self.blob.views.spectrum(
            x=primary.x, y=primary.y, lines=self.blob.spectrum.continuum.lines
        )
        if range_snr(spectrum, both) <= range_snr(spectrum, primary.span):
            return None
        focused = self.settings.seen_in.focused_snr(self.blob, primary.box, both)
        return replace(
            primary,
            channel=both.centre,
            fwhm_chan=(both.hi - both.lo) / 2,
            snrs=replace(primary.snrs, global_focused=focused),
        )

    def located(self, line: Candidate, primary: Candidate | None) -> Candidate:
        """The line at its position in the focused image, with its box and SNRs.

        A peak in the blob's box takes precedence, then the highest peak of the whole crop, where
        the Pixel SNR is highest. Without either, the blob's barycentre is kept. Friends of friends
        grow a new box around a peak outside the box, or away from the primary.
        """
        view = self.blob.line_view(line.box, line.span)
        margin = self.blob.views.kernel_px / 4
        peak = view.peak_in(line.box, min_snr=self.settings.min_own_peak_snr, margin=margin)
        own = peak is not None
        peak = peak or view.peak_in(None, min_snr=self.settings.min_peak_snr)
        placed = line
        if peak is not None and peak.snr >= self.settings.min_peak_snr:
            placed = replace(line, x=peak.x, y=peak.y)
            if not own or (primary is not None and self.apart(placed, primary)):
                placed = replace(placed, box=self.grown_box(view, peak))
        snrs = replace(
            placed.snrs,
            global_focused=self.settings.seen_in.focused_snr(self.blob, placed.box, placed.span),
            pixel=view.pixel_snr_at(x=placed.x, y=placed.y),
            peak=view.snr_at(x=placed.x, y=placed.y),
        )
        return replace(placed, snrs=snrs)

    def apart(self, one: Candidate, other: Candidate) -> bool:
        """The 3 px rule: whether two lines come from different positions."""
        return one.distance_px(other) > self.same_position_px

    def grown_box(self, view: LineView, peak: Peak) -> Box:
        """Box grown around a peak by friends of friends, in the cube's pixels."""
        image = np.where(view.inside, view.image, np.nan)
        box = self.settings.friends.grow(image, view.smoothed, y=peak.row, x=peak.column)
        return box.shifted(x=view.x0, y=view.y0)
