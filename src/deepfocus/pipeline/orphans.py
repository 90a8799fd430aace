"""Step 9, across blobs: a blob whose lines all went to its neighbours keeps its strongest one.

Where two sources with overlapping channels lie close together, the focused image of the fainter
one has no maximum of its own, and its line is looked for at the brighter one. But Blobs Finder
saw both: unless the fainter blob has another line, the strongest in its box is its own. A line
just like the brighter one's is not: then one source was seen as two blobs, or leaks into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.pipeline.deep_gru import Spectrum, box_of_row
from deepfocus.pipeline.line_view import LineView, kernel_fwhm_px, view_line


@dataclass(frozen=True)
class OrphanSettings:
    """When a blob without an accepted line inside its box gets its strongest line back.

    min_probability : of the blob and its line together (0.5); 1 or more gives none back
    min_snr : of the smoothed line image at the blob's centre (3)
    same_position_px : rows this close are at one place (3)
    same_channel_fwhm, same_width : two lines are alike if their centres differ by less than this
        share of the FWHM (0.1) and their widths by less than this factor less one (0.15)
    crop_px, unknown_beam_px : as in `FocusingSettings`
    """

    min_probability: float = 0.5
    min_snr: float = 3.0
    same_position_px: float = 3.0
    same_channel_fwhm: float = 0.1
    same_width: float = 0.15
    crop_px: int = 64
    unknown_beam_px: float = 6.0


@dataclass(frozen=True)
class Orphans:
    """Candidates -> x, y, box, flag and SNRs of the rows that went home."""

    settings: OrphanSettings = OrphanSettings()

    def __call__(
        self,
        cube: Cube,
        candidates: Catalogue,
        *,
        blobs: Catalogue,
        spectra: Mapping[int, Spectrum],
    ) -> Catalogue:
        table = candidates.table.copy()
        index = {int(number): k for k, number in enumerate(table["id"])}
        for blob in blobs.table:
            row = table[index[int(blob["id"])]]
            if not self.astray(row, blob) or _has_line(table, blob):
                continue
            if not self.misplaced(row, table):
                continue
            view = self.view(cube, row, blob, spectra[int(blob["id"])])
            if view.snr_at(x=float(blob["x"]), y=float(blob["y"])) >= self.settings.min_snr:
                for name, value in _at_home(view, blob).items():
                    table[name][index[int(blob["id"])]] = value
        return Catalogue(table)

    def astray(self, row: Any, blob: Any) -> bool:
        """Whether a blob's own row was placed outside its box, and is likely enough."""
        elsewhere = not box_of_row(blob).contains(float(row["x"]), float(row["y"]))
        placed = int(row["flag"]) in (Flag.ACCEPTED, Flag.DUPLICATE)
        likely = float(row["probability"]) >= self.settings.min_probability
        return elsewhere and placed and likely

    def misplaced(self, row: Any, table: Any) -> bool:
        """Whether the place of a row is that of accepted ones, whose lines are all unlike its."""
        others = table[(np.asarray(table["flag"]) == Flag.ACCEPTED) & (table["id"] != row["id"])]
        apart = np.hypot(others["x"] - row["x"], others["y"] - row["y"])
        there = others[np.asarray(apart) <= self.settings.same_position_px]
        width = float(row["line_fwhm_chan"])
        shift = np.abs(np.asarray(there["channel"]) - float(row["channel"])) / width
        wider = np.abs(np.log(np.asarray(there["line_fwhm_chan"]) / width))
        unlike = (shift > self.settings.same_channel_fwhm) | (
            wider > np.log1p(self.settings.same_width)
        )
        return len(there) > 0 and bool(np.all(unlike))

    def view(self, cube: Cube, row: Any, blob: Any, spectrum: Spectrum) -> LineView:
        """The line image around the blob."""
        span = float(row["channel_lo"]), float(row["channel_hi"])
        return view_line(
            cube,
            y=float(blob["y"]),
            x=float(blob["x"]),
            size=self.settings.crop_px,
            span=span,
            spans=[*spectrum.spans, span],
            continuum=spectrum.continuum,
            kernel_px=kernel_fwhm_px(cube, self.settings.unknown_beam_px),
        )


def _has_line(table: Any, blob: Any) -> bool:
    """Whether an accepted row, of whichever blob, lies inside the blob's box."""
    home = box_of_row(blob)
    accepted = table[np.asarray(table["flag"]) == Flag.ACCEPTED]
    return any(home.contains(float(row["x"]), float(row["y"])) for row in accepted)


def _at_home(view: LineView, blob: Any) -> dict[str, float]:
    x, y = float(blob["x"]), float(blob["y"])
    return {
        "flag": int(Flag.ACCEPTED),
        "x": x,
        "y": y,
        **{name: float(blob[name]) for name in ("box_x0", "box_x1", "box_y0", "box_y1")},
        "global_snr_focused": view.global_snr(box_of_row(blob)),
        "pixel_snr": view.pixel_snr_at(x=x, y=y),
        "snr_focused": view.snr_at(x=x, y=y),
    }
