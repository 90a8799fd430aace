"""Steps 8 and 9 as printed: spectral focusing, Figure 14, deblending by Pixel SNR.

A focused image is the dirty cube summed over a peak's channels, continuum included, and cropped
around the blob's box. No rule compares one blob with another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.finders.paper.scaled_snr import ByExtremes, BySourcePeak
from deepfocus.finders.six_networks.candidate import Candidate, Candidates, Snrs, updated
from deepfocus.ops.boxes import Box
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.friends import FriendsOfFriends

STEP = "figure 14"


@dataclass(frozen=True)
class Figure14Settings:
    """The parameters of section 4.4, iii.

    bright_global_snr : "empirical bright source SNR threshold", 6
    min_global_snr : focused images with a lower Global SNR are removed, 1
    same_position_px : "a used defined number of pixels, in our case 3"
    scale : how images are scaled to [0, 1] for Eqs 17 and 18
    friends : friends of friends; the paper gives neither the linking length nor the plateau
    """

    bright_global_snr: float = 6.0
    min_global_snr: float = 1.0
    same_position_px: float = 3.0
    scale: BySourcePeak | ByExtremes = field(default_factory=BySourcePeak)
    friends: FriendsOfFriends = field(default_factory=FriendsOfFriends)


@dataclass(frozen=True, eq=False)
class Figure14:
    """Candidates -> the same, after Figure 14 has rejected some and moved others.

    crop_px : side of a focused image, the paper's 64
    """

    settings: Figure14Settings
    crop_px: int

    def __call__(
        self, cube: Cube, candidates: Sequence[Candidate], integrated: np.ndarray
    ) -> Candidates:
        peaks: dict[int, list[Candidate]] = {}
        for each in candidates:
            if each.accepted:
                peaks.setdefault(each.home.id, []).append(each)
        blob = _Blob(cube, integrated, self.settings, self.crop_px)
        examined = [each for of_blob in peaks.values() for each in blob.examine(of_blob)]
        return updated(candidates, examined)


@dataclass(frozen=True, eq=False)
class FocusedImage:
    """A peak's focused image (y, x); pixel [0, 0] is the cube's (x0, y0).

    brightest : (x, y) of the brightest pixel, in the cube's pixels
    """

    image: np.ndarray
    x0: int
    y0: int
    brightest: tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Blob:
    """Figure 14 for the peaks of one blob."""

    cube: Cube
    integrated: np.ndarray
    settings: Figure14Settings
    crop_px: int

    def examine(self, peaks: Sequence[Candidate]) -> list[Candidate]:
        """The highest peak that passes is the primary one; the others are compared with it."""
        done: list[Candidate] = []
        primary: Candidate | None = None
        for peak in peaks:
            if primary is None:
                judged = self.judged(peak)
                if judged.accepted:
                    primary = judged
                else:
                    done.append(judged)  # condition 1; the next highest takes its place
                continue
            secondary, primary = self.compared(peak, primary)
            done.append(secondary)
        return [self.cut_faint(each) for each in ([primary] if primary else []) + done]

    def judged(self, peak: Candidate) -> Candidate:
        """Accept a bright source, or one whose Global SNR rises when focused; else condition 1.

        A bright source that is flagged for deblending passes too: the printed conditions do not
        cover it, and only a fainter one "is discarded as a false detection".
        """
        focused = self.focused_on(peak)
        before = self.settings.scale.global_snr(self.integrated, peak.box)
        measured = replace(focused, snrs=replace(focused.snrs, global_integrated=before))
        if before > self.settings.bright_global_snr or measured.snrs.global_focused > before:
            return measured
        return measured.rejected(Flag.NO_GAIN_WHEN_FOCUSED, STEP)

    def compared(self, peak: Candidate, primary: Candidate) -> tuple[Candidate, Candidate]:
        """A secondary peak and the primary after their comparison."""
        secondary = self.focused_on(peak)
        here, there = self.view(secondary), self.view(primary)
        apart = np.hypot(*np.subtract(here.brightest, there.brightest))
        if apart > self.settings.same_position_px:
            return self.in_own_box(secondary, here), primary
        if not secondary.span.overlaps(primary.span):
            return secondary, primary  # no condition removes it
        both = self.over_both(primary, secondary)
        if both.snrs.global_focused > primary.snrs.global_focused:
            return secondary.rejected(Flag.MERGED, STEP), both
        return secondary.rejected(Flag.SAME_AS_PRIMARY, STEP), primary  # condition 2

    def over_both(self, primary: Candidate, secondary: Candidate) -> Candidate:
        """The primary, with its channel range extended to include a secondary peak's."""
        joined = primary.span.joined(secondary.span)
        wider = replace(primary, channel=joined.centre, fwhm_chan=(joined.hi - joined.lo) / 2)
        measured = self.focused_on(wider)
        before = primary.snrs.global_integrated
        return replace(measured, snrs=replace(measured.snrs, global_integrated=before))

    def in_own_box(self, secondary: Candidate, view: FocusedImage) -> Candidate:
        """A deblended source: the box grown around its brightest pixel, and its centroid."""
        x, y = view.brightest[0] - view.x0, view.brightest[1] - view.y0
        box = self.settings.friends.grow(view.image, view.image, y=y, x=x)
        centre_x, centre_y = weighted_centre(view.image, box)
        moved = replace(
            secondary,
            x=centre_x + view.x0,
            y=centre_y + view.y0,
            box=box.shifted(x=view.x0, y=view.y0),
        )
        return self.focused_on(moved)

    def focused_on(self, peak: Candidate) -> Candidate:
        """A peak with the SNRs of its focused image."""
        view = self.view(peak)
        box = peak.box.shifted(x=-view.x0, y=-view.y0)
        pixels = self.settings.scale.pixel_snr(view.image)
        snrs = Snrs(
            global_focused=self.settings.scale.global_snr(view.image, box),
            pixel=float(np.nanmax(pixels)),
        )
        return replace(peak, snrs=snrs)

    def view(self, peak: Candidate) -> FocusedImage:
        """The dirty cube summed over the peak's channels, cropped around its box."""
        channels = peak.span.slice(len(self.cube.data))
        x, y = peak.box.centre
        window = Window(x, y, self.crop_px)
        image = crop(self.cube.data[channels], window).sum(axis=0, dtype=np.float64)
        row, column = np.unravel_index(np.argmax(image), image.shape)
        brightest = int(column) + window.x0, int(row) + window.y0
        return FocusedImage(image.astype(np.float32), window.x0, window.y0, brightest)

    def cut_faint(self, peak: Candidate) -> Candidate:
        """ "All spectrally focused sources with a global SNR lower than 1 are removed"."""
        if peak.accepted and peak.snrs.global_focused < self.settings.min_global_snr:
            return peak.rejected(Flag.LOW_FOCUSED_SNR, STEP)
        return peak


def weighted_centre(image: np.ndarray, box: Box) -> tuple[float, float]:
    """Centroid (x, y) of the pixels in a box, weighted by their positive values."""
    rows, columns = box.pixels(*image.shape)
    weight = np.maximum(image[rows, columns], 0).astype(float)
    yy, xx = np.mgrid[rows, columns]
    total = float(weight.sum())
    if total <= 0:
        return box.centre
    return float((weight * xx).sum() / total), float((weight * yy).sum() / total)
