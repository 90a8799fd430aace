"""Notes on the stated beam: a wrong one is named, with its scale; right ones never are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from bright_source import BRIGHT_SOURCE, SEED

from deepfocus.core.cube import Cube
from deepfocus.finders.deepfocus.around_bright import Ring
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.stated_beam import OF_ERRORS, OF_SCALE, Asked, asked_of, together
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import set_from


def cube_of(**changes: Any) -> Cube:
    return simulate(set_from({**BRIGHT_SOURCE, **changes}, source="a test"), SEED).cube


def said_of(cube: Cube) -> list[str]:
    notes = DeepFocus().ready().find(cube).notes
    return [note for note in notes if note.startswith((OF_SCALE, OF_ERRORS))]


@pytest.mark.parametrize(("factor", "direction"), [(1.1, "narrower"), (1 / 1.05, "wider")])
def test_a_beam_stated_too_wide_or_too_narrow_is_named(factor: float, direction: str) -> None:
    (note,) = said_of(cube_of(faults={"stated": {"kind": "scaled", "factor": factor}}))
    numbers = re.match(rf"{OF_SCALE} ([\d.]+)% {direction} \(± ([\d.]+)%\)", note)
    assert numbers is not None
    percent, error = map(float, numbers.groups())
    true = 100 * abs(1 / factor - 1)
    # four errors, and the rounding of what is said
    assert abs(percent - true) < 4 * error + 0.1


def test_the_right_beam_is_not_named() -> None:
    assert not said_of(cube_of())


def test_gain_errors_of_a_bright_source_are_named() -> None:
    bright = {**BRIGHT_SOURCE["population"], "ideal_snr": [2000.0, 2000.0]}
    gains = {"phase_rms": "30 deg", "amplitude_rms": 0.1}
    (note,) = said_of(cube_of(population=bright, faults={"gains": gains}))
    assert note.startswith((OF_ERRORS, OF_SCALE))


def test_a_cleaned_cube_says_nothing_of_its_sidelobes() -> None:
    stated = {"stated": {"kind": "scaled", "factor": 1.1}}
    assert not said_of(cube_of(imaging={"kind": "cleaned", "threshold_snr": 2.0}, faults=stated))


def ring(rng: np.random.Generator, *, scale: float, noise: float) -> Ring:
    """White noise, and a beam that is a Bessel-like wave, `scale` times as wide as stated."""
    from scipy.ndimage import spline_filter

    dy, dx = (np.ravel(each) for each in np.mgrid[-30:31:3, -30:31:3].astype(float))
    at = np.hypot(*np.mgrid[-45:46, -45:46])
    beam = spline_filter(np.sinc(at / 6.0))
    apart = np.hypot(dy, dx) > 9
    dy, dx = dy[apart], dx[apart]
    empty = Ring(dy, dx, np.zeros(len(dy)), np.zeros((len(dy), 0)), np.eye(len(dy)), beam)
    left = empty.beam_at(scale) - empty.beam_at() + noise * rng.standard_normal(len(dy))
    return Ring(dy, dx, left, empty.shape, noise**2 * np.eye(len(dy)), beam)


def test_the_scale_of_a_ring_is_found_within_its_error(rng: np.random.Generator) -> None:
    pulls = []
    for _ in range(40):
        asked = asked_of(ring(rng, scale=1.03, noise=0.01))
        pulls.append((asked.scale - 1.03) / asked.error)
    # mean and scatter of 40 normal values, to four standard deviations
    assert abs(np.mean(pulls)) < 4 / np.sqrt(40)
    assert abs(np.std(pulls) - 1) < 4 / np.sqrt(80)


def test_what_noise_leaves_is_no_excess(rng: np.random.Generator) -> None:
    asked = [asked_of(ring(rng, scale=1.0, noise=0.01)) for _ in range(10)]
    assert abs(np.mean([each.sure for each in asked])) < 4 / np.sqrt(10)
    assert asked_of(ring(rng, scale=1.2, noise=0.01)).sure > 10


def test_sources_that_do_not_agree_have_a_larger_error() -> None:
    def says(scale: float) -> Asked:
        return Asked(scale, error=0.01, excess=1.0, sure=0.0, of_scaled=1.0, rms=0.01)

    assert together([says(1.05), says(1.05)]) == pytest.approx((1.05, 0.01 / np.sqrt(2)))
    # chi^2 of one degree of freedom is 2 * (0.05 / 0.01)^2 = 50
    assert together([says(1.0), says(1.1)]) == pytest.approx((1.05, 0.01 * np.sqrt(50 / 2)))
