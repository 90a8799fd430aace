"""Many catalogues read together are those that are read one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.catalogue import NAMES, Catalogue, catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.io import many_catalogues
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.io.many_catalogues import read_catalogues


def with_rows(rows: int, **columns: object) -> Catalogue:
    rng = np.random.default_rng(rows)
    places = {name: rng.uniform(0, 100, rows) for name in ("x", "y", "channel", "line_flux")}
    return catalogue(**{**places, **columns})  # type: ignore[arg-type]


def same(one: Catalogue, other: Catalogue) -> bool:
    return one.rows.meta == other.rows.meta and all(
        np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        for name in NAMES
    )


def test_they_are_those_read_one_by_one(tmp_path: Path) -> None:
    found = {
        "none.ecsv": with_rows(0),
        "a.ecsv": with_rows(3, reason=["", "a, b", 'said "so"'], x_err=[1.0, np.nan, 2.0]),
        "b.ecsv": with_rows(1, warning=["# no header"]),
        "again.ecsv": with_rows(2),
        "noted.ecsv": with_rows(2).with_meta(seed=4),
        "other.fits": with_rows(4),
    }
    paths = [write_catalogue(each, tmp_path / name) for name, each in found.items()]
    read = read_catalogues(paths)
    assert set(read) == set(paths)
    for path in paths:
        assert same(read[path], read_catalogue(path)), path.name
    assert [len(read[path]) for path in paths] == [0, 3, 1, 2, 2, 4]
    assert read_catalogues([]) == {}


def test_each_header_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_catalogue(with_rows(n), tmp_path / f"{n}.ecsv") for n in range(12)]
    parsed = []
    whole = many_catalogues.catalogue_of_ecsv
    monkeypatch.setattr(
        many_catalogues,
        "catalogue_of_ecsv",
        lambda text, path: (parsed.append(path), whole(text, path))[1],
    )
    assert len(read_catalogues(paths)) == 12
    assert parsed == paths[:1]


def test_a_row_of_several_lines_is_read_all_the_same(tmp_path: Path) -> None:
    lines = with_rows(2, reason=["first\nsecond", ""])
    paths = [
        write_catalogue(each, tmp_path / name)
        for name, each in (("a.ecsv", lines), ("b.ecsv", with_rows(1)))
    ]
    read = read_catalogues(paths)
    for path in paths:
        assert same(read[path], read_catalogue(path))
    assert read[paths[0]]["reason"][0] == "first\nsecond"


def test_a_bad_one_is_named(tmp_path: Path) -> None:
    good = write_catalogue(with_rows(2), tmp_path / "good.ecsv")
    text = good.read_text(encoding="utf-8")
    bad = tmp_path / "bad.ecsv"
    bad.write_text(text + "1 2 three\n", encoding="utf-8")
    with pytest.raises(DeepFocusError, match=r"bad\.ecsv"):
        read_catalogues([good, bad])
    with pytest.raises(DeepFocusError, match=r"none\.ecsv"):
        read_catalogues([good, tmp_path / "none.ecsv"])
