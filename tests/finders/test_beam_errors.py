"""What a wrong beam leaves around a bright source is told, and is no source."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from bright_source import BRIGHT_SOURCE, SEED

from deepfocus.core.cube import Cube
from deepfocus.core.flags import Flag
from deepfocus.evaluation.match import match
from deepfocus.finders.deepfocus.beam_errors import beam_error
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.look import Looked, look
from deepfocus.finders.deepfocus.sight import sight_of
from deepfocus.finders.finder import Detection
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import set_from


@cache
def made(factor: float | None = None) -> Simulated:
    """A cube of one bright source, whose beam is stated so many times as wide."""
    faults = {} if factor is None else {"faults": {"stated": {"kind": "scaled", "factor": factor}}}
    return simulate(set_from({**BRIGHT_SOURCE, **faults}, source="a test"), SEED)


def found_in(cube: Cube) -> Detection:
    return DeepFocus().ready().find(cube)


def looked_at(cube: Cube) -> Looked:
    return look(sight_of(cube), false_peaks=0.01)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_the_pattern_of_a_wrong_beam_is_rejected_and_shown(factor: float) -> None:
    """Without, there were five sources and more beside the true one, at either factor."""
    simulated = made(factor)
    found = found_in(simulated.cube)
    counts = match(found.catalogue, simulated.truth).counts
    assert (counts.tp, counts.fp) == (1, 0)
    rejected = found.catalogue.where(found.catalogue["flag"] != Flag.ACCEPTED)
    assert np.count_nonzero(rejected["flag"] & Flag.SIDELOBE) >= 5
    # all in the channels of the source that they belong to
    (line,) = simulated.truth["channel"]
    (width,) = simulated.truth["line_fwhm_chan"]
    assert np.all(np.abs(rejected["channel"] - line) < width)
    assert any("rejected as sidelobes" in note for note in found.notes)


def test_the_right_beam_leaves_nothing() -> None:
    assert looked_at(made().cube).beam_error == 0
    assert not any("rejected as sidelobes" in note for note in found_in(made().cube).notes)


def test_a_source_in_other_channels_is_no_part_of_the_pattern() -> None:
    """As bright as the pattern's peaks, but of a line elsewhere in the band: found nevertheless."""
    simulated = made(0.9)
    cube, truth = simulated.cube, simulated.truth
    (line,) = truth["channel"]
    moved = round((8 if line > 16 else 24) - line)
    # the same data in other channels, 12 times as faint, 40 pixels away
    other = np.roll(np.asarray(made().cube.data), (moved, 40), axis=(0, 2)) / 12
    both = replace(cube, data=np.asarray(cube.data) + other)
    found = found_in(both).catalogue.accepted
    assert len(found) == 2
    assert min(np.abs(found["channel"] - line - moved)) < 1


def test_an_earlier_error_holds_until_bright_sources_allow_less() -> None:
    cube = made().cube
    sight, looked = sight_of(cube), looked_at(cube)
    # one source of 200 would show 0.7 of the noise, 0.0035 of itself
    for before, now in ((0.003, 0.003), (0.01, 0.0)):
        error = beam_error(looked.explained, looked.noise, sight, before=before)
        assert error == pytest.approx(now)


def test_others_around_a_bright_source_are_no_error_of_its_beam() -> None:
    """Twelve in its own channels, a tenth as bright: their sidelobes go with them."""
    cube = made().cube
    data = np.asarray(cube.data)
    source = data - np.asarray(looked_at(cube).explained.residual[:])
    places = np.random.default_rng(7).integers(-45, 46, (12, 2)).tolist()
    others = sum(np.roll(source, place, axis=(1, 2)) / 10 for place in places)
    assert len(found_in(replace(cube, data=data + others)).catalogue.accepted) == 13
