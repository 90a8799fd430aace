"""One simulated observation: sky through the telescope, noise, cube and truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.settings import settings_to
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

    components : (component, node, y, x) dirty images at unit spectrum
    spectra : (component, chan) Jy/pixel; peaks : (component,) brightest voxel of each, Jy/beam
    noise_jy_beam : standard deviation of the noise per channel
    """

    telescope: Telescope
    sky: SkyModel
    components: np.ndarray
    spectra: np.ndarray
    peaks: np.ndarray
    noise_jy_beam: float


def simulate(settings: SetSettings, seed: int) -> Simulated:
    """Simulate the cube of one seed. The sky, the noise level and the noise have own streams."""
    scene = observe(settings, seed)
    noise_free = scene.telescope.dirty_cube(scene.components, scene.spectra)
    noise = settings.noise.model.draw(scene.telescope, _rng(seed, 2))
    noise *= np.float32(scene.noise_jy_beam)
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
        noise_jy_beam=_noise_jy_beam(settings, seed, peaks[0]),
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
    weights = spectra @ seen.interpolation.T
    central = seen.dirty_components(images[:1])
    others = seen.dirty_components(np.einsum("iyx,ik->kyx", images[1:], weights[1:])[None])
    image = np.tensordot(weights[0].astype(np.float32), central[0], axes=1) + others[0].sum(axis=0)
    level = _noise_jy_beam(settings, seed, _peak(seen, central[0], spectra[0]))
    noise = settings.noise.model.draw(seen.one_channel, _rng(seed, 2))[0]
    return image + np.float32(level * np.sqrt(len(seen.grid.freq_hz))) * noise, sky


def _noise_jy_beam(settings: SetSettings, seed: int, central_peak: float) -> float:
    """The noise per channel that gives the central source its drawn target SNR."""
    low, high = np.log(settings.noise.target_snr)
    return float(central_peak / np.exp(_rng(seed, 1).uniform(low, high)))


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])


def _peak(seen: Telescope, component: np.ndarray, spectrum: np.ndarray) -> float:
    """Brightest voxel of one component's own dirty emission, Jy/beam."""
    channel = int(np.argmax(spectrum))
    plane = np.tensordot(seen.interpolation[:, channel], component, axes=1)
    return float(plane.max() * spectrum[channel])
