"""Step 9, across blobs: one row an emission, and no sidelobes of brighter sources.

The spectrum of a blob also holds what leaks into its box from its neighbours, and the dirty beam
spreads every source over the whole image. Figure 14 looks at one blob at a time; here the
accepted candidates of all blobs are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.forward.sidelobes import SpreadBeam, spread_beam
from deepfocus.ops.boxes import BOX_FRACTION, Box
from deepfocus.ops.focus import channel_slice
from deepfocus.ops.snr import mad_sigma
from deepfocus.pipeline.deep_gru import Spectrum, box_of_row
from deepfocus.pipeline.line_view import kernel_fwhm_px, line_spectrum
from deepfocus.pipeline.orphans import Orphans


@dataclass(frozen=True)
class NeighbourSettings:
    """When two candidates are one emission, and when one is the other's sidelobe.

    same_position_px : duplicates lie this close (3)
    same_channel_fwhm : and this close in channels, in units of the narrower FWHM (0.5)
    max_sidelobe : highest sidelobe of the dirty beam where the cube has none (0.05)
    sidelobe_radius_px : the beam is read as its highest value within this distance, because
        positions and the beam's change along the band are not known better (2)
    min_residual_sigma : what the brighter source's beam leaves of a candidate must be this
        many noises for the candidate to stand (3)
    min_explained : a candidate of which the beam explains less than this share stands (0.5)
    unknown_beam_px : FWHM of the smoothing where the cube has no beam
    """

    same_position_px: float = 3.0
    same_channel_fwhm: float = 0.5
    max_sidelobe: float = 0.05
    sidelobe_radius_px: float = 2.0
    min_residual_sigma: float = 3.0
    min_explained: float = 0.5
    unknown_beam_px: float = 6.0


@dataclass(frozen=True)
class Neighbours:
    """Candidates -> the flags `DUPLICATE` and `SIDELOBE`."""

    settings: NeighbourSettings = NeighbourSettings()
    orphans: Orphans = field(default_factory=Orphans)

    def __call__(
        self,
        cube: Cube,
        candidates: Catalogue,
        *,
        blobs: Catalogue,
        spectra: Mapping[int, Spectrum],
    ) -> Catalogue:
        if len(candidates) == 0:
            return candidates
        single = self.duplicates(candidates, blobs)
        settled = self.orphans(cube, single, blobs=blobs, spectra=spectra)
        return self.sidelobes(cube, settled, spectra)

    def duplicates(self, candidates: Catalogue, blobs: Catalogue) -> Catalogue:
        """Of the rows for one emission, all but one flagged.

        It is kept in the row whose own blob of Blobs Finder lies there, of several in that
        with the highest Global SNR.
        """
        boxes = {int(row["id"]): box_of_row(row) for row in blobs.table}
        rows = [row for row in candidates.table if row["flag"] == Flag.ACCEPTED]

        def rank(row: Any) -> tuple[bool, bool, float]:
            box = boxes[int(row["parent_id"] or row["id"])]
            at_home = box.contains(float(row["x"]), float(row["y"]))
            return at_home, row["parent_id"] == 0, float(np.nan_to_num(row["global_snr_focused"]))

        kept: list[Any] = []
        doubles: set[int] = set()
        for row in sorted(rows, key=rank, reverse=True):
            if any(self.same_emission(row, other) for other in kept):
                doubles.add(int(row["id"]))
            else:
                kept.append(row)
        return _flagged(candidates, doubles, Flag.DUPLICATE)

    def same_emission(self, a: Any, b: Any) -> bool:
        """Whether two rows stand for one emission: near in position and in channel."""
        apart_px = np.hypot(a["x"] - b["x"], a["y"] - b["y"])
        apart_chan = abs(a["channel"] - b["channel"])
        narrower = min(a["line_fwhm_chan"], b["line_fwhm_chan"])
        return bool(
            apart_px <= self.settings.same_position_px
            and apart_chan <= self.settings.same_channel_fwhm * narrower
        )

    def sidelobes(
        self, cube: Cube, candidates: Catalogue, spectra: Mapping[int, Spectrum]
    ) -> Catalogue:
        """Candidates flagged that the dirty beam of a brighter one with their line explains."""
        rows = [row for row in candidates.table if row["flag"] == Flag.ACCEPTED]
        kernel_px = kernel_fwhm_px(cube, self.settings.unknown_beam_px)
        beams = [_spread_beam(cube, box_of_row(row), kernel_px) for row in rows]
        lines = [
            line_spectrum(
                cube,
                y=float(row["y"]),
                x=float(row["x"]),
                spans=spectra[int(row["parent_id"] or row["id"])].spans,
                kernel_px=kernel_px,
            )
            for row in rows
        ]
        lobes: set[int] = set()
        for i, row in enumerate(rows):
            channels = channel_slice(
                float(row["channel_lo"]), float(row["channel_hi"]), len(lines[i])
            )
            height = float(lines[i][channels].sum())
            sigma = mad_sigma(lines[i]) * np.sqrt(channels.stop - channels.start)
            for j, other in enumerate(rows):
                brighter = float(lines[j][channels].sum())
                if i == j or not _overlap(row, other) or brighter <= height:
                    continue
                offset_x, offset_y = row["x"] - other["x"], row["y"] - other["y"]
                beam, reach_px = beams[j], self.settings.sidelobe_radius_px
                level = self.settings.max_sidelobe
                if beam is not None:
                    level = beam.highest_near(x=offset_x, y=offset_y, reach_px=reach_px)
                if self.explained(height, brighter * level, sigma):
                    lobes.add(int(row["id"]))
        return _flagged(candidates, lobes, Flag.SIDELOBE)

    def explained(self, height: float, predicted: float, sigma: float) -> bool:
        """Whether a prediction accounts for a candidate's amplitude, within its noise."""
        share = predicted >= self.settings.min_explained * height
        return share and height - predicted < self.settings.min_residual_sigma * sigma


def _overlap(a: Any, b: Any) -> bool:
    return bool(a["channel_lo"] < b["channel_hi"] and b["channel_lo"] < a["channel_hi"])


def _spread_beam(cube: Cube, box: Box, kernel_px: float) -> SpreadBeam | None:
    """Dirty beam of a source of the size of `box`, smoothed like the views."""
    # The box ends where a Gaussian falls to BOX_FRACTION of its peak.
    fwhm = np.sqrt(box.area / np.log2(1 / BOX_FRACTION))
    return spread_beam(cube, float(np.hypot(fwhm, kernel_px)))


def _flagged(candidates: Catalogue, ids: set[int], flag: Flag) -> Catalogue:
    hit = np.isin(candidates["id"], sorted(ids))
    return candidates.with_columns(
        flag=np.where(hit, candidates["flag"] | flag, candidates["flag"])
    )
