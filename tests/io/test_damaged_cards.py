"""Header cards that break the standard: mended or named, never a traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import image, voxels

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube


def _with_card(path: Path, key: str, text: str) -> Path:
    """A cube of which one card says `key = text`, letter by letter."""
    hdu = image()
    cards = [card.image for card in hdu.header.cards if card.keyword != key]
    place = next((i for i, card in enumerate(hdu.header.cards) if card.keyword == key), len(cards))
    cards.insert(place, f"{key:8s}= {text}".ljust(80))
    header = b"".join(card.encode("latin-1") for card in (*cards, "END".ljust(80)))
    data = hdu.data.tobytes()
    header, data = header + b" " * (-len(header) % 2880), data + bytes(-len(data) % 2880)
    path.write_bytes(header + data)
    return path


def _notes(cube: Cube) -> str:
    return "; ".join(cube.meta.get("notes", ()))


@pytest.mark.parametrize("text", ["NaN", "nan", "Inf", "'wide'", "T", "????", "'1.08 parsecs'"])
def test_a_beam_that_is_no_number_is_left_out_and_named(tmp_path: Path, text: str) -> None:
    cube = read_cube(_with_card(tmp_path / "c.fits", "BMAJ", text))
    assert cube.beam is None
    assert "BMAJ" in _notes(cube)
    np.testing.assert_array_equal(cube.data, voxels())


@pytest.mark.parametrize("text", ["'1.08 arcsec'", "1.08 arcsec", "'3e-4'", "'3.0D-4'", "3.0D-4"])
def test_a_beam_in_words_is_understood(tmp_path: Path, text: str) -> None:
    cube = read_cube(_with_card(tmp_path / "c.fits", "BMAJ", text))
    assert cube.beam is not None
    assert cube.beam.major_arcsec == pytest.approx(1.08)


@pytest.mark.parametrize("text", ["NaN", "'north'"])
def test_a_position_angle_that_is_no_number_counts_as_zero(tmp_path: Path, text: str) -> None:
    cube = read_cube(_with_card(tmp_path / "c.fits", "BPA", text))
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 0.0)
    assert "BPA" in _notes(cube)


@pytest.mark.parametrize("text", ["mJy/beam", "'mJy/beam", "'\x07mJy/beam'"])
def test_text_without_quotes_is_read(tmp_path: Path, text: str) -> None:
    cube = read_cube(_with_card(tmp_path / "c.fits", "BUNIT", text))
    np.testing.assert_allclose(cube.data, voxels() * 1e-3, rtol=1e-6)  # float32


@pytest.mark.parametrize(
    ("key", "text"),
    [("OBJECT", "NaN"), ("OBJECT", "'é'"), ("FOO", "bar baz"), ("TELESCOP", "'ALMA"),
     ("DFSIGMA", "'a'"), ("DFMETA", "3"), ("OBSERVER", ""), ("FOO", "1 2 3")],
)  # fmt: skip
def test_other_damaged_cards_do_no_harm(tmp_path: Path, key: str, text: str) -> None:
    cube = read_cube(_with_card(tmp_path / "c.fits", key, text))
    np.testing.assert_array_equal(cube.data, voxels())
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)


@pytest.mark.parametrize(
    ("key", "text"),
    [("NAXIS", "four"), ("NAXIS", "'4'"), ("NAXIS1", "'twelve'"), ("NAXIS1", "12.0"),
     ("NAXIS1", "-12"), ("NAXIS3", "NaN"), ("BITPIX", "'-32'"), ("BITPIX", "-31"),
     ("BSCALE", "'x'"), ("BSCALE", "NaN"), ("BZERO", "abc"), ("BLANK", "abc")],
)  # fmt: skip
def test_damage_to_what_tells_how_to_read_the_data_is_named(
    tmp_path: Path, key: str, text: str
) -> None:
    path = _with_card(tmp_path / "c.fits", key, text)
    with pytest.raises(DeepFocusError, match=rf"c.fits has a damaged header: {key} = ") as caught:
        read_cube(path)
    assert "\n" not in str(caught.value)


def test_damage_in_an_extension_is_named_and_that_of_the_primary_hdu_does_no_harm(
    tmp_path: Path,
) -> None:
    alone = _with_card(tmp_path / "alone.fits", "BMAJ", "NaN").read_bytes()
    first = fits.PrimaryHDU().header.tostring().encode()
    first = first.replace(b"END" + b" " * 77, b"BUNIT   = Jy/beam".ljust(80) + b"END" + b" " * 77)
    first = first[: -(len(first) % 2880) or None]
    extension = alone.replace(
        b"SIMPLE  =                    T", b"XTENSION= 'IMAGE   '          ", 1
    )
    (tmp_path / "c.fits").write_bytes(first + extension)
    cube = read_cube(tmp_path / "c.fits")
    np.testing.assert_array_equal(cube.data, voxels())
    assert "BMAJ" in _notes(cube)
