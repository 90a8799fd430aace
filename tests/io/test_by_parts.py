"""A cube that is read by parts is the cube that is read whole, to the bit, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import FREQ, LAT, LON, NCHAN, NX, NY, STOKES, image, saved, voxels

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import ReadByParts
from deepfocus.core.workspace import OnDisk
from deepfocus.io import stored_numbers
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import NO_OVERRIDES, Overrides

AT_ONCE = 3 * NX * NY
"""Few enough voxels that all that is done by parts takes several."""
VRAD = {"CTYPE": "VRAD", "CRVAL": 1e6, "CDELT": 1e4, "CRPIX": 1.0, "CUNIT": "m/s"}
Form = Callable[[Path], Path]


def noise(*, channels: int = NCHAN) -> np.ndarray:
    """(chan, y, x) as they lie in a file, with all that float32 can hold besides."""
    values = np.random.default_rng(1).normal(0.0, 1e-3, (channels, NY, NX)).astype(">f4")
    values[1, 2, 3], values[2, 3, 4], values[3, 4, 5] = np.inf, -np.inf, np.nan
    values[4, 5, 6] = 0.3
    return values


def by_parts(path: Path, overrides: Overrides = NO_OVERRIDES) -> Cube:
    cube = read_cube(path, overrides, workspace=OnDisk(path.parent, AT_ONCE))
    assert isinstance(cube.data, ReadByParts)
    return cube


def bits(values: np.ndarray) -> np.ndarray:
    """float32 as integers: NaN and the sign of zero count."""
    assert values.dtype == np.dtype("=f4")
    return np.ascontiguousarray(values).view(np.uint32)


def assert_same(path: Path, overrides: Overrides = NO_OVERRIDES) -> Cube:
    """Values, everything that is known beside them, and parts of any kind."""
    whole, parts = read_cube(path, overrides), by_parts(path, overrides)
    np.testing.assert_array_equal(bits(np.asarray(parts.data)), bits(whole.array))
    for key in (
        4,
        slice(2, 5),
        (slice(None), slice(2, 7), slice(3, 9)),
        (slice(1, None, 3), slice(0, NY, 2), slice(1, NX, 4)),
        (slice(None), 3, 4),
        (-1, slice(2, 2)),
        (2, 3, 4),
    ):
        np.testing.assert_array_equal(bits(parts.data[key]), bits(whole.array[key]))
    for name in ("psf", "psf_channels", "primary_beam"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    said = tuple(note for note in parts.meta.get("notes", ()) if " of scratch" not in note)
    assert said == whole.meta.get("notes", ())
    assert {**parts.meta, "notes": said} == {"notes": (), **whole.meta}
    np.testing.assert_array_equal(parts.grid.freq_hz, whole.grid.freq_hz)
    assert parts.beam == whole.beam
    assert isinstance(parts.workspace, OnDisk)
    return parts


@pytest.mark.parametrize("spectral", [FREQ, VRAD], ids=["frequency", "velocity"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_of_axes(tmp_path: Path, order: tuple[int, ...], spectral: dict) -> None:
    axes = [[LON, LAT, spectral][i] for i in order]
    assert_same(saved(tmp_path / "c.fits", axes, noise()))
    assert_same(saved(tmp_path / "d.fits", [*axes[:1], STOKES, *axes[1:]], noise()))


def test_one_of_several_stokes_planes(tmp_path: Path) -> None:
    hdu = image(data=noise())
    both = np.concatenate([hdu.data, 2 * hdu.data])
    fits.PrimaryHDU(both, hdu.header).writeto(tmp_path / "c.fits")
    assert_same(tmp_path / "c.fits")
    hdu.header["CRVAL4"] = 0.0
    fits.PrimaryHDU(both, hdu.header).writeto(tmp_path / "d.fits")
    assert_same(tmp_path / "d.fits", Overrides(stokes="I"))


def _plain(name: str, **keys: object) -> Form:
    return lambda folder: saved(folder / name, data=noise(), **keys)


def _scaled(dtype: str, scale: float, zero: float, blank: int | None = None) -> Form:
    """Integers of a kind over their whole range, with BSCALE, BZERO and BLANK."""

    def form(folder: Path) -> Path:
        limits = np.iinfo(np.dtype(dtype))
        numbers = np.random.default_rng(2).integers(
            limits.min, limits.max, (NCHAN, NY, NX), np.dtype(dtype).type, endpoint=True
        )
        numbers[5, 6, 7] = numbers[5, 7, 7] = limits.min if blank is None else blank
        hdu = image(data=numbers.astype(np.dtype(dtype).newbyteorder(">")))
        raw = fits.PrimaryHDU(hdu.data, do_not_scale_image_data=True)
        raw.header.extend(hdu.header, update=True)
        content = _content(raw)
        return _with_cards(folder / "c.fits", content, scale=scale, zero=zero, blank=blank)

    return form


def _content(hdu: fits.PrimaryHDU) -> bytes:
    return hdu.header.tostring().encode() + hdu.data.tobytes()


def _with_cards(
    path: Path, content: bytes, *, scale: float, zero: float, blank: int | None
) -> Path:
    """The same file with these keys, which astropy would apply when it writes."""
    cards = [fits.Card("BSCALE", scale), fits.Card("BZERO", zero)]
    cards += [] if blank is None else [fits.Card("BLANK", blank)]
    end = content.index(b"END".ljust(80))
    header = content[:end] + "".join(str(card) for card in cards).encode() + b"END".ljust(80)
    data = content[2880 * (end // 2880 + 1) :]
    padded = header.ljust(-(-len(header) // 2880) * 2880)
    path.write_bytes(padded + data.ljust(-(-len(data) // 2880) * 2880, b"\0"))
    return path


def _packed(opener: Callable[..., object], ending: str) -> Form:
    def form(folder: Path) -> Path:
        plain = saved(folder / "c.fits", data=noise())
        with opener(folder / f"c.fits{ending}", "wb") as file:  # type: ignore[attr-defined]
            file.write(plain.read_bytes())
        plain.unlink()
        return folder / f"c.fits{ending}"

    return form


def _zipped(folder: Path) -> Path:
    plain = saved(folder / "c.fits", data=noise())
    with zipfile.ZipFile(folder / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "c.fits")
    return folder / "c.zip"


def _fpacked(tile: tuple[int, ...] | None = None, level: float = 0.0, stokes: bool = False) -> Form:
    def form(folder: Path) -> Path:
        hdu = image([LON, LAT, FREQ, STOKES] if stokes else [LON, LAT, FREQ], noise())
        packed = fits.CompImageHDU(
            hdu.data,
            hdu.header,
            compression_type="RICE_1" if level else "GZIP_2",
            quantize_level=level,
            tile_shape=tile,
        )
        fits.HDUList([fits.PrimaryHDU(), packed]).writeto(folder / "c.fits.fz")
        return folder / "c.fits.fz"

    return form


def _fpacked_spectra(folder: Path) -> Path:
    hdu = image([FREQ, LAT, LON], noise())
    packed = fits.CompImageHDU(hdu.data, hdu.header, "C", "GZIP_1", (5, 7, 4), quantize_level=0.0)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(folder / "c.fits.fz")
    with gzip.open(folder / "c.fits.fz.gz", "wb") as file:
        file.write((folder / "c.fits.fz").read_bytes())
    return folder / "c.fits.fz.gz"


def _in_an_extension(folder: Path) -> Path:
    hdu = image(data=noise())
    weights = fits.ImageHDU(np.ones((NCHAN, NY, NX), ">f4"), name="WEIGHT")
    cube = fits.ImageHDU(hdu.data, hdu.header, name="SCI")
    fits.HDUList([fits.PrimaryHDU(), weights, cube]).writeto(folder / "c.fits")
    return folder / "c.fits"


def _in_double_precision(folder: Path) -> Path:
    values = noise().astype(">f8")
    values[6, 7, 8] = 1e300
    return saved(folder / "c.fits", data=values)


def _with_a_beam_a_channel(folder: Path) -> Path:
    columns = [
        fits.Column("BMAJ", "1E", unit="arcsec", array=np.linspace(1.0, 1.2, NCHAN)),
        fits.Column("BMIN", "1E", unit="arcsec", array=np.linspace(0.8, 1.0, NCHAN)),
        fits.Column("BPA", "1E", unit="deg", array=np.zeros(NCHAN)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    hdu = image(data=noise(), BMAJ=None, BMIN=None, BPA=None, CASAMBM=True, BUNIT="K")
    fits.HDUList([hdu, table]).writeto(folder / "c.fits")
    return folder / "c.fits"


@pytest.mark.parametrize(
    "form",
    [
        _plain("c.fits"),
        _plain("c.fits", BUNIT="mJy/beam"),
        _plain("c.fits", BUNIT="K"),
        _plain("c.fits", BUNIT=None),
        _in_double_precision,
        _in_an_extension,
        _with_a_beam_a_channel,
        _scaled("u1", 1.0, 0.0),
        _scaled("u1", 1.0, -128),
        _scaled("u1", 0.1, -3.0, 7),
        _scaled("i2", 1.0, 0.0),
        _scaled("i2", 1.0, 0.0, -32768),
        _scaled("i2", 1e-3, 0.7, -32768),
        _scaled("i2", 1e-3, 0.7, 0),
        _scaled("i2", 1.0, 32768.0),
        _scaled("i4", 1.0, 0.0),
        _scaled("i4", 1.7e-9, 0.3, 12),
        _scaled("i4", 1.0, 2147483648.0),
        _scaled("i8", 1.0, 0.0),
        _scaled("i8", 1.7e-18, 0.3, -5),
        _scaled("i8", 1.0, 9223372036854775808.0),
        _packed(gzip.open, ".gz"),
        _packed(bz2.open, ".bz2"),
        _packed(lzma.open, ".xz"),
        _zipped,
        _fpacked(),
        _fpacked((4, 3, 5)),
        _fpacked((NCHAN, 4, 4)),
        _fpacked((1, 1, 5, NX), stokes=True),
        _fpacked((1, NY, NX), level=4.0),
        _fpacked_spectra,
    ],
)  # fmt: skip
def test_any_form_of_file(tmp_path: Path, form: Form) -> None:
    assert_same(form(tmp_path))


@pytest.mark.parametrize("factor", [0.5, -1e-3])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_scaled_floats(tmp_path: Path, kind: str, factor: float) -> None:
    hdu = image(data=noise().astype(f">{kind}"))
    assert_same(_with_cards(tmp_path / "c.fits", _content(hdu), scale=factor, zero=0.1, blank=None))


def _blanked(name: str) -> np.ndarray:
    """(chan, y, x) noise with some kind of blanks."""
    values = np.random.default_rng(3).normal(0.0, 1e-3, (24, NY, NX)).astype(">f4")
    if "numbers" in name:
        values[:, :2], values[3], values[7] = -1e10, 9999.0, np.inf
    if "constant" in name:
        values[5:9], values[11] = 0.0, 0.02
    if "zeros" in name:
        values[:12, :, :2], values[12:, :, :3] = 0.0, -0.0
    if "rounded" in name:
        values = np.round(values / 5e-4).astype(">f4")
        values[:, :, -3:] = 0.0
    if "spike" in name:
        values[2, 3, 4] = 50.0
    if "mask of" in name:
        values[:, 3:, 3:] = 0.0
    return values


@pytest.mark.parametrize(
    "name",
    [
        "numbers", "constant", "zeros", "rounded", "spike", "zeros and a mask of them",
        "numbers, constant, zeros", "numbers, constant, rounded", "numbers, spike",
    ],
)  # fmt: skip
def test_blanks(tmp_path: Path, name: str) -> None:
    cube = assert_same(saved(tmp_path / "c.fits", data=_blanked(name), BUNIT="mJy/beam"))
    assert any("blank" in note for note in cube.meta.get("notes", ())) == (name != "spike")
    axes = [FREQ, LON, LAT]
    assert_same(saved(tmp_path / "d.fits", axes, data=_blanked(name), BUNIT="mJy/beam"))


@pytest.mark.parametrize("ending", [".fits", ".fits.gz", ".fits.fz"])
@pytest.mark.parametrize("planes", [1, NCHAN])
def test_corrected_for_the_primary_beam(tmp_path: Path, ending: str, planes: int) -> None:
    saved(tmp_path / "c.pbcor.fits", data=noise(), BUNIT="mJy/beam")
    beam = np.linspace(0.2, 1.0, planes * NY * NX).reshape(planes, NY, NX).astype(">f4")
    beam[:, :, -1] = np.nan
    hdu = image([LON, LAT, FREQ], beam, BUNIT="")
    if ending == ".fits.fz":
        hdu = fits.CompImageHDU(hdu.data, hdu.header, "PB", "GZIP_2", quantize_level=0.0)
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / f"c.pb{ending}")
    else:
        hdu.writeto(tmp_path / f"c.pb{ending}")
    cube = assert_same(tmp_path / "c.pbcor.fits")
    assert cube.primary_beam is not None
    assert np.isnan(cube.data[:, :, -1]).all()


@pytest.mark.parametrize("axes", [[LON, LAT, FREQ], [FREQ, LAT, LON], [LAT, FREQ, LON]])
@pytest.mark.parametrize("ending", [".fits", ".fits.gz"])
def test_of_a_companion_as_large_as_the_cube_three_planes_are_read(
    tmp_path: Path, axes: list, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "c.fits", data=noise())
    first, last = np.random.default_rng(5).random((2, NY, NX))
    # what changes evenly is told by three
    share = np.linspace(0, 1, NCHAN)[:, None, None]
    beam = ((1 - share) * first + share * last).astype(">f4")
    beam[:, NY // 2, NX // 2] = 2
    saved(tmp_path / f"c.psf{ending}", axes, data=beam, BUNIT="")
    cube = read_cube(tmp_path / "c.fits")
    three = beam[[0, NCHAN // 2, NCHAN - 1]]
    expected = three / three[:, NY // 2, NX // 2, None, None]
    np.testing.assert_allclose(cube.psf, expected, rtol=1e-6)


def test_pieces_are_read_alike_whatever_they_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "c.fits", [LAT, FREQ, LON], noise())
    for seek, besides in ((0, 0), (0, 1 << 24), (1 << 30, 1 << 24), (100, 200)):
        monkeypatch.setattr(stored_numbers, "SEEK_BYTES", seek)
        monkeypatch.setattr(stored_numbers, "MOST_BESIDES", besides)
        assert_same(path)


def _outcome(read: Callable[[], object]) -> str:
    with pytest.raises(DeepFocusError) as caught:
        read()
    return caught.value.came


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.full((NCHAN, NY, NX), np.nan, ">f4"), "all NaN"),
        ((voxels() > 300).astype(">f4"), "no values but 0 and 1"),
    ],
)
def test_what_is_no_cube_is_refused_alike(tmp_path: Path, data: np.ndarray, words: str) -> None:
    path = saved(tmp_path / "c.fits", data=data)
    assert words in _outcome(lambda: read_cube(path))
    assert words in _outcome(lambda: by_parts(path))


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", data=noise(channels=64))
    cube = by_parts(path)
    content = path.read_bytes()
    path.write_bytes(content[:4000])  # the same file, not another of that name
    assert "changed while it was read" in _outcome(lambda: cube.data[40])
    assert "changed while it was read" in _outcome(lambda: np.asarray(cube.data))
    other = by_parts(saved(tmp_path / "d.fits", data=noise()))
    (tmp_path / "d.fits").unlink()  # whoever has it open still reads it
    assert np.isfinite(other.data[0]).all()


def test_truncated_files(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.fits", data=noise(channels=64)).read_bytes()
    packed = gzip.compress(whole)
    for name, content in (
        ("c.fits", whole[:-5760]),
        ("a.fits.gz", packed[: len(packed) // 2]),
        ("b.fits.gz", gzip.compress(whole[: len(whole) // 2])),
        ("c.fits.gz", gzip.compress(whole[:500])),
        ("d.fits.xz", lzma.compress(whole)[:5000]),
        ("e.fits.bz2", bz2.compress(whole)[:5000]),
        ("f.fits.gz", packed[:3000] + bytes(100) + packed[3100:]),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        assert "truncated" in _outcome(lambda path=path: by_parts(path))  # type: ignore[misc]


def _promising(**lengths: int) -> bytes:
    """A whole file whose header says that it is longer."""
    hdu = image()
    header = hdu.header.tostring()
    for key, length in lengths.items():
        header = header.replace(f"{key}  = {hdu.header[key]:20d}", f"{key}  = {length:20d}")
    return header.encode() + _content(hdu)[len(header) :]


def test_a_promise_of_a_petabyte_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    huge = _promising(NAXIS1=10**6, NAXIS2=10**6, NAXIS3=10**3)
    (tmp_path / "c.fits").write_bytes(huge)
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(huge))
    assert "truncated" in _outcome(lambda: by_parts(tmp_path / "c.fits"))
    assert "would take 4e+06 GB of scratch" in _outcome(lambda: by_parts(tmp_path / "c.fits.gz"))
    long = gzip.compress(_promising(NAXIS3=10**15))
    (tmp_path / "d.fits.gz").write_bytes(long)
    assert "of scratch" in _outcome(lambda: by_parts(tmp_path / "d.fits.gz"))
    assert "of memory" in _outcome(lambda: read_cube(tmp_path / "d.fits.gz"))


def test_more_than_its_headers_promise_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "c.fits.gz"
    member = gzip.compress(bytes(1 << 24))
    with path.open("wb") as file:  # members of a gzip file follow each other
        file.write(gzip.compress(saved(tmp_path / "plain.fits").read_bytes()))
        for _ in range(256):
            file.write(member)
    assert path.stat().st_size < 5_000_000  # of 4 GiB
    assert "unpacks to more than" in _outcome(lambda: by_parts(path))
    padded = tmp_path / "padded.fits.gz"
    padded.write_bytes(gzip.compress((tmp_path / "plain.fits").read_bytes() + bytes(28800)))
    assert_same(padded)


def test_what_follows_the_last_hdu_is_not_looked_at(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", data=noise())
    os.truncate(path, 1 << 33)  # a hole; astropy would take hours over it, and fill memory
    assert_same(path)


BOUNDED = """
import sys
from pathlib import Path
from deepfocus.core.memory import forget_peak, peak_bytes
from deepfocus.core.workspace import OnDisk
from deepfocus.io.fits_cube import read_cube

small, large = map(Path, sys.argv[1:])
read_cube(small, workspace=OnDisk(small.parent, 1 << 22))  # imports what is needed
forget_peak()
before = peak_bytes()
cube = read_cube(large, workspace=OnDisk(large.parent, 1 << 22))
total = sum(float(abs(cube.data[k]).max()) for k in range(0, len(cube.data), 50))
patch = cube.data[:, 100:160, 200:260]
assert patch.shape == (len(cube.data), 60, 60)
print(peak_bytes() - before, total)
print(cube.meta["notes"])
"""


def test_memory_is_bounded(tmp_path: Path) -> None:
    size, channels = 512, 2048
    header = image().header
    header["NAXIS1"], header["NAXIS2"], header["NAXIS3"] = size, size, channels
    path = tmp_path / "c.fits"
    rng = np.random.default_rng(4)
    with path.open("wb") as file:
        file.write(header.tostring().encode())
        start = file.tell()
        for channel in range(0, channels, 100):
            file.seek(start + 4 * channel * size**2)
            file.write(rng.normal(0.0, 1.0, (size, size)).astype(">f4").tobytes())
        file.truncate(-(-(start + 4 * channels * size**2) // 2880) * 2880)
    small = saved(tmp_path / "small.fits")
    ran = subprocess.run(
        [sys.executable, "-c", BOUNDED, small, path], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    grown, notes = int(ran.stdout.split()[0]), ran.stdout.splitlines()[1]
    assert grown < 300e6  # of 2.1 GB
    assert "2027 channels of one value alone: read as blank" in notes
