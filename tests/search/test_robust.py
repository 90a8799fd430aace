"""Noise of values that hold emission."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.search.robust import negative_rms, shrunk


@given(st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_noise_is_its_standard_deviation_whatever_the_scale(scale: float, seed: int) -> None:
    values = scale * np.random.default_rng(seed).standard_normal(20_000)
    # half of the values: an error of 1 / sqrt(20,000) = 0.7%, six of them
    assert negative_rms(values) == pytest.approx(scale, rel=0.043)


def test_emission_does_not_count() -> None:
    values = np.random.default_rng(1).standard_normal(20_000)
    values[:2_000] += 30.0
    assert negative_rms(values) == pytest.approx(1.0, rel=0.04)


def test_few_values_say_nothing() -> None:
    assert np.isnan(negative_rms(np.array([1.0, -1.0, np.nan])))
    assert np.isnan(negative_rms(np.array([])))


def test_scatter_that_the_error_explains_is_taken_away_and_outliers_stay() -> None:
    levels = np.exp(0.02 * np.random.default_rng(0).standard_normal(200))
    levels[7] = 3.0
    drawn = shrunk(levels, 0.02)
    rest = np.delete(drawn, 7)
    assert np.std(np.log(rest)) < 0.02  # one far outlier keeps a part of the others' scatter
    assert drawn[7] == pytest.approx(3.0)


def test_unknown_levels_become_the_mean() -> None:
    assert shrunk(np.array([2.0, 2.0, np.nan, 2.0]), 0.1) == pytest.approx(2.0)
