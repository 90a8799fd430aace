"""The script that puts SoFiA-2's settings right: its rungs, what it counts, and that it resumes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sofia_settings
from sofia_settings import (
    JUDGED,
    PAPER,
    POSITIVE,
    STEPS,
    Rung,
    as_in_table_4,
    kinds_of_false,
    ladder,
    masks_over,
    pieces_of,
)

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.source import Ellipse
from deepfocus.finders.sofia.finder import Sofia
from deepfocus.finders.sofia.parameters import parameter_text
from deepfocus.finders.sofia.region import CentralSquare
from deepfocus.simulation.sets import paper_settings

SHAPE = (128, 360, 360)
BEAM = Ellipse(x=0.0, y=0.0, fwhm_x_px=8.5, fwhm_y_px=8.0, pa=20.0)


def parameters(rung: Rung) -> dict[str, object]:
    return rung.finder.parameters(SHAPE, BEAM)


def boxes(*rows: tuple[float, float, float], half_px: float = 5.0) -> Catalogue:
    """Sources at x = y and at a channel, with square boxes and lines of 6 channels."""
    x, channel, width = (np.array([row[i] for row in rows]) for i in range(3))
    edges = {f"box_{axis}{i}": x + s * half_px for axis in "xy" for i, s in enumerate((-1, 1))}
    return catalogue(
        x=x,
        y=x,
        channel=channel,
        line_fwhm_chan=width,
        channel_lo=channel - width,
        channel_hi=channel + width,
        **edges,
    )


def test_the_first_rung_is_what_the_paper_says() -> None:
    first = parameters(ladder()[0])
    assert PAPER.items() <= first.items()
    assert first["reliability.minSNR"] == 2.0
    assert ladder()[0].finder.region == CentralSquare(256)


def test_each_step_alone_changes_its_own_parameters_only() -> None:
    first, right = parameters(Rung("paper")), Sofia().parameters(SHAPE, BEAM)
    for step, names in STEPS.items():
        alone = parameters(Rung("alone", (step,)))
        changed = {name for name in first.keys() | alone if first.get(name) != alone.get(name)}
        if step == JUDGED:
            assert {name.partition(".")[0] for name in changed} == {"reliability", "linker"}
            continue
        # a step may find the paper's value already right
        assert changed <= set(names), step
        assert {name: alone[name] for name in names} == {name: right[name] for name in names}


def test_with_all_steps_it_is_the_finder_itself_but_for_the_judge() -> None:
    finder = Rung("all", tuple(STEPS)).finder
    assert finder.region == CentralSquare()
    pair = finder, Sofia(judge=POSITIVE)
    asked, own = (parameter_text(each.parameters(SHAPE, BEAM)) for each in pair)
    assert set(asked.splitlines()) == set(own.splitlines())


def test_rungs_have_folders_of_their_own() -> None:
    labels = [rung.label for rung in ladder()]
    assert len(set(labels)) == len(labels)
    settings = [(rung.finder, rung.cleaned) for rung in ladder()]
    assert len(set(settings)) == len(settings)


def test_a_mask_may_hold_two_sources_and_a_source_two_pieces() -> None:
    truth = boxes((50, 30, 6), (54, 34, 6), (100, 30, 6)).with_meta(beam_px=8.0)
    # a mask over the first two; two pieces of the third; one far from all; one at another channel
    wide = boxes((52, 32, 6))
    pieces = boxes((98, 30, 3), (103, 32, 3), (150, 30, 6), (50, 90, 3))
    np.testing.assert_array_equal(masks_over(wide, truth), [[True, True, False]])
    # within the FWHM of a point source, the beam of 8 px
    np.testing.assert_array_equal(pieces_of(pieces, truth), [2, 2, -1, -1])
    assert len(pieces_of(catalogue(), truth)) == 0
    np.testing.assert_array_equal(pieces_of(wide, catalogue()), [-1])


def test_a_false_one_is_off_the_line_or_a_sidelobe_or_noise() -> None:
    truth = boxes((50, 30, 6)).with_meta(beam_px=8.0)
    found = boxes((52, 90, 6), (150, 33, 6), (140, 27, 6), (150, 90, 6))
    assert kinds_of_false(found, truth) == (1, 2, 1)
    assert kinds_of_false(catalogue(), truth) == (0, 0, 0)
    assert kinds_of_false(found, catalogue()) == (0, 0, 4)


def test_false_ones_add_up_as_in_table_4() -> None:
    truth = boxes((50, 30, 6), (100, 30, 6))
    found = boxes((50, 90, 3), (150, 30, 6))
    # the first matches in the image, whatever its channel; the second matches nothing
    counts = as_in_table_4(found, truth)
    assert (counts.tp, counts.fp, counts.fn) == (1, 1, 1)
    large = as_in_table_4(boxes((50, 30, 6), half_px=10.0), truth)
    assert large.tp == 0
    assert as_in_table_4(boxes((50, 30, 6), half_px=10.0), truth, min_iou=0.0).tp == 1


@pytest.mark.skipif(shutil.which("sofia") is None, reason="needs the program sofia on the PATH")
def test_a_rung_is_run_once_and_read_again(tmp_path: Path) -> None:
    paper = paper_settings()
    small = replace(
        paper,
        observation=replace(paper.observation, size=160, channels=32),
        population=replace(paper.population, offset_px=(-30.0, 30.0), line_channel=(8.0, 24.0)),
    )
    rungs = Rung("all", tuple(STEPS)), Rung("cleaned", tuple(STEPS), cleaned=True)
    first = sofia_settings.climb(rungs, small, cubes=1, folder=tmp_path)
    again = sofia_settings.climb(rungs, small, cubes=1, folder=tmp_path)
    assert first == again  # CPU seconds too, so the program did not run again
    lines = [json.loads(line) for line in (tmp_path / "rungs.jsonl").read_text().splitlines()]
    assert [line["rung"] for line in lines] == ["all", "cleaned"] * 2
    for total in first.values():
        assert total.one_to_one.n_true >= 3
        assert total.cpu_s > 0
        assert 0 < total.touched <= total.seen + total.pieces
