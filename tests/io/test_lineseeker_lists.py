"""LineSeeker's lists of candidates: a sample as it writes them, and back and forth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from foreign_samples import STEP_HZ, grid, three
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deepfocus as df
from deepfocus.core.catalogue import catalogue
from deepfocus.core.errors import DeepFocusError

HEAD = (
    "#ID RA DEC FREQ SN P PE1 PE2 PSim PSimE1 PSimE2 PPesimistic PPesimisticE1 PPesimisticE2 "
    "PSimPesimistic PSimPesimisticE1 PSimPesimisticE2\n"
)
SAMPLE = (
    HEAD
    + "Survey_EL.01 10:00:00.120 -30:00:02.500 230.41 9.8 0.00 0.00 0.01 0.00 0.00 0.00 "
    + "0.00 0.00 0.05 0.00 0.00 0.00\n"
    + "Survey_EL.02 09:59:59.870 -29:59:57.300 231.026 5.1 0.40 0.10 0.30 0.00 0.00 0.00 "
    + "0.90 0.20 0.10 0.00 0.00 0.00\n"
)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "LineCandidatesPositive.dat"
    path.write_text(SAMPLE)
    return path


@pytest.mark.parametrize("up", [True, False])
def test_a_list_on_its_grid(sample: Path, up: bool) -> None:
    on = grid(up=up)
    found = df.read_catalogue(sample, format="lineseeker", grid=on)
    np.testing.assert_array_equal(found["id"], [1, 2])
    there = SkyCoord(
        ["10:00:00.120 -30:00:02.5", "09:59:59.87 -29:59:57.3"], unit=("hourangle", "deg")
    )
    here = SkyCoord(found["ra"], found["dec"], unit="deg")
    assert here.separation(there).max() < 1e-6 * u.arcsec
    assert on.sky_at(found["x"], found["y"]).separation(there).max() < 1e-6 * u.arcsec
    np.testing.assert_allclose(found["frequency"], [230.41e9, 231.026e9])
    np.testing.assert_allclose(on.frequency_at(found["channel"]), [230.41e9, 231.026e9])
    np.testing.assert_allclose(found["snr_focused"], [9.8, 5.1])
    np.testing.assert_allclose(found["fidelity"], [1.0, 0.6])
    np.testing.assert_allclose(found["fidelity_err"], [0.005, 0.2])
    assert np.isnan(found["line_flux"]).all()
    assert np.isnan(found["line_fwhm"]).all()


def test_it_needs_a_grid(sample: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"no grid for a list of LineSeeker.*grid=cube\.grid"):
        df.read_catalogue(sample, format="lineseeker")


def test_another_band_is_refused(sample: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"231\.026 GHz, outside the band"):
        df.read_catalogue(sample, format="lineseeker", grid=grid(channels=32))


def test_frequencies_of_the_ends_may_be_rounded_out_of_the_band(sample: Path) -> None:
    last = 230e9 + 63 * STEP_HZ
    sample.write_text(SAMPLE.replace("231.026", f"{(last + STEP_HZ / 2 + 0.4e6) / 1e9:.4f}"))
    found = df.read_catalogue(sample, format="lineseeker", grid=grid())
    assert found["channel"][1] == pytest.approx(63.52)


def test_names_without_numbers_are_counted(sample: Path) -> None:
    sample.write_text(SAMPLE.replace("EL.01", "a").replace("EL.02", "b"))
    found = df.read_catalogue(sample, format="lineseeker", grid=grid())
    np.testing.assert_array_equal(found["id"], [1, 2])


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "10 20 30\n",
        HEAD + "Survey_EL.01 10:00:00.120 -30:00:02.500 230.41\n",
        SAMPLE.replace("230.41", "x"),
        SAMPLE.replace("10:00:00.120", "10:00:61.x"),
        SAMPLE.replace("-30:00:02.500", "-95:00:02.500"),
    ],
)
def test_malformed_files(sample: Path, wrong: str) -> None:
    sample.write_text(wrong)
    with pytest.raises(DeepFocusError, match="cannot be read as a list of LineSeeker") as caught:
        df.read_catalogue(sample, format="lineseeker", grid=grid())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dec_deg", [-89.9, -30.0, 0.0, 62.0])
@pytest.mark.parametrize("up", [True, False])
def test_round_trip(tmp_path: Path, dec_deg: float, up: bool) -> None:
    on = grid(dec_deg=dec_deg, up=up)
    found = three(on)
    path = df.write(found, tmp_path / "found.dat", format="lineseeker")
    assert path.read_text().startswith(HEAD)
    back, kept = df.read_catalogue(path, format="lineseeker", grid=on), found.accepted
    np.testing.assert_array_equal(back["id"], kept["id"])
    # 1e-5 arcsec of cells of 0.1 arcsec, and 1 Hz of channels of 20 MHz
    np.testing.assert_allclose(back["x"], kept["x"], atol=2e-4)
    np.testing.assert_allclose(back["y"], kept["y"], atol=2e-4)
    np.testing.assert_allclose(back["channel"], kept["channel"], atol=1e-6)
    for name in ("snr_focused", "fidelity", "fidelity_err"):
        np.testing.assert_allclose(back[name], kept[name], atol=1e-4)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=st.floats(0, 127), y=st.floats(0, 127), channel=st.floats(-0.5, 63.5))
def test_any_place_comes_back(tmp_path: Path, x: float, y: float, channel: float) -> None:
    on = grid()
    found = three(on, x=[x] * 3, y=[y] * 3, channel=[channel] * 3)
    path = df.write(found, tmp_path / "any.dat", format="lineseeker")
    back = df.read_catalogue(path, format="lineseeker", grid=on)
    np.testing.assert_allclose(back["x"], x, atol=2e-4)
    np.testing.assert_allclose(back["y"], y, atol=2e-4)
    np.testing.assert_allclose(back["channel"], channel, atol=1e-6)


def test_what_is_not_known_stays_so(tmp_path: Path) -> None:
    on = grid()
    bare = three(on, fidelity=[np.nan] * 3, fidelity_err=[np.nan] * 3, snr_focused=[np.nan] * 3)
    path = df.write(bare, tmp_path / "bare.dat", format="lineseeker")
    back = df.read_catalogue(path, format="lineseeker", grid=on)
    assert np.isnan(back["fidelity"]).all()
    assert np.isnan(back["snr_focused"]).all()


def test_no_candidate_is_an_empty_list(tmp_path: Path) -> None:
    path = df.write(catalogue(), tmp_path / "none.dat", format="lineseeker")
    assert len(df.read_catalogue(path, format="lineseeker", grid=grid())) == 0
