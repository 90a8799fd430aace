"""What the finder needs to know of a cube before it looks: its beams, and its noise's power."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.noise import Power, White
from deepfocus.core.voxels import Voxels
from deepfocus.core.workspace import Workspace
from deepfocus.finders.deepfocus.sidelobes import Sidelobes
from deepfocus.fit.filters import Nearby
from deepfocus.forward.response import Response, response_of
from deepfocus.search.bank import SIZES_BEAMS, Bank, bank_of
from deepfocus.search.continuum import projection_of
from deepfocus.search.correlation import power_of
from deepfocus.search.first_filter import FirstFilter, first_filter
from deepfocus.search.noise_map import NoiseMap, Sample, noise_of_sample, sample_of
from deepfocus.search.subtracted import Subtracted, subtracted_of, take

FEWEST_ALLOWED, MOST_A_BEAM = 30, 0.3
"""Components in a small image, and for each beam of a larger one."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A cube and how it is to be looked at.

    data : (chan, y, x) Jy/beam; response : its beams; power : of its noise
    sidelobes : of the dirty beam in the middle of the band
    bank, first : filters of the search, and the smallest of them on the sky
    subtracted : from all spectra, before; from the data the same was taken, of all channels
    workspace : where arrays of the cube's size lie
    """

    data: Voxels
    response: Response
    power: Power
    sidelobes: Sidelobes
    bank: Bank
    first: FirstFilter
    workspace: Workspace
    subtracted: Subtracted | None = None

    @cached_property
    def sample(self) -> Sample:
        """Of the data, from which the noise is measured."""
        return sample_of(self.data, self.correlated_px)

    @cached_property
    def noise(self) -> NoiseMap:
        """Of the data, in bright sources' light."""
        return noise_of_sample(self.sample, correlated_px=self.correlated_px)

    @property
    def taken(self) -> int:
        """Numbers of the polynomial that was taken from all spectra; 0 if none was."""
        return 0 if self.subtracted is None else self.subtracted.numbers

    @property
    def nearby(self) -> Nearby:
        """How fits filter the data."""
        return Nearby(self.response, self.power)

    @property
    def white(self) -> bool:
        """Whether noise is independent from pixel to pixel."""
        return isinstance(self.power, White)

    @property
    def beam_px(self) -> float:
        return self.response.beam_px

    @property
    def correlated_px(self) -> float:
        """FWHM of the beam that correlates the noise; 0 in white noise."""
        return 0.0 if self.white else self.beam_px

    @property
    def places(self) -> float:
        """Beams times channels: how many independent places for a line there are."""
        return max(self.beams * len(self.data), math.e)

    @property
    def beams(self) -> float:
        """How many beams the image holds."""
        _, ny, nx = self.data.shape
        return float(ny * nx / (1.133 * self.beam_px**2))

    @property
    def most_components(self) -> int:
        """More of them explain what is no emission: noise that is not as it seems, or artefacts."""
        return int(FEWEST_ALLOWED + MOST_A_BEAM * self.beams)


def _sidelobes_of(response: Response) -> Sidelobes:
    beams = response.dirty_beam
    ends = response.beams.support_px is not None
    return Sidelobes(beams[len(beams) // 2], response.beam_px, ends)


def sight_of(cube: Cube) -> Sight:
    """Raises `DeepFocusError` for a cube with neither PSF nor beam."""
    response = response_of(cube)
    power = power_of(cube, response.beam_px)
    white = isinstance(power, White)
    finest = response.beam_px if white else response.beam_px / np.sqrt(2)
    sidelobes = _sidelobes_of(response)
    sizes = tuple(each for each in SIZES_BEAMS if sidelobes.tells_place(each * response.beam_px))
    bank = bank_of(len(cube.data), response.beam_px, finest_px=float(finest), sizes_beams=sizes)
    first = first_filter(
        response.dirty_beam[len(response.dirty_beam) // 2],
        power,
        beam_px=response.beam_px,
        step=bank.steps_px[0],
        shape=(response.ny, response.nx),
    )
    sight = Sight(cube.data, response, power, sidelobes, bank, first, cube.workspace)
    return _without_what_was_subtracted(sight)


def _without_what_was_subtracted(sight: Sight) -> Sight:
    """A continuum that was fitted to some channels is taken from the data again, of all."""
    sigma = sight.noise.channel
    subtracted = subtracted_of(sight.sample, sigma, correlated_px=sight.correlated_px)
    if subtracted is None:
        return sight
    data = sight.workspace.copy(sight.data)
    polynomial = projection_of(sigma, subtracted.numbers)
    take(polynomial, data, sigma, sight.workspace.values_at_once)
    return replace(sight, data=data, subtracted=subtracted)
