"""The beams beside a cube: found under every name, checked, and never applied twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fits_samples import (
    CELL_DEG,
    FREQ,
    LAT,
    LON,
    NCHAN,
    NX,
    NY,
    RA,
    STOKES,
    image,
    saved,
    voxels,
)

import deepfocus as df
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.product_names import Kind, product_name

RESPONSE = 0.5
ALMA_PB = "uid___A001_X1.n_1_sci.spw25.cube.I.manual.pb.fits.gz"


def planes(value: float = RESPONSE, n: int = NCHAN) -> np.ndarray:
    """(n, y, x) a primary beam: 1 in a corner pixel, so that it is on axis somewhere."""
    values = np.full((n, NY, NX), value, ">f4")
    values[:, 0, 0] = 1.0 * value / RESPONSE
    return values


def notes(cube: Any) -> str:
    return " | ".join(cube.meta.get("notes", ()))


@pytest.mark.parametrize(
    ("cube", "beam"),
    [
        ("x.image.fits", "x.pb.fits"),
        ("x.image.fits", "x.flux.fits"),
        ("x.image.pbcor.fits", "x.pb.fits"),
        ("x.image.tt0.fits", "x.pb.tt0.fits"),
        ("x.cube.I.pbcor.fits", "x.cube.I.pb.fits.gz"),
        ("uid___A001_X1.n_1_sci.spw25.cube.I.manual.image.pbcor.fits", ALMA_PB),
        ("x.fits", "x.pb.fits"),
        ("x_image.fits", "x_pb.fits"),
        ("x-dirty.fits", "x-gain.fits"),
    ],
)
def test_a_primary_beam_is_found_under_every_name(tmp_path: Path, cube: str, beam: str) -> None:
    saved(tmp_path / cube)
    saved(tmp_path / beam, data=planes(), BUNIT="")
    found = read_cube(tmp_path / cube)
    assert found.primary_beam is not None
    assert found.primary_beam_at(x=3.0, y=4.0) == RESPONSE
    assert found.meta["primary_beam"] == beam


def test_those_of_another_field_are_not_taken(tmp_path: Path) -> None:
    saved(tmp_path / "x.image.fits")
    for name in ("xy.pb.fits", "x.2.pb.fits", "x.pb.tt0.fits", "x.pb.txt"):
        saved(tmp_path / name, data=planes(), BUNIT="")
    assert read_cube(tmp_path / "x.image.fits").primary_beam is None


def test_the_words_at_the_end_of_a_name() -> None:
    for name, field, kind in (
        ("x.image.pbcor.tt0.fits", "x.tt0", Kind.CORRECTED),
        ("x.residual.fits", "x", Kind.OTHER),
        ("pb.fits", "pb", Kind.IMAGE),
        ("x.flux.pbcoverage.fits", "x", Kind.OTHER),
        ("ngc3256.fits", "ngc3256", Kind.IMAGE),
    ):
        found = product_name(Path(name))
        assert (found.field, found.kind) == (field, kind)


def test_what_is_corrected_is_brought_back_to_flat_noise_once(tmp_path: Path) -> None:
    raw = saved(tmp_path / "x.image.fits")
    original = read_cube(raw).data
    saved(tmp_path / "x.image.pbcor.fits", data=(original / planes()).astype(">f4"))
    saved(tmp_path / "x.pb.fits", data=planes(), BUNIT="")
    corrected, plain = (read_cube(tmp_path / f"x.{kind}.fits") for kind in ("image.pbcor", "image"))
    np.testing.assert_allclose(corrected.data, plain.data, rtol=1e-6)
    assert "corrected for the primary beam: multiplied by it" in notes(corrected)
    assert "multiplied" not in notes(plain)
    assert corrected.primary_beam_at(x=3.0, y=4.0) == RESPONSE


def test_a_primary_beam_of_one_plane_counts_in_all_channels(tmp_path: Path) -> None:
    original = read_cube(saved(tmp_path / "y.fits")).data
    saved(tmp_path / "x.pbcor.fits", data=(original / planes()).astype(">f4"))
    freq = {"CTYPE": "FREQ", "CRVAL": 230e9, "CDELT": 1e6, "CRPIX": 1.0, "CUNIT": "Hz"}
    image([LON, LAT, freq, STOKES], planes(n=1), BUNIT="").writeto(tmp_path / "x.pb.fits")
    np.testing.assert_allclose(read_cube(tmp_path / "x.pbcor.fits").data, original, rtol=1e-6)


def test_where_the_primary_beam_ends_a_corrected_cube_is_blank(tmp_path: Path) -> None:
    beam = planes()
    beam[:, :, -1] = np.nan
    beam[:, :, -2] = 0.0
    saved(tmp_path / "x.pbcor.fits")
    saved(tmp_path / "x.pb.fits", data=beam, BUNIT="")
    cube = read_cube(tmp_path / "x.pbcor.fits")
    assert np.isnan(cube.data[:, :, -2:]).all()
    assert np.isfinite(cube.data[:, :, :-2]).all()
    assert np.isnan(cube.primary_beam_at(x=NX - 1.0, y=3.0))


def test_a_corrected_cube_without_its_primary_beam_says_so(tmp_path: Path) -> None:
    saved(tmp_path / "x.pbcor.fits")
    cube = read_cube(tmp_path / "x.pbcor.fits")
    assert cube.primary_beam is None
    assert "primary beam that is not there" in notes(cube)
    assert "--pb" in notes(cube)


def test_percent_and_weights_become_responses(tmp_path: Path) -> None:
    saved(tmp_path / "x.fits")
    saved(tmp_path / "x.pb.fits", data=100 * planes(), BUNIT="")
    cube = read_cube(tmp_path / "x.fits")
    assert cube.primary_beam_at(x=3.0, y=4.0) == pytest.approx(RESPONSE)
    assert "x.pb.fits is in percent" in notes(cube)
    saved(tmp_path / "w.fits")
    saved(tmp_path / "w.weight.fits", data=7.0 * planes() ** 2, BUNIT="")
    assert read_cube(tmp_path / "w.fits").primary_beam_at(x=3.0, y=4.0) == pytest.approx(RESPONSE)


@pytest.mark.parametrize(
    ("beam", "words"),
    [
        ({"data": planes(20.0)}, "has values up to 40"),
        ({"data": planes(np.nan)}, "all NaN"),
        ({"data": planes(0.0)}, "has values up to 0"),
        ({"axes": [{**LON, "CRVAL": RA + 20 * CELL_DEG}, LAT]}, "another part of the sky"),
        ({"axes": [{**LON, "CDELT": 2 * LON["CDELT"]}, LAT]}, "has pixels of"),
        ({"BUNIT": "Jy/beam", "name": "x.flux.fits"}, "is in Jy/beam"),
        (
            {f"DFCH{i + 1}": NCHAN - 1.0 + i for i in range(NCHAN)},
            f"is for channels {NCHAN - 1} to {2 * NCHAN - 2} of another cube",
        ),
    ],
)
def test_a_primary_beam_that_cannot_be_one_is_left_out_and_named(
    tmp_path: Path, beam: dict, words: str
) -> None:
    path = tmp_path / "x.fits"
    saved(path)
    name = beam.pop("name", "x.pb.fits")
    freq = {"CTYPE": "FREQ", "CRVAL": 230e9, "CDELT": 1e6, "CRPIX": 3.0, "CUNIT": "Hz"}
    axes = [*beam.pop("axes", [LON, LAT]), freq, STOKES]
    saved(tmp_path / name, axes, beam.pop("data", planes()), **{"BUNIT": "", **beam})
    cube = read_cube(path)
    assert cube.primary_beam is None
    assert "companion left out: " in notes(cube)
    assert words in notes(cube)
    # one that is named has to fit
    with pytest.raises(DeepFocusError, match=words):
        read_cube(path, primary_beam=tmp_path / name)


def test_a_named_companion_is_taken_in_place_of_the_one_beside(tmp_path: Path) -> None:
    saved(tmp_path / "x.fits")
    saved(tmp_path / "x.pb.fits", data=planes(), BUNIT="")
    other = saved(tmp_path / "mine.fits", data=planes() / 2, BUNIT="")
    cube = df.read(str(tmp_path / "x.fits"), primary_beam=str(other))
    assert cube.primary_beam_at(x=3.0, y=4.0) == RESPONSE / 2
    assert cube.meta["primary_beam"] == "mine.fits"


def lobes(fwhm_px: float) -> np.ndarray:
    """(n, y, x) round dirty beams."""
    y, x = np.mgrid[:NY, :NX]
    squared = (x - NX // 2) ** 2 + (y - NY // 2) ** 2
    return np.repeat(np.exp(-4 * np.log(2) * squared / fwhm_px**2)[None], NCHAN, axis=0)


def saved_with_empty_plane(folder: Path, name: str, values: np.ndarray) -> None:
    """Of a flagged channel, the first."""
    values[0] = np.nan
    saved(folder / name, data=values, BUNIT="")


def test_the_empty_plane_of_a_flagged_channel_is_passed_over(tmp_path: Path) -> None:
    saved(tmp_path / "x.image.fits")
    saved_with_empty_plane(tmp_path, "x.pb.fits", planes())
    saved_with_empty_plane(tmp_path, "x.psf.fits", lobes(9.0))
    cube = read_cube(tmp_path / "x.image.fits")
    assert cube.psf is not None
    assert cube.psf_channels is not None
    assert list(cube.psf_channels) == [1, NCHAN // 2 + 1, NCHAN - 1][: len(cube.psf_channels)]
    assert cube.primary_beam is not None
    assert np.isfinite(cube.primary_beam).all()


def test_a_companion_of_empty_planes_is_left_out(tmp_path: Path) -> None:
    saved(tmp_path / "x.image.fits")
    saved(tmp_path / "x.pb.fits", data=np.full((NCHAN, NY, NX), np.nan, ">f4"), BUNIT="")
    cube = read_cube(tmp_path / "x.image.fits")
    assert cube.primary_beam is None
    assert "no data" in notes(cube) or "x.pb.fits" in notes(cube)


def test_a_corrected_cube_keeps_what_one_of_two_planes_knows(tmp_path: Path) -> None:
    """A beam that is cut off at a level ends nearer at the upper end of the band."""
    saved(tmp_path / "x.cube.I.pbcor.fits")
    values = planes()
    values[NCHAN // 2 :, 2:, :] = np.nan
    saved(tmp_path / "x.cube.I.pb.fits", data=values, BUNIT="")
    flat = read_cube(tmp_path / "x.cube.I.pbcor.fits").data
    assert np.isfinite(flat[: NCHAN // 2]).all()
    assert not np.isfinite(flat[-1, 2:]).any()


def test_a_cube_that_was_cut_out_keeps_the_beams_of_the_whole(tmp_path: Path) -> None:
    """Those of nine channels beside a cube of the last five."""
    saved(tmp_path / "x.pb.fits", data=planes(), BUNIT="")
    later = FREQ | {"CRPIX": FREQ["CRPIX"] - 4}
    part = saved(tmp_path / "x.fits", [LON, LAT, later, STOKES], voxels()[4:])
    cube = read_cube(part)
    assert cube.primary_beam is not None
    assert cube.psf_channels is not None
    assert list(cube.psf_channels) == [0, 2, 4]


def test_a_beam_of_another_width_is_no_dirty_beam(tmp_path: Path) -> None:
    for name, fwhm, fits_the_cube in (("x", 3.0, True), ("y", 6.0, False)):
        saved(tmp_path / f"{name}.fits", BMAJ=3 * CELL_DEG, BMIN=3 * CELL_DEG)
        saved(tmp_path / f"{name}.psf.fits", data=lobes(fwhm), BUNIT="")
        cube = read_cube(tmp_path / f"{name}.fits")
        assert (cube.psf is not None) == fits_the_cube
        assert ("as wide as the cube's beam" in notes(cube)) != fits_the_cube


def test_a_cube_that_was_renamed_with_its_beams_has_its_own(tmp_path: Path) -> None:
    """Its header still names those that it had, which are another cube's here, or nowhere."""
    for name in ("other", "y", "z", "w"):
        saved(tmp_path / f"{name}.pb.fits", data=planes(), BUNIT="")
    saved(tmp_path / "x.fits", DFPB="other.pb.fits")
    saved(tmp_path / "y.fits", DFPB="other.pb.fits")
    saved(tmp_path / "z.fits", DFPB="gone.pb.fits")
    saved(tmp_path / "w.fits", DFPB="none")
    taken = [read_cube(tmp_path / f"{name}.fits").meta.get("primary_beam") for name in "xyzw"]
    assert taken == ["other.pb.fits", "y.pb.fits", "z.pb.fits", None]
