"""The tuned settings that come with the package are settings of their finders."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_table
from deepfocus.finders.kinds import finder_class, finder_from, finder_kinds, finder_to
from deepfocus.finders.tuned import tuned_names

with resources.as_file(resources.files("deepfocus.finders.tuned")) as folder:
    FILES = sorted(Path(folder).glob("*.toml"))


def test_there_are_some() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_tuned_settings_are_those_of_the_finder_they_are_named_after(file: Path) -> None:
    finder = finder_from(load_table(file)["finder"])
    assert finder.kind == file.stem
    assert finder != finder_class(finder.kind)()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_they_have_a_name_and_a_further_setting_replaces_one(file: Path) -> None:
    shipped, default = (
        finder_to(finder_from(table)) for table in (load_table(file)["finder"], {"kind": file.stem})
    )
    key = next(key for key, value in shipped.items() if value != default[key])
    replaced = finder_from({"kind": f"{file.stem}-tuned", key: default[key]})
    assert finder_to(replaced) == shipped | {key: default[key]}


def test_no_name_is_that_of_a_finder() -> None:
    assert len(tuned_names()) == len(FILES)
    assert not set(tuned_names()) & set(finder_kinds())


def test_a_finder_without_tuned_settings_has_no_such_name() -> None:
    with pytest.raises(DeepFocusError, match="no finder is called 'slim-tuned'"):
        finder_from({"kind": "slim-tuned"})
