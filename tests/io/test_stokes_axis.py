"""Several Stokes parameters in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import FREQ, LAT, LON, NX, NY, image, saved, voxels

from deepfocus.api import read
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides


def _saved(path: Path, values: list[float], **keys: object) -> Path:
    """Planes of these values of STOKES; each has the voxels of `voxels` plus 1e5 its place."""
    hdu = image()
    data = np.concatenate([hdu.data + 1e5 * i for i in range(len(values))])
    step = values[1] - values[0] if len(values) > 1 else 1.0
    header = hdu.header
    header.update(CRVAL4=values[-1], CDELT4=step, CRPIX4=float(len(values)))
    for key, value in keys.items():
        if value is None:
            del header[key]
        else:
            header[key] = value
    fits.PrimaryHDU(data, header).writeto(path)
    return path


@pytest.mark.parametrize(
    ("values", "stokes", "place"),
    [
        ([1, 2, 3, 4], None, 0),
        ([1, 2, 3, 4], "V", 3),
        ([1, 2, 3, 4], "v", 3),
        ([4, 3, 2, 1], None, 3),  # CDELT4 = -1
        ([1, 4], "V", 1),  # CDELT4 = 3
        ([-1, -2], "LL", 1),
        ([-5, -6, -7, -8], "YY", 1),
        ([1], "I", 0),
        ([4], "V", 0),
    ],
)
def test_the_plane_is_that_of_the_parameter(
    tmp_path: Path, values: list[float], stokes: str | None, place: int
) -> None:
    cube = read_cube(_saved(tmp_path / "c.fits", values), Overrides(stokes=stokes))
    # float32 of values up to 4e5
    np.testing.assert_allclose(cube.data, voxels() + 1e5 * place, rtol=1e-6)
    noted = [note for note in cube.meta.get("notes", ()) if "Stokes" in note]
    assert len(noted) == (len(values) > 1)
    assert not noted or f"{(stokes or 'I').upper()} taken" in noted[0]


def test_stokes_may_be_any_axis(tmp_path: Path) -> None:
    hdu = image()
    data = np.stack([hdu.data[0], hdu.data[0] + 1e5], axis=-1)  # the first FITS axis
    header = fits.Header()
    for key, value in hdu.header.items():
        stem, number = key[:-1], key[-1]
        if stem in ("CTYPE", "CRVAL", "CDELT", "CRPIX", "CUNIT"):
            header[f"{stem}{int(number) % 4 + 1}"] = value
        elif key in ("BUNIT", "RESTFRQ"):
            header[key] = value
    fits.PrimaryHDU(data, header).writeto(tmp_path / "c.fits")
    np.testing.assert_array_equal(read_cube(tmp_path / "c.fits").data, voxels())


@pytest.mark.parametrize(
    ("values", "stokes", "words"),
    [
        ([2, 3], None, r"has Stokes Q, U; wanted Stokes I; choose one with --stokes"),
        ([-1, -2], None, r"has Stokes RR, LL; wanted Stokes I"),
        ([1, 2, 3], "V", r"has Stokes I, Q, U; wanted Stokes V"),
        ([4], "I", r"has Stokes V; wanted Stokes I"),
        ([1, 2], "X", r"no Stokes parameter 'X'; wanted one of I, Q"),
        ([10.5, 11], None, r"has Stokes value 10.5, value 11"),
    ],
)
def test_what_is_not_there_is_said(
    tmp_path: Path, values: list[float], stokes: str | None, words: str
) -> None:
    with pytest.raises(DeepFocusError, match=words):
        read_cube(_saved(tmp_path / "c.fits", values), Overrides(stokes=stokes))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"CRVAL4": -1.0}, "the only plane is Stokes RR"),
        ({"CRVAL4": 4.0}, "the only plane is Stokes V"),
        ({"CRVAL4": None}, "does not say which"),
        ({"CRVAL4": 0.0}, "does not say which"),
        ({"CRVAL4": "I"}, "does not say which"),
    ],
)
def test_a_single_plane_is_searched(tmp_path: Path, keys: dict, words: str) -> None:
    cube = read_cube(_saved(tmp_path / "c.fits", [1], **keys))
    np.testing.assert_array_equal(cube.data, voxels())
    assert any(words in note for note in cube.meta["notes"])


def test_without_the_axis_there_is_only_intensity(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, FREQ])
    assert read_cube(path, Overrides(stokes="I")).data.shape == (9, NY, NX)
    with pytest.raises(DeepFocusError, match="has no STOKES axis; wanted Stokes V"):
        read_cube(path, Overrides(stokes="V"))


def test_the_same_from_memory(tmp_path: Path) -> None:
    path = _saved(tmp_path / "c.fits", [1, 2, 3, 4])
    with fits.open(path) as hdus:
        for source in (path, hdus):
            np.testing.assert_allclose(read(source, stokes="U").data, voxels() + 2e5, rtol=1e-6)
