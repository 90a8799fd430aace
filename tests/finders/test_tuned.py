"""The tuned settings that come with the package are settings of their finders."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from deepfocus.core.settings import load_table
from deepfocus.finders.kinds import finder_class, finder_from

with resources.as_file(resources.files("deepfocus.finders.tuned")) as folder:
    FILES = sorted(Path(folder).glob("*.toml"))


def test_there_are_some() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_tuned_settings_are_those_of_the_finder_they_are_named_after(file: Path) -> None:
    finder = finder_from(load_table(file)["finder"])
    assert finder.kind == file.stem
    assert finder != finder_class(finder.kind)()
