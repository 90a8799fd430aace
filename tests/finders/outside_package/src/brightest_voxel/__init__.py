"""A finder of one's own for DeepFocus: the brightest voxels, far from each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.finders.evidence import ImagePanel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty
from deepfocus.finders.sky_columns import with_sky_columns


@dataclass(frozen=True)
class BrightestVoxel:
    """The settings: a frozen dataclass with a kind, a line about it, and `ready`.

    number : voxels that are taken; min_snr : fainter ones are rejected, and stay in the table
    apart_px : least distance between two
    """

    kind: ClassVar[str] = "brightest_voxel"
    summary: ClassVar[str] = "the brightest voxels of the cube without its continuum"

    number: int = 5
    min_snr: float = 6.0
    apart_px: float = 10.0

    def ready(self) -> ReadyBrightestVoxel:
        """Here a finder would read its networks or tables, once for all cubes."""
        return ReadyBrightestVoxel(self)


@dataclass(frozen=True)
class ReadyBrightestVoxel:
    """The finder at work."""

    settings: BrightestVoxel = field(default_factory=BrightestVoxel)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What results depend on beside the settings, such as hashes of weights: nothing."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Cube in, catalogue out."""
        refuse_empty(cube)
        line = np.nan_to_num(cube.data - np.nanmedian(cube.data, axis=0))
        sigma = float(np.median(np.abs(line)) / 0.6745)
        highest, channel = line.max(axis=0), line.argmax(axis=0)
        yy, xx = np.indices(highest.shape)
        rows: list[tuple[int, int]] = []
        left = highest.copy()
        for _ in range(self.settings.number):
            y, x = np.unravel_index(np.argmax(left), left.shape)
            rows.append((int(y), int(x)))
            left[np.hypot(yy - y, xx - x) < self.settings.apart_px] = -np.inf
        y, x = np.array(rows).T
        snr = highest[y, x] / sigma
        found = catalogue(
            x=x,
            y=y,
            channel=channel[y, x],
            peak=1e3 * highest[y, x],
            snr_peak=snr,
            flag=np.where(snr < self.settings.min_snr, Flag.LOW_PROBABILITY, Flag.ACCEPTED),
        )
        return Detection(
            catalogue=with_sky_columns(found, cube.grid).with_reasons(),
            snapshots={"voxels": found},
            notes=("the size and the flux of a voxel are not measured",),
            evidence=(
                ImagePanel("Brightest voxel of each pixel", highest, "Jy/beam"),
                *(
                    SpectrumPanel(
                        number, Trace("at the voxel", cube.data[:, row, column], "Jy/beam")
                    )
                    for number, (row, column) in enumerate(rows, start=1)
                ),
            ),
        )
