"""A rotating disc: flux, double horn, velocity gradient, and its few separable parts."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.sky.components import SkyModel
from deepfocus.sky.disc import Disc, DiscAbsorption, DiscLine


def grid_with(step_hz: float) -> Grid:
    freq = 229.36e9 + step_hz * np.arange(128)
    return tangent_grid(ra_deg=60.0, dec_deg=-35.0, size=128, cell_arcsec=0.1, freq_hz=freq)


GRID = grid_with(1e7)
DISC = Disc(
    x=63.3,
    y=61.8,
    scale_px=4.0,
    inclination_deg=60.0,
    pa_receding=40.0,
    v_max_kms=250.0,
    turnover_px=2.0,
    dispersion_kms=12.0,
    lines=(DiscLine(flux_jy_kms=3.0, channel=60.3),),
)


def cube_of(disc: Disc, grid: Grid = GRID) -> np.ndarray:
    images, spectra = disc.parts(grid)
    return np.einsum("iyx,iz->zyx", images, spectra, optimize=True)


@pytest.mark.parametrize("inclination", [0.0, 30.0, 60.0, 80.0])
def test_total_spectrum_holds_the_line_flux(inclination: float) -> None:
    """To 1e-3: 8e-5 of the light lies beyond 12 scale lengths, about as much is lost in pixels."""
    disc = replace(DISC, inclination_deg=inclination)
    spectrum = cube_of(disc).sum(axis=(1, 2))
    flux = spectrum.sum() * float(GRID.width_kms(1.0, 60.3))
    assert flux == pytest.approx(3.0, rel=1e-3)
    np.testing.assert_allclose(spectrum, disc.spectrum(GRID), atol=2e-3 * spectrum.max())


def test_double_horn_and_its_width() -> None:
    spectrum = DISC.spectrum(GRID)
    horns = [i for i in range(1, 127) if spectrum[i - 1] < spectrum[i] > spectrum[i + 1]]
    assert len(horns) == 2
    assert spectrum[60] < 0.8 * spectrum[horns].min()
    assert sum(horns) / 2 == pytest.approx(60.3, abs=0.5)
    (truth,) = DISC.line_truths(GRID)
    above = np.flatnonzero(spectrum > spectrum.max() / 2)
    # to the channels' width; between the horns' distance and 2 v_max sin i
    assert truth.fwhm_chan == pytest.approx(above[-1] - above[0] + 1, abs=1.5)
    full = 2 * 250 * np.sin(np.pi / 3) / float(GRID.width_kms(1.0, 60.3))
    assert horns[1] - horns[0] < truth.fwhm_chan < full
    assert truth.flux_jy_kms == 3.0


@pytest.mark.parametrize("step_hz", [1e7, -1e7])
def test_the_receding_half_is_seen_at_lower_frequency(step_hz: float) -> None:
    """The light-weighted mean frequency falls along the receding axis and not across it."""
    grid = grid_with(step_hz)
    cube = cube_of(DISC, grid)
    light = np.maximum(cube.sum(axis=0), 1e-12)  # the corners have none
    moment = np.einsum("zyx,z->yx", cube, grid.freq_hz) / light
    y, x = np.mgrid[:128, :128] - np.array([DISC.y, DISC.x])[:, None, None]
    angle = np.deg2rad(40.0)
    along, across = -x * np.sin(angle) + y * np.cos(angle), x * np.cos(angle) + y * np.sin(angle)
    near = np.hypot(x, y) < 8
    slope = np.polyfit(along[near], moment[near], 1)[0]
    assert slope < 0
    assert abs(np.corrcoef(across[near], moment[near])[0, 1]) < 0.05
    at = (np.abs(across) < 1) & (np.abs(along - 6) < 1)
    kms = (grid.frequency_at(60.3) - moment[at].mean()) / grid.frequency_at(60.3) * 299792.458
    # 2 / pi v_max arctan(3) sin i; the mean over 1 px across loses a few percent
    assert kms == pytest.approx(2 / np.pi * 250 * np.arctan(3) * np.sin(np.pi / 3), rel=0.06)


def test_without_rotation_it_is_one_symmetric_part() -> None:
    still = replace(DISC, x=64.0, y=64.0, v_max_kms=0.0)
    images, spectra = still.parts(GRID)
    total = images[:, 1:, 1:], spectra
    cube = np.einsum("iyx,iz->zyx", *total, optimize=True)
    np.testing.assert_allclose(cube, cube[:, ::-1, ::-1], atol=1e-4 * cube.max())
    moment = cube.sum(axis=(1, 2)) @ np.arange(128) / cube.sum()
    assert moment == pytest.approx(60.3, abs=1e-3)
    per_pixel = cube[:, 63 - 5 : 63 + 6, 63].T
    shapes = per_pixel / per_pixel.max(axis=1, keepdims=True)
    np.testing.assert_allclose(shapes, np.tile(shapes[0], (11, 1)), atol=1e-3)


def test_parts_are_the_disc_drawn_directly() -> None:
    """Against the definition, at 81 places of a pixel; the parts take the mean of 9 places."""
    cube = cube_of(DISC)
    width = float(GRID.width_kms(1.0, 60.3))
    within = (np.arange(9) - 4) / 9
    for y, x in ((70, 60), (50, 66), (66, 72)):
        places = [(x + dx, y + dy) for dx in within for dy in within]
        kms = DISC.line_of_sight_kms(*np.array(places).T)
        edges = np.arange(129)[:, None] - 0.5 - 60.3 + kms / width
        shape = np.diff(erf(edges / (12.0 / width * np.sqrt(2))), axis=0).sum(axis=1)
        expected = shape / shape.sum() * cube[:, y, x].sum()
        # light also varies within the pixel, by tens of percent
        np.testing.assert_allclose(cube[:, y, x], expected, atol=0.06 * expected.max())


def test_the_first_part_is_the_brightest_channel_map() -> None:
    sky = SkyModel(GRID, (DISC, replace(DISC, x=40.0, v_max_kms=0.0)))
    images, spectra = sky.images(), sky.spectra()
    assert len(images) == len(spectra) == len(sky.source_of_part)
    np.testing.assert_array_equal(np.unique(sky.source_of_part), [0, 1])
    assert len(images) < 50
    own = sky.source_of_part == 0
    brightest = int(DISC.spectrum(GRID).argmax())
    assert spectra[0].argmax() == brightest
    assert images[0].max() == pytest.approx(1.0)
    rest = np.abs(spectra[own][1:, brightest])
    assert rest.max() < 1e-10 * spectra[0, brightest]


def test_several_lines_and_absorption_against_the_continuum() -> None:
    disc = replace(
        DISC,
        v_max_kms=80.0,
        continuum_jy=0.1,
        lines=(DiscLine(2.0, 30.0), DiscAbsorption(0.6, 90.0)),
    )
    spectrum = cube_of(disc).sum(axis=(1, 2))
    lines = spectrum - 0.1
    width = [float(GRID.width_kms(1.0, c)) for c in (30.0, 90.0)]
    assert lines[:60].sum() * width[0] == pytest.approx(2.0, rel=2e-3)
    absorbed = -0.6 * 0.1 * np.sqrt(2 * np.pi) * disc.dispersion_kms
    assert lines[60:].sum() * width[1] == pytest.approx(absorbed, rel=4e-3)
    assert lines[90] < 0 < spectrum[90]
    emission, absorption = disc.line_truths(GRID)
    assert emission.line_share > 0 > absorption.line_share
    assert emission.peak_share == 1.0
    assert emission.continuum_jy == pytest.approx(0.1)


def test_the_equivalent_gaussian_has_the_half_light_ellipse() -> None:
    disc = replace(DISC, x=64.0, y=64.0, scale_px=6.0)
    image = disc.image((128, 128)).astype(float)
    ellipse = disc.ellipse
    major = max(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
    minor = min(ellipse.fwhm_x_px, ellipse.fwhm_y_px)
    assert ellipse.pa == 40.0
    assert ellipse.fwhm_x_px == major
    assert minor == pytest.approx(major / 2)
    y, x = np.mgrid[:128, :128] - 64.0
    angle = np.deg2rad(40.0)
    along, across = -x * np.sin(angle) + y * np.cos(angle), x * np.cos(angle) + y * np.sin(angle)
    inside = np.hypot(along / (major / 2), across / (minor / 2)) <= 1
    # the ellipse's edge crosses pixels
    assert image[inside].sum() / image.sum() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("bad", [{"inclination_deg": 90.0}, {"scale_px": 0.0}, {"v_max_kms": -1.0}])
def test_discs_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(DeepFocusError, match="disc inclined"):
        replace(DISC, **bad)  # type: ignore[arg-type]
