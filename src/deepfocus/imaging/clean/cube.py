"""A dirty cube cleaned, channel by channel; no channel knows of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from deepfocus import __version__
from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import Noise, SquaredWeights, White
from deepfocus.core.settings import settings_to
from deepfocus.core.voxels import Voxels
from deepfocus.imaging.clean.lag_beam import DirtyBeams, LagBeam, dirty_beams_of, gaussian_beam
from deepfocus.imaging.clean.plane import Account, clean_plane
from deepfocus.imaging.clean.region import MaskOf, within_primary_beam
from deepfocus.imaging.clean.restoring import fitted_on_sky
from deepfocus.imaging.clean.settings import Clean
from deepfocus.imaging.clean.stopping import Stopping, cycle_share, highest_sidelobe
from deepfocus.io.noise_keys import CLEANED

OF_THE_FILE = ("notes", "psf", "primary_beam")
"""Of a cube's `meta`: how its file was read, which says nothing of what is made of it."""

Report = Callable[[int, int, str], None]
"""Called with the number of channels done, the total, and the name of the last."""


@dataclass(frozen=True, eq=False)
class CleanedChannel:
    """image, residual : (y, x) float32 Jy/beam; model : (y, x) float32 Jy/pixel"""

    image: np.ndarray
    residual: np.ndarray
    model: np.ndarray
    account: Account


@dataclass(frozen=True, eq=False)
class Cleaner:
    """A cube with all that is needed to clean its channels, in any order.

    beams : the dirty ones; restoring : (chan,) Gaussians; mask_of : where components may be
    sidelobe : the highest of the dirty beam, mid band, over its peak
    """

    cube: Cube
    how: Clean
    beams: DirtyBeams
    restoring: tuple[Beam, ...]
    mask_of: MaskOf
    sidelobe: float

    def __call__(self, channel: int) -> CleanedChannel:
        """Clean a channel and restore it: image = model (x) restoring beam + residual."""
        how = self.how
        plane = clean_plane(
            np.asarray(self.cube.data[channel]),
            self.beams.of(channel),
            mask=self.mask_of(channel),
            minor=how.minor,
            stopping=Stopping(
                how.threshold_jy_beam,
                how.nsigma,
                how.niter,
                cycle_share(how.cyclefactor, self.sidelobe),
            ),
        )
        image = plane.residual
        if plane.model.any():
            restored = self._gaussian(channel).through(plane.model)
            image = (restored + plane.residual).astype(np.float32)
        return CleanedChannel(image, plane.residual, plane.model, plane.account)

    def _gaussian(self, channel: int) -> LagBeam:
        beam = self.restoring[channel]
        return self._common if beam == self.restoring[0] else gaussian_beam(beam, self.cube.grid)

    @cached_property
    def _common(self) -> LagBeam:
        return gaussian_beam(self.restoring[0], self.cube.grid)

    @property
    def typical_beam(self) -> Beam:
        """The restoring beam of the middle channel."""
        return self.restoring[len(self.restoring) // 2]

    @property
    def _beams(self) -> ChannelBeams | None:
        """The restoring beams, where they differ."""
        if len(set(self.restoring)) == 1:
            return None
        each = ((beam.major_arcsec, beam.minor_arcsec, beam.pa_deg) for beam in self.restoring)
        return ChannelBeams(*np.array(list(each)).T)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know before the work."""
        reach = self.beams.reach_px
        if reach is None:
            return ()
        return (
            f"the dirty beam is known up to {reach} pixels from its peak: sidelobes beyond that "
            "stay in the residual (deepfocus dirty makes PSFs twice as wide)",
        )

    def image_of(self, data: Voxels) -> Cube:
        """The restored cube, of these values. Its noise is that of the residual."""
        return replace(
            self.cube,
            data=data,
            beam=self.typical_beam,
            beams=self._beams,
            psf=None,
            noise=_restored_noise(self.cube.noise),
            meta=self._meta,
        )

    def residual_of(self, data: Voxels) -> Cube:
        """The cube of what is left, which still has the dirty beam."""
        return replace(self.cube, data=data, beam=self.typical_beam, meta=self._meta)

    def model_of(self, data: Voxels) -> Cube:
        """The cube of components, Jy/pixel."""
        return replace(
            self.cube,
            data=data,
            unit="Jy/pixel",
            beam=None,
            psf=None,
            primary_beam=None,
            noise=None,
            meta=self._meta,
        )

    @property
    def _meta(self) -> Mapping[str, Any]:
        made_with = {"version": __version__, **settings_to(self.how)}
        kept = {key: value for key, value in self.cube.meta.items() if key not in OF_THE_FILE}
        return {**kept, CLEANED: made_with}


@dataclass(frozen=True, eq=False, repr=False)
class Cleaned:
    """A cleaned cube: residual = dirty - dirty beam (x) model; image = that + Gaussian (x) model.

    image, residual : Jy/beam; model : Jy/pixel, before the primary beam is corrected for
    accounts : (chan,) what was done in each channel; beams : (chan,) restoring beams
    notes : what the user should know
    """

    image: Cube
    residual: Cube
    model: Cube
    accounts: tuple[Account, ...]
    beams: tuple[Beam, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.image!r}\n{in_words(self.accounts)}"


def cleaner_of(cube: Cube, how: Clean) -> Cleaner:
    """Raises `DeepFocusError` if the cube was cleaned already, has no dirty beam or one that is
    smaller than its images, or if the region does not fit it."""
    if CLEANED in cube.meta or cube.unit != "Jy/beam":
        raise DeepFocusError(
            "the cube was cleaned already" if CLEANED in cube.meta else f"a cube in {cube.unit}",
            wanted="a dirty cube, in Jy/beam",
            remedy="give the image that was made with niter=0",
        )
    beams = dirty_beams_of(cube)
    mask_of = how.region.on(cube.grid)
    if cube.primary_beam is not None and how.pb_limit > 0:
        mask_of = within_primary_beam(mask_of, cube.primary_beam_in, how.pb_limit)
    middle = beams.of(len(cube.grid.freq_hz) // 2)
    fitted = fitted_on_sky(middle.lags, cube.grid)
    return Cleaner(
        cube=cube,
        how=how,
        beams=beams,
        restoring=how.restoring.beams(beams, cube.grid),
        mask_of=mask_of,
        sidelobe=highest_sidelobe(middle, fitted, cube.grid),
    )


def clean(cube: Cube, how: Clean, report: Report = lambda done, total, name: None) -> Cleaned:
    """Clean a cube in memory. Raises `DeepFocusError` as `cleaner_of` does."""
    cleaner = cleaner_of(cube, how)
    image, residual, model = (np.empty(cube.grid.shape, np.float32) for _ in range(3))
    accounts = []
    for channel in range(len(image)):
        made = cleaner(channel)
        image[channel], residual[channel], model[channel] = made.image, made.residual, made.model
        accounts.append(made.account)
        report(channel + 1, len(image), f"channel {channel}")
    return Cleaned(
        image=cleaner.image_of(image),
        residual=cleaner.residual_of(residual),
        model=cleaner.model_of(model),
        accounts=tuple(accounts),
        beams=cleaner.restoring,
        notes=cleaner.notes,
    )


def in_words(accounts: tuple[Account, ...]) -> str:
    """One line on all channels."""
    components = sum(account.iterations for account in accounts)
    ends = {account.why: 0 for account in accounts}
    for account in accounts:
        ends[account.why] += 1
    said = ", ".join(f"{why} in {number}" for why, number in ends.items())
    return f"{components} components in {len(accounts)} channels; ended by {said}"


def _restored_noise(noise: Noise | None) -> Noise | None:
    """Of a restored cube: its power is that of the uv coverage, and not that of its beam."""
    if noise is None or isinstance(noise.power, White):
        return noise
    return replace(noise, power=SquaredWeights())
