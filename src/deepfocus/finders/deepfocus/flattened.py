"""A cube whose noise rises towards the edge, brought back to where it is the same everywhere.

That is what an image is that was corrected for a primary beam which is not there any more: its
noise tells the beam (`search.rising_noise`). Fluxes are corrected for it again when they are
measured, so that they are those of the cube as it came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.flat_voxels import times_primary_beam
from deepfocus.core.voxels import ReadByParts
from deepfocus.finders.finder import Detection
from deepfocus.forward.response import response_of
from deepfocus.search.noise_map import sample_of
from deepfocus.search.rising_noise import response_of_noise


@dataclass(frozen=True, eq=False)
class Flattened:
    """cube : as it is searched; rise : of its noise as it came, 1 where nothing was done."""

    cube: Cube
    rise: float = 1.0

    def as_it_came(self, found: Detection) -> Detection:
        """What was found, with peaks as high as they are in the cube that was given; and a note."""
        if self.rise == 1:
            return found
        rows = found.catalogue
        seen = self.cube.primary_beam_at(x=rows["x"], y=rows["y"])
        peaks = {name: rows[name] / seen for name in ("peak", "peak_err")}
        return replace(
            found, catalogue=rows.with_columns(**peaks), notes=(_note(self.rise), *found.notes)
        )


def flattened(cube: Cube) -> Flattened:
    """A cube without PSF and primary beam may be; others stay."""
    if cube.psf is not None or cube.primary_beam is not None or cube.beam is None:
        return Flattened(cube)
    beam_px = response_of(cube).beam_px
    sample = sample_of(cube.data, beam_px)
    response = response_of_noise(sample, correlated_px=beam_px)
    if response is None:
        return Flattened(cube)
    by_parts = isinstance(cube.data, ReadByParts)
    own = cube if by_parts else cube.with_data(np.array(cube.data, np.float32))
    told = replace(own, primary_beam=response[None], psf_channels=None)
    covered = np.isfinite(sample.values).any(axis=0)
    least = float(response[:: sample.step, :: sample.step][covered].min())
    return Flattened(told.with_data(times_primary_beam(told)), 1 / least)


def _note(rise: float) -> str:
    return (
        f"noise rises towards the edge, {rise:.1f} times what it is at its least, as in an image "
        "that was corrected for a primary beam: searched as it was before"
    )
