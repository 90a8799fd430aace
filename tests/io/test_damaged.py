"""Damaged files end in one clear line or in a cube, never in a traceback."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import image
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube

NUMBERED = ("CTYPE", "CRVAL", "CDELT", "CRPIX", "CUNIT", "NAXIS", "CROTA", "PC1_", "CD2_")
ALONE = ("BUNIT", "RESTFRQ", "BMAJ", "BMIN", "BPA", "BITPIX", "NAXIS", "BSCALE", "BZERO", "BLANK")
FURTHER = (
    "SPECSYS",
    "RADESYS",
    "EQUINOX",
    "VELREF",
    "LONPOLE",
    "DFCH1",
    "DFPSF",
    "DFMETA",
    "WCSAXES",
)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**12), 10**12),
    st.sampled_from([0, -1, 1e-300, 1e300, 1e6, 1e-6, 299792458.0]),
    st.sampled_from(
        ["", "deg", "Hz", "km/s", "K", "Jy/beam", "FREQ", "VRAD", "STOKES", "GLON-CAR"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    st.booleans(),
)
KEYS = st.one_of(
    st.builds(lambda key, i: f"{key}{i}", st.sampled_from(NUMBERED), st.integers(1, 4)),
    st.sampled_from([*ALONE, *FURTHER]),
)
FAST = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def outcome(files: dict[str, bytes]) -> Cube | DeepFocusError:
    """What becomes of the first of some files."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        try:
            return read_cube(Path(folder) / next(iter(files)))
        except DeepFocusError as error:
            return error


def content(hdu: fits.PrimaryHDU) -> bytes:
    file = io.BytesIO()
    hdu.writeto(file, output_verify="ignore")
    return file.getvalue()


WHOLE = content(image())


def cards(changed: dict[str, Any]) -> bytes:
    """The file with some cards of its header written over, as they are and unchecked."""
    header = WHOLE[: 2880 * (1 + WHOLE.index(b"END ") // 2880)]
    lines = [header[i : i + 80] for i in range(0, len(header), 80)]
    for key, value in changed.items():
        if isinstance(value, str):
            shown = f"'{value}'"
        elif isinstance(value, bool):
            shown = "T" if value else "F"
        else:
            shown = f"{value!r:>20}"
        card = f"{key:<8}= {shown}"[:80].ljust(80).encode("ascii", "replace")
        at = [i for i, line in enumerate(lines) if line[:8].strip() == key.encode()]
        end = next(i for i, line in enumerate(lines) if line[:8].strip() == b"END")
        lines[at[0] if at else end] = card
        if not at:
            lines[end + 1 : end + 2] = [b"END".ljust(80)]
    return b"".join(lines) + WHOLE[len(header) :]


@FAST
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_headers(changed: dict[str, Any]) -> None:
    found = outcome({"x.fits": cards(changed)})
    assert isinstance(found, DeepFocusError) or np.isfinite(found.data).any()


@FAST
@given(st.integers(0, len(WHOLE)), st.booleans())
def test_truncated(length: int, packed: bool) -> None:
    name, data = ("x.fits.gz", gzip.compress(WHOLE)) if packed else ("x.fits", WHOLE)
    part = data[: length * len(data) // len(WHOLE)]
    found = outcome({name: part})
    # what is missing of the last block is padding
    assert isinstance(found, DeepFocusError) or len(part) > 0.5 * len(data)


@FAST
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 7)), max_size=8))
def test_bits(flipped: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, bit in flipped:
        # half of them in the header, which is the smaller part
        data[at % 2880 if bit % 2 else at] ^= 1 << bit
    outcome({"x.fits": bytes(data)})


@FAST
@given(
    st.sampled_from(["x.psf.fits", "x.pb.fits", "x.flux.fits"]),
    st.tuples(st.integers(1, 12), st.integers(1, 14), st.integers(1, 14)),
    st.sampled_from([0.0, 1.0, np.nan, np.inf, 100.0, -1.0]),
)
def test_companions_of_other_shapes(name: str, shape: tuple[int, int, int], value: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        companion = fits.PrimaryHDU(np.full(shape, value, ">f4"), image().header)
        found = outcome({"x.fits": WHOLE, name: content(companion)})
    assert isinstance(found, Cube)


@pytest.mark.parametrize("zero", [1.1e15, -1.1e15])
def test_values_that_no_telescope_sees(zero: float) -> None:
    found = outcome({"x.fits": cards({"BZERO": zero})})
    assert "no values but such beyond 1e+15" in str(found)


@pytest.mark.parametrize("value", [7.7e36, -7.7e36, -1.1])
def test_a_beam_that_is_larger_beside_its_peak_is_left_out(value: float) -> None:
    beam = np.zeros((3, 11, 11), ">f4")
    beam[:, 5, 5] = 1.0
    beam[2, 1, 3] = value
    psf = content(image(data=beam))
    found = outcome({"x.fits": WHOLE, "x.psf.fits": psf})
    assert isinstance(found, Cube)
    assert found.psf is None
    assert "x.psf.fits is not a dirty beam" in str(found.meta["notes"])


@pytest.mark.parametrize("name", ["x.fits.gz", "x.pb.fits.gz"])
def test_a_packed_file_whose_checksum_is_another(name: str) -> None:
    """A bit that changes a number and not its length, as a bad disk flips it."""
    packed = gzip.compress(WHOLE, compresslevel=0)
    value = packed.index(WHOLE[-4096:-4000])
    wrong = bytearray(packed)
    wrong[value] ^= 1
    found = outcome({"x.fits.gz": packed, name: bytes(wrong)})
    assert "damaged" in str(found if name == "x.fits.gz" else found.meta["notes"])


def test_a_promise_of_a_petabyte_is_refused_before_memory_is_asked_for() -> None:
    huge = {"NAXIS1": 10**6, "NAXIS2": 10**6, "NAXIS3": 10**3}
    assert isinstance(outcome({"x.fits": cards(huge)}), DeepFocusError)
    assert isinstance(outcome({"x.fits.gz": gzip.compress(cards(huge))}), DeepFocusError)


@pytest.mark.parametrize("step", [1.4e154, -1e6, 1e-200])
def test_pixels_that_no_telescope_has(step: float) -> None:
    found = outcome({"x.fits": cards({"CDELT1": step})})
    assert "has pixels of" in str(found)


@pytest.mark.parametrize("equinox", [1e65, 1e305, -4e3])
def test_an_equinox_that_is_no_year(equinox: float) -> None:
    found = outcome({"x.fits": cards({"EQUINOX": equinox})})
    assert isinstance(found, Cube)
    assert "no right ascension and declination" in " ".join(found.meta["notes"])


def test_a_packed_file_that_does_not_start_as_fits_ends() -> None:
    odd = WHOLE.replace(b"SIMPLE  =                    T", b"SIMPLE  =                    e", 1)
    assert isinstance(outcome({"x.fits.gz": gzip.compress(odd)}), DeepFocusError)


def test_more_axes_than_fits_can_name_are_refused_before_they_are_looked_at() -> None:
    assert "has WCSAXES = 460403" in str(outcome({"x.fits": cards({"WCSAXES": 460403})}))
    assert "NAXIS = 1000000000" in str(outcome({"x.fits": cards({"NAXIS": 10**9})}))
    long = gzip.compress(cards({"NAXIS4": 10**9}))
    assert "has a STOKES axis of length 1000000000" in str(outcome({"x.fits.gz": long}))


@pytest.mark.parametrize("named", ["", ".", "..", "/", "a/b", "x.fits"])
def test_companions_of_odd_names(named: str) -> None:
    found = outcome({"x.fits": cards({"DFPSF": named, "DFPB": named})})
    assert isinstance(found, Cube)


@pytest.mark.parametrize("name", ["x.fits", "x.fits.gz"])
def test_nothing_at_all(name: str) -> None:
    assert isinstance(outcome({name: b""}), DeepFocusError)


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1"])
def test_damaged_tiles_of_fpack(kind: str) -> None:
    """Each of many bits, one at a time: astropy raises another class for some of them."""
    rng = np.random.default_rng(5)
    data = rng.integers(0, 1000, (3, 10, 12)).astype(np.int16)
    tiles = fits.CompImageHDU(data, image(data=data).header, compression_type=kind)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList([fits.PrimaryHDU(), tiles]).writeto(file, output_verify="ignore")
    whole = file.getvalue()
    heap = whole.rindex(b"END     ", 0, len(whole)) // 2880 * 2880 + 2880
    for at in rng.integers(heap, len(whole), 40):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        outcome({"x.fits": bytes(damaged)})
