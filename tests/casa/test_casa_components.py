"""CASA opens our component lists, and finds in them what we meant."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from casa_python import casa_python, run_casa

from deepfocus.core.catalogue import catalogue
from deepfocus.io.foreign.formats import write_foreign

pytest.importorskip("casacore", reason="component lists need python-casacore")
READER = Path(__file__).with_name("read_components_in_casa.py")


def test_casa_reads_our_component_list(tmp_path: Path) -> None:
    casa_python()
    found = catalogue(
        x=[1.0, 2.0], y=[3.0, 4.0], channel=[5.0, 6.0], id=[7, 9],
        ra=[150.0, 150.001], dec=[-30.0, -30.001],
        ra_err=[1e-5, 1e-5], dec_err=[2e-5, 2e-5],
        frequency=[230.41e9, 231e9], continuum=[12.0, 3.0], continuum_err=[1.0, np.nan],
        fwhm_x=[1.0, np.nan], fwhm_y=[2.0, np.nan], pa=[130.0, np.nan],
        fwhm_x_err=[0.1, np.nan], fwhm_y_err=[0.2, np.nan], pa_err=[5.0, np.nan],
    )  # fmt: skip
    path = write_foreign(found, tmp_path / "found.cl", "casa", None)
    run_casa(READER, tmp_path, path, tmp_path / "read.json")
    gaussian, point = json.loads((tmp_path / "read.json").read_text())
    assert (gaussian["type"], point["type"]) == ("Gaussian", "Point")
    np.testing.assert_allclose(gaussian["size"], [2.0, 1.0, 130.0])
    np.testing.assert_allclose(gaussian["errors"], [0.2, 0.1, 5.0])
    assert gaussian["frame"] == point["frame"] == "ICRS"
    np.testing.assert_allclose(np.mod(gaussian["place"], 360), [150.0, 330.0])
    np.testing.assert_allclose(np.mod(point["place"], 360), [150.001, 329.999])
    np.testing.assert_allclose(gaussian["place_error"], [1e-5 * np.cos(np.deg2rad(30.0)), 2e-5])
    np.testing.assert_allclose(gaussian["flux"], [0.012, 0, 0, 0])
    np.testing.assert_allclose(gaussian["flux_error"], [0.001, 0, 0, 0])
    np.testing.assert_allclose(point["flux"], [0.003, 0, 0, 0])
    assert (gaussian["unit"], gaussian["basis"]) == ("Jy", "Stokes")
    assert gaussian["spectrum"] == "Constant"
    assert gaussian["frequency"] == pytest.approx(230.41e9)
    assert gaussian["frequency_frame"] == "LSRK"
    assert (gaussian["label"], point["label"]) == ("7", "9")
