"""The `Cube`: an array on a `Grid`, with what is known about its instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deepfocus.core.channels import channels_of_planes
from deepfocus.core.grid import Grid
from deepfocus.core.in_words import cube_in_words
from deepfocus.core.memory import require_memory
from deepfocus.core.noise import Noise
from deepfocus.core.voxels import Voxels
from deepfocus.core.workspace import InMemory, Workspace


@dataclass(frozen=True)
class Beam:
    """Restoring or fitted beam: FWHM in arcsec, position angle north through east in degrees."""

    major_arcsec: float
    minor_arcsec: float
    pa_deg: float

    def area_px(self, cell_arcsec: float) -> float:
        """Solid angle of the Gaussian beam in pixels."""
        area = np.pi / (4 * np.log(2)) * self.major_arcsec * self.minor_arcsec
        return float(area / cell_arcsec**2)

    def fwhm_px(self, cell_arcsec: float) -> float:
        """Geometric mean FWHM in pixels."""
        return float(np.sqrt(self.major_arcsec * self.minor_arcsec) / cell_arcsec)


@dataclass(frozen=True, eq=False, repr=False)
class Cube:
    """Frozen cube; derive a new one instead of changing it.

    data : (chan, y, x) float32, in `unit`; NaN where there are no data. An array, or voxels that
        are read by parts, which most of numpy takes for one
    grid : every axis
    unit : 'Jy/beam' of a dirty or restored cube, 'Jy/pixel' of a sky model
    beam : restoring beam, or the Gaussian fitted to the dirty beam, if known
    psf : dirty beam (k, y, x) at `psf_channels`, with peak 1 at its centre pixel [size // 2]
    psf_channels : (k,) channels of the psf; between them the beam scales with frequency
    primary_beam : (k, y, x) response, 1 on axis, at the same channels
    noise : its power, and its standard deviation if known exactly (simulations); None if unknown
    meta : provenance (seed, settings, version), written to the header of every product
    workspace : where arrays of its size lie while it is searched
    """

    data: Voxels
    grid: Grid
    unit: str = "Jy/beam"
    beam: Beam | None = None
    psf: np.ndarray | None = None
    psf_channels: np.ndarray | None = None
    primary_beam: np.ndarray | None = None
    noise: Noise | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    workspace: Workspace = field(default_factory=InMemory)

    def __post_init__(self) -> None:
        if self.data.shape != self.grid.shape:
            raise ValueError(f"data {self.data.shape} do not lie on a grid {self.grid.shape}")

    def __repr__(self) -> str:
        """A one-paragraph summary."""
        return cube_in_words(self)

    @property
    def beam_px(self) -> float | None:
        """Geometric mean FWHM of the beam in pixels; None if the beam is unknown."""
        return None if self.beam is None else self.beam.fwhm_px(self.grid.cell_arcsec)

    @property
    def array(self) -> np.ndarray:
        """All of `data` in memory, which are read each time if they are not."""
        return np.asarray(self.data)

    def loaded(self) -> Cube:
        """The same cube with its data in memory. Raises `DeepFocusError` if they are too large."""
        if isinstance(self.data, np.ndarray):
            return self
        require_memory(
            4.0 * float(np.prod([float(n) for n in self.data.shape])),
            f"a cube of {' x '.join(map(str, self.data.shape))} voxels",
            remedy="cut out a part of it, or search it with the finder deepfocus, by parts",
        )
        return replace(self, data=self.array, workspace=InMemory())

    def with_data(self, data: Voxels, *, unit: str | None = None) -> Cube:
        """The same cube with other values on the same grid."""
        return replace(self, data=data, unit=unit or self.unit)

    def primary_beam_at(self, *, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
        """Primary beam response at pixel positions, mid band, bilinear; NaN where unknown.

        x, y : numbers or arrays that broadcast; the response has their common shape
        """
        x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        if self.primary_beam is None:
            return np.full(x.shape, np.nan)
        from scipy.ndimage import map_coordinates

        plane = self.primary_beam[len(self.primary_beam) // 2]
        points = np.stack([y.ravel(), x.ravel()])  # scipy needs an axis of points
        response: np.ndarray = map_coordinates(plane, points, order=1, cval=np.nan)
        return response.reshape(x.shape)

    def primary_beam_in(self, channel: float) -> np.ndarray:
        """(y, x) known primary beam in a channel, linear between its planes."""
        assert self.primary_beam is not None
        planes = len(self.primary_beam)
        at = channels_of_planes(self.psf_channels, planes, len(self.data))
        order = np.argsort(at)
        shares = [np.interp(channel, at[order], one[order]) for one in np.eye(planes)]
        response: np.ndarray = np.tensordot(shares, self.primary_beam, axes=1)
        return response
