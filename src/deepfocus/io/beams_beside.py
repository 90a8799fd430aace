"""A cube with the beams that lie in files beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.planes import mean_of_known, shares_of_planes
from deepfocus.io.beam_planes import first_middle_last
from deepfocus.io.companions import (
    Planes,
    as_primary_beam,
    as_psf,
    read_planes,
    refuse_other_beam,
)
from deepfocus.io.overrides import NO_OVERRIDES, Overrides


@dataclass(frozen=True)
class Companions:
    """The files of a cube's beams, None where there is none.

    given : of the two, those that the user named: they have to fit
    overrides : how the cube was read, which holds for them too
    """

    psf: Path | None
    primary_beam: Path | None
    given: tuple[Path, ...] = ()
    overrides: Overrides = NO_OVERRIDES

    def dirty_beam_on(self, cube: Cube, notes: list[str]) -> Planes | None:
        """Its planes; None if there are none that fit, and notes then say why."""
        if self.psf is None:
            return None
        try:
            planes = as_psf(read_planes(self.psf, cube.grid, self.overrides), self.psf)
            if cube.beam is not None:
                refuse_other_beam(planes, self.psf, cube.beam, cube.grid)
            return planes
        except DeepFocusError as error:
            self._leave_out(self.psf, error, notes)
            return None

    def primary_beam_on(self, grid: Grid, notes: list[str]) -> Planes | None:
        """The same of the primary beam."""
        if self.primary_beam is None:
            return None
        try:
            planes = read_planes(self.primary_beam, grid, self.overrides, first_middle_last)
            response, said = as_primary_beam(planes, self.primary_beam, grid)
        except DeepFocusError as error:
            self._leave_out(self.primary_beam, error, notes)
            return None
        notes.extend(said)
        return response

    def _leave_out(self, path: Path, error: DeepFocusError, notes: list[str]) -> None:
        if path in self.given:
            raise error
        notes.append(f"companion left out: {error.came}")


def with_companions(cube: Cube, beside: Companions) -> Cube:
    """The cube with its beams from files, and what they are called in its meta.

    Raises `DeepFocusError` if a file that the user named does not fit; others are left out.
    """
    notes: list[str] = []
    dirty = beside.dirty_beam_on(cube, notes)
    primary = beside.primary_beam_on(cube.grid, notes)
    if dirty and primary and not np.array_equal(dirty.channels, primary.channels):
        primary = _at_channels(primary, dirty.channels)
    meta = dict(cube.meta)
    if dirty and beside.psf:
        meta["psf"] = beside.psf.name
    if primary and beside.primary_beam:
        meta["primary_beam"] = beside.primary_beam.name
    if all_notes := (*meta.get("notes", ()), *notes):
        meta["notes"] = all_notes
    return replace(
        cube,
        psf=dirty.values if dirty else None,
        psf_channels=dirty.channels if dirty else primary.channels if primary else None,
        primary_beam=primary.values if primary else None,
        meta=meta,
    )


def _at_channels(planes: Planes, channels: np.ndarray) -> Planes:
    """Planes at other channels: linear interpolation, and the end planes beyond the ends."""
    shares = shares_of_planes(planes.channels, channels)
    mixed = [mean_of_known(each[:, None, None], planes.values) for each in shares.T]
    return Planes(np.array(mixed, np.float32), channels)
