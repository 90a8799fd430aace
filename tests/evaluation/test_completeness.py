"""Completeness from injected sources whose true completeness is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from deepfocus.core.catalogue import catalogue
from deepfocus.evaluation.completeness import (
    QUANTITIES,
    binned,
    curve_of,
    flux_pulls,
    recovered,
    tables_of,
    with_completeness,
)
from deepfocus.evaluation.completeness_text import completeness_text
from deepfocus.evaluation.trials import Trials

BEAM_ARCSEC = 1.0
HALF, STEEP, MOST = 6.0, 5.0, 0.93


def true_share(snr: np.ndarray) -> np.ndarray:
    """0.5 MOST at HALF."""
    share: np.ndarray = MOST * expit(STEEP * np.log(snr / HALF))
    return share


def trials_like(n: int, rng: np.random.Generator, *, error: float = 0.1) -> Trials:
    """n sources whose fluxes are measured with that relative error, 10% too bright."""
    snr = np.exp(rng.uniform(np.log(2), np.log(40), n))
    found = rng.random(n) < true_share(snr)
    flux = snr / 10
    truth = catalogue(
        x=np.zeros(n),
        line_flux=flux,
        line_fwhm=rng.uniform(50, 200, n),
        line_fwhm_chan=rng.uniform(3, 10, n),
        fwhm_x=rng.uniform(0, 2, n),
        fwhm_y=rng.uniform(0, 2, n),
    )
    measured = catalogue(
        line_flux=np.where(found, flux * (1.1 + error * rng.standard_normal(n)), np.nan),
        line_flux_err=np.where(found, flux * error, np.nan),
    )
    radius = rng.uniform(0, 10, n)
    return Trials(truth, found, measured, found, snr, radius, catalogue())


def test_the_curve_is_the_true_one(rng: np.random.Generator) -> None:
    trials = trials_like(1500, rng)
    curve = curve_of(trials, beam_arcsec=BEAM_ARCSEC)
    snr = np.array([3.0, 6.0, 10.0, 30.0])
    # 1500 sources: some 60 an e-fold's tenth, so 0.03 in the steep part, and twice that
    assert np.allclose(curve.at_snr(snr), true_share(snr), atol=0.07)
    like = catalogue(fwhm_x=[1.0], fwhm_y=[1.0], line_fwhm_chan=[6.0])
    out = with_completeness(like, np.array([HALF]), curve, beam_arcsec=BEAM_ARCSEC)
    error = out["completeness_err"][0]
    assert 0.01 < error < 0.06
    assert abs(out["completeness"][0] - MOST / 2) < 4 * error


def test_beyond_what_was_injected_nothing_is_made_up(rng: np.random.Generator) -> None:
    curve = curve_of(trials_like(300, rng), beam_arcsec=BEAM_ARCSEC)
    like = catalogue(
        fwhm_x=[1.0, 20.0, 1.0, np.nan, 1.0],
        fwhm_y=[1.0, 20.0, 1.0, np.nan, 1.0],
        line_fwhm_chan=[5.0, 5.0, 100.0, 5.0, np.nan],
    )
    snr = np.array([500.0, 10.0, 10.0, 30.0, 30.0])
    share = with_completeness(like, snr, curve, beam_arcsec=BEAM_ARCSEC)["completeness"]
    # as bright as that is as the brightest; a source of unknown size counts as a point
    assert abs(share[0] - MOST) < 0.1
    assert np.isfinite(share).tolist() == [True, False, False, True, False]


@pytest.mark.parametrize("all_found", [True, False])
def test_all_or_nothing_found_is_no_trouble(rng: np.random.Generator, all_found: bool) -> None:
    some = trials_like(60, rng)
    found = np.full(60, all_found)
    trials = Trials(
        some.truth, found, some.measured, found, some.line_snr, some.radius_beams, some.as_it_is
    )
    curve = curve_of(trials, beam_arcsec=BEAM_ARCSEC)
    share = curve.at_snr(np.array([10.0]))[0]
    assert share > 0.9 if all_found else share < 0.1
    assert completeness_text(trials, curve)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 300), seed=st.integers(0, 2**31))
def test_every_source_is_in_one_bin(n: int, seed: int) -> None:
    trials = trials_like(n, np.random.default_rng(seed))
    for quantity in QUANTITIES:
        bins = binned(trials, quantity)
        assert sum(each.counts.n_true for each in bins) == n
        assert sum(each.counts.tp for each in bins) == trials.found.sum()
        for each in bins:
            low, high = each.counts.recall_interval()
            assert low <= each.counts.recall <= high


def test_fluxes_that_are_too_bright_and_their_errors(rng: np.random.Generator) -> None:
    trials = trials_like(2000, rng)
    for each in recovered(trials):
        # 0.1 of scatter over the root of a hundred and more
        assert abs(each.median - 1.1) < 0.05
        assert each.low_share < each.median < each.high_share
    pulls = flux_pulls(trials)
    assert pulls.n == trials.found.sum()
    # off by one error, 48% of Gaussian values lie within one of the truth
    assert abs(pulls.coverage - 0.477) < 0.05
    shares, fluxes = tables_of(trials)
    assert set(shares["by"]) == set(QUANTITIES)
    assert fluxes["found"].sum() <= pulls.n


def test_with_too_few_there_is_no_recovery_and_tables_are_empty(rng: np.random.Generator) -> None:
    _, fluxes = tables_of(trials_like(3, rng))
    assert len(fluxes) == 0
