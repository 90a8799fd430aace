"""SoFiA-2's catalogues: samples as it writes them, units of every axis, and back and forth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from foreign_samples import grid, three
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deepfocus as df
from deepfocus.core.catalogue import catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import C_KMS

COLUMNS = {
    # name: unit, values
    "id": ("-", "7", "9"),
    "x": ("pix", "40.250000", "80.500000"),
    "y": ("pix", "30.750000", "90.000000"),
    "z": ("pix", "20.500000", "41.000000"),
    "x_min": ("pix", "36", "76"),
    "x_max": ("pix", "45", "85"),
    "y_min": ("pix", "26", "86"),
    "y_max": ("pix", "35", "95"),
    "z_min": ("pix", "11", "36"),
    "z_max": ("pix", "30", "47"),
    "n_pix": ("-", "2000", "1000"),
    "f_max": ("Jy/beam", "0.030000", "0.012000"),
    "f_sum": ("Jy*Hz", "1.20000e+06", "2.00000e+05"),
    "rel": ("-", "0.990000", "0.500000"),
    "flag": ("-", "0", "3"),
    "rms": ("Jy/beam", "0.001000", "0.000000"),
    "w20": ("Hz", "3.00000e+08", "2.00000e+08"),
    "w50": ("Hz", "2.00000e+08", "0.000000"),
    "ell_maj": ("pix", "12.000000", "9.000000"),
    "ell_min": ("pix", "8.000000", "7.000000"),
    "ell_pa": ("deg", "130.000000", "20.000000"),
    "kin_pa": ("deg", "-1.000000", "20.000000"),
    "err_x": ("pix", "0.100000", "0.000000"),
    "err_y": ("pix", "0.120000", "0.000000"),
    "err_z": ("pix", "0.200000", "0.000000"),
    "err_f_sum": ("Jy*Hz", "1.00000e+05", "0.000000"),
    "freq": ("Hz", "2.30410e+11", "2.30820e+11"),
}
NAMES = ("SoFiA J100000.16-300003.3", "SoFiA J100000.52-300002.6")


def columns(**others: tuple[str, str, str]) -> dict[str, tuple[str, str, str]]:
    sky = grid().sky_at(np.array([40.25, 80.5]), np.array([30.75, 90.0]))
    places = {
        "ra": ("deg", *(f"{value:.6f}" for value in sky.ra.deg)),
        "dec": ("deg", *(f"{value:.6f}" for value in sky.dec.deg)),
    }
    return {**COLUMNS, **places, **others}


def text(cells: dict[str, tuple[str, str, str]], *, old: bool = False) -> str:
    """As SoFiA 2.5 lays it out; before 2.3, units that are not there are blanks, names bare."""
    first = ["1", "name", " " if old else "-", *(n if old else f'"{n}"' for n in NAMES)]
    rows = [first, *([str(i), name, *each] for i, (name, each) in enumerate(cells.items(), 2))]
    lines = [
        "".join(row[at].replace("-" if old and at == 2 else "\0", " ").rjust(14 if n else 28)
                for n, row in enumerate(rows))
        for at in range(5)
    ]  # fmt: skip
    return (
        "# SoFiA source catalogue\n# Creator: SoFiA 2.5.1 (16-Mar-2023)\n"
        "# Time:    Thu, 16 Mar 2023, 10:00:00\n#\n# Header rows:\n#   1 = column number\n"
        "#   2 = parameter name\n#   3 = parameter unit\n#\n"
        + "".join(f"#{line}\n" for line in lines[:3])
        + "\n"
        + "".join(f" {line}\n" for line in lines[3:])
    )


def xml(cells: dict[str, tuple[str, str, str]]) -> str:
    whole = ("id", "x_min", "x_max", "y_min", "y_max", "z_min", "z_max", "n_pix", "flag")
    fields = "".join(
        f'\t\t\t<FIELD datatype="{"long" if name in whole else "double"}" name="{name}" '
        f'unit="{unit.strip("-")}" ucd=""/>\n'
        for name, (unit, *_) in cells.items()
    )
    rows = "".join(
        "\t\t\t\t\t<TR>\n"
        + "".join(f"\t\t\t\t\t\t<TD>{value}</TD>\n" for value in (
            name, *(each[row + 1] for each in cells.values())))
        + "\t\t\t\t\t</TR>\n"
        for row, name in enumerate(NAMES)
    )  # fmt: skip
    return (
        '<?xml version="1.0" ?>\n<VOTABLE version="1.3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n\t<RESOURCE>\n'
        "\t\t<DESCRIPTION>Source catalogue created by the Source Finding Application (SoFiA 2.5.1)"
        '</DESCRIPTION>\n\t\t<PARAM name="Creator" datatype="char" arraysize="*" '
        'value="SoFiA 2.5.1" ucd="meta.id;meta.software"/>\n'
        '\t\t<TABLE ID="SoFiA_source_catalogue" name="SoFiA source catalogue">\n'
        '\t\t\t<FIELD arraysize="32" datatype="char" name="name" unit="" ucd="meta.id"/>\n'
        f"{fields}\t\t\t<DATA>\n\t\t\t\t<TABLEDATA>\n{rows}\t\t\t\t</TABLEDATA>\n\t\t\t</DATA>\n"
        "\t\t</TABLE>\n\t</RESOURCE>\n</VOTABLE>\n"
    )


@pytest.fixture(params=["xml", "txt", "old.txt"])
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind = request.param
    path = tmp_path / f"sofia_cat.{kind}"
    path.write_text(xml(columns()) if kind == "xml" else text(columns(), old=kind == "old.txt"))
    return path


def read_with(tmp_path: Path, on: object = None, **others: tuple[str, str, str]) -> object:
    cells = {name: each for name, each in columns(**others).items() if each}
    path = tmp_path / "sofia_cat.xml"
    path.write_text(xml(cells))
    return df.read_catalogue(path, format="sofia", grid=on)  # type: ignore[arg-type]


# --- what SoFiA writes
def test_a_catalogue_on_its_grid(sample: Path) -> None:
    on = grid()
    found = df.read_catalogue(sample, format="sofia", grid=on)
    np.testing.assert_array_equal(found["id"], [7, 9])
    np.testing.assert_array_equal(found["x"], [40.25, 80.5])
    np.testing.assert_array_equal(found["channel"], [20.5, 41.0])
    np.testing.assert_allclose(found["frequency"], on.frequency_at(found["channel"]))
    # 200 MHz are 10 channels; 0 is SoFiA's way to say that it has not measured it
    np.testing.assert_allclose(found["line_fwhm_chan"], [10.0, np.nan])
    np.testing.assert_allclose(found["line_fwhm"], C_KMS * 0.2 / 230.41 * np.array([1, np.nan]))
    np.testing.assert_allclose(found["line_w20_chan"], [15.0, 10.0])
    # Jy Hz -> Jy km/s at the frequency of the line
    np.testing.assert_allclose(
        found["line_flux"], C_KMS * np.array([1.2e6 / 230.41e9, 2e5 / 230.82e9])
    )
    np.testing.assert_allclose(found["line_flux_err"], [C_KMS * 1e5 / 230.41e9, np.nan])
    np.testing.assert_allclose(found["peak"], [30.0, 12.0])
    np.testing.assert_allclose(found["snr_peak"], [30.0, np.nan])
    np.testing.assert_allclose(found["snr_focused"], [12.0, np.nan])
    np.testing.assert_allclose(found["x_err"], [0.1, np.nan])
    np.testing.assert_allclose(found["probability"], [0.99, 0.5])
    np.testing.assert_array_equal(found["box_x0"], [35.5, 75.5])
    np.testing.assert_array_equal(found["box_y1"], [35.5, 95.5])
    assert found["warning"][1].startswith("near the edge of the image; line cut off")
    assert (found["flag"] == 0).all()
    assert np.isnan(found["fwhm_x"]).all()  # moments of masks, beam included
    assert found.meta["format"] == "sofia"


def test_without_a_grid_it_has_what_the_file_says(sample: Path) -> None:
    found, on = df.read_catalogue(sample, format="sofia"), grid()
    sky = on.sky_at(found["x"], found["y"])
    np.testing.assert_allclose(found["ra"], sky.ra.deg, atol=1e-6)
    np.testing.assert_allclose(found["dec"], sky.dec.deg, atol=1e-6)
    np.testing.assert_allclose(found["frequency"], [230.41e9, 230.82e9])
    np.testing.assert_allclose(found["line_flux"][0], C_KMS * 1.2e6 / 230.41e9)
    assert np.isnan(found["line_fwhm_chan"]).all()


@pytest.mark.parametrize("unit", ["m/s", "km/s"])
@pytest.mark.parametrize("name", ["v_rad", "v_opt", "v_app"])
def test_every_axis_of_velocity_gives_the_same_flux(tmp_path: Path, name: str, unit: str) -> None:
    rest_hz, nu = 300e9, np.array([230.41e9, 230.82e9])  # far from the rest frequency
    ratio = nu / rest_hz
    velocity = {
        "v_rad": 1 - ratio,
        "v_opt": 1 / ratio - 1,
        "v_app": (1 - ratio**2) / (1 + ratio**2),
    }[name] * C_KMS  # fmt: skip
    step = 1e3  # Hz; the derivative of the above, by small differences
    moved = (nu - step) / rest_hz
    further = {
        "v_rad": 1 - moved,
        "v_opt": 1 / moved - 1,
        "v_app": (1 - moved**2) / (1 + moved**2),
    }[name] * C_KMS  # fmt: skip
    per_hz = (further - velocity) / step * (1e3 if unit == "m/s" else 1.0)
    scale = 1e3 if unit == "m/s" else 1.0
    cells = {
        "freq": (),
        name: (unit, *(repr(float(each)) for each in velocity * scale)),
        "w50": (unit, *(repr(float(each)) for each in 200e6 * per_hz)),
        "w20": (unit, *(repr(float(each)) for each in 300e6 * per_hz)),
        "f_sum": (f"Jy*{unit}", *(repr(float(each)) for each in 1.2e6 * per_hz)),
        "err_f_sum": (f"Jy*{unit}", "1.0", "1.0"),
    }
    found = read_with(tmp_path, **cells)  # type: ignore[arg-type]
    # the derivative by differences of 1e3 in 2e11 Hz is good to 1e-5
    np.testing.assert_allclose(found["line_flux"], C_KMS * 1.2e6 / nu, rtol=1e-5)  # type: ignore[index]
    np.testing.assert_allclose(found["line_fwhm"], C_KMS * 200e6 / nu, rtol=1e-5)  # type: ignore[index]


def test_velocities_without_a_rest_frequency_are_those_of_the_axis(tmp_path: Path) -> None:
    nominal = replace(grid(), nominal=True)
    cells = {
        "freq": (),
        "v_rad": ("km/s", "0", "-500"),
        "w50": ("km/s", "200", "100"),
        "w20": ("km/s", "300", "200"),
        "f_sum": ("Jy*km/s", "1.5", "0.5"),
        "err_f_sum": ("Jy*km/s", "0.1", "0.1"),
    }
    found = read_with(tmp_path, nominal, **cells)  # type: ignore[arg-type]
    np.testing.assert_allclose(found["line_flux"], [1.5, 0.5])  # type: ignore[index]
    np.testing.assert_allclose(found["line_fwhm"], [200, 100])  # type: ignore[index]
    assert np.isnan(found["frequency"]).all()  # type: ignore[index]


def test_widths_in_channels(tmp_path: Path) -> None:
    cells = {"w50": ("pix", "10", "5"), "w20": ("pix", "15", "8")}
    found = read_with(tmp_path, grid(), **cells)
    np.testing.assert_array_equal(found["line_fwhm_chan"], [10, 5])  # type: ignore[index]
    np.testing.assert_allclose(found["line_fwhm"][0], C_KMS * 0.2 / 230.41)  # type: ignore[index]


def test_galactic_positions_become_icrs(tmp_path: Path) -> None:
    sky = grid().sky_at(np.array([40.25, 80.5]), np.array([30.75, 90.0]))
    galactic = sky.galactic
    cells = {
        "ra": (),
        "dec": (),
        "l": ("deg", *(repr(float(each)) for each in galactic.l.deg)),
        "b": ("deg", *(repr(float(each)) for each in galactic.b.deg)),
    }
    found = read_with(tmp_path, **cells)  # type: ignore[arg-type]
    there = SkyCoord(found["ra"], found["dec"], unit="deg")  # type: ignore[index]
    assert there.separation(sky).max() < 1e-6 * u.arcsec


# --- what cannot be read
@pytest.mark.parametrize("unit", ["Jy/beam", "Jy/beam*Hz", "K*km/s", "???", "-"])
def test_a_sum_that_is_no_flux_is_refused(tmp_path: Path, unit: str) -> None:
    with pytest.raises(DeepFocusError, match=r"f_sum.*parameter\.physical = true"):
        read_with(tmp_path, grid(), f_sum=(unit, "1", "2"))


def test_a_flux_over_frequency_needs_the_frequency(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="no column says at which frequency"):
        read_with(tmp_path, freq=())  # type: ignore[arg-type]
    assert len(read_with(tmp_path, grid(), freq=())) == 2  # type: ignore[arg-type]


def test_a_peak_in_kelvin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"'f_max'.*is in 'K'"):
        read_with(tmp_path, grid(), f_max=("K", "1", "2"))


def test_pixels_of_a_region_are_not_those_of_the_cube(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"parameter\.offset = true"):
        read_with(tmp_path, grid(), x=("pix", "30.25", "70.5"))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("a.xml", "<VOTABLE"),
        ("a.xml", "no xml"),
        ("a.xml", xml({"id": ("-", "1", "2")})),
        ("a.xml", xml(columns()).replace(">40.250000<", ">forty<")),
        ("a.xml", xml(columns()).replace("\t\t\t\t\t\t<TD>0.010000</TD>\n", "", 1).replace(
            '<FIELD datatype="double" name="x"', '<FIELD name="x"')),
        ("a.txt", ""),
        ("a.txt", "# nothing\n1 2 3\n"),
        ("a.txt", text(columns()).replace("40.250000", "    forty")),
        ("a.txt", text(columns()) + " 1 2 3\n"),
    ],
)  # fmt: skip
def test_malformed_files(tmp_path: Path, name: str, wrong: str) -> None:
    path = tmp_path / name
    path.write_text(wrong)
    with pytest.raises(DeepFocusError, match="cannot be read as a list of SoFiA-2") as caught:
        df.read_catalogue(path, format="sofia")
    assert "\n" not in str(caught.value)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="No such file"):
        df.read_catalogue(tmp_path / "none.xml", format="sofia")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DeepFocusError, match="it is no text"):
        df.read_catalogue(tmp_path / "b.txt", format="sofia")


# --- back and forth
@pytest.mark.parametrize("suffix", ["xml", "txt"])
@pytest.mark.parametrize("up", [True, False])
def test_round_trip(tmp_path: Path, suffix: str, up: bool) -> None:
    on = grid(up=up)
    found = three(on)
    path = df.write(found, tmp_path / f"found.{suffix}", format="sofia")
    back, kept = df.read_catalogue(path, format="sofia", grid=on), found.accepted
    assert len(back) == 2
    for name in (
        *("id", "x", "y", "channel", "x_err", "y_err", "channel_err", "ra", "dec", "frequency"),
        *("line_fwhm_chan", "line_fwhm", "line_w20", "box_x0", "box_x1", "box_y0", "box_y1"),
        *("channel_lo", "channel_hi", "line_flux", "line_flux_err", "peak", "snr_peak"),
        "probability",
    ):
        np.testing.assert_allclose(back[name], kept[name], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(back["warning"], kept["warning"])
    without = df.read_catalogue(path, format="sofia")
    np.testing.assert_allclose(without["line_flux"], kept["line_flux"], rtol=1e-12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flux=st.floats(-10, 10),
    channel=st.floats(0, 63),
    fwhm=st.floats(0.1, 60),
    suffix=st.sampled_from(["xml", "txt"]),
)
def test_any_line_comes_back(
    tmp_path: Path, flux: float, channel: float, fwhm: float, suffix: str
) -> None:
    on = grid()
    found = three(on, channel=[channel] * 3, line_fwhm_chan=[fwhm] * 3, line_flux=[flux] * 3)
    path = df.write(found, tmp_path / f"any.{suffix}", format="sofia")
    back = df.read_catalogue(path, format="sofia", grid=on)
    np.testing.assert_allclose(back["line_flux"], flux, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(back["channel"], channel, rtol=1e-12)
    np.testing.assert_allclose(back["line_fwhm_chan"], fwhm, rtol=1e-9)


@pytest.mark.parametrize("suffix", ["xml", "txt"])
def test_what_is_not_known_stays_so(tmp_path: Path, suffix: str) -> None:
    bare = catalogue(x=[1.0], y=[2.0], channel=[3.0])
    path = df.write(bare, tmp_path / f"bare.{suffix}", format="sofia")
    assert "x_min" not in path.read_text()  # no whole number stands for one that is not known
    back = df.read_catalogue(path, format="sofia")
    for name in ("ra", "line_flux", "peak", "box_x0", "probability", "x_err"):
        assert np.isnan(back[name]).all(), name


@pytest.mark.parametrize("suffix", ["xml", "txt"])
def test_no_source_is_an_empty_list(tmp_path: Path, suffix: str) -> None:
    path = df.write(catalogue(), tmp_path / f"none.{suffix}", format="sofia")
    assert len(df.read_catalogue(path, format="sofia", grid=grid())) == 0


def test_astropy_reads_the_xml(tmp_path: Path) -> None:
    path = df.write(three(grid()), tmp_path / "found.xml", format="sofia")
    table = Table.read(path, format="votable")
    np.testing.assert_array_equal(table["x"], [40.25, 80.5])
    assert table["w50"].unit == u.Hz


def test_names_of_formats_and_suffixes(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="did you mean 'sofia'"):
        df.read_catalogue(tmp_path / "a.xml", format="sofya")
    with pytest.raises(DeepFocusError, match="leave format out"):
        df.read_catalogue(tmp_path / "a.xml", format="duchamp")
    with pytest.raises(DeepFocusError, match=r"ends in \.xml"):
        df.write(three(grid()), tmp_path / "a.fits", format="sofia")
    with pytest.raises(DeepFocusError, match="is not a catalogue"):
        df.write(3, tmp_path / "a.xml", format="sofia")  # type: ignore[arg-type]
