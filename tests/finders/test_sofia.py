"""The finder that runs SoFiA-2: parameters, catalogue, what SoFiA says, and two sources.

A few lines of Python stand in for the program, except in the last tests.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from finder_cubes import BEAM, cube_with, empty_cube, source

from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.core.noise import DirtyBeam, Noise, White
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.sofia.files import read_sources, write_input
from deepfocus.finders.sofia.finder import Sofia
from deepfocus.finders.sofia.judging import PositiveAlone, Reliability
from deepfocus.finders.sofia.noise import AsItIs, OfTheBeam
from deepfocus.finders.sofia.parameters import kernels_within, parameter_text
from deepfocus.finders.sofia.region import CentralSquare, WholeImage
from deepfocus.finders.sofia.table import table_of

CATALOGUE = Path(__file__).with_name("sofia_catalogue.xml")
"""What SoFiA 2.5.1 wrote of `SOURCES`; columns that the finder does not read were taken out."""
SOURCES = [source(80.7, 70.2, 41.5, fwhm_chan=10), source(40.3, 50.6, 20.4)]
NOTHING = "sys.exit(8)"
TOO_FEW = f"""
if "reliability.enable = true" in parameters:
    sys.exit("ERROR: Covariance matrix is not invertible; cannot measure reliability.")
shutil.copy({str(CATALOGUE)!r}, out)
"""
ONLY_NEGATIVE = """
if "reliability.enable = true" in parameters:
    sys.exit("ERROR: No positive sources found. Cannot proceed.")
sys.exit(8)
"""
FAILS = (
    'sys.exit("\\x1b[31mERROR: Illegal spatial\\n kernel.\\n       Terminating with error code 7.")'
)


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[[str], str]:
    """Makes a program from a line that sees `parameters` and `out`, the catalogue to be written."""

    def made(body: str) -> str:
        program = tmp_path / "sofia"
        program.write_text(
            f"#!{sys.executable}\n"
            "import pathlib, re, shutil, sys\n"
            "print('Using:    (SoFiA)\\nVersion:  2.5.1 (16-Mar-2023)')\n"
            "if len(sys.argv) < 2: sys.exit(7)\n"
            "parameters = pathlib.Path(sys.argv[1]).read_text()\n"
            "folder = re.search('output.directory = (.*)', parameters)[1]\n"
            "out = pathlib.Path(folder) / 'found_cat.xml'\n"
            "if 'reliability.enable = true' in parameters:\n"
            "    print('Found 2 positive and 12 negative sources.')\n" + body
        )
        program.chmod(0o755)
        return str(program)

    return made


def flux_jy_kms(cube: Cube, index: int) -> float:
    each = SOURCES[index]
    return each.line_jy * each.fwhm_chan * GAUSSIAN_AREA * float(cube.grid.width_kms(1.0, 0.0))


# --- there
def test_parameters_follow_from_the_beam_and_the_shape_of_the_cube() -> None:
    cube = empty_cube()
    text = parameter_text(Sofia().parameters(cube.data.shape, beam_ellipse(cube)))
    lines = dict(line.split(" = ") for line in text.splitlines())
    # a beam of 8 x 6 px
    assert lines["scfind.kernelsXY"] == "0, 3, 7"
    assert lines["scfind.kernelsZ"] == "0, 3, 7, 15"
    assert lines["linker.minSizeXY"] == "7"
    assert lines["scfind.threshold"] == "5.0"
    assert lines["contsub.enable"] == lines["reliability.enable"] == "true"
    assert (lines["dilation.iterationsXY"], lines["dilation.iterationsZ"]) == ("3", "1")
    assert lines["pipeline.threads"] == "1"


def test_a_short_band_and_a_small_image_get_what_fits() -> None:
    assert kernels_within([0, 6.7, 13.4], axis=40) == [0, 7]
    assert kernels_within([3, 3, 7], axis=8) == [0]
    beam = beam_ellipse(empty_cube(shape=(4, 32, 32)))
    assert Sofia().parameters((4, 32, 32), beam)["contsub.enable"] is False
    assert Sofia().parameters((20, 32, 32), beam)["contsub.shift"] == 3


def test_further_parameters_replace_those_of_the_settings() -> None:
    beam = beam_ellipse(empty_cube(shape=(4, 32, 32)))
    further = Sofia(further=("scfind.threshold = 5", "dilation.enable=true"))
    parameters = further.parameters((64, 128, 128), beam)
    assert (parameters["scfind.threshold"], parameters["dilation.enable"]) == ("5", "true")
    for wrong in ("dilation", "threshold=5", "output.directory=/"):
        with pytest.raises(DeepFocusError, match="among the parameters for SoFiA-2"):
            Sofia(further=(wrong,))


def test_a_central_square_has_the_phase_centre_in_its_middle() -> None:
    square = CentralSquare(256)
    # rows and columns 150 and 180 are the 128th of 256 from the first
    assert square.window(ny=300, nx=360) == (slice(22, 278), slice(52, 308))
    # an axis that is shorter is searched as it is
    assert square.window(ny=32, nx=301) == (slice(0, 32), slice(22, 278))
    with pytest.raises(DeepFocusError, match="a central square of 0 px"):
        CentralSquare(0)


def test_impossible_settings_are_refused() -> None:
    for wrong in ({"threshold": 0.0}, {"kernels_chan": (-3,)}):
        with pytest.raises(DeepFocusError, match="threshold of"):
            Sofia(**wrong)  # type: ignore[arg-type]


def test_the_cube_goes_over_in_pixels_and_channels(tmp_path: Path) -> None:
    cube = empty_cube(shape=(4, 32, 40))
    write_input(cube.data, beam_ellipse(cube), tmp_path / "cube.fits")
    header = fits.getheader(tmp_path / "cube.fits")
    area_px = np.pi / (4 * np.log(2)) * header["BMAJ"] * header["BMIN"] / header["CDELT1"] ** 2
    assert area_px == pytest.approx(BEAM.area_px(cube.grid.cell_arcsec))
    assert header["CDELT3"] == 1.0
    np.testing.assert_array_equal(fits.getdata(tmp_path / "cube.fits"), cube.data)


def test_white_noise_has_no_beam_and_noise_that_the_beam_correlates_has_one() -> None:
    cube = empty_cube(shape=(12, 64, 64))
    beam = beam_ellipse(cube)
    for known, stated in ((White(), None), (DirtyBeam(), beam)):
        told = replace(cube, noise=Noise(known))
        assert AsItIs().stated_beam(told, beam) == stated
        assert OfTheBeam().stated_beam(told, beam) == beam
    # measured, where it is not known
    correlated = replace(cube, noise=None)
    seen = np.random.default_rng(3).normal(size=cube.data.shape).astype(np.float32)
    assert AsItIs().stated_beam(correlated, beam) == beam
    assert AsItIs().stated_beam(correlated.with_data(seen), beam) is None


# --- and back
def test_in_white_noise_fluxes_are_the_same_and_errors_those_of_independent_pixels(
    stand_in: Callable[[str], str],
) -> None:
    # what SoFiA writes without a beam: sums, and the error of so many independent pixels
    area = beam_ellipse(empty_cube())
    px = GAUSSIAN_AREA**2 * area.fwhm_x_px * area.fwhm_y_px
    program = stand_in(
        "text = pathlib.Path(re.search('input.data = (.*)', parameters)[1]).read_bytes()[:2880]\n"
        f"factors = (1, 1) if b'BMAJ' in text else ({px}, {px**0.5})\n"
        f"catalogue = pathlib.Path({str(CATALOGUE)!r}).read_text()\n"
        'names = re.findall(\'<FIELD[^>]*name="([^"]*)"\', catalogue)\n'
        "def row(found):\n"
        "    cells = re.findall('<TD>(.*?)</TD>', found[0], re.S)\n"
        "    for name, factor in zip(('f_sum', 'err_f_sum'), factors):\n"
        "        cells[names.index(name)] = str(float(cells[names.index(name)]) * factor)\n"
        "    return '<TR>' + ''.join(f'<TD>{cell}</TD>' for cell in cells) + '</TR>'\n"
        "pathlib.Path(out).write_text(re.sub('<TR>.*?</TR>', row, catalogue, flags=re.S))\n"
    )
    finder = Sofia(program=program, noise=AsItIs())
    white, correlated = (
        finder.ready().find(replace(empty_cube(), noise=Noise(kind))).catalogue
        for kind in (White(), DirtyBeam())
    )
    np.testing.assert_allclose(white["line_flux"], correlated["line_flux"], rtol=1e-6)
    ratio = white["snr_focused"] / correlated["snr_focused"]
    np.testing.assert_allclose(ratio, np.sqrt(px), rtol=1e-6)


def test_a_catalogue_of_sofia_has_our_columns() -> None:
    cube = empty_cube()
    found = table_of(read_sources(CATALOGUE), cube)
    for index, each in enumerate(SOURCES):
        # half a beam is 3.5 px; the masks are wide, so centroids are less good than SNRs promise
        assert found["x"][index] == pytest.approx(each.x, abs=0.6)
        assert found["y"][index] == pytest.approx(each.y, abs=0.6)
        assert found["channel"][index] == pytest.approx(each.channel, abs=0.6)
        assert found["line_fwhm_chan"][index] == pytest.approx(each.fwhm_chan, rel=0.05)
        # of a Gaussian: sqrt(log2 5) FWHM
        assert found["line_w20_chan"][index] == pytest.approx(1.52 * each.fwhm_chan, rel=0.2)
        # a sum over voxels of Jy/beam, over the beam, in channels of so many km/s
        assert found["line_flux"][index] == pytest.approx(flux_jy_kms(cube, index), rel=0.05)
        assert found["peak"][index] == pytest.approx(1e3 * each.line_jy, rel=0.1)
    np.testing.assert_array_equal(found["box_x0"], [64.5, 29.5])
    np.testing.assert_array_equal(found["box_y1"], [85.5, 65.5])
    np.testing.assert_allclose(found["snr_focused"], found["line_flux"] / found["line_flux_err"])
    np.testing.assert_allclose(found["x_err"], [0.188669, 0.197181])
    assert np.isfinite(found["ra"] + found["frequency"] + found["line_w20"]).all()
    assert np.isnan(found["fwhm_x_px"]).all()


def test_what_is_found_in_a_square_is_placed_in_the_image(
    stand_in: Callable[[str], str],
) -> None:
    program = stand_in(f"shutil.copy({str(CATALOGUE)!r}, out)")
    whole, square = (
        Sofia(program=program, region=region).ready().find(empty_cube()).catalogue
        for region in (WholeImage(), CentralSquare(64))
    )
    # the square's first pixel is (32, 32)
    for name in ("x", "y", "box_x0", "box_x1", "box_y0", "box_y1"):
        np.testing.assert_allclose(square[name], whole[name] + 32)
    np.testing.assert_array_equal(square["channel"], whole["channel"])


def test_flux_is_corrected_for_the_primary_beam() -> None:
    cube = empty_cube()
    half = replace(cube, primary_beam=np.full((1, 128, 128), 0.5), psf_channels=np.array([31.5]))
    flux, corrected = (table_of(read_sources(CATALOGUE), each) for each in (cube, half))
    for name in ("line_flux", "line_flux_err"):
        np.testing.assert_allclose(corrected[name], 2 * flux[name])


def test_sums_are_over_the_beam_of_the_line_where_beams_differ() -> None:
    cube = empty_cube()
    # beams 1 to 1.5 times as wide as the median along one axis; lines in channels 41 and 20
    major = BEAM.major_arcsec * np.linspace(1.0, 1.5, len(cube.data))
    known = np.full(len(major), BEAM.minor_arcsec), np.full(len(major), BEAM.pa_deg)
    differ = replace(cube, beams=ChannelBeams(major, *known))
    flux, own = (table_of(read_sources(CATALOGUE), each) for each in (cube, differ))
    wider = np.interp(flux["channel"], np.arange(len(major)), major) / BEAM.major_arcsec
    for name in ("line_flux", "line_flux_err"):
        # of the nearest channel: half of one is 0.4%
        np.testing.assert_allclose(own[name], flux[name] / wider, rtol=4e-3)


def test_what_sofia_could_not_measure_is_nan_and_its_flags_are_words() -> None:
    sources = read_sources(CATALOGUE)
    sources |= {"rms": np.zeros(2), "err_x": np.zeros(2), "w20": np.zeros(2)}
    found = table_of(sources | {"flag": np.array([0.0, 3.0])}, empty_cube())
    for name in ("x_err", "line_flux_err", "line_w20_chan", "snr_peak"):
        assert np.isnan(found[name]).all(), name
    assert list(found["warning"]) == [
        "",
        "near the edge of the image; line cut off by the end of the band",
    ]


# --- what the program says
def test_a_source_without_a_centroid_is_in_the_middle_of_its_mask() -> None:
    # a mask in which nothing is above zero: SoFiA writes NaN
    sources = {name: values.copy() for name, values in read_sources(CATALOGUE).items()}
    for axis in ("x", "y", "z"):
        sources[axis][0] = np.nan
    found = table_of(sources, empty_cube())
    assert found["x"][0] == (sources["x_min"][0] + sources["x_max"][0]) / 2
    assert np.isfinite([found["y"], found["channel"]]).all()


def test_unreliable_sources_stay_with_their_reason(stand_in: Callable[[str], str]) -> None:
    unsure = CATALOGUE.read_text().replace("<TD>1</TD><TD>0</TD>", "<TD>0.4</TD><TD>0</TD>", 1)
    program = stand_in(f"out.write_text({unsure!r})")
    ready = Sofia(program=program, judge=Reliability()).ready()
    detection = ready.find(empty_cube())
    assert list(detection.catalogue["flag"]) == [Flag.LOW_FIDELITY, 0]
    assert detection.catalogue["reason"][0].endswith("(reliability)")
    assert list(detection.catalogue["probability"]) == [0.4, 1.0]
    assert list(detection.snapshots["linked"]["flag"]) == [0, 0]
    assert detection.notes == ()
    assert ready.provenance == {"sofia": "2.5.1"}


def test_nothing_found_is_an_empty_catalogue(stand_in: Callable[[str], str]) -> None:
    assert len(Sofia(program=stand_in(NOTHING)).ready().find(empty_cube()).catalogue) == 0


def test_nothing_but_negative_sources_is_an_empty_catalogue(
    stand_in: Callable[[str], str],
) -> None:
    ready = Sofia(program=stand_in(ONLY_NEGATIVE), judge=Reliability()).ready()
    assert len(ready.find(empty_cube()).catalogue) == 0


def test_too_few_negatives_leave_the_signal_to_noise_to_judge(
    stand_in: Callable[[str], str],
) -> None:
    finder = Sofia(program=stand_in(TOO_FEW), judge=Reliability(min_snr_alone=20.0))
    detection = finder.ready().find(empty_cube())
    assert list(detection.catalogue["flag"]) == [0, Flag.LOW_PROBABILITY]  # SNRs of 22 and 18
    assert np.isnan(detection.catalogue["probability"]).all()
    assert "signal-to-noise ratio of 20" in detection.notes[0]


def test_few_negatives_are_not_believed(stand_in: Callable[[str], str]) -> None:
    copies = stand_in(f"shutil.copy({str(CATALOGUE)!r}, out)")  # there are 12 negatives
    finders = (Sofia(program=copies, judge=Reliability(min_negatives=least)) for least in (12, 13))
    believed, not_believed = (finder.ready().find(empty_cube()) for finder in finders)
    assert list(believed.catalogue["probability"]) == [1.0, 1.0]
    assert believed.notes == ()
    assert np.isnan(not_believed.catalogue["probability"]).all()
    assert "too few negative detections" in not_believed.notes[0]


def test_sources_fainter_than_the_noise_around_them_allows_are_rejected(
    stand_in: Callable[[str], str],
) -> None:
    copies = stand_in(f"shutil.copy({str(CATALOGUE)!r}, out)")
    found = (
        Sofia(program=copies, judge=Reliability(min_snr=20.0)).ready().find(empty_cube()).catalogue
    )
    assert list(found["flag"]) == [0, Flag.LOW_PROBABILITY]  # SNRs of 22 and 18


def test_positive_voxels_alone_are_judged_by_their_signal_to_noise(
    stand_in: Callable[[str], str],
) -> None:
    copies = stand_in(
        "assert 'linker.positivity = true' in parameters\n"
        "assert 'reliability.enable = false' in parameters\n"
        f"shutil.copy({str(CATALOGUE)!r}, out)"
    )
    detection = Sofia(program=copies, judge=PositiveAlone(min_snr=20.0)).ready().find(empty_cube())
    assert list(detection.catalogue["flag"]) == [0, Flag.LOW_PROBABILITY]  # SNRs of 22 and 18
    assert np.isnan(detection.catalogue["probability"]).all()
    assert detection.notes == ()


def test_a_dirty_cube_has_rough_fluxes(stand_in: Callable[[str], str]) -> None:
    cube = empty_cube()
    dirty = replace(cube, psf=np.ones((1, 128, 128)), psf_channels=np.array([31.5]))
    detection = Sofia(program=stand_in(TOO_FEW)).ready().find(dirty)
    assert "dirty beam" in detection.notes[-1]


def test_an_error_of_sofia_is_one_line(stand_in: Callable[[str], str]) -> None:
    with pytest.raises(DeepFocusError, match=r"with status 1: Illegal spatial kernel\.;"):
        Sofia(program=stand_in(FAILS)).ready().find(empty_cube())


def test_a_missing_or_another_program_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"'no-sofia' is not on the PATH; wanted SoFiA-2"):
        Sofia(program="no-sofia").ready()
    with pytest.raises(DeepFocusError, match="is not SoFiA-2"):
        Sofia(program="true").ready()
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0")
    broken.chmod(0o755)
    with pytest.raises(DeepFocusError, match="cannot be run"):
        Sofia(program=str(broken)).ready()


# --- the program itself
NO_SOFIA = pytest.mark.skipif(shutil.which("sofia") is None, reason="needs the program sofia")


@NO_SOFIA
def test_sofia_finds_two_sources() -> None:
    cube = cube_with(SOURCES)
    found = Sofia().ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for index, each in enumerate(SOURCES):
        at = int(np.argmin(np.hypot(found["x"] - each.x, found["y"] - each.y)))
        # half a beam
        assert np.hypot(found["x"][at] - each.x, found["y"][at] - each.y) < 3.5
        assert found["channel"][at] == pytest.approx(each.channel, abs=1)
        assert found["line_fwhm_chan"][at] == pytest.approx(each.fwhm_chan, rel=0.2)
        assert found["line_flux"][at] == pytest.approx(flux_jy_kms(cube, index), rel=0.15)


@NO_SOFIA
def test_sofia_searches_the_square_and_counts_from_the_first_pixel_of_the_image() -> None:
    # the square is pixels 32 to 95: the second source, at x = 40, is inside, a third is not
    cube = cube_with([SOURCES[0], SOURCES[1], source(110.0, 110.0, 30.0)])
    found = Sofia(region=CentralSquare(64)).ready().find(cube).catalogue.accepted
    assert len(found) == 2
    for each in SOURCES:
        away = np.hypot(found["x"] - each.x, found["y"] - each.y)
        assert away.min() < 3.5  # half a beam


@NO_SOFIA
def test_without_reliabilities_the_mask_of_the_first_run_gives_the_same_sources() -> None:
    any_snr = Reliability(min_snr_alone=0.0)
    # one bright source: there are hardly any negative detections
    cube = cube_with(SOURCES[:1])
    stopped = Sofia(judge=any_snr).ready().find(cube)
    never = Sofia(judge=any_snr, further=("reliability.enable=false",)).ready().find(cube)
    assert np.isnan(stopped.catalogue["probability"]).all()
    assert len(stopped.catalogue) == len(never.catalogue) > 0
    for name in ("x", "y", "channel", "box_x0", "line_flux", "snr_focused"):
        np.testing.assert_array_equal(stopped.catalogue[name], never.catalogue[name])
