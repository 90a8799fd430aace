"""The limits of a source against estimators that reach them, in drawn noise.

The estimator knows the truth and is one step of Newton's method from it: J' A noise, by the inverse
of J' A B J. J comes from sources that are drawn again with every parameter changed; nothing here
knows of patches, kernels or deformations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from scipy.fft import irfft2, rfft2

from deepfocus.core.cube import Cube
from deepfocus.core.noise import Noise
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.simulation.limits import limits_of
from deepfocus.simulation.truth import truth_catalogue
from deepfocus.simulation.view import Cleaned, Dirty, View
from deepfocus.sky.components import Component, EmissionLine, SkyModel, SkySource

DRAWS, TILES = 300, 4
CHANNELS, SIZE = 8, 96
WITHIN = 0.05
"""Each draw covers 4 x 4 images of that size: a scatter is known to 1%, and the seed is fixed."""
OBSERVATION = Observation(channels=CHANNELS, size=SIZE, total_time=600 * u.s, integration=60 * u.s)
SIGMA = np.linspace(1.0, 1.5, CHANNELS)
BEAM_PX = 6.5
BEAMS = (0.4, 1.0, 3.0)
NAMES = ("x", "y", "fwhm_x_px", "fwhm_y_px", "pa", "channel", "fwhm_chan", "flux", "continuum")
LIMITS = (
    "x_px", "y_px", "fwhm_x_px", "fwhm_y_px", "pa_deg", "channel", "width_chan", "flux", "rest",
)  # fmt: skip


def gaussian(beams: float) -> Component:
    """A line on continuum; sizes in beams, the second 0.7 of the first."""
    return Component(
        x=51.3,
        y=43.6,
        fwhm_x_px=beams * BEAM_PX,
        fwhm_y_px=0.7 * beams * BEAM_PX,
        pa=35.0,
        peak_jy_px=0.01 / beams**2,
        spectral_index=0.0,
        lines=(EmissionLine(3.0, 3.4, 2.5),),
    )


def changed(source: Component, name: str, by: float) -> Component:
    """The source with one of its parameters changed; flux and continuum relatively."""
    line = source.lines[0]
    if name == "channel":
        return replace(source, lines=(replace(line, channel=line.channel + by),))
    if name == "fwhm_chan":
        width = line.fwhm_chan + by
        new = EmissionLine(line.relative * line.fwhm_chan / width, line.channel, width)
        return replace(source, lines=(new,))
    if name == "flux":
        return replace(source, lines=(replace(line, relative=line.relative * (1 + by)),))
    if name == "continuum":
        line = replace(line, relative=line.relative / (1 + by))
        return replace(source, peak_jy_px=source.peak_jy_px * (1 + by), lines=(line,))
    if name in ("fwhm_x_px", "fwhm_y_px"):
        length = getattr(source, name)
        same_flux = source.peak_jy_px * length / (length + by)
        return replace(source, **{name: length + by}, peak_jy_px=same_flux)
    return replace(source, **{name: getattr(source, name) + by})


def sky_of(source: SkySource, telescope: Telescope) -> tuple[np.ndarray, np.ndarray]:
    """(chan, y, x) the source through the primary beam, and then through the cube's beam."""
    images, spectra = source.parts(telescope.grid)
    middle = len(telescope.node_hz) // 2
    primary = telescope.primary_beam[middle]
    seen = telescope.dirty_cube(telescope.dirty_components(images), spectra)
    return np.einsum("pk,pyx->kyx", spectra, images * primary).astype(float), seen.astype(float)


def jacobian(source: Component, telescope: Telescope) -> tuple[np.ndarray, np.ndarray]:
    """(parameter, chan, y, x) derivatives of sky and cube, by central differences."""
    steps = [0.02, 0.02, 0.2, 0.2, 2.0, 0.01, 0.01, 0.01, 0.01]
    pairs = []
    for name, step in zip(NAMES, steps, strict=True):
        up, down = (sky_of(changed(source, name, s * step), telescope) for s in (1, -1))
        pairs.append([(a - b) / (2 * step) for a, b in zip(up, down, strict=True)])
    return np.array([sky for sky, _ in pairs]), np.array([cube for _, cube in pairs])


@dataclass(frozen=True)
class Case:
    """A kind of cube: its noise, its imaging, its weights."""

    noise: White | Thermal
    imaging: Dirty | Cleaned
    observation: Observation = OBSERVATION

    @property
    def view(self) -> View:
        return self.imaging.view(telescope_of(self.observation))


CASES = {
    "white": Case(White(), Dirty()),
    "thermal": Case(Thermal(), Dirty()),
    "cleaned": Case(Thermal(), Cleaned()),
}


def noise_cubes(case: Case) -> Iterator[np.ndarray]:
    """(image, chan, y, x) noise of standard deviation SIGMA, draw by draw."""
    wide = telescope_of(replace(case.observation, size=TILES * SIZE))
    rng = np.random.default_rng(7)
    for _ in range(DRAWS):
        tiled = case.noise.draw(wide, rng).reshape(CHANNELS, TILES, SIZE, TILES, SIZE)
        images = tiled.transpose(1, 3, 0, 2, 4).reshape(-1, CHANNELS, SIZE, SIZE)
        yield images * SIGMA[:, None, None].astype(np.float32)


@cache
def estimates(name: str) -> dict[float, tuple[np.ndarray, float]]:
    """Scatter of all parameters, and signal-to-noise ratio of the line, for each size in beams."""
    case = CASES[name]
    telescope = case.view.telescope
    made = [scores_and_information(name, *jacobian(gaussian(beams), telescope)) for beams in BEAMS]
    apply = np.concatenate([flat for flat, _ in made]).T.astype(np.float32)
    drawn = np.concatenate(
        [cubes.reshape(len(cubes), -1) @ apply for cubes in noise_cubes(case)]
    ).astype(float)
    found = {}
    flux = NAMES.index("flux")
    for beams, (_, information), scores in zip(
        BEAMS, made, np.split(drawn, len(BEAMS), axis=1), strict=True
    ):
        scatter = np.linalg.solve(information, scores.T).std(axis=1)
        found[beams] = scatter, float(information[flux, flux] / scores[:, flux].std())
    return found


def filtered(images: np.ndarray, view: View) -> np.ndarray:
    """Images (..., y, x) through the filter of cleaned cubes, made from the noise's power."""
    telescope = view.dirty  # type: ignore[attr-defined]
    n = telescope.size
    reach = np.hypot(*(np.indices((n, n)) - n // 2)) / min(6 * telescope.beam.fwhm_px(0.1), n / 2)
    taper = np.where(reach < 1, (1 - np.minimum(reach, 1) ** 4) ** 2, 0.0)
    wide = np.zeros((2 * n, 2 * n))
    wide[:n, :n] = telescope.beam_of_squared_weights() * taper
    power = np.maximum(rfft2(np.roll(wide, (-(n // 2), -(n // 2)), (0, 1))).real, 0)
    keep = power**2 / (power**2 + (0.1 * power.max()) ** 2)
    return irfft2(rfft2(images, (2 * n, 2 * n)) * keep, (2 * n, 2 * n))[..., :n, :n]


def scores_and_information(
    name: str, skies: np.ndarray, cubes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """J' A B J / sigma^2, and what J' A / sigma^2 is applied to the noise with."""
    if name == "white":
        through = cubes
    elif name == "thermal":
        through = skies
    else:
        through = filtered(skies, CASES[name].view)
    through = through / SIGMA[:, None, None] ** 2
    flat = through.reshape(len(through), -1)
    return flat, flat @ cubes.reshape(len(cubes), -1).T


@pytest.mark.parametrize("beams", BEAMS)
@pytest.mark.parametrize("name", CASES)
def test_a_known_template_scatters_by_the_bound(name: str, beams: float) -> None:
    case, source = CASES[name], gaussian(beams)
    telescope = case.view.telescope
    found, snr = estimates(name)[beams]
    noise = Noise(case.view.power(case.noise), SIGMA)
    (limit,) = limits_of(SkyModel(telescope.grid, (source,)), case.view.scale, noise)[0]
    bound = np.array([getattr(limit, each) for each in LIMITS])
    ratios = found / bound
    assert np.all(np.abs(ratios - 1) < WITHIN), dict(zip(NAMES, ratios.round(3), strict=True))
    # the line alone, all else known: its score over that score's scatter
    assert limit.snr == pytest.approx(snr, rel=WITHIN)


@pytest.mark.parametrize("weights", [{}, {"robust": 0.5}, {"weighting": "uniform"}], ids=str)
def test_clean_tells_no_more_than_the_visibilities(weights: dict[str, Any]) -> None:
    """The limits of a cleaned cube are those of the dirty one; a set's scale sees less."""
    telescope = telescope_of(replace(OBSERVATION, **weights))
    sky = SkyModel(telescope.grid, (gaussian(1.0),))
    dirty, cleaned = Dirty().view(telescope), Cleaned().view(telescope)
    noise = Noise(cleaned.power(Thermal()), SIGMA)
    of_dirty, of_cleaned, of_scale = (
        limits_of(sky, view, noise)[0][0] for view in (dirty, cleaned, cleaned.scale)
    )
    assert of_cleaned == of_dirty
    # natural weights: nearly all; others: it passes least where visibilities are dense
    least = 0.8 if not weights else 0.1
    assert least * of_dirty.snr < of_scale.snr < of_dirty.snr


def test_a_cube_without_noise_has_no_limits() -> None:
    """pwv = 0 leaves noise; a level of zero, as of a source that only absorbs, has no ratio."""
    case = CASES["white"]
    telescope = case.view.telescope
    sky = SkyModel(telescope.grid, (gaussian(1.0),))
    silent = Noise(case.view.power(case.noise), np.zeros(1))
    limits = limits_of(sky, case.view, silent)
    assert limits == ((),)
    cube = Cube(np.zeros(telescope.grid.shape, np.float32), telescope.grid, noise=silent)
    truth = truth_catalogue(sky, peaks=np.array([0.1]), limits=limits, cube=cube)
    assert len(truth) == 1
    assert np.isnan(truth["ideal_snr"]).all()
