"""Sets in trouble: full disks, damaged files, two writers at once, settings that cannot be."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.set_store import Record, SetStore, create_store, open_store, sweep
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.sets import load_set
from deepfocus.simulation.settings import SetSettings

SET_TOML = """
[observation]
configuration = "{array}"
size = 48
channels = {channels}
cell = "{cell}"
integration = "120 s"
[population]
offset_px = [-15.0, 15.0]
line_channel = [2.0, 6.0]
line_fwhm_chan = [2.0, 4.0]
companions = [1, 1]
[noise]
kind = "white"
{noise}
[split]
train = {train}
"""
ANTENNAS = """# observatory=ALMA
# coordsys=LOC (local tangent plane)
0 0 0 12.0 A
0 60 0 12.0 B
{last} -10 0 12.0 C
"""


def set_file(folder: Path, **changes: Any) -> Path:
    usual = {"array": "C-3", "channels": 8, "cell": "0.1 arcsec", "noise": "", "train": [0, 10]}
    path = folder / "set.toml"
    path.write_text(SET_TOML.format(**(usual | changes)))
    return path


def small_record(value: float = 1.0, sources: int = 2) -> Record:
    return Record({"a": np.full((3, 4), value)}, {"b": np.full((sources, 2), value)})


def small_store(path: Path) -> SetStore:
    return create_store(path, small_record(), common={}, attributes={})


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": [-1, 10]}, "train = [-1, 10]"),
        ({"train": [0, -1]}, "train = [0, -1]"),
        ({"train": [2**63, 10]}, "below 9223372036854775808"),
        ({"cell": "nan arcsec"}, "finite number"),
        ({"noise": 'pwv = "inf mm"'}, "noise.pwv = inf mm"),
        ({"noise": "target_snr = [10.0, inf]"}, "noise.target_snr = inf"),
        ({"channels": 1}, "one channel"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    out = tmp_path / "s.zarr"
    assert main(["simulate", str(set_file(tmp_path, **changes)), "--out", str(out)]) == 2
    assert said in one_line(capsys)
    assert not out.exists()


def test_a_first_seed_beyond_64_bits_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, out = str(set_file(tmp_path)), str(tmp_path / "s.zarr")
    assert main(["simulate", settings, "--out", out, "--first", str(2**63)]) == 2
    assert "--first" in one_line(capsys)


@pytest.mark.parametrize("name", ["set", "s.zarr"])
def test_a_split_may_grow(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / name)
    assert main(["simulate", str(set_file(tmp_path, train=[0, 1])), "--out", out]) == 0
    more = str(set_file(tmp_path, train=[0, 2]))
    assert main(["simulate", more, "--out", out, "--number", "2"]) == 0
    assert main(["simulate", more, "--out", out, "--number", "2", "--check", "2"]) == 0
    other = str(set_file(tmp_path, channels=9))
    assert main(["simulate", other, "--out", out]) == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["set", "s.zarr"])
def test_a_changed_antenna_file_is_another_set(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    array, out = tmp_path / "own.cfg", str(tmp_path / name)
    array.write_text(ANTENNAS.format(last=50))
    settings = str(set_file(tmp_path, array=array))
    assert main(["simulate", settings, "--out", out]) == 0
    assert main(["simulate", settings, "--out", out]) == 0
    array.write_text(ANTENNAS.format(last=51))
    assert main(["simulate", settings, "--out", out, "--number", "2"]) == 2
    assert "holds a set made with other" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["cube/c/0/0/0/0", "truth/c/0/0/0", "sources/c/0", "psf"])
def test_a_check_finds_damage_and_says_what_to_do(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, out = str(set_file(tmp_path)), tmp_path / "s.zarr"
    assert main(["simulate", settings, "--out", str(out)]) == 0
    content = open_store(out).content_hash()
    files = [path for path in (out / name).rglob("c/*/*/*")] or [out / name]
    for path in files:
        path.write_bytes(b"")
    capsys.readouterr()
    assert main(["simulate", settings, "--out", str(out), "--check", "1"]) == 2
    said = one_line(capsys)
    if name == "psf":
        assert "all cubes share" in said
        return
    assert f"remove {out}/sha256/c/ROW for ROW in 0" in said
    (out / "sha256/c/0/0").unlink()
    assert main(["simulate", settings, "--out", str(out)]) == 0
    assert main(["simulate", settings, "--out", str(out), "--check", "1"]) == 0
    assert open_store(out).content_hash() == content


def test_a_row_whose_digest_is_damaged_is_made_again(tmp_path: Path) -> None:
    store = small_store(tmp_path / "s.zarr").extend([7, 8])
    for seed in (7, 8):
        store.write(seed, small_record(seed))
    (store.path / "sha256/c/1/0").write_bytes(b"")
    assert list(open_store(store.path).finished()) == [7]


def test_seeds_that_cannot_be_read_are_said_in_one_line(tmp_path: Path) -> None:
    store = small_store(tmp_path / "s.zarr").extend([7])
    (store.path / "seed/c/0").write_bytes(b"")
    with pytest.raises(DeepFocusError, match="cannot read"):
        open_store(store.path).finished()


def test_few_finished_rows_of_many_are_found_without_asking_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = small_store(tmp_path / "s.zarr").extend(range(50_000))
    for seed in (3, 49_999):
        store.write(seed, small_record())
    asked = []
    get = zarr.Array.__getitem__
    monkeypatch.setattr(
        zarr.Array,
        "__getitem__",
        lambda array, place: asked.append(place) or get(array, place),
    )
    assert list(store.finished()) == [3, 49_999]
    assert len(asked) == 2  # the seeds are known already


def test_fewer_sources_than_before_leave_none_of_the_old(tmp_path: Path) -> None:
    store = small_store(tmp_path / "s.zarr").extend([7])
    store.write(7, small_record(1.0, sources=3))
    store.write(7, small_record(2.0, sources=1))
    assert np.isnan(store.array("b")[0, 1:]).all()
    assert store.read(7).digest() == store.finished()[7]


def test_two_that_extend_at_once_keep_each_other_s_rows(tmp_path: Path) -> None:
    one = small_store(tmp_path / "s.zarr")
    other = open_store(one.path, "r+")
    assert one.seeds == other.seeds == []  # both have looked
    one.extend([1, 2])
    both = other.extend([2, 3])
    assert both.seeds == [1, 2, 3]
    assert both.make_room(9).source_rows == one.make_room(17).source_rows - 8 == 16
    assert open_store(one.path).source_rows == 24


def test_two_that_make_a_store_at_once_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rename = tmp_path / "s.zarr", Path.rename

    def late(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        small_store(target).extend([5])
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    assert small_store(path).seeds == [5]
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.zarr"]


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = small_store(tmp_path / "s.zarr").extend([7])

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with pytest.raises(DeepFocusError, match="free some space"):
        store.write(7, small_record())
    with pytest.raises(DeepFocusError, match="No space left on device"):
        store.extend([8])


def test_what_a_killed_creation_left_is_swept_once_old(tmp_path: Path) -> None:
    store = small_store(tmp_path / "s.zarr")
    old, new, alien = (tmp_path / name for name in (".s.zarr.old", ".s.zarr.new", ".t.zarr.old"))
    for folder in (old, new, alien):
        (folder / "s.zarr").mkdir(parents=True)
    for folder in (old, alien):
        os.utime(folder, (time.time() - 7200,) * 2)
    sweep(store.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".s.zarr.new",
        ".t.zarr.old",
        "s.zarr",
    ]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> SetSettings:
    return load_set(set_file(tmp_path_factory.mktemp("settings")))


def test_a_fits_cube_without_its_beam_is_made_again(settings: SetSettings, tmp_path: Path) -> None:
    made = FitsSet(settings, tmp_path)
    made.write([1])
    (tmp_path / "1.psf.fits").unlink()
    made.write([1])
    assert (tmp_path / "1.psf.fits").exists()


def test_a_check_makes_no_folder(settings: SetSettings, tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="contains no set"):
        FitsSet(settings, tmp_path / "none").check([1])
    assert not (tmp_path / "none").exists()


def test_damaged_settings_of_a_folder_are_refused(settings: SetSettings, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DeepFocusError, match="is damaged"):
        FitsSet(settings, tmp_path).write([1])
