"""A CASA image is read as the FITS file that CASA's exportfits makes of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from casa_samples import unpacked

pytest.importorskip("casacore.images", reason="python-casacore (the extra ms) is not installed")

from casacore.tables import makescacoldesc, maketabdesc, table

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import ReadByParts
from deepfocus.core.workspace import OnDisk
from deepfocus.io.casa_voxels import CasaVoxels
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.fits_voxels import OrderedVoxels
from deepfocus.io.image_file import image_by_parts, read_shape
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.product_names import Kind, product_name

EXPORTED = ("x.image", "x.image.pbcor", "beams.image", "stokes.image")
NX, NY, CHANNELS = 16, 14, 9
PLANE = NX * NY
"""Voxels at once, for which a tile of all channels is too large."""
OF_A_WRITER = ("DATE", "ORIGIN", "HISTORY", "COMMENT", "")
"""Cards that say who wrote a file and when."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("casa"))


@pytest.fixture
def alone(images: Path, tmp_path: Path) -> Path:
    """x.image without companions, to be spoilt."""
    return Path(shutil.copytree(images / "x.image", tmp_path / "x.image"))


def bits(values: np.ndarray) -> np.ndarray:
    """float32 as integers: NaN and the sign of zero count."""
    assert values.dtype == np.dtype("=f4")
    return np.ascontiguousarray(values).view(np.uint32)


def assert_same(found: Cube, wanted: Cube) -> None:
    """Data bit by bit, and all that is known beside them but the names of files."""
    nan = np.isnan(wanted.array)
    np.testing.assert_array_equal(np.isnan(np.asarray(found.data)), nan)
    np.testing.assert_array_equal(bits(np.asarray(found.data)[~nan]), bits(wanted.array[~nan]))
    np.testing.assert_array_equal(found.grid.freq_hz, wanted.grid.freq_hz)
    assert found.grid.rest_hz == wanted.grid.rest_hz
    assert found.grid.specsys == wanted.grid.specsys
    assert found.grid.sky.to_header() == wanted.grid.sky.to_header()
    assert found.beam == wanted.beam
    assert found.unit == wanted.unit
    for name in ("psf", "psf_channels", "primary_beam"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    assert found.meta["telescope"] == wanted.meta["telescope"]


def alone_with_its_beams(image: Path, folder: Path) -> Path:
    """A copy without the model and the residual, which say that it was restored."""
    for each in (image, image.with_name("x.psf"), image.with_name("x.pb")):
        shutil.copytree(each, folder / each.name)
    return folder / image.name


def test_model_and_residual_tell_that_it_was_restored(images: Path, tmp_path: Path) -> None:
    path = alone_with_its_beams(images / "x.image", tmp_path)
    assert read_cube(path).psf is not None
    shutil.copytree(images / "x.model", tmp_path / "x.model")
    cube = read_cube(path)
    assert cube.psf is None
    assert any("restored after CLEAN, as x.model tells" in note for note in cube.meta["notes"])


@pytest.mark.parametrize("at_once", [None, 1 << 20, PLANE])
@pytest.mark.parametrize("name", EXPORTED)
def test_it_is_the_cube_of_its_fits_file(
    name: str, at_once: int | None, images: Path, tmp_path: Path
) -> None:
    wanted = read_cube(images / "exported" / f"{name}.fits")
    path = alone_with_its_beams(images / name, tmp_path)
    if at_once is None:
        found = read_cube(path)
    else:
        found = read_cube(path, workspace=OnDisk(tmp_path, at_once))
        assert isinstance(found.data, ReadByParts)
    if name.startswith("x"):  # its products are beside it, and in FITS only the primary beam is
        assert found.meta["psf"] == "x.psf"
        assert found.meta["primary_beam"] == "x.pb"
        wanted = read_cube(
            images / "exported" / f"{name}.fits",
            psf=images / "x.psf",
            primary_beam=images / "exported" / "x.pb.fits",
        )
    assert_same(found, wanted)
    notes = [note for note in found.meta.get("notes", ()) if " of scratch" not in note]
    assert notes == [note.replace("x.pb.fits", "x.pb") for note in wanted.meta.get("notes", ())]


@pytest.mark.parametrize("name", EXPORTED)
def test_it_has_the_header_of_its_fits_file(name: str, images: Path) -> None:
    exported = fits.getheader(images / "exported" / f"{name}.fits")
    with image_by_parts(images / name) as image:
        header = image.header
    # exportfits puts Stokes last, as the image does not: numbers of axes are others
    plain = set(exported) - set(OF_A_WRITER)
    assert plain <= set(header)
    for key in (key for key in plain if key[-1] not in "34"):
        assert header[key] == exported[key], key
    for kind in ("FREQ", "STOKES"):
        (ours,) = (i for i in (3, 4) if header[f"CTYPE{i}"] == kind)
        (theirs,) = (i for i in (3, 4) if exported[f"CTYPE{i}"] == kind)
        for key in ("NAXIS", "CRVAL", "CDELT", "CRPIX", "CUNIT"):
            assert header[f"{key}{ours}"] == exported[f"{key}{theirs}"]


def test_masked_pixels_are_blanks(images: Path) -> None:
    cube = read_cube(images / "x.image")
    y, x = np.indices((NY, NX))
    faint = np.exp(-((x - NX // 2) ** 2 + (y - NY // 2) ** 2) / 40) <= 0.2
    assert faint.any()
    np.testing.assert_array_equal(np.isnan(cube.array), np.broadcast_to(faint, (CHANNELS, NY, NX)))


def test_any_part_is_that_of_the_whole(images: Path) -> None:
    with image_by_parts(images / "x.image") as image:
        voxels = image.data
    assert isinstance(voxels, CasaVoxels)
    whole = voxels[:]
    assert whole.flags.c_contiguous
    for key in (
        4,
        slice(2, 5),
        (slice(None), slice(2, 7), slice(3, 9)),
        (slice(1, None, 3), slice(0, NY, 2), slice(1, NX, 4)),
        (slice(None), 3, 4),
        (-1, slice(2, 2)),
        (2, 3, 4),
    ):
        np.testing.assert_array_equal(bits(voxels[key]), bits(whole[key]))


def test_a_corrected_image_times_its_beam_is_the_image(images: Path) -> None:
    flat, corrected = (read_cube(images / name) for name in ("x.image", "x.image.pbcor"))
    np.testing.assert_allclose(corrected.array, flat.array, rtol=1e-6)
    assert "corrected for the primary beam" in " ".join(corrected.meta["notes"])


def test_each_channel_has_its_beam(images: Path) -> None:
    with image_by_parts(images / "beams.image") as image:
        assert image.beams is not None
        np.testing.assert_allclose(image.beams["BMAJ"], 0.4 + 0.01 * np.arange(CHANNELS), rtol=1e-6)
    beam = read_cube(images / "beams.image").beam
    assert beam is not None
    assert beam.major_arcsec == pytest.approx(0.44, rel=1e-6)


def test_stokes_is_chosen_as_in_fits(images: Path) -> None:
    found, wanted = (
        read_cube(images / name, Overrides(stokes="V"))
        for name in ("stokes.image", "exported/stokes.image.fits")
    )
    assert_same(found, wanted)
    assert not np.array_equal(found.array, read_cube(images / "stokes.image").array)


def test_channels_that_are_a_list_keep_their_frequencies(images: Path) -> None:
    """exportfits writes even ones from the first and last: off by most of a channel between."""
    found = read_cube(images / "list.image").grid.freq_hz
    np.testing.assert_allclose(found, 230e9 / (1 + 1e-3 * np.arange(CHANNELS)), rtol=1e-12)
    exported = read_cube(images / "exported" / "list.image.fits").grid.freq_hz
    assert np.abs(exported - found).max() > 1e6


def test_double_precision_is_read_and_complex_refused(images: Path) -> None:
    single, double = (read_cube(images / name) for name in ("beams.image", "double.image"))
    np.testing.assert_array_equal(double.array, single.array)
    np.testing.assert_array_equal(double.grid.freq_hz, single.grid.freq_hz)
    with pytest.raises(DeepFocusError, match="has complex pixels"):
        read_cube(images / "complex.image")


@pytest.mark.parametrize("fits_cube", [True, False])
def test_companions_of_either_kind_are_found(fits_cube: bool, images: Path, tmp_path: Path) -> None:
    cube, beam = "x.image", "x.pb.fits"
    if fits_cube:
        cube, beam = "x.image.fits", "x.pb"
        shutil.copy(images / "exported" / cube, tmp_path)
        shutil.copytree(images / beam, tmp_path / beam)
    else:
        shutil.copytree(images / cube, tmp_path / cube)
        shutil.copy(images / "exported" / beam, tmp_path)
    found = read_cube(tmp_path / cube)
    assert found.meta["primary_beam"] == beam
    np.testing.assert_array_equal(found.primary_beam, read_cube(images / "x.image").primary_beam)


def test_of_both_kinds_the_fits_file_is_taken(images: Path, tmp_path: Path) -> None:
    for name in ("x.image", "x.pb"):
        shutil.copytree(images / name, tmp_path / name)
    shutil.copy(images / "exported" / "x.pb.fits", tmp_path)
    assert read_cube(tmp_path / "x.image").meta["primary_beam"] == "x.pb.fits"


def test_a_companion_that_was_imported_with_its_cube_is_found(tmp_path: Path) -> None:
    """The header of our cubes names the file of the beam; importfits keeps that."""
    from casacore.images import image

    import deepfocus as df

    settings = {"observation": {"size": 64, "channels": 16}}
    written = df.write(df.simulate(settings, seed=1).cube, tmp_path / "fits" / "x.fits")
    for path in written:
        # importfits keeps what it does not know as casacore does not: all but the name is here
        image(str(path)).saveas(str(tmp_path / path.name.removesuffix(".fits")))
    found, wanted = read_cube(tmp_path / "x"), read_cube(written[0])
    assert found.meta["psf"] == "x.psf"
    np.testing.assert_array_equal(bits(found.array), bits(wanted.array))


def test_names_are_no_expressions(images: Path, tmp_path: Path) -> None:
    for name in ("a b.image", "$PATH.image", "x.image - x.image", "a'b\"c.image", "é.image"):
        shutil.copytree(images / "x.image", tmp_path / name)
        assert read_cube(tmp_path / name).data.shape == (CHANNELS, NY, NX)


def test_the_shape_is_known_without_data(images: Path) -> None:
    assert read_shape(images / "stokes.image") == (CHANNELS, NY, NX)


def test_tiles_of_many_channels_are_copied_where_memory_is_short(
    images: Path, tmp_path: Path
) -> None:
    from casacore.images import image

    path = tmp_path / "deep.image"
    image(str(images / "x.image")).saveas(str(path), newtileshape=(CHANNELS, 1, 4, 4))
    direct = read_cube(path, workspace=OnDisk(tmp_path, CHANNELS * PLANE))
    copied = read_cube(path, workspace=OnDisk(tmp_path, PLANE))
    assert not any(" of scratch" in note for note in direct.meta.get("notes", ()))
    assert any(" of scratch" in note for note in copied.meta["notes"])
    assert_same(direct, read_cube(path))
    assert_same(copied, read_cube(path))


def test_the_copy_is_in_order(images: Path, tmp_path: Path) -> None:
    from deepfocus.io.plane_order import in_plane_order

    with image_by_parts(images / "x.image") as image:
        tile = image.data.tile  # type: ignore[attr-defined]
        assert tile[0] > 1
        copied = in_plane_order(image, OnDisk(tmp_path, PLANE), "x")
        assert isinstance(copied.data, OrderedVoxels)
        np.testing.assert_array_equal(copied.data[:], image.data[:])


def spoilt(path: Path, how: str) -> None:
    match how:
        case "missing":
            path.unlink()
        case "half":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "empty":
            path.write_bytes(b"")
        case _:
            content = path.read_bytes()
            path.write_bytes(bytes(255 - byte for byte in content))


@pytest.mark.parametrize("how", ["missing", "half", "empty", "inverted"])
def test_damage_ends_in_one_line(how: str, images: Path, tmp_path: Path) -> None:
    whole = read_cube(images / "x.image").array
    files = [path for path in sorted((images / "x.image").rglob("*")) if path.is_file()]
    refused = 0
    for file in files:
        path = tmp_path / file.name / "x.image"
        shutil.rmtree(path.parent, ignore_errors=True)
        shutil.copytree(images / "x.image", path)
        spoilt(path / file.relative_to(images / "x.image"), how)
        match outcome(path):
            case DeepFocusError() as error:
                assert "\n" not in str(error)
                assert str(path) in str(error)
                refused += 1
            case Cube() as cube:
                # values that are others are no damage that anyone could see
                unseen = how == "inverted" and file.name.endswith("TSM0")
                assert unseen or np.array_equal(cube.array, whole, equal_nan=True), file
    assert refused >= 4


def outcome(path: Path) -> Cube | DeepFocusError:
    try:
        return read_cube(path)
    except DeepFocusError as error:
        return error


@pytest.mark.parametrize("sub", ["mask0", "logtable"])
def test_a_part_that_is_not_there_ends_in_one_line(sub: str, alone: Path) -> None:
    shutil.rmtree(alone / sub)
    with pytest.raises(DeepFocusError, match="cannot be read as a CASA image") as raised:
        read_cube(alone)
    assert "expression" not in str(raised.value)


def test_tables_that_are_no_images_say_what_they_are(alone: Path, tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="is a CASA table of type 'Paged Array'"):
        read_cube(alone / "mask0")
    ms = tmp_path / "x.ms"
    made = table(str(ms), maketabdesc([makescacoldesc("TIME", 0.0)]), nrow=1, ack=False)
    made.putinfo({"type": "Measurement Set", "subType": "", "readme": ""})
    made.close()
    with pytest.raises(DeepFocusError, match=r"x\.ms is a measurement set; .* deepfocus dirty"):
        read_cube(ms)
    folder = tmp_path / "nothing"
    folder.mkdir()
    with pytest.raises(DeepFocusError, match=r"no CASA image: there is no table\.dat"):
        read_cube(folder)
    (alone / "table.info").unlink()
    with pytest.raises(DeepFocusError, match=r"there is no table\.info"):
        read_cube(alone)


def test_what_changes_while_it_is_read_is_refused(alone: Path) -> None:
    with image_by_parts(alone) as image:
        image.data[0]
        with (alone / "table.f0_TSM0").open("r+b") as file:
            file.truncate(100)
        with pytest.raises(DeepFocusError, match="changed while it was read"):
            image.data[1]
        shutil.rmtree(alone)
        with pytest.raises(DeepFocusError, match="changed while it was read"):
            image.data[1]


def test_what_another_program_has_locked_is_read(alone: Path) -> None:
    """As an image that is open in CASA may be, and its history."""
    code = (
        "import sys; from casacore.tables import table\n"
        "held = [table(name, readonly=False, lockoptions='permanent', ack=False)"
        " for name in sys.argv[1:]]\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    tables = [str(alone), str(alone / "logtable"), str(alone / "mask0")]
    command = [sys.executable, "-c", code, *tables]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        # in a process of its own, which can be ended if it waits
        reading = f"import deepfocus as df; df.read({str(alone)!r})"
        subprocess.run([sys.executable, "-c", reading], check=True, timeout=60)
        other.communicate("")


def test_the_lock_file_is_not_content(alone: Path) -> None:
    with image_by_parts(alone) as image:
        (alone / "table.lock").write_bytes(b"")
        image.data[1]


def test_without_the_library_one_line_says_what_to_install(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "casacore.tables", None)
    with pytest.raises(DeepFocusError, match=r'the optional extra ms; .*"deepfocus-alma\[ms\]"'):
        read_cube(alone)


def test_fits_is_read_without_importing_the_library(images: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from deepfocus.io.fits_cube import read_cube; "
        f"read_cube(Path({str(images / 'exported' / 'beams.image.fits')!r})); "
        "assert not any(name.startswith('casacore') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_reading_says_nothing(images: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_cube(images / "x.image")
    assert capfd.readouterr() == ("", "")


def test_names_tell_what_a_product_is() -> None:
    kinds = {name: product_name(Path(name)).kind for name in ("x.image", "x.pb", "x.sumwt")}
    assert kinds == {"x.image": Kind.IMAGE, "x.pb": Kind.PRIMARY_BEAM, "x.sumwt": Kind.OTHER}


def test_an_hdu_is_that_of_a_fits_file(images: Path) -> None:
    assert_same(read_cube(images / "x.image", Overrides(hdu=0)), read_cube(images / "x.image"))
    with pytest.raises(DeepFocusError, match="has no HDU 3"):
        read_cube(images / "x.image", Overrides(hdu=3))
    assert NO_OVERRIDES.hdu is None
