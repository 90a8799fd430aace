"""How a cube shows the sky: dirty, through the dirty beam, or cleaned, through a restoring beam.

A cleaned cube is what CLEAN would leave if it found all emission down to a threshold: that
emission through the restoring beam, the rest still through the dirty beam, and the noise of the
residual image, whose power is that of the uv coverage and not that of the restoring beam.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

import numpy as np

from deepfocus.core import noise
from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.kept import kept
from deepfocus.forward.kernels import visibility_kernels
from deepfocus.forward.response import beam_image
from deepfocus.imaging.clean.settings import Deconvolution
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.fields import Field
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.telescope import Telescope, dirty_beam
from deepfocus.instrument.weighting import Natural
from deepfocus.simulation.restored_image import RestoredImage
from deepfocus.simulation.sights import Sighted, Sights, white_sights


class View(Sighted, Protocol):
    """A telescope, and what its cube shows of the sky."""

    @property
    def telescope(self) -> Telescope:
        """The telescope whose `dirty_beam` is the beam through which the cube shows the sky."""

    @property
    def observed(self) -> Telescope:
        """The telescope with its dirty beam, whatever the cube shows."""

    @property
    def beam(self) -> Beam:
        """The beam in the cube's header."""

    @property
    def psf(self) -> np.ndarray | None:
        """(k, y, x) the dirty beam, if the cube is convolved with it."""

    def power(self, kind: White | Thermal) -> noise.Power:
        """The power of a kind of noise in the cube."""

    @property
    def scale(self) -> Sighted:
        """What sets draw their signal-to-noise ratios for: the view itself, or another."""

    def through_beam(self, dirty_beam: np.ndarray) -> Self:
        """The view of data whose dirty images have another beam (k, 2 size, 2 size)."""

    def through_fields(self, fields: tuple[Field, ...]) -> Self:
        """The view of data whose fields have other beams, before CLEAN has found anything."""

    def through_dishes(self, primary_beam: np.ndarray) -> Self:
        """The view of dishes with another primary beam (k, y, x)."""


@dataclass(frozen=True, eq=False)
class DirtyView:
    """A dirty cube."""

    telescope: Telescope

    @property
    def observed(self) -> Telescope:
        """The telescope itself."""
        return self.telescope

    @property
    def beam(self) -> Beam:
        """Fitted to the main lobe of the dirty beam."""
        return self.telescope.beam

    @property
    def psf(self) -> np.ndarray:
        """The dirty beam, twice as wide as the image: every sidelobe in it is known."""
        return self.telescope.dirty_beam

    def power(self, kind: White | Thermal) -> noise.Power:
        """That of the noise model."""
        return kind.power(self.telescope)

    def sights(self, power: noise.Power, node: int, *, x: float, y: float, reach: int) -> Sights:
        """Of thermal noise, those of the visibilities of each field; else those of the image."""
        return _sights(self.telescope, self.telescope, power, node, x=x, y=y, reach=reach)

    @property
    def scale(self) -> Self:
        """The view itself."""
        return self

    def through_beam(self, dirty_beam: np.ndarray) -> Self:
        """With that beam."""
        return replace(self, telescope=self.telescope.through(dirty_beam))

    def through_fields(self, fields: tuple[Field, ...]) -> Self:
        """With those fields."""
        return replace(self, telescope=replace(self.telescope, fields=fields))

    def through_dishes(self, primary_beam: np.ndarray) -> Self:
        """With that primary beam."""
        return replace(self, telescope=replace(self.telescope, primary_beam=primary_beam))


@dataclass(frozen=True, eq=False)
class CleanedView:
    """A cleaned cube; dirty : the telescope with its dirty beam."""

    telescope: Telescope
    dirty: Telescope

    psf: ClassVar[None] = None

    @property
    def observed(self) -> Telescope:
        """The telescope with its dirty beam."""
        return self.dirty

    @property
    def beam(self) -> Beam:
        """The restoring beam: the same in all channels."""
        return self.dirty.beam

    def power(self, kind: White | Thermal) -> noise.Power:
        """That of the residual image: of the uv coverage, not of the restoring beam."""
        if isinstance(kind, White):
            return kind.power(self.dirty)
        return noise.SquaredWeights(self.dirty.beam_of_squared_weights)

    def sights(self, power: noise.Power, node: int, *, x: float, y: float, reach: int) -> Sights:
        """Of thermal noise, those of the visibilities, of which CLEAN knows no more."""
        return _sights(self.dirty, self.telescope, power, node, x=x, y=y, reach=reach)

    @property
    def scale(self) -> RestoredImage:
        """One filter, which weights all scales alike: what it sees is less (RestoredImage)."""
        return RestoredImage(self.telescope, self.dirty)

    def through_beam(self, dirty_beam: np.ndarray) -> Self:
        """CLEAN finds a point as high as that beam's centre; the rest of the beam, it leaves.

        c G + B' - c B, with G the restoring beam, B the dirty beam that CLEAN subtracts, B' that
        of the data and c = B'(0).
        """
        n = self.telescope.size
        found = dirty_beam[:, n, n, None, None]
        seen = found * (self.telescope.dirty_beam - self.dirty.dirty_beam) + dirty_beam
        return replace(
            self,
            telescope=replace(self.telescope, dirty_beam=seen),
            dirty=replace(self.dirty, dirty_beam=dirty_beam),
        )

    def through_fields(self, fields: tuple[Field, ...]) -> Self:
        """With those fields of what is still dirty."""
        return replace(self, dirty=replace(self.dirty, fields=fields))

    def through_dishes(self, primary_beam: np.ndarray) -> Self:
        """With that primary beam."""
        return replace(
            self,
            telescope=replace(self.telescope, primary_beam=primary_beam),
            dirty=replace(self.dirty, primary_beam=primary_beam),
        )


@dataclass(frozen=True)
class Dirty:
    """Dirty cubes: nothing is deconvolved."""

    kind: ClassVar[str] = "dirty"

    threshold_snr: ClassVar[float] = 0.0

    def view(self, telescope: Telescope) -> View:
        """The telescope as it is."""
        return DirtyView(telescope)


@dataclass(frozen=True)
class Cleaned:
    """Cleaned cubes, restored with the Gaussian fitted to the dirty beam at mid band.

    threshold_snr : CLEAN stops where a source's own residual has this signal-to-noise ratio in a
        channel; what is left stays convolved with the dirty beam. 0: nothing is left
    """

    kind: ClassVar[str] = "cleaned"

    threshold_snr: float = 0.0

    def __post_init__(self) -> None:
        if self.threshold_snr < 0:
            raise DeepFocusError(
                f"threshold_snr = {self.threshold_snr:g}",
                wanted="0 or more",
                remedy="correct it in [imaging]",
            )

    def view(self, telescope: Telescope) -> View:
        """The telescope with a restoring beam."""
        return _restored(telescope)


@dataclass(frozen=True)
class ByClean(Deconvolution):
    """Dirty cubes that CLEAN has cleaned, with its components of noise and what it leaves.

    CLEAN is that of `deepfocus clean`, which knows the dirty beam between any two pixels, and the
    restoring beam that of `Cleaned`. It takes more time than `Cleaned`, which takes none.
    """

    kind: ClassVar[str] = "clean"

    threshold_snr: ClassVar[float] = 0.0

    def view(self, telescope: Telescope) -> View:
        """The telescope with a restoring beam."""
        return _restored(telescope)


Imaging = Dirty | Cleaned | ByClean
"""The kinds of imaging that a settings file can name."""
RESTORED = (Cleaned, ByClean)
"""Those whose cubes have a restoring beam."""


@kept(lambda telescope: telescope.size)
def _restored(telescope: Telescope) -> CleanedView:
    """One view of each telescope, since its transforms take a second to make."""
    n = telescope.size
    wide = replace(telescope.grid, ny=2 * n, nx=2 * n)
    beam = beam_image(telescope.beam, wide).astype(np.float32)
    restoring = np.broadcast_to(beam, (len(telescope.node_hz), 2 * n, 2 * n))
    return CleanedView(telescope.through(restoring), dirty=telescope)


def _sights(
    observed: Telescope,
    shown: Telescope,
    power: noise.Power,
    node: int,
    *,
    x: float,
    y: float,
    reach: int,
) -> Sights:
    """Those of the visibilities of each field; of white noise, of the image that is shown."""
    if isinstance(power, noise.White):
        return white_sights(shown, node, x=x, y=y, reach=reach)
    if not observed.fields:
        beam, loss = _natural_beam(observed, node)
        kernels = visibility_kernels(beam, loss=loss, reach=reach)
        return [(observed.primary_beam[node], kernels)]
    return [
        (
            field.primary_beam[node],
            visibility_kernels(
                field.natural[node], loss=float(field.information[node]), reach=reach
            ),
        )
        for field in observed.fields
    ]


@kept(lambda telescope, node: telescope.size)
def _natural_beam(telescope: Telescope, node: int) -> tuple[np.ndarray, float]:
    """Dirty beam (2 n, 2 n) of equal weights, and the noise variance that the telescope's lose."""
    if isinstance(telescope.weighting, Natural):
        return telescope.dirty_beam[node], 1.0
    hz = telescope.node_hz[node]
    weights = telescope.weights(hz)
    own, noise = telescope.natural_weights(hz), telescope.noise_weights(hz)
    loss = float(np.sum(own)) * float(np.sum(noise)) / float(np.sum(weights)) ** 2
    beam = dirty_beam(
        telescope.uv_m * hz / C_M_S,
        size=telescope.size,
        cell_arcsec=telescope.grid.cell_arcsec,
        weighting=Natural(),
        visibility_weights=telescope.visibility_weights,
    )
    return beam, loss
