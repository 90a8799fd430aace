"""Errors in units of the bound, and completeness by ideal SNR, on catalogues made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from source_samples import sources

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.limits import in_bounds
from deepfocus.evaluation.score import score

N = 400


def pairs(spread: float) -> tuple[Catalogue, Catalogue]:
    """True sources, and the same measured with `spread` times the best possible errors."""
    rng = np.random.default_rng(2)
    at = np.linspace(0, 20_000, N), np.zeros(N), np.full(N, 50.0)
    bound = rng.uniform(0.05, 0.3, N)
    truth = sources(*at, ideal_snr=np.full(N, 9.0), x_err=bound, pa=np.full(N, 1.0), pa_err=bound)
    error = spread * bound * rng.standard_normal(N)
    # an angle of 179 is 2 from one of 1
    found = sources(at[0] + error, *at[1:], pa=(1.0 + error) % 180)
    return truth, found


def test_the_best_errors_have_a_spread_of_one() -> None:
    for spread in (1.0, 3.0):
        result = {each.name: each for each in in_bounds(*pairs(spread))}
        for name in ("x", "pa"):
            assert result[name].n == N
            # 400 pairs: the spread is known to 6%
            assert result[name].mad_std == pytest.approx(spread, rel=0.15)
        assert result["y"].n == 0
        assert np.isnan(result["y"].mad_std)


def test_an_angle_that_means_nothing_is_left_out() -> None:
    truth, found = pairs(1.0)
    vague = truth.with_columns(pa_err=np.where(np.arange(N) < 100, 40.0, truth["pa_err"]))
    assert {each.name: each.n for each in in_bounds(vague, found)}["pa"] == N - 100


def test_a_score_shows_the_limits_if_the_truth_has_them() -> None:
    truth, found = pairs(1.0)
    result = score(found, truth)
    assert [b.counts for b in result.by_ideal_snr if b.counts.n_true] == [Counts(tp=N)]
    text = result.table()
    assert "### Errors in units of the Cramer-Rao bound" in text
    assert "8 to 10" in text
    plain = truth.with_columns(ideal_snr=np.nan, x_err=np.nan, pa_err=np.nan)
    assert "Cramer-Rao" not in score(found, plain).table()
    assert result.as_dict()["in_bounds"][0]["n"] == N
