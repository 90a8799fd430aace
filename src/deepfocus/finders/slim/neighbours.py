"""Step 9, across blobs: reject duplicates, and sidelobes of brighter sources.

A blob's spectrum also contains emission that leaks into its box from its neighbours, and the dirty
beam spreads every source over the whole image. Figure 14 treats one blob at a time; here the
accepted candidates of all blobs are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.flags import Flag
from deepfocus.finders.six_networks.candidate import Candidate, Candidates, accepted
from deepfocus.finders.six_networks.line_view import LineViews
from deepfocus.finders.slim.orphans import AstrayRule
from deepfocus.forward.sidelobes import SpreadBeam, spread_beam
from deepfocus.ops.boxes import BOX_FRACTION
from deepfocus.ops.snr import mad_sigma

STEP = "neighbours"


@dataclass(frozen=True)
class NeighbourSettings:
    """When two candidates are the same emission, and when one is the other's sidelobe.

    same_channel_fwhm : duplicates lie this close in channels, in units of the narrower FWHM (0.5)
    max_sidelobe : highest sidelobe to assume if the cube has no dirty beam (0.05)
    sidelobe_radius_px : the highest value of the beam within this distance is used, because
        positions and the beam's change along the band are not known better (2)
    min_residual_sigma : a candidate is kept if at least this many sigma remain after subtracting
        the brighter source's beam (3)
    min_explained : a candidate is kept if the beam explains less than this share of it (0.5)
    """

    same_channel_fwhm: float = 0.5
    max_sidelobe: float = 0.05
    sidelobe_radius_px: float = 2.0
    min_residual_sigma: float = 3.0
    min_explained: float = 0.5


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Candidates -> the same, with duplicates and sidelobes rejected.

    astray : what happens to candidates that were placed at a neighbour
    same_position_px : duplicates lie this close
    """

    settings: NeighbourSettings
    astray: AstrayRule
    same_position_px: float

    def __call__(self, views: LineViews, candidates: Sequence[Candidate]) -> Candidates:
        if not candidates:
            return ()
        doubles = self.duplicates(candidates)
        at_home = self.astray.settle(
            views, candidates, doubles, same_position_px=self.same_position_px
        )
        doubles -= at_home.keys()
        settled = [at_home.get(each.id, each) for each in candidates]
        single = _rejected(settled, doubles, Flag.DUPLICATE)
        return _rejected(single, self.sidelobes(views, accepted(single)), Flag.SIDELOBE)

    def duplicates(self, candidates: Sequence[Candidate]) -> set[int]:
        """Ids of the accepted candidates that are duplicates of another one.

        The candidate whose own blob lies there is kept; of several, a blob's primary line, then
        the one with the highest Global SNR.
        """
        kept: list[Candidate] = []
        doubles: set[int] = set()
        for each in sorted(accepted(candidates), key=_rank, reverse=True):
            if any(self.same_emission(each, other) for other in kept):
                doubles.add(each.id)
            else:
                kept.append(each)
        return doubles

    def same_emission(self, a: Candidate, b: Candidate) -> bool:
        """Whether two candidates are the same emission: close in position and in channel."""
        apart_chan = abs(a.channel - b.channel)
        narrower = min(a.fwhm_chan, b.fwhm_chan)
        near = a.distance_px(b) <= self.same_position_px
        return near and apart_chan <= self.settings.same_channel_fwhm * narrower

    def sidelobes(self, views: LineViews, found: Sequence[Candidate]) -> set[int]:
        """Ids of candidates that the dirty beam of a brighter one with the same line explains."""
        beams = [_beam_of(views, each) for each in found]
        spectra = [
            views.spectrum(x=each.x, y=each.y, lines=each.home.continuum.lines) for each in found
        ]
        lobes: set[int] = set()
        for i, each in enumerate(found):
            channels = each.span.slice(len(spectra[i]))
            height = float(spectra[i][channels].sum())
            sigma = mad_sigma(spectra[i]) * np.sqrt(channels.stop - channels.start)
            for j, other in enumerate(found):
                brighter = float(spectra[j][channels].sum())
                if i == j or not each.span.overlaps(other.span) or brighter <= height:
                    continue
                level = self.level_at(beams[j], x=each.x - other.x, y=each.y - other.y)
                if self.explained(height, brighter * level, sigma):
                    lobes.add(each.id)
        return lobes

    def level_at(self, beam: SpreadBeam | None, *, x: float, y: float) -> float:
        """Highest response of a beam near an offset; `max_sidelobe` if the beam is unknown."""
        if beam is None:
            return self.settings.max_sidelobe
        return beam.highest_near(x=x, y=y, reach_px=self.settings.sidelobe_radius_px)

    def explained(self, height: float, predicted: float, sigma: float) -> bool:
        """Whether a prediction accounts for a candidate's amplitude, within its noise."""
        share = predicted >= self.settings.min_explained * height
        return share and height - predicted < self.settings.min_residual_sigma * sigma


def _rank(candidate: Candidate) -> tuple[bool, bool, float]:
    """Sort key: the higher, the better a candidate represents its emission."""
    at_home = candidate.home.blob.box.contains(candidate.x, candidate.y)
    snr = float(np.nan_to_num(candidate.snrs.global_focused))
    return at_home, candidate.parent_id == 0, snr


def _beam_of(views: LineViews, candidate: Candidate) -> SpreadBeam | None:
    """Dirty beam of a source as large as a candidate's box, smoothed like the views."""
    # The box ends where a Gaussian falls to BOX_FRACTION of its peak.
    fwhm = np.sqrt(candidate.box.area / np.log2(1 / BOX_FRACTION))
    return spread_beam(views.cube, float(np.hypot(fwhm, views.kernel_px)))


def _rejected(candidates: Sequence[Candidate], ids: set[int], flag: Flag) -> Candidates:
    return tuple(each.rejected(flag, STEP) if each.id in ids else each for each in candidates)
