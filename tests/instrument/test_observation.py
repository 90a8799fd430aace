"""What an observation chooses, accepts and refuses: cell, size, track, weighting, arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import C_M_S, track_times
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.tracks import elevation_rad


def seen(**settings: object):  # type: ignore[no-untyped-def]
    return telescope_of(Observation(**{"channels": 1, "size": 256, **settings}))  # type: ignore[arg-type]


def width(**settings: object) -> float:
    beam = seen(**settings).beam
    return float(np.sqrt(beam.major_arcsec * beam.minor_arcsec))


@pytest.mark.parametrize("configuration", ["ACA", "C-1", "C-5", "C-7", "C-10"])
def test_a_cell_is_chosen_from_the_beam(configuration: str) -> None:
    made = seen(configuration=configuration)
    assert 4.8 < made.beam.minor_arcsec / made.grid.cell_arcsec < 5.7


def test_the_image_is_made_to_cover_the_primary_beam() -> None:
    made = telescope_of(Observation(configuration="ACA", channels=1))
    edge = made.primary_beam[0, made.size // 2, [0, -1]]
    assert np.all(edge < 0.2)
    # and hardly more than that
    assert np.all(edge > 0.08)


def test_without_a_word_the_cell_is_table_2s() -> None:
    plain = Observation()
    assert (plain.cell, plain.size) == (0.1 * u.arcsec, 360)
    assert plain.total_time == 2400 * u.s


def test_a_coarse_cell_is_refused_with_one_that_does() -> None:
    with pytest.raises(DeepFocusError, match="too coarse") as refused:
        seen(configuration="C-7", cell=0.1 * u.arcsec)
    assert "set cell to 0.021 arcsec" in str(refused.value)
    assert seen(configuration="C-7", cell=0.021 * u.arcsec).grid.cell_arcsec == pytest.approx(0.021)


def test_uniform_is_narrower_than_briggs_than_natural() -> None:
    uniform, briggs = width(weighting="uniform"), width(robust=0.5)
    assert uniform < 0.95 * briggs
    assert briggs < 0.95 * width()


def test_briggs_ends_at_uniform_and_natural() -> None:
    # robust -2 and 2 are within f^2 of 2.5e5 and 2.5e-3 of the limits
    assert width(robust=-2.0) == pytest.approx(width(weighting="uniform"), rel=1e-3)
    assert width(robust=2.0) == pytest.approx(width(weighting="natural"), rel=2e-3)


@pytest.mark.parametrize("under", [{}, {"weighting": "uniform"}, {"robust": 0.5}])
def test_a_taper_widens_any_weighting(under: dict) -> None:
    assert width(**under, taper=1 * u.arcsec) > 1.2 * width(**under)


def test_a_taper_convolves_the_beam() -> None:
    """Widths add in square where both are Gaussians; the natural beam is one roughly."""
    expected = np.hypot(width(), 2.0)
    assert width(taper=2 * u.arcsec) == pytest.approx(expected, rel=0.1)


def test_a_taper_in_wavelengths_is_that_of_its_angle() -> None:
    angle = 1 * u.arcsec
    wavelengths = 2 * np.log(2) / np.pi / angle.to_value(u.rad) * u.dimensionless_unscaled
    assert width(taper=wavelengths) == pytest.approx(width(taper=angle), rel=1e-6)


def test_a_taper_halves_the_weight_at_its_wavelengths() -> None:
    made = seen(taper=1e5 * u.dimensionless_unscaled)
    hz = made.node_hz[0]
    radius = np.hypot(*(made.uv_m * hz / C_M_S).T)
    weights = made.weights(hz)
    near = np.argmin(np.abs(radius - 1e5))
    assert weights[near] == pytest.approx(0.5, rel=0.01)


def test_hour_angles_set_the_track() -> None:
    centred = Observation(total_time=3600 * u.s)
    sidereal_hour = 3600 / 1.00273790935
    same = Observation(hour_angle=(-0.5 * u.h, 0.5 * u.h))
    # what simobserve takes for transit is 53 s late here; an hour is 3590 s of 10 s
    late = (track_times(centred).mean() - track_times(same).mean()) * 86400
    assert late == pytest.approx(53, abs=1)
    assert len(track_times(same)) == 359
    later = Observation(hour_angle=(1 * u.h, 2 * u.hourangle))
    shift = (track_times(later).mean() - track_times(same).mean()) * 86400
    assert shift == pytest.approx(1.5 * sidereal_hour, abs=1)
    where = {"ra_deg": 60.0, "dec_deg": -35.0}
    assert elevation_rad(**where, mjd_utc=track_times(later)).max() < np.deg2rad(75)
    assert elevation_rad(**where, mjd_utc=track_times(same)).max() > np.deg2rad(77)


def test_elevation_at_transit_is_that_of_the_declination() -> None:
    mid = track_times(Observation(total_time=10 * u.s))
    elevation = np.rad2deg(elevation_rad(ra_deg=60.0, dec_deg=-35.0, mjd_utc=mid))
    # precession and nutation since J2000 move the declination by under 0.1 deg
    assert elevation[0] == pytest.approx(90 - (35.0 - 23.023), abs=0.1)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"dec": 70 * u.deg}, "below the horizon"),
        ({"hour_angle": (-6 * u.h, 7 * u.h)}, "elevation of"),
        ({"hour_angle": (2 * u.h, 1 * u.h)}, "positive time"),
        ({"hour_angle": (1 * u.s, 1 * u.m)}, "hours"),
        ({"hour_angle": (0 * u.h, 1 * u.h), "total_time": 60 * u.s}, "both total_time and"),
        ({"weighting": "superuniform"}, "one of natural"),
        ({"weighting": "uniform", "robust": 0.5}, "leave one of them out"),
        ({"taper": 3 * u.m}, "taper"),
        ({"taper": -1 * u.arcsec}, "taper"),
        ({"cell": 0 * u.arcsec}, "positive angle"),
    ],
)
def test_what_makes_no_sense_is_refused(bad: dict, says: str) -> None:
    with pytest.raises(DeepFocusError, match=says):
        seen(**bad)


def test_the_settings_survive_their_text() -> None:
    table = {
        "configuration": "C-6",
        "hour_angle": ["-1 h", "2 h"],
        "weighting": "briggs",
        "taper": "200000",
    }
    read = settings_from(table, Observation)
    assert settings_from(settings_to(read), Observation) == read
    assert "cell" not in settings_to(read)
    # whole integrations of 10 s
    assert np.diff(read.track_s)[0] == pytest.approx(3 * 3600 / 1.00273790935, abs=5)


def test_primary_beam_of_a_seven_metre_dish() -> None:
    """CASA lights 10.7 of 12 m and 6.25 of 7 m; half power follows the blocked aperture."""
    assert DISHES[12.0](np.array(26.03 / 2), 230e9) == pytest.approx(0.5, abs=1e-3)
    half = DISHES[7.0](np.array(26.03 / 2 * 10.7 / 6.25), 230e9)
    # the same blockage is a larger share of the smaller dish
    assert half == pytest.approx(0.5, abs=0.02)


def test_an_antenna_file_of_ones_own(tmp_path: Path) -> None:
    array = antennas("C-3")
    path = tmp_path / "mine.cfg"
    rows = zip(array.enu_m[:10], array.diameter_m, strict=False)
    lines = [f"{e:.4f} {n:.4f} {h:.4f} {d:g} A{d:g}" for (e, n, h), d in rows]
    path.write_text("# observatory=ALMA\n" + "\n".join(lines) + "\n")
    made = seen(configuration=str(path))
    assert len(made.uv_m) == 45 * 240
    assert made.psf[0].max() == pytest.approx(1.0, abs=1e-6)


def test_widths_are_those_at_the_line_whatever_the_rest_frequency() -> None:
    seen = Observation(first_frequency=95 * u.GHz, rest_frequency=115.2712018 * u.GHz, size=64,
                       cell=0.3 * u.arcsec)  # fmt: skip
    grid = seen.grid()
    assert grid.rest_hz == pytest.approx(115.2712018e9)
    # c dnu / nu of a line that is observed at 95.05 GHz
    assert grid.width_kms(1.0, 5.0) == pytest.approx(299792.458 * 0.01 / 95.05)
    assert Observation().grid().rest_hz == pytest.approx(229.36e9 + 63.5e7)


@pytest.mark.parametrize(
    "bad",
    [
        {"channel_width": 0 * u.MHz},
        {"first_frequency": -230 * u.GHz},
        {"channel_width": -20 * u.GHz},
        {"rest_frequency": 0 * u.GHz},
    ],
)
def test_frequencies_are_positive(bad: dict[str, u.Quantity]) -> None:
    with pytest.raises(DeepFocusError, match="rest frequency"):
        Observation(**bad)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"robust": 5.0}, "robust = 5"),
        ({"ra": 400 * u.deg}, "ra = 400"),
        ({"dec": -91 * u.deg}, "dec = -91"),
        ({"integration": 1 * u.h}, "integrations of 1 h in a track of 2400 s"),
    ],
)
def test_values_out_of_range_are_refused(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(DeepFocusError, match=words):
        Observation(**bad)
