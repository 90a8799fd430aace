"""The script that tunes a finder: seeded, resumable, and its best settings are settings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tune
from ranges import RANGES, Among, Between

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_table
from deepfocus.evaluation.counts import Counts
from deepfocus.finders.kinds import finder_class, finder_from


def arguments(tiny_set: Path, out: Path, *more: str) -> list[str]:
    return [str(tiny_set), "--finder", "blobcat", "--cubes", "1", "--out", str(out), *more]


def test_trials_are_logged_and_a_run_goes_on_where_it_stopped(
    tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tuned"
    tune.main(arguments(tiny_set, out, "--trials", "2"))
    log = out / "blobcat.searches.jsonl"
    first = log.read_text()
    assert len(first.splitlines()) == 2
    log.write_text(first + '{"settings": {"ki')  # it was killed in the middle of a line
    tune.main(arguments(tiny_set, out, "--trials", "3"))
    records = tune.records(log)
    assert records[:2] == [json.loads(line) for line in first.splitlines()]
    assert len(records) == 3
    assert "blobcat: 3 trials on 1 cubes" in capsys.readouterr().out
    trials = [json.loads(line) for line in (out / "blobcat.trials.jsonl").read_text().splitlines()]
    assert [each["f1"] for each in trials] == sorted((t["f1"] for t in trials), reverse=True)
    for each in trials:
        (record,) = (one for one in records if one["settings"] == each["settings"])
        assert {name: each[name] for name in ("tp", "fp", "fn")} == {
            name: record[name] for name in ("tp", "fp", "fn")
        }
        assert each["f1"] == pytest.approx(
            np.nan_to_num(Counts(each["tp"], each["fp"], each["fn"]).f1), abs=1e-4
        )
    best = finder_from(load_table(out / "blobcat.toml")["finder"])
    assert best == finder_from(trials[0]["settings"])


@pytest.mark.parametrize("kind", RANGES)
def test_ranges_are_of_settings_that_there_are(kind: str) -> None:
    rng = np.random.default_rng(1)
    trials = tune.trials_of(kind, RANGES[kind], 6, rng)
    assert trials[0].finder == finder_class(kind)()
    assert len({trial.finder for trial in trials}) == 6
    again = tune.trials_of(kind, RANGES[kind], 3, np.random.default_rng(1))
    assert again == trials[:3]


def test_settings_that_a_finder_refuses_are_no_trials() -> None:
    never = {"flooding_snr": Between(50.0, 60.0), "detection_snr": Among((3.0,))}
    with pytest.raises(DeepFocusError, match="few of the settings"):
        tune.trials_of("blobcat", never, 3, np.random.default_rng(1))


def test_a_number_is_drawn_from_its_range(rng: np.random.Generator) -> None:
    drawn = np.array([Between(1.0, 100.0, log=True).draw(rng) for _ in range(200)])
    assert 1.0 <= drawn.min() < drawn.max() <= 100.0
    # half of 200 draws are below the geometric mean: 7% is two standard deviations
    assert np.mean(drawn < 10) == pytest.approx(0.5, abs=0.11)
    assert {Among((3, 4)).draw(rng) for _ in range(40)} == {3, 4}
