"""Pulls and coverage of stated errors, on catalogues made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from source_samples import sources

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.pulls import Pulls, pulls_of
from deepfocus.evaluation.score import score

N = 900


def measured(spread: float, *, shift: float = 0.0) -> tuple[Catalogue, Catalogue]:
    """True sources, and the same measured with `spread` times the errors that are stated."""
    rng = np.random.default_rng(3)
    at = np.linspace(0, 50_000, N), np.zeros(N), np.full(N, 50.0)
    stated = rng.uniform(0.05, 0.3, N)
    truth = sources(
        *at, pa=np.full(N, 1.0), kinematic_pa=np.full(N, 1.0), line_shift_px=np.full(N, 5.0)
    )
    error = stated * (spread * rng.standard_normal(N) + shift)
    # an angle of 179 is 2 from one of 1, a direction of 359 too
    found = sources(
        at[0] + error, *at[1:], x_err=stated, pa=(1.0 + 9 * error) % 180, pa_err=9 * stated,
        kinematic_pa=(1.0 + 9 * error) % 360, kinematic_pa_err=9 * stated,
        line_shift_px=5.0 + error, line_shift_px_err=stated,
    )  # fmt: skip
    return truth, found


def by_name(truth: Catalogue, found: Catalogue) -> dict[str, Pulls]:
    return {each.name: each for each in pulls_of(truth, found)}


def test_honest_errors_have_pulls_of_one_and_cover_two_thirds() -> None:
    for name in ("x", "pa", "line shift", "kinematic pa"):
        pulls = by_name(*measured(1.0))[name]
        assert pulls.n == N
        # 900 pairs: the width is known to 4%, the coverage to 1.6%
        assert pulls.mad_std == pytest.approx(1.0, rel=0.12)
        assert pulls.coverage == pytest.approx(0.683, abs=0.05)
        low, high = pulls.coverage_interval
        assert low < 0.683 < high


def test_errors_that_are_too_small_and_biased_values_show() -> None:
    pulls = by_name(*measured(2.0, shift=1.0))["x"]
    assert pulls.mad_std == pytest.approx(2.0, rel=0.12)
    assert pulls.median == pytest.approx(1.0, abs=0.3)
    assert pulls.coverage < 0.45


def test_a_value_without_a_stated_error_has_no_pull() -> None:
    truth, found = measured(1.0)
    assert by_name(truth, found)["y"].n == 0
    some = found.with_columns(x_err=np.where(np.arange(N) < 100, np.nan, found["x_err"]))
    assert by_name(truth, some)["x"].n == N - 100


def test_a_score_shows_pulls_where_errors_are_stated() -> None:
    truth, found = measured(1.0)
    assert "### Stated errors" in score(found, truth).table()
    assert score(found, truth).as_dict()["pulls"][0]["n"] == N
    stated = ("x_err", "pa_err", "line_shift_px_err", "kinematic_pa_err")
    silent = found.with_columns(**dict.fromkeys(stated, np.nan))
    assert "### Stated errors" not in score(silent, truth).table()


def test_the_angle_of_a_round_source_means_nothing() -> None:
    truth, found = measured(1.0)
    unknown = np.arange(N) % 3 == 0
    bounded = truth.with_columns(pa_err=np.where(unknown, 80.0, 2.0))
    assert by_name(bounded, found)["pa"].n == N - np.count_nonzero(unknown)
    assert by_name(bounded, found)["x"].n == N
