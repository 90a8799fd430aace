"""The paper's population: ranges of Table 1, the rule of the central source, line fluxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.sky.components import Component, EmissionLine
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


STORED = [  # x, y, fwhm_x, fwhm_y, pa, peak, spectral index, line over continuum, channel, width
    [180.0, 180.0, 9.581706287718648, 15.070903646883076, 129.518339029387,
     0.00019413680009055576, -0.9252558013421268, 3.7127399588747543, 26.653249350947274,
     9.911683166265643],
    [197.8190641822361, 139.42826564061522, 9.007855680913709, 12.769475021953658,
     123.82988040037105, 0.0001950094267231516, 1.2749884242122946, 1.5281231153337744,
     54.014269122747166, 8.03889066939032],
    [202.0770937085357, 124.01318619862084, 11.506247969453199, 13.73816729370888,
     95.4879747459833, 0.0001861761815074229, -0.554125135909203, 3.757432769586089,
     65.93876812900112, 8.961445239373168],
    [201.48963055921695, 139.0035412641211, 9.277086930498783, 5.371612813279492,
     36.50007807289087, 0.00023873939775026574, 1.3313552893286396, 2.6956513712087062,
     20.393902425411596, 3.9272709018465584],
    [235.87780885516221, 141.61726789892126, 5.3038071827253095, 8.144303179774113,
     144.76279401287456, 0.00017335474243833693, -0.6115110965669319, 1.0850232658276888,
     44.28562269682698, 9.21067748135551],
    [157.66925836128067, 143.09520226488888, 7.746810153936543, 13.777800681001208,
     162.99298470802088, 0.00026142421919294554, -0.9223306870072823, 1.6575489462353925,
     64.75399679418237, 7.185641293986488],
]  # fmt: skip


def test_a_seed_draws_what_it_always_drew() -> None:
    """The first cube of the standard test set; published scores belong to these numbers."""
    sky = PaperPopulation().draw(GRID, np.random.default_rng([3_000_000, 0]))
    drawn = []
    for c in sky.components:
        assert isinstance(c, Component)
        (line,) = c.lines
        shape = [c.x, c.y, c.fwhm_x_px, c.fwhm_y_px, c.pa, c.peak_jy_px, c.spectral_index]
        drawn.append([*shape, line.relative, line.channel, line.fwhm_chan])
    # the brightness is scaled by an exponential that mathematical libraries may round differently
    np.testing.assert_allclose(drawn, STORED, rtol=1e-6)


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


@pytest.mark.parametrize(
    "bad",
    [{"companions": (5, 2)}, {"companions": (-1, 2)}, {"sigma_px": (0.0, 2.0)},
     {"line_channel": (90.0, 10.0)}, {"brightest_jy_px": 0.0}],
)  # fmt: skip
def test_impossible_ranges_are_refused(bad: dict) -> None:
    with pytest.raises(DeepFocusError, match="population"):
        PaperPopulation(**bad)
