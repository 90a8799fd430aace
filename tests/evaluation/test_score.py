"""Scores of one catalogue and of many pooled, and their tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
from source_samples import sources

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.score import pool, score
from deepfocus.evaluation.stages import count_stages, stage_table


def field() -> tuple[Catalogue, Catalogue]:
    """Two blended sources and a faint lone one; the faint one is missed, one find is false."""
    truth = sources(
        [10.0, 14.0, 60.0],
        [10.0, 10.0, 60.0],
        [30.0, 80.0, 50.0],
        snr_peak=[40.0, 15.0, 0.5],
        line_flux=[1.0, 2.0, 3.0],
    )
    found = sources(
        [10.5, 14.0, 90.0], [10.0, 10.0, 90.0], [30.0, 80.0, 50.0], line_flux=[1.1, 2.0, 1.0]
    )
    return found, truth


def test_score_of_a_field_made_by_hand() -> None:
    result = score(*field())
    assert result.one_to_one == Counts(tp=2, fp=1, fn=1)
    assert result.paper_rule == Counts(tp=2, fp=0, fn=1)
    assert result.mean_iou == pytest.approx((9.5 / 10.5 + 1) / 2)
    x = next(r for r in result.residuals if r.name == "x")
    assert (x.n, x.mean) == (2, -0.25)
    recall = {(b.low, b.high): b.counts for b in result.by_snr}
    assert recall[(20.0, 50.0)] == recall[(10.0, 20.0)] == Counts(tp=1)
    assert recall[(0.0, 1.0)] == Counts(fn=1)
    blended = [b.counts for b in result.by_blendness if b.counts.n_true]
    assert blended == [Counts(fn=1), Counts(tp=2)]


def test_cubes_are_matched_on_their_own() -> None:
    found, truth = field()
    # The same position in another cube is another source.
    result = pool([(found, truth), (catalogue(), truth), (found, catalogue())])
    assert result.cubes == 3
    assert result.one_to_one == Counts(tp=2, fp=1, fn=1) + Counts(fn=3) + Counts(fp=3)
    assert sum(b.counts.n_true for b in result.by_snr) == 6


def test_tables_show_our_numbers_and_the_papers() -> None:
    text = score(*field()).table()
    for expected in ("4202", "0.74", "-9.56 ± 20.08 mJy/beam", "0.667", "Jy km/s", "73 %"):
        assert expected in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_dictionary_is_strict_json() -> None:
    for result in (score(*field()), pool([]), score(catalogue(), catalogue())):
        text = json.dumps(result.as_dict(), allow_nan=False)
        assert json.loads(text)["one_to_one"]["tp"] == result.one_to_one.tp
        assert result.table()


def test_counts_after_each_stage() -> None:
    found, truth = field()
    blobs = found.with_columns(channel=[np.nan] * 3)
    stages = {"blobs_finder": blobs, "focusing": found.where(found["id"] < 3)}
    first, last = count_stages([(stages, truth), (stages, truth)])
    assert not first.spectral
    assert first.one_to_one == Counts(tp=4, fp=2, fn=2)
    assert last.spectral
    assert last.one_to_one == Counts(tp=4, fp=0, fn=2)
    text = stage_table([first, last])
    assert "| blobs_finder |" in text
    assert "4056" in text
    assert count_stages([]) == ()
