"""`[faults]` of a set: what is wrong with its data, and the order in which that acts on a cube.

The truth does not know of them: sky, limits, noise level and truth of a seed are those of the cube
without faults. Only `flagged_antennas` make another array, of which all of these are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.instrument.coverage import Coverage, coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.simulation.faults.bandpass import Ripple, rippled
from deepfocus.simulation.faults.continuum import Subtraction
from deepfocus.simulation.faults.flags import FlaggedAntennas, FlaggedChannels
from deepfocus.simulation.faults.gains import Gains, products_of, through_gains
from deepfocus.simulation.faults.pointing import Pointing, through_pointing
from deepfocus.simulation.faults.smoothing import Hanning
from deepfocus.simulation.faults.stated import StatedBeam
from deepfocus.simulation.faults.track import Track, shares_of, tracks_of
from deepfocus.simulation.scene import Scene

STREAM = 3
"""Of a seed's random numbers, after those of the sky, the noise level and the noise."""


@dataclass(frozen=True)
class Faults:
    """Each fault is left out unless it is given; they are independent of each other.

    flagged_antennas, gains, pointing : what the sky goes through
    bandpass, smoothing, flagged_channels : what happens to channels
    continuum : how it was subtracted
    stated : the beam that the cube states, if it is not its own
    """

    flagged_antennas: FlaggedAntennas | None = None
    gains: Gains | None = None
    pointing: Pointing | None = None
    bandpass: Ripple | None = None
    smoothing: Hanning | None = None
    flagged_channels: FlaggedChannels | None = None
    continuum: Subtraction | None = None
    stated: StatedBeam | None = None

    def coverage(self, observation: Observation) -> Coverage:
        """The uv coverage of the antennas that have data."""
        if self.flagged_antennas is None:
            return coverage(observation)
        return self.flagged_antennas.coverage(observation)

    def telescope(self, observation: Observation) -> Telescope:
        """The telescope of the antennas that have data."""
        if self.flagged_antennas is None:
            return telescope_of(observation)
        return self.flagged_antennas.telescope(observation)

    def of_seed(self, observation: Observation, seed: int) -> SeedFaults:
        """These faults as one seed has them."""
        return SeedFaults(self, observation, seed)


@dataclass(frozen=True)
class SeedFaults:
    """The faults of one cube. Each has random numbers of its own, so that none moves another's."""

    faults: Faults
    observation: Observation
    seed: int

    def seen(self, scene: Scene) -> Scene:
        """The scene as these data show it."""
        faults = self.faults
        if faults.gains is not None or faults.pointing is not None:
            scene = self._through_dishes(scene)
        if faults.bandpass is not None:
            scene = rippled(scene, self._ripple(faults.bandpass, scene.view.observed))
        if faults.smoothing is not None:
            scene = faults.smoothing.of(scene)
        if faults.flagged_channels is not None:
            scene = faults.flagged_channels.of(scene, self._flagged)
        return scene

    def correlated(self, noise: np.ndarray) -> np.ndarray:
        """Correlate noise (chan, y, x) of standard deviation 1 between channels, in place."""
        smoothing = self.faults.smoothing
        return noise if smoothing is None else smoothing.correlated(noise)

    def reduced(self, cube: np.ndarray) -> np.ndarray:
        """Subtract the continuum of a cube (chan, y, x), and blank its channels, in place."""
        faults = self.faults
        blank = np.zeros(self._channels, bool)
        if faults.flagged_channels is not None:
            blank = faults.flagged_channels.blank(self._flagged)
        if faults.continuum is not None:
            cube = faults.continuum.subtracted(cube, flagged=blank)
        cube[blank] = np.nan
        return cube

    def _through_dishes(self, scene: Scene) -> Scene:
        """The scene through the gains and the pointing of its antennas."""
        faults, view = self.faults, scene.view
        if faults.gains is not None:
            rows, rng = len(view.observed.uv_m), self._rng("gains")
            view = through_gains(view, products_of(faults.gains, self._tracks, rows=rows, rng=rng))
        if faults.pointing is not None:
            covered, rng = faults.coverage(self.observation), self._rng("pointing")
            seen = faults.pointing.seen(scene.view.observed, covered, self._tracks, rng)
            view = through_pointing(view, seen)
        images = scene.sky.images()
        left = scene.uncleaned
        if left is not None:
            left = replace(left, components=view.observed.dirty_components(images))
        components = view.telescope.dirty_components(images)
        return replace(scene, view=view, components=components, uncleaned=left)

    @property
    def _channels(self) -> int:
        return self.observation.channels

    def _ripple(self, bandpass: Ripple, telescope: Telescope) -> np.ndarray:
        """(chan,) the factor of each execution by its weights; total power has none."""
        tracks, rng = self._tracks, self._rng("bandpass")
        shares = shares_of(tracks, telescope.weights_mid_band)
        factor = np.full(self._channels, 1 - sum(shares))
        for track, share in zip(tracks, shares, strict=True):
            antennas = len(np.unique(track.first)) + 1
            factor += share * bandpass.drawn(self._channels, antennas, rng)
        return factor

    @property
    def _tracks(self) -> tuple[Track, ...]:
        flagged = self.faults.flagged_antennas
        if flagged is None:
            return tracks_of(self.observation)
        return tracks_of(self.observation, flagged.of_executions(self.observation))

    @property
    def _flagged(self) -> np.ndarray:
        """(chan,) the same at each call: the generator is made anew."""
        assert self.faults.flagged_channels is not None
        return self.faults.flagged_channels.drawn(self._channels, self._rng("flagged_channels"))

    def _rng(self, fault: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, STREAM, *fault.encode()])
