"""Beams that a cube states and does not have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.ndimage import map_coordinates

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class ScaledBeam:
    """Beam and PSF are stated too wide, or too narrow, by a factor."""

    kind: ClassVar[str] = "scaled"

    factor: float = 1.1

    def __post_init__(self) -> None:
        if not 0.2 <= self.factor <= 5:
            raise DeepFocusError(
                f"factor = {self.factor:g}", wanted="0.2 to 5", remedy="correct [faults.stated]"
            )

    def of(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with scaled beams."""
        beam = cube.beam
        if beam is not None:
            beam = replace(
                beam,
                major_arcsec=beam.major_arcsec * self.factor,
                minor_arcsec=beam.minor_arcsec * self.factor,
            )
        psf = None if cube.psf is None else _stretched(cube.psf, self.factor)
        return replace(cube, beam=beam, psf=psf)


@dataclass(frozen=True)
class OneBeam:
    """The PSF of mid band is stated in all channels: it does not scale with frequency."""

    kind: ClassVar[str] = "one"

    def of(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with one PSF."""
        if cube.psf is None:
            return cube
        psf = np.broadcast_to(cube.psf[len(cube.psf) // 2], cube.psf.shape)
        return replace(cube, psf=psf)


@dataclass(frozen=True)
class WholeArray:
    """Beam and PSF are those of the array before antennas were flagged."""

    kind: ClassVar[str] = "whole_array"

    def of(self, cube: Cube, whole: Cube) -> Cube:
        """The cube with the beams of `whole`, which has no flags."""
        return replace(cube, beam=whole.beam, psf=whole.psf)


StatedBeam = ScaledBeam | OneBeam | WholeArray


def _stretched(planes: np.ndarray, factor: float) -> np.ndarray:
    """(k, y, x) images about their centre [size // 2], `factor` times as wide.

    Beyond their edges lie their mirror images: a beam with zeros there has ended, as a restoring
    beam does.
    """
    n = planes.shape[-1]
    at = n // 2 + (np.arange(n) - n // 2) / factor
    points = np.stack(np.meshgrid(at, at, indexing="ij"))
    return np.stack([map_coordinates(plane, points, order=3, mode="mirror") for plane in planes])
