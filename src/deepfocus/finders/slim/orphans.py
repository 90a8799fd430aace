"""Step 9, across blobs: a blob that lost all its lines to its neighbours keeps its strongest one.

If two sources with overlapping channels lie close together, the focused image of the fainter one
has no maximum of its own, and its line is placed at the brighter one. But Blobs Finder saw both:
unless the fainter blob has another line, the strongest in its box is its own. The exception is a
line just like the brighter one's: then one source was seen as two blobs, or leaks into another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from deepfocus.finders.six_networks.candidate import Candidate
from deepfocus.finders.six_networks.line_view import LineView, LineViews
from deepfocus.ops.crop import Window


@dataclass(frozen=True)
class ReturnHome:
    """A blob without an accepted line inside its box gets its strongest line back.

    min_probability : minimum product of the blob's and its line's probabilities (0.5)
    min_snr : minimum SNR of the smoothed line image at the blob's centre (3)
    alike_channel_fwhm, alike_width : two lines are alike if their centres differ by at most this
        fraction of the FWHM (0.1) and their widths by at most this fraction (0.15)
    """

    kind: ClassVar[str] = "return_home"

    min_probability: float = 0.5
    min_snr: float = 3.0
    alike_channel_fwhm: float = 0.1
    alike_width: float = 0.15

    def settle(
        self,
        views: LineViews,
        candidates: Sequence[Candidate],
        doubles: set[int],
        *,
        same_position_px: float,
    ) -> dict[int, Candidate]:
        """The candidates that return to their own blobs, by id, at their new positions.

        doubles : ids of candidates that are duplicates of another one
        same_position_px : candidates this close share one position
        """
        single = [each for each in candidates if each.accepted and each.id not in doubles]
        standing = {each.id: each for each in single}
        home: dict[int, Candidate] = {}
        for each in candidates:
            if each.parent_id or not self.is_astray(each) or _has_line(each, standing.values()):
                continue
            if not self.is_misplaced(each, standing.values(), same_position_px):
                continue
            view = _view_of_home(views, each)
            if view.snr_at(x=each.home.blob.x, y=each.home.blob.y) >= self.min_snr:
                standing[each.id] = home[each.id] = _at_home(view, each)
        return home

    def is_astray(self, candidate: Candidate) -> bool:
        """Whether a probable, accepted candidate was placed outside its blob's box."""
        elsewhere = not candidate.home.blob.box.contains(candidate.x, candidate.y)
        return elsewhere and candidate.accepted and candidate.probability >= self.min_probability

    def is_misplaced(
        self, candidate: Candidate, standing: Collection[Candidate], same_position_px: float
    ) -> bool:
        """Whether it shares its position with standing candidates, all of whose lines differ."""
        there = [
            each
            for each in standing
            if each.id != candidate.id and each.distance_px(candidate) <= same_position_px
        ]
        return bool(there) and all(self.unlike(each, candidate) for each in there)

    def unlike(self, one: Candidate, other: Candidate) -> bool:
        """Whether two lines differ in channel or in width, in units of the second's width."""
        shift = abs(one.channel - other.channel) / other.fwhm_chan
        wider = abs(np.log(one.fwhm_chan / other.fwhm_chan))
        return bool(shift > self.alike_channel_fwhm or wider > np.log1p(self.alike_width))


@dataclass(frozen=True)
class LeaveAstray:
    """Lines stay where they were found."""

    kind: ClassVar[str] = "leave_astray"

    def settle(
        self,
        views: LineViews,
        candidates: Sequence[Candidate],
        doubles: set[int],
        *,
        same_position_px: float,
    ) -> dict[int, Candidate]:
        """No candidate returns."""
        return {}


AstrayRule = ReturnHome | LeaveAstray


def _has_line(candidate: Candidate, standing: Collection[Candidate]) -> bool:
    """Whether a standing candidate of any blob lies inside the box of this one's blob."""
    return any(candidate.home.blob.box.contains(each.x, each.y) for each in standing)


def _view_of_home(views: LineViews, candidate: Candidate) -> LineView:
    """The candidate's line image around its own blob."""
    blob = candidate.home.blob
    window = Window(blob.x, blob.y, views.crop_px)
    return views.view(window, candidate.span, candidate.home.continuum.beside(candidate.span))


def _at_home(view: LineView, candidate: Candidate) -> Candidate:
    blob = candidate.home.blob
    snrs = replace(
        candidate.snrs,
        global_focused=view.global_snr(blob.box),
        pixel=view.pixel_snr_at(x=blob.x, y=blob.y),
        peak=view.snr_at(x=blob.x, y=blob.y),
    )
    return replace(candidate, x=blob.x, y=blob.y, box=blob.box, snrs=snrs)
