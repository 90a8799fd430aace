"""Absorption takes no more than there is: at no place, in no channel, however lines overlap."""

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.components import Component, EmissionLine, SkySource
from deepfocus.sky.disc import Disc, DiscAbsorption, DiscLine
from deepfocus.sky.point import Point

CHANNELS = 48
GRID = tangent_grid(
    ra_deg=60.0,
    dec_deg=-35.0,
    size=40,
    cell_arcsec=0.1,
    freq_hz=229.36e9 + 1e7 * np.arange(CHANNELS),
)
KMS = float(GRID.width_kms(1.0, 24.0))
DISC = Disc(
    x=20.0,
    y=20.0,
    scale_px=3.0,
    inclination_deg=50.0,
    pa_receding=30.0,
    v_max_kms=150.0,
    turnover_px=1.5,
    dispersion_kms=20.0,
    lines=(DiscAbsorption(depth=0.8, channel=24.2),),
    continuum_jy=0.1,
)


def spectrum_of(kind: str, *lines: EmissionLine) -> np.ndarray:
    """(chan,) over the continuum, which is flat."""
    if kind == "point":
        return Point(20.0, 20.0, 2.0, 0.0, lines).spectrum(GRID) / 2.0
    return Component(20.0, 20.0, 5.0, 4.0, 30.0, 2.0, 0.0, lines).spectrum(GRID) / 2.0


@pytest.mark.parametrize("kind", ["point", "gaussian"])
def test_depths_multiply_and_emission_adds(kind: str) -> None:
    one, two = EmissionLine(-0.7, 20.0, 6.0), EmissionLine(-0.8, 22.0, 9.0)
    bright = EmissionLine(3.0, 21.0, 5.0)
    first, second, emission = (line.profile(CHANNELS) for line in (one, two, bright))
    # a line alone is what it always was, to the last bit
    np.testing.assert_array_equal(spectrum_of(kind, one), 1 + first)
    np.testing.assert_array_equal(spectrum_of(kind, bright), 1 + emission)
    both = (1 + first) * (1 + second)
    np.testing.assert_allclose(spectrum_of(kind, one, two), both, rtol=1e-12)
    np.testing.assert_allclose(spectrum_of(kind, one, bright, two), both + emission, rtol=1e-12)
    assert (1 + first + second).min() < -0.3  # what the sum of depths would leave


def test_no_sky_of_two_hundred_is_negative() -> None:
    """In every pixel and channel, but for what drawing leaves.

    Spectra of Gaussians and points are exact. (The image of a point between pixels is a sinc,
    negative in places by design, so of a point its spectrum counts.) Of a disc singular values
    below 1e-5 of the largest are left out, and that, the root of a sum of squares over channels
    and velocities, is some times the brightest channel of a place: up to 1e-4 of it. With all
    depths 1 and lines of up to 100 channels 3e-5 was the most.
    """
    population = SourcesAnywhere(
        sources=(1, 1),
        lines=(1, 5),
        absorption_fraction=0.8,
        absorption_depth=(0.7, 1.0),
        point_fraction=0.2,
        disc_fraction=0.4,
        line_fwhm_chan=(3.0, 25.0),
        fwhm_px=(12.0, 20.0),
        axis_ratio=(0.5, 1.0),
        field_fraction=0.2,
    )
    seen: dict[type, int] = {Component: 0, Point: 0, Disc: 0}
    darkest = 1.0
    for seed in range(200):
        (source,) = population.draw(GRID, np.random.default_rng(seed)).components
        images, spectra = source.parts(GRID)
        lowest, highest = _extremes(source, images, spectra)
        floor = 1e-4 * highest if isinstance(source, Disc) else 0.0
        assert np.all(lowest >= -floor), seed
        seen[type(source)] += 1
        darkest = min(darkest, float((lowest / highest).min()))
    assert min(seen.values()) > 25
    assert darkest < 0.02  # nothing was left of some continuum


def _extremes(
    source: SkySource, images: np.ndarray, spectra: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest of each pixel's channels; of one part those of its spectrum."""
    if len(spectra) == 1 and not isinstance(source, Disc):
        return spectra.min(axis=1), spectra.max(axis=1)
    pixels = images.reshape(len(images), -1)
    cube = spectra.T @ pixels[:, pixels[0] != 0]
    return cube.min(axis=0), cube.max(axis=0)


def test_a_place_of_a_disc_loses_the_drawn_depth() -> None:
    """Where the gas has one velocity, in the channel of its middle, to the mean over a channel."""
    still = replace(DISC, v_max_kms=0.0, lines=(DiscAbsorption(depth=0.8, channel=24.0),))
    images, spectra = still.parts(GRID)
    cube = np.einsum("iyx,iz->zyx", images, spectra)
    at = np.linspace(23.5, 24.5, 1001)
    mean = np.exp(-0.5 * ((at - 24.0) * KMS / 20.0) ** 2).mean()
    place = cube[:, 20, 23] / cube[0, 20, 23]
    assert place[24] == pytest.approx(
        1 - 0.8 * mean, abs=2e-3
    )  # KMS is that of the channel to 1e-3
    assert np.argmin(place) == 24


def test_the_flux_of_a_disc_in_absorption() -> None:
    """Every place absorbs depth times the area of its line, whatever its velocity."""
    (truth,) = DISC.line_truths(GRID)
    expected = -0.8 * 0.1 * np.sqrt(2 * np.pi) * 20.0
    assert truth.flux_jy_kms == pytest.approx(expected, rel=1e-9)
    assert truth.continuum_jy == pytest.approx(0.1)
    images, spectra = DISC.parts(GRID)
    total = images.reshape(len(images), -1).sum(axis=1) @ spectra
    light = total[0] / 0.1  # of the 40 px image: what lies outside does not absorb in it
    flux = (total - total[0]).sum() * float(GRID.width_kms(1.0, 24.2))
    assert flux == pytest.approx(expected * light, rel=2e-3)
    # the whole disc's line is wide and shallow
    assert 0.05 < 1 - total.min() / total[0] < 0.4
    assert truth.line_share == pytest.approx(total.min() / total[0] - 1, abs=0.02)


def test_lines_of_a_disc_in_the_same_channels() -> None:
    """One upon the other: transmissions multiply at each velocity, emission adds."""
    lines = DiscAbsorption(0.9, 24.0), DiscAbsorption(0.9, 24.5), DiscLine(2.0, 25.0)
    kms = np.linspace(-150, 150, 31)

    def spectra(*chosen: DiscLine | DiscAbsorption) -> np.ndarray:
        disc = replace(DISC, lines=chosen)
        return disc.local_spectra(GRID, kms)

    first, second, emission = (spectra(line) for line in lines)
    together = spectra(*lines)
    np.testing.assert_allclose(together, first * second / 0.1 + (emission - 0.1), atol=1e-12)
    assert together.min() >= 0
    assert (first + second - 0.1).min() < -0.05


def test_the_drawn_depth_is_the_local_one() -> None:
    population = SourcesAnywhere(
        sources=(1, 1), disc_fraction=1.0, absorption_fraction=1.0, absorption_depth=(0.3, 0.3)
    )
    (disc,) = population.draw(GRID, np.random.default_rng(1)).components
    assert isinstance(disc, Disc)
    (line,) = disc.lines
    assert isinstance(line, DiscAbsorption)
    assert line.depth == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EmissionLine(-1.1, 3.0, 4.0), "more than the continuum"),
        (lambda: DiscAbsorption(1.1, 3.0), "more than the continuum"),
        (lambda: DiscAbsorption(0.0, 3.0), "more than the continuum"),
        (lambda: DiscLine(-1.0, 3.0), "DiscAbsorption"),
    ],
)
def test_lines_that_take_more_than_there_is_are_refused(make, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DeepFocusError, match=says):
        make()
