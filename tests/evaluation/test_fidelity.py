"""Fidelity of noise, of sources, and of artefacts that noise does not make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import Source
from deepfocus.evaluation.fidelity import counts_of, side_by_side, with_fidelity
from deepfocus.evaluation.fidelity_text import fidelity_text
from deepfocus.finders.deepfocus.both_signs import EXPECTED, BothSigns, both_signs
from deepfocus.finders.deepfocus.finder import ReadyDeepFocus
from deepfocus.finders.negative_peaks import Counts, fidelity_of, nearest_width
from deepfocus.forward.response import response_of
from deepfocus.simulation.inject import render

SIGMA = 1e-3


def cube_of(*sources: Source, seed: int = 3) -> Cube:
    """White noise seen with a beam of five pixels, and sources, some of them negative."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=96, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(48)
    )
    data = np.random.default_rng(seed).normal(0, SIGMA, grid.shape).astype(np.float32)
    cube = Cube(data=data, grid=grid, beam=Beam(0.5, 0.5, 0.0))
    return cube.with_data(data + render(list(sources), response_of(cube)))


def point(x: float, y: float, channel: float, snr: float) -> Source:
    """As bright as that in a filter like it: four channels, and a beam of white noise."""
    # the root of the sum of squares of the beam (25 px FWHM^2) and of the line
    gain = np.sqrt(np.pi / (8 * np.log(2)) * 25) * np.sqrt(4 * 1.0645 / np.sqrt(2))
    return Source(x, y, 0.0, 0.0, 0.0, channel, 4.0, snr * SIGMA / float(gain))


@pytest.fixture(scope="module")
def noise_alone() -> BothSigns:
    return both_signs(cube_of(), ReadyDeepFocus())


def test_noise_makes_as_many_of_both_signs_and_as_theory_has_it(noise_alone: BothSigns) -> None:
    # 100 expected on each side, so 10 of scatter
    assert abs(len(noise_alone.up) - EXPECTED) < 40
    assert abs(len(noise_alone.down) - EXPECTED) < 40
    fit = fidelity_of(counts_of(noise_alone))
    # maxima of a field fall a little slower than its values
    assert 0.9 < fit.sigma < 1.35
    assert 0.0 < fit.sigma_err < 0.2
    assert side_by_side(noise_alone, fit).disagreement is None
    # what is as high as noise's highest peaks is not to be believed, and twice that is
    share, error = fit.of(np.array([noise_alone.threshold, 9.0]), np.array([1, 1]))
    assert share[0] < 0.6
    assert share[1] > 0.99
    assert (error <= 1).all()


def test_a_source_is_believed_where_nothing_is_below_zero() -> None:
    found = both_signs(cube_of(point(48, 48, 24, 15.0)), ReadyDeepFocus())
    fit = fidelity_of(counts_of(found))
    sources = with_fidelity(found, fit).accepted
    assert len(sources) == 1
    assert sources["fidelity"][0] > 0.99
    text = fidelity_text(with_fidelity(found, fit), fit, side_by_side(found, fit))
    assert "false-alarm probabilities hold" in text
    assert "both agree" in text


def test_artefacts_below_zero_take_belief_from_a_source_as_high() -> None:
    holes = [
        replace(each, line_jy=-each.line_jy)
        for each in (point(20, 20, 10, 12.0), point(70, 30, 30, 13.0), point(30, 75, 38, 14.0))
    ]
    found = both_signs(cube_of(point(60, 60, 20, 12.0), *holes), ReadyDeepFocus())
    fit = fidelity_of(counts_of(found))
    counts = side_by_side(found, fit)
    sources = with_fidelity(found, fit).accepted
    assert len(sources) == 1
    assert sources["probability"][0] > 0.999
    assert sources["fidelity"][0] < 0.5
    assert counts.disagreement is not None
    text = fidelity_text(with_fidelity(found, fit), fit, counts)
    assert "Believe the fidelity" in text
    assert "is below 0.9, though noise alone" in text


def test_with_no_negative_peak_the_error_says_how_few_were_counted() -> None:
    none = np.empty(0)
    counts = Counts(np.array([4.0, 9.0]), np.array([0, 0]), none, none.astype(int), 4.0, (1.0, 2.0))
    share, error = fidelity_of(counts).of(np.array([4.0, 9.0]), np.array([0, 0]))
    assert share.tolist() == [1.0, 1.0]
    # one more might be there, beside two
    assert abs(error[0] - 0.5) < 1e-9
    assert error[1] < 1e-6


@given(st.lists(st.floats(0.01, 1e4) | st.just(float("nan")), max_size=20))
def test_each_width_is_a_filter(widths: list[float]) -> None:
    filters = (1.0, 2.0, 4.0, 8.0)
    for width, nearest in zip(widths, nearest_width(widths, filters), strict=True):
        if 1 <= width <= 8:
            assert 2**-0.51 < filters[nearest] / width < 2**0.51
