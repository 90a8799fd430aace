"""The tables of a campaign: right numbers, right units, readable again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.table import QTable
from brightest import SETTINGS, Brightest

from deepfocus.evaluation.campaign import run_campaign
from deepfocus.evaluation.comparison import Comparison, compare
from deepfocus.evaluation.scenes import of_set


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    finders = {"right": Brightest(), "near": Brightest(1.0)}
    scenes = of_set(SETTINGS, (7, 8), name="tiny")
    return compare(
        run_campaign(scenes, finders, folder=tmp_path_factory.mktemp("campaign")), name="tiny"
    )


def test_the_machine_readable_table_has_a_row_a_finder_with_units(
    comparison: Comparison, tmp_path: Path
) -> None:
    comparison.write(tmp_path)
    table = QTable.read(tmp_path / "benchmark.ecsv")
    assert table["finder"].tolist() == ["right", "near"]
    assert table["tp"].tolist() == [2, 2]
    # one is a pixel to the right of the other: true - found is one less
    np.testing.assert_allclose(np.diff(table["x_median"]).to_value(u.pix), -1.0)
    assert table["cpu"].unit == u.s
    assert table["line_flux_mad_std"].unit == u.Jy * u.km / u.s
    assert table["peak_memory"].to_value(u.MiB).min() > 10  # Python alone takes so much
    assert table.meta["set"] == "tiny"


def test_the_report_has_all_finders_and_each_by_itself(
    comparison: Comparison, tmp_path: Path
) -> None:
    comparison.write(tmp_path)
    report = (tmp_path / "benchmark.md").read_text()
    assert report.startswith("## tiny: 2 cubes, 4 true sources")
    assert "right - near" in report
    assert report.count("### After each step") == 2
    stored = json.loads((tmp_path / "benchmark.json").read_text())
    assert stored["finders"]["right"]["score"]["one_to_one"]["tp"] == 2
    assert {each["measure"] for each in stored["differences"]} == {"recall", "precision", "F1"}
