"""Mosaics: where the pointings are, what a source becomes between them, and the noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.instrument.coverage import C_M_S, coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal, Listed, Mosaic, Rectangular
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sampling import ARCSEC_PER_RAD
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import Telescope, telescope_of

SIZE, CELL = 240, 0.3
SINGLE = Observation(
    configuration="C-1", channels=1, total_time=700 * u.s, cell=CELL * u.arcsec, size=SIZE
)
HEXAGON = replace(SINGLE, mosaic=Hexagonal())


def beside(*east_arcsec: float) -> Listed:
    return Listed(tuple((east * u.arcsec, 0 * u.arcsec) for east in east_arcsec))


def rms(observation: Observation) -> float:
    return float(thermal_rms_jy_beam(coverage(observation), telescope_of(observation), 0.8)[0])


def of_one_pixel(seen: Telescope, y: int, x: int) -> np.ndarray:
    """(y, x) the dirty image of 1 Jy in that pixel."""
    image = np.zeros((1, seen.size, seen.size))
    image[0, y, x] = 1
    return seen.dirty_components(image)[0, 0]


def test_a_hexagon_has_the_spacing_of_almas_observing_tool() -> None:
    offsets = coverage(HEXAGON).offsets_arcsec
    wavelength = C_M_S / SINGLE.first_frequency.to_value(u.Hz)
    nyquist = wavelength / 12 / np.sqrt(3) * ARCSEC_PER_RAD
    distance = np.hypot(*offsets.T)
    assert np.sort(distance) == pytest.approx([0.0] + [nyquist] * 6, abs=1e-9)
    # 0.511 of 1.13 lambda / D, as the Observing Tool says it
    assert nyquist == pytest.approx(0.511 * 1.13 * wavelength / 12 * ARCSEC_PER_RAD, rel=2e-3)
    between = np.hypot(*(offsets[:, None] - offsets[None]).T)
    assert np.sum(np.isclose(between, nyquist)) == 2 * 12  # neighbours, each pair twice


@pytest.mark.parametrize(
    ("mosaic", "pointings"),
    [(Hexagonal(rings=2), 19), (Rectangular(columns=3, rows=2), 6), (beside(-9.0, 4.0, 9.0), 3)],
)
def test_every_kind_survives_its_text(mosaic: Mosaic, pointings: int) -> None:
    seen = replace(SINGLE, mosaic=mosaic)
    assert settings_from(settings_to(seen), Observation) == seen
    assert len(coverage(seen).offsets_arcsec) == pointings


def test_a_rectangle_is_about_the_centre_and_east_is_left() -> None:
    offsets = Rectangular(columns=2, rows=1, spacing=20 * u.arcsec).offsets_arcsec(17.0)
    assert offsets.tolist() == [[-10.0, 0.0], [10.0, 0.0]]
    east = telescope_of(replace(SINGLE, mosaic=beside(12.0)))
    assert np.argmax(east.primary_beam[0][SIZE // 2]) == SIZE // 2 - 12 / CELL


def test_a_mosaic_of_one_pointing_is_the_single_pointing() -> None:
    single, one = telescope_of(SINGLE), telescope_of(replace(SINGLE, mosaic=Hexagonal(rings=0)))
    assert np.array_equal(single.dirty_beam, one.dirty_beam)
    assert np.array_equal(of_one_pixel(single, 100, 150), of_one_pixel(one, 100, 150))


def test_pointings_at_one_place_are_the_single_pointing() -> None:
    """Not the same code: each has samples of its own, and they are put together again."""
    single, twice = telescope_of(SINGLE), telescope_of(replace(SINGLE, mosaic=beside(0.0, 0.0)))
    assert len(twice.fields) == 2
    np.testing.assert_allclose(single.dirty_beam, twice.dirty_beam, atol=1e-6)
    np.testing.assert_allclose(single.primary_beam, twice.primary_beam, atol=1e-6)
    # float32
    images = of_one_pixel(single, 100, 150), of_one_pixel(twice, 100, 150)
    np.testing.assert_allclose(*images, atol=1e-6)
    assert rms(replace(SINGLE, mosaic=beside(0.0, 0.0))) == pytest.approx(rms(SINGLE), rel=1e-9)


def test_one_pointing_beside_the_centre_looks_there() -> None:
    moved = telescope_of(replace(SINGLE, mosaic=beside(-9.0)))
    single = telescope_of(SINGLE)
    there = of_one_pixel(moved, SIZE // 2, SIZE // 2 + 30)
    here = of_one_pixel(single, SIZE // 2, SIZE // 2)
    assert there[SIZE // 2, SIZE // 2 + 30] == pytest.approx(1.0, rel=1e-5)
    np.testing.assert_allclose(there[:, 30:], here[:, :-30], atol=1e-5)


@pytest.mark.parametrize("x", [SIZE // 2, SIZE // 2 - 20, SIZE // 2 + 52])
def test_a_source_between_pointings_has_its_flux_after_correction(x: int) -> None:
    """Midway, at a pointing, and beyond both."""
    seen = telescope_of(replace(SINGLE, mosaic=beside(-6.0, 6.0)))
    dirty = of_one_pixel(seen, SIZE // 2, x)
    peak = np.unravel_index(np.argmax(dirty), dirty.shape)
    assert peak == (SIZE // 2, x)
    assert dirty[peak] / seen.primary_beam[0][peak] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("how", [{}, {"robust": 0.5}])
def test_where_the_response_is_1_a_point_is_the_beam(how: dict) -> None:
    """Every pixel of it, as far as the image goes: its sidelobes fall off with the pointings."""
    seen = telescope_of(replace(HEXAGON, **how))
    response = seen.primary_beam[0]
    off = []
    # a hexagon has six places where it is 1, of which one was taken
    for y, x in np.argwhere(response > response.max() - 1e-6):
        beam = seen.dirty_beam[0][SIZE - y : 2 * SIZE - y, SIZE - x : 2 * SIZE - x]
        off.append(np.abs(of_one_pixel(seen, y, x) - beam).max())
    assert min(off) < 1e-5
    assert seen.psf[0].max() == pytest.approx(1.0, abs=1e-6)


def test_near_any_source_the_image_is_the_beam_and_the_response() -> None:
    """What a finder takes for granted: D = B * (A I)."""
    seen = telescope_of(HEXAGON)
    y, x, near = SIZE // 2 + 31, SIZE // 2 - 17, 24
    dirty = of_one_pixel(seen, y, x)[y - near : y + near + 1, x - near : x + near + 1]
    beam = seen.dirty_beam[0][SIZE - near : SIZE + near + 1, SIZE - near : SIZE + near + 1]
    # pointings have samples of their own, and 11 arcsec off they count in other shares
    assert np.abs(dirty / seen.primary_beam[0, y, x] - beam).max() < 0.01


def responses(offsets: np.ndarray) -> np.ndarray:
    """(pointing, y, x) power of 12 m dishes."""
    at = (np.arange(SIZE) - SIZE // 2) * CELL
    hz = SINGLE.first_frequency.to_value(u.Hz)
    return np.stack(
        [
            DISHES[12.0](np.hypot((at - north)[:, None], (at + east)[None, :]), hz)
            for east, north in offsets
        ]
    )


def test_response_and_noise_are_those_of_a_weighted_sum() -> None:
    """sum A_p D_p over its own noise: A = sqrt(sum A_p^2), and its noise where A is 1."""
    seen, offsets = telescope_of(HEXAGON), coverage(HEXAGON).offsets_arcsec
    # every pointing has ten of the seventy integrations
    total = np.mean(responses(offsets) ** 2, axis=0)
    np.testing.assert_allclose(seen.primary_beam[0], np.sqrt(total / total.max()), atol=1e-6)
    assert seen.noise_pattern is None
    # Tsys follows the elevation: equal shares to 1e-3
    assert rms(HEXAGON) == pytest.approx(rms(SINGLE) / np.sqrt(total.max()), rel=1e-3)
    # the middle of a mosaic sees more than a seventh of the time, and less than all of it
    assert 1 / 7 < total.max() < 1


def test_noise_is_flat_and_correlated_by_the_pointings(rng: np.random.Generator) -> None:
    """Drawn noise against its covariance, sum_p s_p A_p(x) A_p(x2) B_p(x - x2) / sqrt(W W2)."""
    small = {"size": 128, "cell": 0.5 * u.arcsec, "channels": 600, "channel_width": 1 * u.kHz}
    seen = telescope_of(replace(SINGLE, mosaic=beside(-8.0, 8.0), **small))
    drawn = Thermal(least_px=256).draw(seen, rng)
    inner = slice(24, 104)
    level = np.sqrt(np.mean(drawn[:, inner, inner] ** 2, axis=0))
    # 600 draws: 2.9% a pixel
    assert level.std() < 0.04
    assert level.mean() == pytest.approx(1.0, abs=0.02)
    wide = np.mean(level.reshape(80, 8, 10), axis=(0, 2))  # by distance from the pointings
    assert np.ptp(wide) < 0.05
    # and every pixel with the one where the response is 1
    y, x = divmod(int(np.argmax(seen.primary_beam[0])), 128)
    near = drawn[:, y - 24 : y + 25, x - 24 : x + 25]
    found = np.mean(drawn[:, y, x].astype(float)[:, None, None] * near, axis=0)
    expected = seen.dirty_beam[0][128 - 24 : 128 + 25, 128 - 24 : 128 + 25]
    # the same 600 draws
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.06
    np.testing.assert_allclose(seen.beam_of_squared_weights(), seen.psf[0], atol=1e-5)


def test_arrays_and_pointings_go_together() -> None:
    both = replace(HEXAGON, more_executions=(Execution("ACA", total_time=700 * u.s),))
    seen = telescope_of(both)
    assert len(seen.fields) == 14
    assert seen.primary_beam.max() == pytest.approx(1.0)
    # 7 m dishes see farther, and add to the noise little
    assert seen.primary_beam[0, 0, 0] > telescope_of(HEXAGON).primary_beam[0, 0, 0]
    assert rms(both) < rms(HEXAGON)


def test_the_image_covers_the_mosaic() -> None:
    chosen = coverage(replace(HEXAGON, cell=None, size=None)).observation
    alone = coverage(replace(SINGLE, cell=None, size=None)).observation
    more = (chosen.size * chosen.cell - alone.size * alone.cell).to_value(u.arcsec)
    farthest = np.abs(coverage(HEXAGON).offsets_arcsec).max()
    # sizes have small prime factors
    assert more == pytest.approx(2 * farthest, abs=3.0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (lambda: Hexagonal(rings=-1), "rings = -1"),
        (lambda: Rectangular(columns=0), "0 columns"),
        (lambda: Hexagonal(spacing=3 * u.m), "spacing"),
        (lambda: Listed(()), "pairs of angles"),
        (lambda: coverage(replace(SINGLE, mosaic=Hexagonal(rings=5))), "91 pointings"),
    ],
)
def test_what_makes_no_mosaic_is_refused(bad, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DeepFocusError, match=says):
        bad()
