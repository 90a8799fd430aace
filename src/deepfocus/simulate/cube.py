"""One simulated observation: sky through the telescope, noise, cube and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy import units as u

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.settings import settings_to
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import Telescope, telescope
from deepfocus.simulate.settings import SetSettings
from deepfocus.simulate.truth import truth_catalogue
from deepfocus.sky.components import SkyModel


@dataclass(frozen=True, eq=False)
class Simulated:
    """A dirty cube, the truth about it, and what it was made of."""

    cube: Cube
    truth: Catalogue
    sky: SkyModel
    noise_free: np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """A sky seen by a telescope, before the cube is assembled.

    components : (part, node, y, x) dirty images of the sky's parts at unit spectrum
    spectra : (component, chan) Jy/pixel; peaks : (component,) brightest voxel of each, Jy/beam
    noise_levels : (chan,) or (1,), for all channels, standard deviation of the noise, Jy/beam
    """

    telescope: Telescope
    sky: SkyModel
    components: np.ndarray
    spectra: np.ndarray
    peaks: np.ndarray
    noise_levels: np.ndarray

    @property
    def noise_jy_beam(self) -> float:
        """Standard deviation of the noise per channel; that of the whole cube where it varies."""
        if len(self.noise_levels) == 1:
            return float(self.noise_levels[0])
        return float(np.sqrt(np.mean(self.noise_levels**2)))


def simulate(settings: SetSettings, seed: int) -> Simulated:
    """Simulate the cube of one seed. The sky, the noise level and the noise have own streams."""
    scene = observe(settings, seed)
    noise_free = scene.telescope.dirty_cube(scene.components, scene.spectra)
    noise = settings.noise.model.draw(scene.telescope, _rng(seed, 2))
    noise *= scene.noise_levels.astype(np.float32)[:, None, None]
    noise += noise_free
    seen = scene.telescope
    cube = Cube(
        data=noise,
        grid=seen.grid,
        beam=seen.beam,
        psf=seen.psf,
        psf_channels=seen.node_channels,
        primary_beam=seen.primary_beam,
        noise_kind=settings.noise.kind,
        noise_jy_beam=scene.noise_jy_beam,
        meta={"seed": seed, "version": __version__, "settings": settings_to(settings)},
    )
    truth = truth_catalogue(scene.sky, peaks=scene.peaks, cube=cube)
    return Simulated(cube=cube, truth=truth, sky=scene.sky, noise_free=noise_free)


def observe(settings: SetSettings, seed: int) -> Scene:
    """Draw the sky of a seed, pass it through the telescope, set the noise level."""
    seen = telescope(settings.observation)
    sky = settings.population.draw(seen.grid, _rng(seed, 0))
    components = seen.dirty_components(sky.images())
    spectra = sky.spectra()
    peaks = np.array([_peak(seen, *parts) for parts in zip(components, spectra, strict=True)])
    return Scene(
        telescope=seen,
        sky=sky,
        components=components,
        spectra=spectra,
        peaks=peaks,
        noise_levels=_noise_levels(settings, seed, _reference_peak(seen, sky, peaks)),
    )


def integrated_image(settings: SetSettings, seed: int) -> tuple[np.ndarray, SkyModel]:
    """The frequency-integrated dirty image (y, x) without its cube, Jy/beam * chan, and the sky.

    Imaging is linear, so the sum over channels is taken of the spectra, not of the cube: what
    takes most of the time is left out. The sky and the noise level are those of `simulate`;
    the noise has the summed cube's distribution, not its very values. For training images.
    """
    seen = telescope(settings.observation)
    sky = settings.population.draw(seen.grid, _rng(seed, 0))
    images, spectra = sky.images(), sky.spectra()
    if not sky.components:
        image = np.zeros((seen.size, seen.size), np.float32)
        return image + _summed_noise(settings, seed, seen, _reference_peak(seen, sky, [])), sky
    weights = spectra @ seen.interpolation.T
    central = seen.dirty_components(images[:1])
    others = seen.dirty_components(np.einsum("iyx,ik->kyx", images[1:], weights[1:])[None])
    image = np.tensordot(weights[0].astype(np.float32), central[0], axes=1) + others[0].sum(axis=0)
    return image + _summed_noise(settings, seed, seen, _peak(seen, central[0], spectra[0])), sky


def _summed_noise(
    settings: SetSettings, seed: int, seen: Telescope, central_peak: float
) -> np.ndarray:
    """(y, x) noise of the sum over channels, Jy/beam * chan."""
    levels = _noise_levels(settings, seed, central_peak)
    channels = len(seen.grid.freq_hz)
    level = levels[0] * np.sqrt(channels) if len(levels) == 1 else np.linalg.norm(levels)
    return np.float32(level) * settings.noise.model.draw(seen.one_channel, _rng(seed, 2))[0]


def _reference_peak(seen: Telescope, sky: SkyModel, peaks: Sequence[float] | np.ndarray) -> float:
    """Brightest voxel of the source that sets the noise: the first, or an empty sky's reference."""
    if len(peaks):
        return float(peaks[0])
    reference = sky.for_noise()
    component = seen.dirty_components(reference.images()[:1])[0]
    return _peak(seen, component, reference.spectra()[0])


def _noise_levels(settings: SetSettings, seed: int, central_peak: float) -> np.ndarray:
    """Noise in Jy/beam: (1,) for the central source's drawn SNR, or (chan,) of the array."""
    if settings.noise.pwv is not None:
        return thermal_rms_jy_beam(settings.observation, settings.noise.pwv.to_value(u.mm))
    assert settings.noise.target_snr is not None
    low, high = np.log(settings.noise.target_snr)
    return np.array([central_peak / np.exp(_rng(seed, 1).uniform(low, high))])


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])


def _peak(seen: Telescope, component: np.ndarray, spectrum: np.ndarray) -> float:
    """Brightest voxel of one component's own dirty emission, Jy/beam."""
    channel = int(np.argmax(spectrum))
    plane = np.tensordot(seen.interpolation[:, channel], component, axes=1)
    return float(plane.max() * spectrum[channel])
