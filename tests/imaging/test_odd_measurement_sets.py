"""Measurement sets with what should not be in them: one line each, no traceback, no cube."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u

pytest.importorskip("casacore.tables", reason="python-casacore (the extra ms) is not installed")

from casacore.tables import table

from deepfocus.core.errors import DeepFocusError
from deepfocus.imaging.dirty_cube import Imaged, image_measurement_set
from deepfocus.imaging.ms_samples import MsImaging
from deepfocus.io.write_cube import write_cube
from measurement_set_samples import (
    Array,
    Sample,
    Window,
    array_of,
    point_visibilities,
    write_measurement_set,
)

FREQ_HZ = 230e9 + 10e6 * np.arange(8)


@pytest.fixture(scope="module")
def array() -> Array:
    return array_of(count=8, times=4)


def window_of(array: Array, freq_hz: np.ndarray = FREQ_HZ) -> Window:
    sky = point_visibilities(array.uvw_m, FREQ_HZ, flux_jy=1.0, east_arcsec=3.0, north_arcsec=2.0)
    return Window(freq_hz, np.repeat(sky[..., None], 2, axis=-1))


def imaged(path: Path, **keys: Any) -> Imaged:
    return image_measurement_set(MsImaging(path, **{"cell_arcsec": 0.3, "size": 64, **keys}))


def put(name: str, column: str, value: Any, row: int = 0) -> Callable[[Path], None]:
    """Changes one cell of a subtable, or of the table itself for the name ''."""

    def change(path: Path) -> None:
        with table(f"{path}/{name}".rstrip("/"), readonly=False, ack=False) as opened:
            opened.putcell(column, row, value)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("ANTENNA", "DISH_DIAMETER", 0.0), "dishes of 0, 12 m"),
        (put("ANTENNA", "DISH_DIAMETER", np.nan), "dishes of 12, nan m"),
        (put("ANTENNA", "DISH_DIAMETER", -1.0), "dishes of -1, 12 m"),
        (put("", "ANTENNA1", 77, row=1), "beyond the 8 rows of ANTENNA"),
        (put("", "FIELD_ID", -1, row=9), "beyond the 1 rows of FIELD"),
        (put("", "DATA_DESC_ID", 4, row=9), "beyond the 1 rows of DATA_DESCRIPTION"),
        (put("DATA_DESCRIPTION", "SPECTRAL_WINDOW_ID", 3), "beyond the 1 rows of SPECTRAL_WINDOW"),
        (put("POLARIZATION", "CORR_TYPE", np.array([5, 6, 7, 9, 12])), "has 2 correlations"),
        (put("FIELD", "PHASE_DIR", np.array([[1.0, 1.7]])), "is no direction"),
        (put("FIELD", "PHASE_DIR", np.array([[1.0, -0.6], [1e-9, 0.0]])), "a polynomial in time"),
        (put("SPECTRAL_WINDOW", "CHAN_FREQ", FREQ_HZ[[0, 2, 1, 3, 4, 5, 6, 7]]), "neither rise"),
        (put("SPECTRAL_WINDOW", "CHAN_FREQ", np.full(8, 230e9)), "neither rise"),
        (put("SPECTRAL_WINDOW", "CHAN_FREQ", np.full(8, np.nan)), "neither rise"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tables_that_make_no_sense_are_refused(
    tmp_path: Path, array: Array, change: Callable[[Path], None], words: str
) -> None:
    path = write_measurement_set(tmp_path / "a.ms", array, [window_of(array)])
    change(path)
    with pytest.raises(DeepFocusError, match=words):
        imaged(path)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"spw": "3~0"}, "--spw 3~0"),
        ({"spw": "0~999999999"}, "--spw 0~999999999"),
        ({"spw": "0~99999"}, "asks for"),
        ({"field": "\u00b2"}, "selects no fields"),
        ({"size": 0}, "at least 16 pixels"),
        ({"taper": 1e5 * u.arcsec}, "leave nothing of any baseline"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, array: Array, keys: dict[str, Any], words: str
) -> None:
    path = write_measurement_set(tmp_path / "a.ms", array, [window_of(array)])
    with pytest.raises(DeepFocusError, match=words):
        imaged(path, **keys)


def test_baselines_without_length_are_refused(tmp_path: Path, array: Array) -> None:
    """It was a segmentation fault."""
    none = replace(array, uvw_m=np.zeros_like(array.uvw_m))
    path = write_measurement_set(tmp_path / "a.ms", none, [window_of(array)])
    with pytest.raises(DeepFocusError, match="no length"):
        imaged(path)


@pytest.mark.parametrize("flagged", [False, True])
def test_undefined_baselines_count_as_flagged(tmp_path: Path, array: Array, flagged: bool) -> None:
    lost = np.flatnonzero(array.cross)[:5]
    window = window_of(array)
    flag_row = np.isin(np.arange(len(array.time_s)), lost)
    without = write_measurement_set(tmp_path / "a.ms", array, [replace(window, flag_row=flag_row)])
    uvw_m = array.uvw_m.copy()
    uvw_m[lost] = np.nan
    undefined = write_measurement_set(
        tmp_path / "b.ms",
        replace(array, uvw_m=uvw_m),
        [replace(window, flag_row=flag_row if flagged else None)],
    )
    expected, made = imaged(without), imaged(undefined)
    np.testing.assert_array_equal(made.cube.data, expected.cube.data)
    assert made.w_phase_rad > 0


def test_a_visibility_of_more_than_a_number_holds_is_flagged_without_a_word(
    tmp_path: Path, array: Array
) -> None:
    window = window_of(array)
    window.data[3, 2] = np.inf
    made = imaged(write_measurement_set(tmp_path / "a.ms", array, [window]))
    assert np.isfinite(made.cube.data).all()


def test_samples_that_the_cell_drops_are_told(tmp_path: Path, array: Array) -> None:
    """A fiftieth of the visibilities are of an outlier that no cell of the others takes along."""
    uvw_m = array.uvw_m.copy()
    far = np.flatnonzero(array.cross)[::50]
    uvw_m[far, :2] *= 20
    path = write_measurement_set(tmp_path / "a.ms", replace(array, uvw_m=uvw_m), [window_of(array)])
    made = imaged(path)
    assert any("of the visibilities are of baselines too long" in note for note in made.notes)
    # more are dropped at higher frequencies, which is no loss of data
    assert not any("than most" in note for note in made.notes)
    path = write_measurement_set(tmp_path / "b.ms", array, [window_of(array)])
    assert not any("too long" in note for note in imaged(path).notes)


def test_a_field_of_any_name_is_written(tmp_path: Path, array: Array) -> None:
    sample = Sample(fields=(("\u03b1 Cen\n2", 60.0, -35.0),))
    path = write_measurement_set(tmp_path / "a.ms", array, [window_of(array)], sample)
    written = write_cube(imaged(path).cube, tmp_path / "a.fits")
    from astropy.io import fits

    assert fits.getheader(written[0])["OBJECT"] == "? Cen?2"
