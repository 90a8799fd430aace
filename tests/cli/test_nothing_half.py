"""`detect` where something is in the way: one line, code 2, and the other cubes whole.

A full disk, an output that cannot be written, a file that changes meanwhile.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deepfocus.cli import main
from deepfocus.cli.products import LAST, ON_REQUEST, PRODUCTS
from deepfocus.core.cube import Cube
from deepfocus.finders.finder import Detection
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import Simulated

NAMES = ("a", "b", "c")


@pytest.fixture
def folder(small: Simulated, tmp_path: Path) -> Path:
    """Three cubes without beams."""
    given = tmp_path / "in"
    first = write_cube(small.cube, given / "a.fits")[0]
    for beam in given.glob("*.p*.fits"):
        beam.unlink()
    for name in NAMES[1:]:
        shutil.copy(first, given / f"{name}.fits")
    return given


def detect(folder: Path, out: Path, *options: str) -> int:
    return main(["detect", str(folder), "--out", str(out), "--workers", "1", *options])


def complaints(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    assert all(line.startswith(("{", "deepfocus: ")) for line in lines), lines
    return [line for line in lines if line[0] != "{" and "note:" not in line]


def whole(*names: str) -> set[str]:
    return {f"{name}.{ending}" for name in names for ending in (*PRODUCTS, LAST)}


def there(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()}


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("knowing")
@pytest.mark.parametrize(("size", "stuck_at"), [(4000, "catalogue.fits"), (60_000, "png")])
def test_a_file_that_the_system_does_not_let_grow(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int, stuck_at: str
) -> None:
    with no_file_above(size):
        code = detect(folder / "a.fits", tmp_path / "out")
    (line,) = complaints(capsys)
    assert code == 2
    assert f"a.{stuck_at}: File too large; wanted room for the file" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("knowing")
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_is_full_for_one_cube(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: int,
) -> None:
    def draw(cube: Cube, detection: Detection, path: Path, **_: object) -> None:
        path.write_text("half")
        if cube.meta["name"] == "b":
            raise OSError(error, os.strerror(error))

    monkeypatch.setattr("deepfocus.report.figures.detection_figure", draw)
    assert detect(folder, tmp_path / "out") == 2
    first, last = complaints(capsys)
    assert os.strerror(error) in first
    assert last == "deepfocus: 1 of 3 cubes could not be used: b"
    assert there(tmp_path / "out") == whole("a", "c") | {"catalogue.ecsv"}


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_products_of_before_stay_where_new_ones_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert detect(folder / "a.fits", out) == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.name == "a.png" and target.parent == out and "before" not in self.parts:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    assert detect(folder / "a.fits", out, "--rest-frequency", "100 GHz") == 2
    assert {path: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_a_folder_with_the_name_of_a_product(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for taken in ("a.png", "b.settings.toml"):
        (out / taken).mkdir(parents=True)
    assert detect(folder, out) == 2
    *lines, last = complaints(capsys)
    for line, taken in zip(lines, ("a.png", "b.settings.toml"), strict=True):
        assert f".fits: cannot write {out / taken}: it is a folder" in line
    assert last == "deepfocus: 2 of 3 cubes could not be used: a, b"
    assert there(out) == whole("c") | {"a.png", "b.settings.toml", "catalogue.ecsv"}


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_a_folder_with_the_name_of_the_catalogue_of_all(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "catalogue.ecsv").mkdir(parents=True)
    assert detect(folder, out) == 2
    (line,) = complaints(capsys)
    assert "catalogue.ecsv: it is a folder" in line
    assert there(out) == whole(*NAMES) | {"catalogue.ecsv"}


def test_an_output_that_turns_out_to_be_read_only(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = os.open

    def refuse(path: object, flags: int, *more: int, **options: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(tmp_path / "out")):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return original(path, flags, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    assert detect(folder, tmp_path / "out") == 2
    (line,) = complaints(capsys)
    assert "Read-only file system" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("knowing", "quick_figures")
@pytest.mark.parametrize("when", ["read", "hashed"])
def test_a_file_that_changes_meanwhile(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    module, name = {
        "read": ("deepfocus.io.fits_cube", "read_cube"),
        "hashed": ("deepfocus.cli.reading", "content_line"),
    }[when]
    original = getattr(__import__(module, fromlist=[name]), name)

    def growing(first: Path | list[Path], *more: object, **options: object) -> object:
        given = first[0] if isinstance(first, list) else first
        found = original(first, *more, **options)
        if given.name == "b.fits":
            with given.open("ab") as file:
                file.write(bytes(2880))
        return found

    monkeypatch.setattr(f"{module}.{name}", growing)
    assert detect(folder, tmp_path / "out") == 2
    first, last = complaints(capsys)
    assert first.startswith(f"deepfocus: {folder / 'b.fits'} changed while it was read")
    assert last == "deepfocus: 1 of 3 cubes could not be used: b"
    assert there(tmp_path / "out") == whole("a", "c") | {"catalogue.ecsv"}


@pytest.mark.usefixtures("quick_figures")
def test_what_an_earlier_run_was_asked_for_does_not_stay(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert detect(folder / "a.fits", out, "--covariance", "--cutouts") == 0
    assert all((out / f"a.{ending}").exists() for ending in ON_REQUEST)
    assert detect(folder / "a.fits", out, "--rest-frequency", "100 GHz") == 0
    assert there(out) == whole("a")


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_a_full_disk_below_what_is_printed(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device that is always full")
    with full.open("w") as file:
        monkeypatch.setattr("sys.stdout", file)
        assert detect(folder / "a.fits", tmp_path / "out") == 2
    assert complaints(capsys) == [
        "deepfocus: cannot write what is printed: No space left on device"
    ]
    assert there(tmp_path / "out") == whole("a")
