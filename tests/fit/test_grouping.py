"""Components as sources: blobs, discs, lines at one place; and what many of them cost."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from deepfocus.fit.grouping import CHANNEL_SIGMA, grouped

BEAM = 2.5
SHAPE = (96, 256, 256)


def component(
    x: float = 100.0,
    y: float = 120.0,
    channel: float = 40.0,
    *,
    variance: float = 0.0,
    sigma: float = 4.0,
    flux: float = 1.0,
    motion: tuple[float, float] = (0.0, 0.0),
) -> list[float]:
    return [x, y, variance, variance, 0.0, channel, sigma, flux, 0.0, *motion, 0.0]


def sources(*components: list[float], **settings: float) -> list[int]:
    found = grouped(np.array(components), beam_sigma_px=BEAM, shape=SHAPE, **settings)
    return found.source.tolist()


def saddle_of_equal_points(distance_px: float) -> float:
    """Brightness half-way over that at either peak, which the other's wing raises."""
    half, whole = (np.exp(-((d / BEAM) ** 2) / 2) for d in (distance_px / 2, distance_px))
    return float(2 * half / (1 + whole))


@pytest.mark.parametrize("beams", [3.0, 3.5, 4.0])
def test_two_points_join_by_the_saddle_between_them(beams: float) -> None:
    distance = beams * BEAM
    pair = np.array([component(), component(x=100.0 + distance)])
    found = grouped(pair, beam_sigma_px=BEAM, shape=SHAPE)
    saddle = saddle_of_equal_points(distance)
    # a grid of 0.8 beam sigma misses a peak by up to exp(-0.4^2 3 / 2), 20%
    assert found.saddle_ratio == pytest.approx([saddle], rel=0.2)
    assert found.links.tolist() in ([[0, 1]], [[1, 0]])
    assert len(set(found.source)) == (1 if found.saddle_ratio[0] >= 0.4 else 2)
    if beams in (3.0, 4.0):  # saddles of 0.64 and 0.27: far from 0.4
        assert len(set(found.source)) == (1 if beams == 3.0 else 2)


def test_the_fraction_is_a_parameter() -> None:
    pair = component(), component(x=100.0 + 3.5 * BEAM)
    assert sources(*pair, least_saddle=0.3) == [0, 0]
    assert sources(*pair, least_saddle=0.6) != [0, 0]


def test_two_lines_at_one_place() -> None:
    """Lines 4.5 sigma apart are two sources, 3 sigma apart are one."""
    sigma = 5.0
    smoothed = float(np.hypot(sigma, CHANNEL_SIGMA))
    apart = component(sigma=sigma), component(channel=40.0 + 4.5 * smoothed, sigma=sigma)
    together = component(sigma=sigma), component(channel=40.0 + 3.0 * smoothed, sigma=sigma)
    assert sorted(sources(*apart)) == [0, 1]
    assert sources(*together) == [0, 0]


def disc(contrast: float) -> np.ndarray:
    """Components along a rotating disc: an S in (x, channel), fainter outwards by `contrast`.

    Each is a stretch of the disc with a spread of 4 px, the slope of the rotation curve there, and
    a dispersion of 2 channels, which give it the covariance of position and channel.
    """
    rows = []
    for r in np.linspace(-1, 1, 9):
        slope = 24 * 3 / np.cosh(3 * r) ** 2 / 32
        line = (slope * 4.0) ** 2 + 2.0**2
        motion = slope * 4.0**2 / line
        row = component(
            x=128 + 32 * r,
            channel=48 + 24 * np.tanh(3 * r),
            sigma=np.sqrt(line),
            flux=contrast ** -abs(r),
            motion=(motion, 0.0),
        )
        row[2] = 4.0**2 - motion**2 * line
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("contrast", [3.0, 1e2, 1e4])
def test_a_rotating_disc_is_one_source(contrast: float) -> None:
    found = grouped(disc(contrast), beam_sigma_px=BEAM, shape=SHAPE)
    assert set(found.source) == {0}


def test_a_gradient_carries_a_line_to_its_neighbour() -> None:
    """Two lines side by side that touch only because each moves on the sky along its channels."""
    motion = (1.5, 0.0)
    ends = [
        component(x=100.0 + s * 9.0, channel=40.0 + s * 6.0, sigma=4.0, motion=motion)
        for s in (-1, 1)
    ]
    still = [[*each[:9], 0.0, 0.0, 0.0] for each in ends]
    assert sources(*ends) == [0, 0]
    assert sorted(sources(*still)) == [0, 1]


def test_a_faint_wing_ties_no_two_sources() -> None:
    """A component on the flank has no peak of its own: it joins one source, not both."""
    pair = [component(), component(x=100.0 + 4.5 * BEAM)]
    wing = component(x=100.0 + 2.0 * BEAM, flux=0.02)
    found = sources(*pair, wing)
    assert found[0] != found[1]
    assert found[2] in found[:2]


def test_a_faint_component_on_a_bright_flank_belongs_to_it() -> None:
    """At 1e-3 of the peak and 3 sigma away it is below the flank."""
    assert sources(component(), component(x=100.0 + 3.0 * BEAM, flux=1e-3)) == [0, 0]
    assert sources(component(), component(x=100.0 + 8.0 * BEAM, flux=1e-3)) == [0, 1]


def test_the_brightest_source_comes_first() -> None:
    found = sources(component(), component(x=200.0, flux=5.0), component(y=20.0, flux=-2.0))
    assert found == [2, 0, 1]


def test_centres_beyond_the_cube_and_lines_without_flux() -> None:
    outside = component(x=-3.0), component(x=-3.0, y=123.0), component(channel=400.0)
    assert sources(*outside, component(flux=0.0)) == [0, 0, 1, 2]
    assert grouped(np.zeros((0, 12)), beam_sigma_px=BEAM, shape=SHAPE).source.shape == (0,)


def field(n: int, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int, int]]:
    """n components, in pairs 3 beam sigma apart, at the same density whatever n is."""
    side = round(360 * np.sqrt(n / 1000))
    x, y = rng.uniform(0, side, (2, n // 2))
    channel = rng.uniform(0, 128, n // 2)
    first = [component(*at, sigma=3.0) for at in zip(x, y, channel, strict=True)]
    second = [component(*at, sigma=3.0) for at in zip(x + 3.0 * BEAM, y, channel, strict=True)]
    return np.array([*first, *second]), (128, side, side)


def test_many_components_cost_in_proportion() -> None:
    """1000 over a cube of 128x360x360: its 66 MB are never made, and twice as many take twice."""
    rng = np.random.default_rng(5)
    spent = {}
    for n in (500, 1000):
        components, shape = field(n, rng)
        start = time.process_time()
        found = grouped(components, beam_sigma_px=BEAM, shape=shape)
        spent[n] = time.process_time() - start
        assert np.array_equal(found.source[: n // 2], found.source[n // 2 :])
    assert spent[1000] < 4 * spent[500] + 0.2
    tracemalloc.start()
    grouped(components, beam_sigma_px=BEAM, shape=shape)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
