"""Finders chosen on the command line, and their settings as TOML that is taken back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from deepfocus.cli.finder_choice import chosen_finder
from deepfocus.cli.products import settings_text
from deepfocus.cli.reading import Reading
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.slim.finder import Slim
from deepfocus.finders.slim.focusing import WholeImage
from deepfocus.finders.slim.orphans import LeaveAstray
from deepfocus.io.overrides import Overrides
from deepfocus.ops.blobs import Connected


def test_pairs_override_the_file_which_overrides_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        '[finder]\nkind = "slim"\nmin_probability = 0.3\n[finder.blobs_finder]\nthreshold = 0.3\n'
    )
    chosen = chosen_finder("slim", file=file, pairs=["blobs_finder.threshold = 0.5"])
    assert isinstance(chosen, Slim)
    assert chosen.min_probability == 0.3
    assert chosen.blobs_finder.threshold == 0.5
    assert chosen_finder(None) == DeepFocus()
    assert chosen_finder("slim", weights=tmp_path) == Slim(weights=str(tmp_path))


def test_a_file_is_no_name_and_the_error_says_where_it_goes() -> None:
    with pytest.raises(DeepFocusError, match=r"--settings mine\.toml"):
        chosen_finder("mine.toml")


def test_parts_are_chosen_by_their_kind() -> None:
    pairs = ["blobs_finder.split.kind=connected", "astray.kind=leave_astray"]
    chosen = chosen_finder("slim", pairs=[*pairs, "focusing.seen_in.kind=whole_image"])
    assert isinstance(chosen, Slim)
    assert chosen.blobs_finder.split == Connected()
    assert chosen.astray == LeaveAstray()
    assert chosen.focusing.seen_in == WholeImage()


def test_settings_that_are_written_can_be_given_again(tmp_path: Path) -> None:
    odd = Slim(min_probability=0.25, weights='it\'s "odd"', astray=LeaveAstray())
    lines = Reading(Overrides(rest_hz=1.42e9, stokes="V")).lines
    text = settings_text(odd, {"weights": {"flux": "0a"}}, further=tuple(lines))
    file = tmp_path / "s.toml"
    file.write_text(text)
    assert chosen_finder(None, file=file) == odd
    assert "# rest frequency: 1420000000.0 Hz" in text
    assert "# stokes: 'V'" in text
    assert '# weights: {"flux": "0a"}' in text
    assert tomllib.loads(text)["finder"]["kind"] == "slim"


@pytest.mark.parametrize(
    "pair", ["blobs_finder", "=1", "crop_px.deep=1", "blobs_finder.treshold=1"]
)
def test_bad_pairs(pair: str) -> None:
    with pytest.raises(DeepFocusError):
        chosen_finder("slim", pairs=[pair])


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("crop_px=63.5", "63.5 is not a whole number"),
        ("crop_px=true", "true is not a whole number"),
        ("blobs_finder.threshold=true", "true is not a number"),
        ("min_probability=nan", "nan is not a number"),
        ("crop_px=0", "value: crop_px is 0; wanted 8 to 1024"),
        ("astray.kind=lost", "unknown astray.kind 'lost'"),
        ("kind=lost", "no finder is called 'lost'"),
    ],
)
def test_values_that_python_would_bend_are_refused(pair: str, words: str) -> None:
    with pytest.raises(DeepFocusError) as caught:
        chosen_finder("slim", pairs=[pair])
    assert words in str(caught.value)
    assert "unknown error" not in str(caught.value)


def test_values_of_every_kind_are_taken() -> None:
    pairs = ["crop_px=32.0", "min_probability=0", "focusing.friends.plateau=1e-3"]
    chosen = chosen_finder("slim", pairs=pairs)
    assert isinstance(chosen, Slim)
    assert chosen.crop_px == 32
    assert chosen.min_probability == 0
    assert chosen.focusing.friends.plateau == 1e-3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("min_probability = 0.1\n", "put a finder's settings under"),
        ("finder = 3\n", "one table"),
        ("[finder]\nkind = 3\n", "finder kind 3"),
        ('[finder]\nkind = "slim"\nspeed = 1\n', "unknown setting 'speed'"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(DeepFocusError, match=words):
        chosen_finder(None, file=tmp_path / "s.toml")


def test_a_file_of_another_finder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[finder]\nkind = "slim"\n')
    with pytest.raises(DeepFocusError, match="which has settings of 'slim'"):
        chosen_finder("other", file=tmp_path / "s.toml")
