"""One simulated observation: the sky through the telescope, noise, cube and truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from astropy import units as u

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.memory import require_memory
from deepfocus.core.noise import Noise
from deepfocus.core.settings import settings_to
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.ops.integrate import integrate
from deepfocus.simulation.by_clean import clean_in_place
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.limits import best_snr, limits_of
from deepfocus.simulation.scene import Scene
from deepfocus.simulation.sets import AnySet
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.truth import source_peaks, truth_catalogue
from deepfocus.simulation.uncleaned import Uncleaned, dirty_still, uncleaned
from deepfocus.simulation.view import ByClean, CleanedView, Dirty, Imaging, View
from deepfocus.sky.components import SkyModel

WORKING_BYTES_PER_PIXEL = 64
"""Memory to transform an image on a grid of twice its side: two complex half-planes."""


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """A cube, its truth, and the scene that it was made from."""

    cube: Cube
    truth: Catalogue
    scene: Scene

    def __repr__(self) -> str:
        return f"{self.cube!r}\nTruth: {self.truth!r}"

    @property
    def sky(self) -> SkyModel:
        return self.scene.sky

    @cached_property
    def noise_free(self) -> np.ndarray:
        """(chan, y, x) the cube without noise and faults, Jy/beam; made on first use.

        Where CLEAN was run, the dirty cube without noise.
        """
        return self.scene.noise_free()


def simulate(settings: AnySet, seed: int) -> Simulated:
    """Simulate the cube of one seed. Sky, noise level and noise have separate random streams.

    Raises `DeepFocusError` if the cube does not fit in memory.
    """
    settings = settings.of(seed)
    _require_cube(coverage(settings.observation).observation)  # before the beams, which are slow
    scene = observe(settings, seed)
    _require_cube(coverage(settings.observation).observation)  # on top of what is now in memory
    faults = settings.faults.of_seed(settings.observation, seed)
    seen = faults.seen(scene)
    noise = faults.correlated(settings.noise.model.draw(scene.view.observed, _rng(seed, 2)))
    made = _restored(faults.reduced(seen.add_to(noise)), settings.imaging, scene.view)
    perfect = replace(
        _blank(settings),
        noise=scene.noise,
        meta={"seed": seed, "version": __version__, "settings": settings_to(settings)},
    )
    peaks = source_peaks(
        scene.sky,
        telescope=scene.telescope,
        components=scene.components,
        spectra=scene.spectra,
        peaks=scene.peaks,
    )
    truth = truth_catalogue(scene.sky, peaks=peaks, limits=scene.limits, cube=perfect)
    cube = replace(_stated(perfect, settings), data=made, noise=seen.noise)
    return Simulated(cube=cube, truth=truth, scene=scene)


def _restored(data: np.ndarray, imaging: Imaging, view: View) -> np.ndarray:
    """The data as they are imaged: CLEAN, where it is run, believes that the dirty beam is its."""
    if not isinstance(imaging, ByClean):
        return data
    assert isinstance(view, CleanedView)
    return clean_in_place(data, imaging, view)


def blank_cube(settings: SetSettings) -> Cube:
    """A cube of a set without sky and noise; it takes no memory for its voxels."""
    return _stated(_blank(settings), settings)


def _stated(cube: Cube, settings: SetSettings) -> Cube:
    """The cube with the beams that its data state, which may not be its own."""
    if settings.faults.stated is None:
        return cube
    return settings.faults.stated.of(cube, _blank(replace(settings, faults=Faults())))


def _blank(settings: SetSettings) -> Cube:
    """A blank cube with the beams of its own antennas."""
    view = settings.imaging.view(settings.faults.telescope(settings.observation))
    telescope = view.telescope
    return Cube(
        data=np.broadcast_to(np.float32(0), telescope.grid.shape),
        grid=telescope.grid,
        beam=view.beam,
        psf=view.psf,
        psf_channels=telescope.node_channels,
        primary_beam=telescope.primary_beam,
        noise=Noise(
            view.power(settings.noise.model), pattern=settings.noise.model.pattern(view.observed)
        ),
        meta={"settings": settings_to(settings)},
    )


def observe(settings: AnySet, seed: int) -> Scene:
    """Draw the sky of a seed, pass it through the telescope, set the noise level.

    Where CLEAN is run, the scene is that before it.
    Raises `DeepFocusError` if the dirty images of the sky's parts do not fit in memory.
    """
    settings = settings.of(seed)
    view = settings.imaging.view(settings.faults.telescope(settings.observation))
    telescope = view.telescope
    sky = settings.population.draw(telescope.grid, _rng(seed, 0))
    spectra = sky.spectra()
    planes = len(spectra) * len(telescope.node_hz)
    require_memory(
        (4 * planes + WORKING_BYTES_PER_PIXEL) * telescope.size**2,
        f"the dirty images of {len(spectra)} parts of the sky, "
        f"{telescope.size} x {telescope.size} pixels",
        remedy="draw fewer sources, or give a smaller size or a coarser cell",
    )
    components = telescope.dirty_components(sky.images())
    peaks = np.array([_peak(telescope, *parts) for parts in zip(components, spectra, strict=True)])
    reference = _reference_peak(telescope, sky, peaks)
    noise = _noise(settings, seed, view, reference)
    scene = Scene(
        view=view,
        sky=sky,
        components=components,
        spectra=spectra,
        peaks=peaks,
        noise=noise,
        limits=limits_of(sky, view, noise),
    )
    if sky.ideal_snrs is not None:
        seen = scene.limits if view.scale is view else limits_of(sky, view.scale, noise)
        snrs = [best_snr(limits) for limits in seen]
        scene = scene.brighter(_factors(snrs, sky.ideal_snrs))
    return replace(scene, uncleaned=_left(settings.imaging, scene))


def _left(imaging: Imaging, scene: Scene) -> Uncleaned | None:
    """What stays dirty of a scene's sky: before CLEAN is run, all of it."""
    sky, spectra, view = scene.sky, scene.spectra, scene.view
    if isinstance(imaging, ByClean):
        return dirty_still(sky, spectra, view=view)
    return uncleaned(imaging.threshold_snr, sky, spectra, view=view, noise=scene.noise)


def _factors(snrs: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """What scales sources from their signal-to-noise ratios to those wanted.

    A source that an ideal observer cannot see at all stays as it is.
    """
    return [to / snr if snr > 0 else 1.0 for to, snr in zip(wanted, snrs, strict=True)]


def integrated_image(settings: AnySet, seed: int) -> tuple[np.ndarray, SkyModel]:
    """The frequency-integrated dirty image (y, x), Jy/beam * chan, and the sky, without a cube.

    Imaging is linear, so the spectra are summed over channels instead of the cube. This skips
    the slowest step. Sky and noise level are the same as in `simulate`; the noise has the same
    distribution as in the summed cube, but other values. Used for training images. Faults act on
    channels, so with any the cube itself is made and summed.
    """
    settings = settings.of(seed)
    if settings.faults != Faults() or isinstance(settings.imaging, ByClean):
        # CLEAN of a sum is not the sum of its CLEANs
        made = simulate(settings, seed)
        return integrate(made.cube.array), made.sky
    if settings.fluxes_follow_noise or not isinstance(settings.imaging, Dirty):
        return _integrated_scene(settings, seed)
    telescope = telescope_of(settings.observation)
    sky = settings.population.draw(telescope.grid, _rng(seed, 0))
    images, spectra = sky.images(), sky.spectra()
    if not sky.components:
        image = np.zeros((telescope.size, telescope.size), np.float32)
        peak = _reference_peak(telescope, sky, [])
        return image + _summed_noise(settings, seed, telescope, peak), sky
    weights = spectra @ telescope.interpolation.T
    central = telescope.dirty_components(images[:1])
    others = telescope.dirty_components(np.einsum("iyx,ik->kyx", images[1:], weights[1:])[None])
    image = np.tensordot(weights[0].astype(np.float32), central[0], axes=1) + others[0].sum(axis=0)
    peak = _peak(telescope, central[0], spectra[0])
    return image + _summed_noise(settings, seed, telescope, peak), sky


def _integrated_scene(settings: SetSettings, seed: int) -> tuple[np.ndarray, SkyModel]:
    """As `integrated_image`, of a scene: where fluxes follow from its noise, or it is cleaned."""
    scene = observe(settings, seed)
    image = scene.summed()
    peak = _reference_peak(scene.telescope, scene.sky, scene.peaks)
    return image + _summed_noise(settings, seed, scene.view.observed, peak), scene.sky


def _require_cube(observation: Observation) -> None:
    """Raise `DeepFocusError` if the cube of an observation of known size does not fit in memory."""
    assert observation.size is not None
    size, channels = observation.size, observation.channels
    require_memory(
        (4 * channels + WORKING_BYTES_PER_PIXEL) * size**2,
        f"a cube of {channels} x {size} x {size} (channels, y, x)",
        remedy="give a smaller size, a coarser cell or fewer channels",
    )


def _summed_noise(
    settings: SetSettings, seed: int, telescope: Telescope, central_peak: float
) -> np.ndarray:
    """(y, x) noise of the sum over channels, Jy/beam * chan."""
    sigma = _noise_levels(settings, seed, telescope, central_peak)
    channels = len(telescope.grid.freq_hz)
    level = sigma[0] * np.sqrt(channels) if len(sigma) == 1 else np.linalg.norm(sigma)
    unit_noise = settings.noise.model.draw(telescope.one_channel, _rng(seed, 2))[0]
    noise: np.ndarray = np.float32(level) * unit_noise
    return noise


def _reference_peak(
    telescope: Telescope, sky: SkyModel, peaks: Sequence[float] | np.ndarray
) -> float:
    """Brightest voxel of the source that sets the noise: the first, or an empty sky's reference."""
    if len(peaks):
        return float(peaks[0])
    reference = sky.for_noise()
    component = telescope.dirty_components(reference.images()[:1])[0]
    return _peak(telescope, component, reference.spectra()[0])


def _noise(settings: SetSettings, seed: int, view: View, central_peak: float) -> Noise:
    """The noise of a seed's cube, with the power that the noise model has in it."""
    kind = settings.noise.model
    levels = _noise_levels(settings, seed, view.observed, central_peak)
    return Noise(view.power(kind), levels, pattern=kind.pattern(view.observed))


def _noise_levels(
    settings: SetSettings, seed: int, telescope: Telescope, central_peak: float
) -> np.ndarray:
    """Noise in Jy/beam: (1,) from the central source's drawn SNR, or (chan,) from the array."""
    if settings.noise.pwv is not None:
        pwv_mm = float(settings.noise.pwv.to_value(u.mm))
        covered = settings.faults.coverage(settings.observation)
        return thermal_rms_jy_beam(covered, telescope, pwv_mm)
    assert settings.noise.target_snr is not None
    low, high = np.log(settings.noise.target_snr)
    return np.array([central_peak / np.exp(_rng(seed, 1).uniform(low, high))])


def _rng(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream])


def _peak(telescope: Telescope, component: np.ndarray, spectrum: np.ndarray) -> float:
    """Brightest voxel of one component's own dirty emission, Jy/beam."""
    channel = int(np.argmax(spectrum))
    plane = np.tensordot(telescope.interpolation[:, channel], component, axes=1)
    return float(plane.max() * spectrum[channel])
