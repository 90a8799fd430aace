"""Measurement sets: what is read of them, what is chosen, and what is refused in one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("casacore.tables", reason="python-casacore (the extra ms) is not installed")

from casacore.tables import makescacoldesc, maketabdesc, table

from deepfocus.core.errors import DeepFocusError
from deepfocus.io import ms_visibilities
from deepfocus.io.measurement_set import Field, MeasurementSet, SpectralWindow, open_measurement_set
from deepfocus.io.ms_selection import chosen_field, chosen_windows
from deepfocus.io.ms_visibilities import Visibilities, read_tracks, read_visibilities
from measurement_set_samples import (
    DEC_DEG,
    LL,
    RA_DEG,
    RR,
    STOKES_I,
    XX,
    YY,
    Array,
    Sample,
    Window,
    array_of,
    write_measurement_set,
)

FREQ_HZ = 230e9 + 10e6 * np.arange(9)


@pytest.fixture(scope="module")
def array() -> Array:
    return array_of(count=5, times=2)


def random_window(
    array: Array, rng: np.random.Generator, hands: int = 2, freq_hz: np.ndarray = FREQ_HZ
) -> Window:
    shape = len(array.time_s), len(freq_hz), hands
    data = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return Window(freq_hz, data, weight=rng.uniform(0.5, 4, (shape[0], hands)))


def read(ms: MeasurementSet, column: str = "data", first: int = 0, last: int = 8) -> Visibilities:
    field = chosen_field(ms)
    (window,) = chosen_windows(ms, field)
    return read_visibilities(ms, field=field, window=window, column=column, first=first, last=last)


def test_what_it_holds(tmp_path: Path, array: Array, rng: np.random.Generator) -> None:
    ms = open_measurement_set(
        write_measurement_set(tmp_path / "a.ms", array, [random_window(array, rng)])
    )
    field = chosen_field(ms)
    (window,) = chosen_windows(ms, field)
    assert (field.name, field.frame, ms.telescope) == ("target", "FK5", "ALMA")
    assert (field.ra_deg, field.dec_deg) == pytest.approx((RA_DEG, DEC_DEG))
    assert np.array_equal(window.freq_hz, FREQ_HZ)
    assert (window.width_hz, window.specsys) == (10e6, "TOPOCENT")
    assert ms.rows.tolist() == [[20]]  # two times ten baselines: autocorrelations do not count
    tracks = read_tracks(ms, field=field, window=window)
    assert np.array_equal(tracks.uv_m, array.uvw_m[array.cross, :2])
    assert tracks.w_m == np.abs(array.uvw_m[:, 2]).max()
    assert tracks.mjd_utc == pytest.approx(np.unique(array.time_s) / 86400)
    assert tracks.antennas.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("correlations", "places"),
    [
        ([XX, YY], [0, 1]),
        ([XX, 10, 11, YY], [0, 3]),
        ([RR, LL], [0, 1]),
        ([RR, 6, 7, LL], [0, 3]),
        ([YY], [0]),
        ([LL], [0]),
        ([STOKES_I], [0]),
    ],
    ids=str,
)
def test_stokes_i_is_the_mean_of_two_hands(
    tmp_path: Path,
    array: Array,
    rng: np.random.Generator,
    correlations: list[int],
    places: list[int],
) -> None:
    """And its weight the mean of theirs, as tclean has it; float32 keeps seven digits."""
    window = random_window(array, rng, len(correlations))
    flag = rng.random(window.data.shape) < 0.2
    path = write_measurement_set(
        tmp_path / "a.ms", array, [replace(window, flag=flag)], Sample(correlations=correlations)
    )
    got = read(open_measurement_set(path))
    assert window.weight is not None
    good = ~flag[array.cross][..., places].any(axis=-1)
    mean = window.data[array.cross][..., places].mean(axis=-1)
    weight = window.weight[array.cross][:, places].mean(axis=-1)[:, None]
    assert got.values == pytest.approx(np.where(good, mean, 0), abs=1e-6)
    assert got.weights == pytest.approx(np.where(good, weight, 0), rel=1e-6)


def test_flagged_rows_and_what_is_no_number_do_not_count(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    window = random_window(array, rng)
    rows = np.nonzero(array.cross)[0]
    flag_row = np.zeros(len(array.time_s), bool)
    flag_row[rows[0]] = True
    assert window.weight is not None
    window.data[rows[1], 2, 1] = np.nan
    window.weight[rows[2], 0] = np.inf
    window.weight[rows[3]] = 0.0
    path = write_measurement_set(tmp_path / "a.ms", array, [replace(window, flag_row=flag_row)])
    got = read(open_measurement_set(path))
    assert (got.weights[[0, 2, 3]] == 0).all()
    assert (got.weights[1] > 0).tolist() == [True, True, False, *[True] * 6]
    assert np.isfinite(got.values).all()


def test_weight_spectrum_comes_before_weight(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    window = random_window(array, rng)
    spectrum = rng.uniform(1, 2, window.data.shape)
    path = write_measurement_set(
        tmp_path / "a.ms", array, [replace(window, weight_spectrum=spectrum)]
    )
    got = read(open_measurement_set(path))
    assert got.weights == pytest.approx(spectrum[array.cross].mean(axis=-1), rel=1e-6)


def test_columns(tmp_path: Path, array: Array, rng: np.random.Generator) -> None:
    window = random_window(array, rng)
    path = write_measurement_set(
        tmp_path / "a.ms", array, [replace(window, corrected=window.data * 2)]
    )
    ms = open_measurement_set(path)
    assert ms.columns == ("corrected", "data")
    assert read(ms, "corrected").values == pytest.approx(2 * read(ms, "data").values)


def test_blocks_and_channel_ranges_make_no_difference(
    tmp_path: Path, array: Array, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ms = open_measurement_set(
        write_measurement_set(tmp_path / "a.ms", array, [random_window(array, rng)])
    )
    whole = read(ms)
    field = chosen_field(ms)
    tracks = read_tracks(ms, field=field, window=ms.windows[0])
    monkeypatch.setattr(ms_visibilities, "BLOCK_BYTES", 700)  # a few rows
    part = read(ms, first=2, last=5)
    assert np.array_equal(part.values, whole.values[:, 2:6])
    assert np.array_equal(part.weights, whole.weights[:, 2:6])
    again = read_tracks(ms, field=field, window=ms.windows[0])
    assert np.array_equal(again.uv_m, tracks.uv_m)
    assert again.w_m == tracks.w_m


TARGET = Field(
    id=0, name="target", ra_deg=60.0, dec_deg=-35.0, frame="FK5", frame_name="J2000"
)  # fmt: skip


def holding(
    axes: Sequence[np.ndarray] = (FREQ_HZ,),
    fields: Sequence[Field] = (TARGET,),
    rows: Sequence[int] = (7,),
    **keys: Sequence[Any],
) -> MeasurementSet:
    """What an open measurement set of these windows and fields says, without its file."""
    windows = tuple(
        SpectralWindow(
            id=i,
            name="",
            freq_hz=axis,
            width_hz=keys.get("width_hz", [10e6] * len(axes))[i],
            specsys=keys.get("specsys", ["TOPOCENT"] * len(axes))[i],
            data_ids=(i,),
        )
        for i, axis in enumerate(axes)
    )
    return MeasurementSet(
        path=Path("a.ms"),
        telescope="ALMA",
        fields=tuple(fields),
        windows=windows,
        antenna_itrf_m=np.zeros((2, 3)),
        dish_m=np.full(2, 12.0),
        hands=tuple(keys.get("hands", [(0, 1)] * len(axes))),
        rows=np.repeat(np.array(rows)[:, None], len(axes), axis=1),
        columns=("data",),
    )


@pytest.fixture
def two_fields() -> MeasurementSet:
    names = "J0423", "NGC 1", "no rows"
    fields = [replace(TARGET, id=i, name=name) for i, name in enumerate(names)]
    return holding(fields=fields, rows=[4, 9, 0])


def test_a_field_is_named_or_numbered(two_fields: MeasurementSet) -> None:
    assert chosen_field(two_fields, "NGC 1").id == 1
    assert chosen_field(two_fields, " 0 ").name == "J0423"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"2 fields \(those with data: 0 J0423, 1 NGC 1\)"),
        ("2", "selects no fields"),
        ("no rows", "selects no fields"),
        ("NGC", "selects no fields"),
    ],
)
def test_several_or_no_fields_are_refused(
    two_fields: MeasurementSet, text: str, words: str
) -> None:
    with pytest.raises(DeepFocusError, match=words):
        chosen_field(two_fields, text)


def test_a_field_that_has_no_fixed_place_is_refused() -> None:
    moving = replace(TARGET, frame=None, frame_name="of an ephemeris")
    with pytest.raises(DeepFocusError, match="phase centre of field target is of an ephemeris"):
        chosen_field(holding(fields=[moving]))


def test_coordinates_of_the_field(tmp_path: Path, array: Array, rng: np.random.Generator) -> None:
    for name, frame in (("ICRS", "ICRS"), ("B1950", None)):
        path = write_measurement_set(
            tmp_path / name, array, [random_window(array, rng)], Sample(sky_frame=name)
        )
        (field,) = open_measurement_set(path).fields
        assert (field.frame, field.frame_name) == (frame, name)


@pytest.mark.parametrize("named", [True, False])
def test_coordinates_that_vary_from_field_to_field(
    tmp_path: Path, array: Array, rng: np.random.Generator, named: bool
) -> None:
    """As ALMA's correlator writes them: a column of codes, and what the codes mean."""
    fields = [(name, 10.0, 20.0) for name in ("a", "b", "c")]
    path = write_measurement_set(
        tmp_path / "a.ms", array, [random_window(array, rng)], Sample(fields=fields)
    )
    info: dict[str, Any] = {"type": "direction", "VarRefCol": "PhaseDir_Ref"}
    if named:
        info |= {"TabRefTypes": ["J2000", "ICRS", "APP"], "TabRefCodes": np.array([5, 7, 8])}
    with table(str(path / "FIELD"), readonly=False, ack=False) as opened:
        opened.addcols(maketabdesc(makescacoldesc("PhaseDir_Ref", 0)))
        opened.putcol("PhaseDir_Ref", [5, 7, 8] if named else [0, 21, 3])
        opened.putcolkeyword("PHASE_DIR", "MEASINFO", info)
    frames = [field.frame for field in open_measurement_set(path).fields]
    assert frames == ["FK5", "ICRS", None]


def test_windows_follow_each_other() -> None:
    ms = holding([FREQ_HZ + 90e6, FREQ_HZ, FREQ_HZ + 180e6])
    assert [window.id for window in chosen_windows(ms, TARGET)] == [1, 0, 2]
    assert [window.id for window in chosen_windows(ms, TARGET, "0~1")] == [1, 0]
    assert [window.id for window in chosen_windows(ms, TARGET, "2")] == [2]


def test_falling_windows_follow_each_other() -> None:
    ms = holding([FREQ_HZ[::-1], FREQ_HZ[::-1] + 90e6])
    assert [window.id for window in chosen_windows(ms, TARGET)] == [1, 0]


@pytest.mark.parametrize(
    ("axes", "keys", "words"),
    [
        ([FREQ_HZ, FREQ_HZ + 100e6], {}, "gaps or overlaps"),
        ([FREQ_HZ, FREQ_HZ + 50e6], {}, "gaps or overlaps"),
        ([FREQ_HZ, FREQ_HZ], {}, "gaps or overlaps"),
        ([FREQ_HZ, FREQ_HZ + 90e6], {"width_hz": [10e6, 5e6]}, "channels of different widths"),
        ([FREQ_HZ, FREQ_HZ[::-1] + 90e6], {}, "frequencies that run in different directions"),
        (
            [FREQ_HZ, FREQ_HZ + 90e6],
            {"specsys": ["TOPOCENT", "LSRK"]},
            "different frequency frames",
        ),
    ],
)
def test_windows_that_make_no_axis_are_listed(
    axes: list[np.ndarray], keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(DeepFocusError, match=rf"{words} \(spw 0: 9 x .* spw 1: 9 x "):
        chosen_windows(holding(axes, **keys), TARGET)


@pytest.mark.parametrize(("text", "words"), [("3", r"asks for \[3\]"), ("0:1~5", "ids of spec")])
def test_a_selection_that_is_not_there(text: str, words: str) -> None:
    with pytest.raises(DeepFocusError, match=words):
        chosen_windows(holding(), TARGET, text)


def test_cross_hands_alone_are_refused(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    path = write_measurement_set(
        tmp_path / "a.ms", array, [random_window(array, rng)], Sample(correlations=[10, 11])
    )
    ms = open_measurement_set(path)
    with pytest.raises(DeepFocusError, match="no correlation XX"):
        chosen_windows(ms, chosen_field(ms))


def test_without_python_casacore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "casacore.tables", None)
    with pytest.raises(DeepFocusError, match=r'pip install "deepfocus-alma\[ms\]"'):
        open_measurement_set(tmp_path)


def test_what_is_no_measurement_set(tmp_path: Path, array: Array, rng: np.random.Generator) -> None:
    (tmp_path / "file").write_text("no table")
    (tmp_path / "folder").mkdir()
    for name, why in (
        ("nothing", "does not exist"),
        ("file", "table.dat"),
        ("folder", "table.dat"),
    ):
        with pytest.raises(DeepFocusError, match=why):
            open_measurement_set(tmp_path / name)
    path = write_measurement_set(tmp_path / "a.ms", array, [random_window(array, rng)])
    with pytest.raises(DeepFocusError, match="no column UVW"):
        open_measurement_set(path / "ANTENNA")
    (path / "table.f0").unlink()
    with pytest.raises(DeepFocusError, match="cannot be read"):
        open_measurement_set(path)


def test_an_empty_table_of_polarisations_is_refused(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    """As in a measurement set that a pipeline's tests ship, cut down to a few rows."""
    path = write_measurement_set(tmp_path / "a.ms", array, [random_window(array, rng)])
    with table(f"{path}/POLARIZATION", readonly=False, ack=False) as opened:
        opened.removerows([0])
    with pytest.raises(DeepFocusError, match="beyond the 0 rows of POLARIZATION"):
        open_measurement_set(path)


def test_autocorrelations_alone_are_refused(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    alone = replace(array, antenna2=array.antenna1)
    path = write_measurement_set(tmp_path / "a.ms", alone, [random_window(array, rng)])
    with pytest.raises(DeepFocusError, match="no cross-correlations of any field"):
        chosen_field(open_measurement_set(path))


def test_single_dish_data_are_refused(
    tmp_path: Path, array: Array, rng: np.random.Generator
) -> None:
    path = write_measurement_set(
        tmp_path / "a.ms", array, [random_window(array, rng)], Sample(data_column="OTHER_DATA")
    )
    with pytest.raises(DeepFocusError, match="neither CORRECTED_DATA nor DATA"):
        open_measurement_set(path)
