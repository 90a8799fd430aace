"""How sources change with their lines, against sources that are drawn with changed lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.sky.components import Component, EmissionLine, SkySource
from deepfocus.sky.disc import Disc, DiscAbsorption, DiscLine
from deepfocus.sky.point import Point
from deepfocus.sky.template_files import template_of
from deepfocus.sky.template_source import TemplateSource

GRID = tangent_grid(
    ra_deg=10.0,
    dec_deg=-20.0,
    size=48,
    cell_arcsec=0.1,
    freq_hz=230e9 + 1e7 * np.arange(24),
    rest_hz=230e9,
)
LINES = (EmissionLine(3.0, 9.3, 4.0), EmissionLine(-0.5, 16.0, 3.0))
DISC = Disc(
    x=24.3,
    y=23.1,
    scale_px=2.5,
    inclination_deg=55.0,
    pa_receding=70.0,
    v_max_kms=40.0,
    turnover_px=1.0,
    dispersion_kms=14.0,
    lines=(DiscLine(2.0, 9.3), DiscAbsorption(0.6, 17.0)),
    continuum_jy=0.01,
)
GALAXY = TemplateSource(
    template_of("G12"),
    x=24.3,
    y=23.1,
    fwhm_px=7.0,
    pa=30.0,
    channel=11.3,
    fwhm_chan=7.0,
    flux_jy_kms=2.0,
    continuum_jy=0.01,
)
SOURCES: dict[str, SkySource] = {
    "gaussian": Component(24.3, 23.1, 7.0, 5.0, 30.0, 0.01, 0.5, LINES),
    "lines alone": Component(24.3, 23.1, 7.0, 5.0, 30.0, 0.01, 0.5, LINES[:1], 0.0),
    "point": Point(24.3, 23.1, 0.1, 0.5, LINES),
    "disc": DISC,
    "template": GALAXY,
}
WITHIN = 0.03
"""Parts that are dropped have 1% of the largest singular value."""


def cube(images: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """(chan, y, x) sum of images times spectra."""
    return np.einsum("pk,pyx->kyx", spectra, images)


def moved(source: SkySource, by: float) -> SkySource:
    """The source with its first line moved by some channels."""
    if isinstance(source, TemplateSource):
        return replace(source, channel=source.channel + by)
    first, *others = source.lines  # type: ignore[attr-defined]
    return replace(source, lines=(replace(first, channel=first.channel + by), *others))  # type: ignore[type-var]


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.linalg.norm(found - expected) < WITHIN * np.linalg.norm(expected))


@pytest.mark.parametrize("name", SOURCES)
def test_the_parts_of_a_tangent_are_the_source(name: str) -> None:
    source = SOURCES[name]
    tangent = source.tangent(GRID)
    expected = cube(*source.parts(GRID))
    assert close(cube(tangent.images, tangent.total), expected)
    assert len(tangent.lines) == len(source.line_truths(GRID))


@pytest.mark.parametrize("name", SOURCES)
def test_a_line_moves_as_its_derivative_says(name: str) -> None:
    source, step = SOURCES[name], 0.2
    tangent = source.tangent(GRID)
    up, down = (cube(*moved(source, s * step).parts(GRID)) for s in (1, -1))
    # half of the difference's own error: a fifth of a channel is a twentieth of a line
    assert close(cube(tangent.images, tangent.lines[0].by_channel), (up - down) / (2 * step))


@pytest.mark.parametrize("name", SOURCES)
def test_a_wider_line_has_the_same_flux(name: str) -> None:
    tangent = SOURCES[name].tangent(GRID)
    line = tangent.lines[0]
    change = cube(tangent.images, line.by_width).sum()
    own = cube(tangent.images, line.own).sum()
    assert abs(change) < 0.01 * own


def test_a_wider_galaxy_is_one_drawn_with_a_wider_line() -> None:
    tangent = GALAXY.tangent(GRID)
    wide, narrow = (
        cube(*replace(GALAXY, fwhm_chan=GALAXY.fwhm_chan * (1 + s * 0.02)).parts(GRID))
        for s in (1, -1)
    )
    assert close(cube(tangent.images, tangent.lines[0].by_width), (wide - narrow) / 0.04)


def test_a_line_alone_is_what_the_source_loses_with_it() -> None:
    disc = DISC.tangent(GRID)
    without = replace(DISC, lines=DISC.lines[1:])
    expected = cube(*DISC.parts(GRID)) - cube(*without.parts(GRID))
    assert close(cube(disc.images, disc.lines[0].own), expected)
    # an absorption line takes away
    assert cube(disc.images, disc.lines[1].own).sum() < 0


def test_a_source_without_lines_has_a_tangent_too() -> None:
    for source in (
        Component(24.3, 23.1, 7.0, 5.0, 30.0, 0.01, 0.5, ()),
        replace(DISC, lines=()),
    ):
        tangent = source.tangent(GRID)
        assert tangent.lines == ()
        assert close(cube(tangent.images, tangent.total), cube(*source.parts(GRID)))


@pytest.mark.parametrize("name", SOURCES)
def test_brighter_multiplies_everything(name: str) -> None:
    source = SOURCES[name]
    np.testing.assert_allclose(
        cube(*source.brighter(3.0).parts(GRID)), 3 * cube(*source.parts(GRID)), rtol=1e-5, atol=1e-9
    )
    before, after = source.line_truths(GRID)[0], source.brighter(3.0).line_truths(GRID)[0]
    assert after.flux_jy_kms == pytest.approx(3 * before.flux_jy_kms)
    assert after.continuum_jy == pytest.approx(3 * before.continuum_jy)


def test_a_source_of_lines_alone_has_no_continuum() -> None:
    grid: Grid = GRID
    bright = SOURCES["lines alone"]
    truth = bright.line_truths(grid)[0]
    assert truth.continuum_jy == 0
    assert (truth.peak_share, truth.line_share) == (1.0, 1.0)
    _, spectra = bright.parts(grid)
    assert spectra[0, -1] < 1e-6 * spectra.max()
