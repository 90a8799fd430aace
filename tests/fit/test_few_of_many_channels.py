"""Waves over many channels from few of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import deepfocus.fit.moving as moving
from deepfocus.fit.equations import normal_equations, score_covariance
from deepfocus.fit.nodes import nodes_for
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, GX, GY, SIGMA, X, Y


@given(count=st.integers(24, 1500), turns=st.floats(0.0, 60.0), share=st.floats(-1.0, 1.0))
def test_waves_are_the_same_between_nodes(count: int, turns: float, share: float) -> None:
    few = nodes_for(count, turns)
    if few is None:
        return
    wave = np.exp(1j * turns * share * np.linspace(0, 1, count))
    # 1e-9, times what nodes that lie on channels may make of it
    assert np.abs(few.between @ wave[few.channels] - wave).max() < 3e-7
    assert len(few.channels) < count


def test_as_few_channels_are_asked_themselves() -> None:
    assert nodes_for(1, 0.0) is None
    assert nodes_for(20, 5.0) is None
    assert nodes_for(100, 400.0) is None


def test_equations_are_those_of_all_channels(case_named, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_named("thermal")
    problem = case.problem(case.noise(1))
    values = np.zeros((3, COUNT))
    values[:, [X, Y]] = [[70.0, 72.0], [76.0, 70.0], [73.0, 75.0]]
    values[:, [CXX, CYY, CHANNEL]] = 6.0, 4.0, 12.0
    values[:, SIGMA], values[:, FLUX] = 5.0, 20.0
    values[:2, GX], values[:2, GY] = [0.05, -0.08], [0.02, 0.04]
    asked: list[bool] = []

    def counted(count: int, turns: float):
        few = nodes_for(count, turns)
        asked.append(few is not None)
        return few

    monkeypatch.setattr(moving, "nodes_for", counted)
    found = normal_equations(problem, values), score_covariance(problem, values)
    assert any(asked)
    monkeypatch.setattr(moving, "nodes_for", lambda count, turns: None)
    direct = normal_equations(problem, values), score_covariance(problem, values)
    assert found[0].chi2 == pytest.approx(direct[0].chi2, rel=1e-8)
    for one, other in (
        (found[0].information, direct[0].information),
        (found[0].gradient, direct[0].gradient),
        (found[1], direct[1]),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-8 * np.abs(other).max())
