"""Sources injected into a cube of one's own: which count as found, and what is kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from source_samples import sources

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.evaluation.campaign import Campaign, Cost, Found, run_campaign
from deepfocus.evaluation.trials import (
    AS_IT_IS,
    Trials,
    at_a_time,
    line_snr_of,
    read_trials,
    trials_of,
)
from deepfocus.finders.matched_filter.finder import MatchedFilter
from deepfocus.forward.response import response_of
from deepfocus.simulation.drawn_sources import line_filter_gain
from deepfocus.simulation.injection import Injection

SIGMA = 1e-3


def noise_cube(seed: int = 1) -> Cube:
    """White noise seen with a beam of five pixels."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=72, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(40)
    )
    data = np.random.default_rng(seed).normal(0, SIGMA, grid.shape).astype(np.float32)
    return Cube(data=data, grid=grid, beam=Beam(0.5, 0.5, 0.0))


def judged(found: Catalogue, truth: Catalogue, before: Catalogue) -> Trials:
    """Trials of which only the one was made."""
    cost = Cost(0.0, 0.0, 0)
    records = {AS_IT_IS: Found(before, {}, cost), "1": Found(found, {}, cost)}
    campaign = Campaign({AS_IT_IS: catalogue(), "1": truth}, {"any": records})
    return read_trials(campaign, "any", noise_cube())


def test_what_was_there_before_does_not_count() -> None:
    truth = sources(30, 30, 20, line_flux=1.0, line_fwhm=50.0)
    there = sources(31, 30, 20, line_flux=5.0)
    assert not judged(there, truth, there).found[0]
    brighter = sources(31, 30, 20, line_flux=5.9)
    trials = judged(brighter, truth, there)
    assert trials.found[0]
    assert not trials.alone[0]
    assert trials.measured["line_flux"][0] == 5.9


def test_what_is_found_alone_is_measured_row_by_row() -> None:
    truth = sources([20, 50], [20, 50], [10, 30], line_flux=[1.0, 2.0], line_fwhm=[50.0] * 2)
    found = sources([50, 10], [50, 60], [30, 5], line_flux=[2.2, 9.0])
    trials = judged(found, truth, catalogue())
    assert trials.found.tolist() == [False, True]
    assert trials.alone.tolist() == [False, True]
    assert np.isnan(trials.measured["x"][0])
    assert trials.measured["line_flux"][1] == 2.2
    middle = (72 - 1) / 2
    assert np.allclose(trials.radius_beams, np.hypot(*(np.array([[20, 50]] * 2) - middle)) / 5)


def test_line_snr_is_what_was_asked_for() -> None:
    cube = noise_cube()
    response = response_of(cube)
    peak, width = 10 * SIGMA / float(line_filter_gain(5.0)), 65.0
    point = sources(30, 30, 20, width=5.0, line_flux=peak * width * GAUSSIAN_AREA, line_fwhm=width)
    assert np.allclose(line_snr_of(point, response, SIGMA), 10.0)
    # the beam shows a source of its own size at half of its peak
    as_wide = point.with_columns(fwhm_x_px=5.0, fwhm_y_px=5.0)
    assert np.allclose(line_snr_of(as_wide, response, SIGMA), 5.0)


def test_fewer_at_a_time_where_there_is_little_room() -> None:
    cube = noise_cube()
    assert at_a_time(cube, Injection(apart_beams=2.0), 10).number < 10
    small = at_a_time(cube, Injection(apart_beams=0.0, size_beams=(0.0, 0.0)), 10)
    assert small.number == 10


def test_bright_sources_are_found_and_faint_ones_are_not_and_trials_go_on(tmp_path: Path) -> None:
    injection = Injection(
        number=4, line_snr=(2.0, 40.0), size_beams=(0.0, 0.5), with_continuum=0.0, apart_beams=2.0
    )
    made = partial(
        trials_of, partial(noise_cube, 3), injection, seed=5, name="noise", made_with={"cube": 3}
    )
    finder = {"matched_filter": MatchedFilter()}
    first = run_campaign(made(sources=8), finder, folder=tmp_path)
    assert list(first.found["matched_filter"]) == [AS_IT_IS, "5-0", "5-1"]
    records = sorted(tmp_path.rglob("5-0.json"))
    before = [each.stat().st_mtime_ns for each in records]
    campaign = run_campaign(made(sources=40), finder, folder=tmp_path)
    assert [each.stat().st_mtime_ns for each in records] == before
    trials = read_trials(campaign, "matched_filter", noise_cube(3))
    assert len(trials) == 40
    assert len(trials.as_it_is.accepted) == 0
    assert trials.found[trials.line_snr > 15].all()
    assert not trials.found[trials.line_snr < 3].any()
    # a beam of five pixels: a source is found within half of it
    off = trials.measured["x"][trials.found] - trials.truth["x"][trials.found]
    assert np.abs(off).max() < 2.9


def test_runs_of_other_seeds_have_other_sources() -> None:
    """The second trial of one seed was the first of the next."""
    injection = Injection(number=2, line_snr=(9.0, 20.0), with_continuum=0.0)
    places = set()
    for seed in (5, 6, 7):
        scenes = trials_of(
            partial(noise_cube, 3), injection, sources=6, seed=seed, name="n", made_with={}
        )
        for key in scenes.keys[1:]:
            places |= set(scenes.make(key)[1]["x"].tolist())
    assert len(places) == 3 * 6
