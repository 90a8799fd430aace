"""The script that measures what is said of stated beams: its cubes, its table, and a tiny run."""

from __future__ import annotations

from pathlib import Path

import pytest
import stated_beam
import tune

from deepfocus.finders.deepfocus.stated_beam import OF_ERRORS, OF_SCALE
from deepfocus.simulation.settings import SetSettings


def test_even_seeds_have_too_wide_a_beam_and_odd_ones_too_narrow_a_one() -> None:
    wide, narrow = (stated_beam.one_source(100.0, 10.0, seed) for seed in (2, 3))
    factors = []
    for each in (wide, narrow):
        assert isinstance(each, SetSettings)
        factors.append(each.faults.stated.factor)  # type: ignore[union-attr]
    assert factors == pytest.approx([1.1, 1 / 1.1])


def test_the_table_counts_cubes_with_either_note() -> None:
    spent = {"find_s": 2.0, "notes_s": 0.1}
    every = [
        {"kind": "10%", "said": [f"{OF_SCALE} 9.0% wider"], **spent},
        {"kind": "10%", "said": [], **spent},
        {"kind": "galaxies", "said": [f"{OF_ERRORS} (so)"], **spent},
    ]
    rows = [line.split("|")[1:-1] for line in stated_beam.table(every).splitlines()[2:]]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["10%", "2", "1", "0", "5.0%"],
        ["galaxies", "1", "0", "1", "5.0%"],
    ]


def test_a_run_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stated_beam, "PERCENT", (0.0, 10.0))
    arguments = ["--out", str(tmp_path), "--cubes", "1", "--snr", "200", "--sets"]
    stated_beam.main(arguments)
    log = tmp_path / "notes.jsonl"
    first = log.read_text().splitlines(keepends=True)
    assert len(first) == 2
    log.write_text(first[0] + first[1][:20])  # it was killed in the middle of a line
    stated_beam.main(arguments)
    again = tune.records(log)
    assert [each["kind"] for each in again] == ["0% at 200", "10% at 200"]
    tables = [out.splitlines()[:4] for out in capsys.readouterr().out.split("| cubes")[1:]]
    said = [[line.rsplit("|", 2)[0] for line in table] for table in tables]
    assert said[0] == said[1]
