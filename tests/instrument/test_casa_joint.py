"""CASA's mosaic gridder: 12 m and 7 m data together, and three pointings.

Its numbers, a hundred pixels of each image, were made by tests/casa/make_joint_reference.py.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u

from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Listed
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.weighting import beam_image

SIZE = 240
LARGE = Observation(
    configuration="C-1",
    channels=1,
    total_time=1200 * u.s,
    integration=60 * u.s,
    cell=0.3 * u.arcsec,
    size=SIZE,
)
WEIGHT_OF_7_M = 0.13


@cache
def casa() -> dict[str, np.ndarray]:
    with np.load(Path(__file__).with_name("casa_joint.npz")) as numbers:
        return dict(numbers)


def both() -> Observation:
    """12 m and 7 m; the system temperature makes the weights those in CASA's data."""
    seven = Execution("ACA", total_time=3600 * u.s)
    ours = coverage(replace(LARGE, more_executions=(seven,))).visibility_weights
    assert ours is not None
    ratio = float(np.sqrt(ours.min() / WEIGHT_OF_7_M))
    return replace(LARGE, more_executions=(replace(seven, tsys_ratio=ratio),))


THREE = replace(
    LARGE,
    total_time=1800 * u.s,
    mosaic=Listed(tuple((east * u.arcsec, 0 * u.arcsec) for east in (-9.0, 0.0, 9.0))),
)
CASES = {
    "arrays": both,
    "arrays_briggs": lambda: replace(both(), robust=0.5),
    "mosaic": lambda: THREE,
}


def at() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels that were kept, as in make_parity_reference.py."""
    rng = np.random.default_rng(1)
    radius, angle = rng.uniform(0, 0.355, 100) * SIZE, rng.uniform(0, 2 * np.pi, 100)
    y, x = np.rint([radius * np.sin(angle), radius * np.cos(angle)]).astype(int)
    return SIZE // 2 + y, SIZE // 2 + x


def sky() -> np.ndarray:
    """(y, x) the six Gaussians of make_parity_reference.py, Jy/pixel."""
    rng = np.random.default_rng(2)
    low = np.array([0.3, 0.3, 2, 2, 0, 0]) * [SIZE, SIZE, 1, 1, 1, 1]
    high = np.array([0.7, 0.7, 7, 5, np.pi, 1]) * [SIZE, SIZE, 1, 1, 1, 1]
    y, x = np.mgrid[:SIZE, :SIZE]
    out = np.zeros((SIZE, SIZE))
    for cy, cx, a, b, angle, _ in rng.uniform(low, high, (6, 6)):
        dx, dy = x - cx, y - cy
        along = (dx * np.cos(angle) - dy * np.sin(angle)) / a
        across = (dx * np.sin(angle) + dy * np.cos(angle)) / b
        out += 1e-3 * np.exp(-0.5 * (along**2 + across**2))
    return out


@pytest.mark.parametrize("case", CASES)
def test_the_response_is_casas_but_for_its_ripple(case: str) -> None:
    """CASA's gridder holds the primary beam without the ripple, 2 arcsec wide, of its own formula.

    The ripple is up to 1% of a single pointing, and less where pointings average.
    """
    ours = telescope_of(CASES[case]()).primary_beam[0][at()]
    theirs = casa()[f"{case}_pb"]
    assert np.nanmax(np.abs(ours - theirs)) < (0.006 if case == "mosaic" else 0.011)


@pytest.mark.parametrize("case", CASES)
def test_the_dirty_image_is_casas_but_for_that(case: str) -> None:
    dirty = telescope_of(CASES[case]()).dirty_components(sky()[None])[0, 0]
    seen = casa()[f"{case}_pb"] > 0.2
    off = np.abs(dirty[at()] - casa()[f"{case}_dirty"])[seen] / dirty.max()
    assert off.max() < (0.004 if case == "mosaic" else 0.008)


@pytest.mark.parametrize("case", CASES)
def test_casas_beam_is_the_fields_beams_through_their_responses(case: str) -> None:
    """CASA's .psf is sum_f s_f A_f B_f: that of an unattenuated point, falling off with A."""
    made = telescope_of(CASES[case]())
    weights = made.weights(made.node_hz[0])
    total = np.zeros((SIZE, SIZE))
    for field in made.fields:
        own = weights[field.rows]
        beam = beam_image(field.uv_cycles[0], own, 2 * SIZE)
        middle = slice(SIZE - SIZE // 2, SIZE + SIZE // 2)
        total += own.sum() * field.primary_beam[0] * beam[middle, middle]
    expected = (total / total.max())[at()]
    np.testing.assert_allclose(casa()[f"{case}_psf"], expected, atol=1.5e-3)
