"""Line fluxes in masks: of galaxies in cleaned cubes, beside neighbours, at edges; none in dirty
cubes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.noise import DirtyBeam, Measured, SquaredWeights, White
from deepfocus.finders.deepfocus.correlated import autocorrelation_of
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.masked import (
    NOT_MEASURED,
    Restored,
    mask_flux_of,
)
from deepfocus.finders.deepfocus.sources import SourceFit, summary_of
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CYY,
    FLUX,
    GX,
    SIGMA,
    X,
    Y,
)
from deepfocus.forward.response import response_of
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.search.mask import CorrelatedNoise
from deepfocus.simulation.view import Cleaned, Dirty
from deepfocus.sky.template_files import template_of
from deepfocus.sky.template_source import TemplateSource

OBSERVATION = Observation(channels=32, size=128, total_time=600 * u.s, integration=60 * u.s)
PLACES = ((48.0, 66.0), (84.0, 58.0))
"""Of two galaxies, 37 px apart: their images touch, in the same channels."""
FLUX_JY_KMS = 4.0
SIGMA_JY = 1e-3


def galaxies(imaging: Cleaned | Dirty) -> Cube:
    """Two of the same, each 18 px across."""
    view = imaging.view(telescope_of(OBSERVATION))
    telescope = view.telescope
    noise = Thermal().draw(telescope_of(OBSERVATION), np.random.default_rng(3))
    data = noise * np.float32(SIGMA_JY / noise.std())
    for x, y in PLACES:
        source = TemplateSource(
            template_of("G33"), x=x, y=y, fwhm_px=18.0, pa=35.0,
            channel=15.4, fwhm_chan=10.0, flux_jy_kms=FLUX_JY_KMS,
        )  # fmt: skip
        images, spectra = source.parts(telescope.grid)
        data = data + telescope.dirty_cube(telescope.dirty_components(images), spectra)
    return Cube(
        data=data.astype(np.float32),
        grid=telescope.grid,
        beam=view.beam,
        psf=view.psf,
        psf_channels=telescope.node_channels,
        primary_beam=telescope.primary_beam,
    )


def found_in(imaging: Cleaned | Dirty) -> Catalogue:
    return DeepFocus().ready().find(galaxies(imaging)).catalogue.accepted


def test_masks_of_two_galaxies_that_touch() -> None:
    """Each has its own flux, and not its neighbour's: within 10%."""
    found = found_in(Cleaned())
    assert len(found) == 2
    assert found["mask_flux"] == pytest.approx(FLUX_JY_KMS, rel=0.1)
    error = found["mask_flux_err"]
    assert np.all(np.abs(found["mask_flux"] - FLUX_JY_KMS) < 3 * error)
    assert np.all(error < 0.1 * FLUX_JY_KMS)
    assert not any(found["warning"])


def test_a_sum_over_a_dirty_cube_is_no_flux() -> None:
    found = found_in(Dirty())
    assert len(found)
    assert np.isnan(found["mask_flux"]).all()
    assert np.isnan(found["mask_flux_err"]).all()


def restored(cube: Cube, *, level: float, data: np.ndarray) -> Restored:
    """A cube whose noise is white and of that level."""
    chan, ny, nx = cube.data.shape
    noise = CorrelatedNoise(np.full(chan, level), np.ones((ny, nx)), np.ones((1, 1)), np.ones(1))
    return Restored(data, noise, partial(beam_ellipse, cube), response_of(cube))


def source_at(x: float, y: float, channel: float = 15.0) -> SourceFit:
    """A moving line of 1 Jy channels beside a continuum, and a fainter one in place."""
    rows = np.zeros((2, COUNT))
    rows[:, [X, Y, CHANNEL, SIGMA]] = x, y, channel, 2.5
    rows[:, [CXX, CYY]] = 12.0, 4.0
    rows[:, FLUX] = 1.0, 0.3
    rows[0, [GX, CONTINUUM]] = 0.5, 0.1
    summary = summary_of(rows, 32)
    return SourceFit(rows, summary, np.eye(len(summary)), gain=1e4, freedom=20)


def test_the_line_in_a_box_is_that_in_the_cube() -> None:
    """Without its continuum; through a primary beam that changes over the image."""
    cube = galaxies(Cleaned())
    source = source_at(40.3, 80.1)
    made = restored(cube, level=1e-3, data=np.zeros_like(cube.data))
    box = made.box_of(source)
    rows = source.components.copy()
    rows[:, CONTINUUM] = 0.0
    whole = model_cube(rows, made.response)
    assert made.line_of(source, box) == pytest.approx(whole[box], abs=1e-4 * float(whole.max()))
    # 4 sigma hold all but 3e-4 of the peak along an axis
    outside = whole.copy()
    outside[box] = 0
    assert outside.max() < 1e-3 * whole.max()


def test_nothing_left_is_the_flux_of_the_model() -> None:
    """Without noise to speak of, a mask sums it up whatever the primary beam there."""
    cube = galaxies(Cleaned())
    made = restored(cube, level=1e-7, data=np.zeros_like(cube.data))
    for x, y in ((64.0, 64.0), (30.0, 90.0)):
        measured = mask_flux_of(source_at(x, y), made)
        # growth ends where a shell adds 0.3%; the primary beam is that of the source's centre
        assert measured.flux.value == pytest.approx(1.3, rel=0.02)
        assert not measured.at_edge


@pytest.mark.parametrize(
    ("x", "channel", "blank"),
    [(4.0, 15.0, slice(0)), (64.0, 29.0, slice(0)), (64.0, 15.0, slice(68, 70))],
    ids=["of the image", "of the band", "of the data"],
)
def test_a_mask_says_that_it_ends_at_an_edge(x: float, channel: float, blank: slice) -> None:
    cube = galaxies(Cleaned())
    left = np.zeros_like(cube.data)
    left[:, :, blank] = np.nan
    made = restored(cube, level=1e-4, data=left)
    assert mask_flux_of(source_at(x, 64.0, channel), made).at_edge
    assert not mask_flux_of(source_at(64.0, 64.0), replace(made, residual=0 * cube.data)).at_edge


def test_a_source_without_data_is_not_measured() -> None:
    cube = galaxies(Cleaned())
    made = restored(cube, level=1e-3, data=np.full_like(cube.data, np.nan))
    assert mask_flux_of(source_at(64.0, 64.0), made) is NOT_MEASURED


def test_the_autocorrelation_is_what_is_known_of_the_noise() -> None:
    response = response_of(galaxies(Cleaned()))
    assert autocorrelation_of(White(), response, 9).tolist() == [[1.0]]
    lags = np.arange(121.0).reshape(11, 11)
    assert autocorrelation_of(Measured(lags), response, 3).tolist() == lags[2:9, 2:9].tolist()
    weights = SquaredWeights(lambda: lags[:10, :10])  # its middle is [5, 5]
    assert autocorrelation_of(weights, response, 9).tolist() == lags[1:10, 1:10].tolist()
    of_beam = autocorrelation_of(DirtyBeam(), response, 9)
    assert of_beam.shape == (19, 19)
    assert of_beam[9, 9] == of_beam.max() == 1.0
