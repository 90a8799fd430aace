"""The `Cube`: an array on a `Grid`, with what is known about its instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.channels import channels_of_planes
from deepfocus.core.grid import Grid
from deepfocus.core.in_words import cube_in_words
from deepfocus.core.memory import require_memory
from deepfocus.core.noise import Noise
from deepfocus.core.planes import mean_of_known, shares_of_planes
from deepfocus.core.steps import Steps
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
    beams : restoring beams of the channels where they differ; `beam` is then their median
    psf : dirty beam (k, y, x) at `psf_channels`, with peak 1 at its centre pixel [size // 2]
    psf_channels : (k,) channels of the psf; between them the beam is interpolated
    primary_beam : (k, y, x) response, 1 on axis, at the same channels
    corrected : whether it came corrected for the primary beam, by which it was multiplied since
    noise : its power, and its standard deviation if known exactly (simulations); None if unknown
    meta : provenance (seed, settings, version), written to the header of every product
    workspace : where arrays of its size lie while it is searched
    """

    data: Voxels
    grid: Grid
    unit: str = "Jy/beam"
    beam: Beam | None = None
    beams: ChannelBeams | None = None
    psf: np.ndarray | None = None
    psf_channels: np.ndarray | None = None
    primary_beam: np.ndarray | None = None
    corrected: bool = False
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

    def beam_in(self, channel: float) -> Beam | None:
        """The beam of a channel, of which what scatters from one to the next is left out."""
        return self.beam if self.beams is None else Beam(*self.beams.smooth_at(channel))

    def beam_areas_px(self) -> np.ndarray | float:
        """Solid angle of the beam in pixels, which must be known: of all channels, or (chan,)."""
        assert self.beam is not None
        each = [self.beam_in(channel) for channel in range(len(self.data))] if self.beams else []
        areas = [beam.area_px(self.grid.cell_arcsec) for beam in each if beam]
        return np.array(areas) if areas else self.beam.area_px(self.grid.cell_arcsec)

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

    def keeping(self, steps: Steps) -> Cube:
        """The same cube; long steps of its search go through `steps`."""
        return replace(self, workspace=self.workspace.keeping(steps))

    def primary_beam_at(self, *, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
        """Primary beam response at pixel positions, mid band, bilinear; NaN where unknown.

        x, y : numbers or arrays that broadcast; the response has their common shape
        """
        if self.primary_beam is None:
            return np.full(np.broadcast_shapes(np.shape(x), np.shape(y)), np.nan)
        return _bilinear(self.primary_beam[len(self.primary_beam) // 2], x=x, y=y)

    def primary_beam_at_lines(
        self, *, x: np.ndarray, y: np.ndarray, channel: np.ndarray
    ) -> np.ndarray:
        """(n,) primary beam response at lines, bilinear, linear between its planes.

        x, y : (n,) pixels; channel : (n,), mid band where it is NaN. NaN where unknown.
        """
        if self.primary_beam is None:
            return np.full(len(x), np.nan)
        planes = np.array([_bilinear(plane, x=x, y=y) for plane in self.primary_beam])
        mid_band = (len(self.data) - 1) / 2
        shares = self._shares_of_planes(np.where(np.isfinite(channel), channel, mid_band))
        return mean_of_known(shares, planes)

    def primary_beam_in(self, channel: float) -> np.ndarray:
        """(y, x) known primary beam in a channel, linear between its planes."""
        assert self.primary_beam is not None
        shares = self._shares_of_planes(channel)
        near = shares > 0
        return mean_of_known(shares[near, None, None], self.primary_beam[near])

    def as_it_came(self, values: np.ndarray) -> np.ndarray:
        """Values (chan, y, x) over the primary beam, if it came so; NaN where that is not known."""
        if not self.corrected:
            return values
        response = np.stack([self.primary_beam_in(channel) for channel in range(len(values))])
        came: np.ndarray = (values / response).astype(values.dtype)
        return came

    def _shares_of_planes(self, channel: np.ndarray | float) -> np.ndarray:
        """(k, ...) how much of each plane of the primary beam a channel has."""
        assert self.primary_beam is not None
        at = channels_of_planes(self.psf_channels, len(self.primary_beam), len(self.data))
        return shares_of_planes(at, channel)


def _bilinear(plane: np.ndarray, *, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """(y, x) image at pixel positions, with the common shape of x and y; NaN beyond its edge."""
    from scipy.ndimage import map_coordinates

    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    points = np.stack([y.ravel(), x.ravel()])  # scipy needs an axis of points
    values: np.ndarray = map_coordinates(plane, points, order=1, cval=np.nan)
    return values.reshape(x.shape)
