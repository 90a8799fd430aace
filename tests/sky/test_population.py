"""The paper's population: ranges of Table 1, the rule of the central source, line fluxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.grid import tangent_grid
from deepfocus.sky.components import FWHM_PER_SIGMA, Component, EmissionLine
from deepfocus.sky.population import PaperPopulation, emission_peak, from_clockwise

GRID = tangent_grid(
    ra_deg=60.0, dec_deg=-35.0, size=360, cell_arcsec=0.1, freq_hz=229.36e9 + 1e7 * np.arange(128)
)
SKIES = [PaperPopulation().draw(GRID, np.random.default_rng(seed)) for seed in range(40)]


def test_table_1() -> None:
    components = [c for sky in SKIES for c in sky.components]
    for c in components:
        for fwhm in (c.fwhm_x_px, c.fwhm_y_px):
            assert 2 <= fwhm / FWHM_PER_SIGMA <= 8
        (line,) = c.lines
        assert 10 <= line.channel <= 110
        assert 3 <= line.fwhm_chan <= 10
        assert 1 <= line.relative <= 5
        assert -2 <= c.spectral_index <= 2
        assert 100 <= c.x <= 250
        assert 100 <= c.y <= 250
    assert {len(sky.components) - 1 for sky in SKIES} == {2, 3, 4, 5}


def test_the_central_source_is_central_and_brightest() -> None:
    for sky in SKIES:
        centre, *others = sky.components
        assert (centre.x, centre.y) == (180, 180)
        assert all(emission_peak(other) <= emission_peak(centre) for other in others)


def test_the_sky_is_scaled_to_inbright() -> None:
    sky = SKIES[0]
    cube = np.einsum("iyx,iz->zyx", sky.images(), sky.spectra(), optimize=True)
    # the maximum may lie a fraction of a pixel off the sampled centres
    assert cube.max() == pytest.approx(0.001, rel=0.02)


@given(clockwise=st.floats(0.01, 89.99), first=st.floats(5, 19), second=st.floats(5, 19))
def test_the_papers_clockwise_angle(clockwise: float, first: float, second: float) -> None:
    """Its first axis, (cos t, -sin t) in (x, y), has position angle 90 - t."""
    fwhm_x, fwhm_y, pa = from_clockwise(first, second, clockwise)
    assert (fwhm_x, fwhm_y) == (first, second)
    major = np.deg2rad(pa)
    along = np.array([-np.sin(major), np.cos(major)])
    t = np.deg2rad(clockwise)
    axis = np.array([np.cos(t), -np.sin(t)] if first >= second else [np.sin(t), np.cos(t)])
    assert abs(along @ axis) == pytest.approx(1.0)
    assert 0 <= pa < 180


def test_line_flux_of_a_component_is_its_integral() -> None:
    component = Component(
        x=180, y=180, fwhm_x_px=12, fwhm_y_px=7, pa=30.0, peak_jy_px=1e-3, spectral_index=0.0,
        lines=(EmissionLine(relative=2.0, channel=60.3, fwhm_chan=6.0),),
    )  # fmt: skip
    line = component.spectrum(GRID) - component.continuum(GRID)
    total = component.image((360, 360)).sum() * line.sum()
    gaussian = component.area_px * 1e-3 * 2.0 * 6.0 * np.sqrt(2 * np.pi) / FWHM_PER_SIGMA
    # well sampled Gaussians sum to their integrals
    assert total == pytest.approx(gaussian, rel=1e-5)
