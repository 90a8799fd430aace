"""Today's finder and simulator against the record: no result changes unseen.

A change that moves a result on purpose makes the record anew (`make guard`) and says so in the
changelog.
"""

from __future__ import annotations

import json

import pytest
from guard_record import (
    GALAXIES,
    RECORD,
    content_of,
    cubes,
    differences,
    made_by,
    observed,
    sets,
)

RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))
HERE = RECORDED["made_by"] == made_by()
WITHIN = 1e-6 if HERE else 2e-5
"""Relative. Sums of float32 in another order, as another processor or library adds them, moved no
value by more than 1e-6 (kernels for AVX2 in place of AVX-512); twenty of that where the record is
of another machine."""


def test_the_record_is_of_these_cubes() -> None:
    assert list(RECORDED["cubes"]) == list(cubes())
    assert list(RECORDED["sets"]) == list(sets())


@pytest.mark.parametrize("name", cubes())
def test_detection_leaves_what_was_recorded(name: str, request: pytest.FixtureRequest) -> None:
    if name in GALAXIES:
        request.getfixturevalue("shared_data")
    assert not differences(RECORDED["cubes"][name], observed(name), within=WITHIN)


@pytest.mark.parametrize("name", sets())
def test_sets_are_the_same_byte_for_byte(name: str) -> None:
    if not HERE:
        pytest.skip("the record is of another processor or of other versions of the libraries")
    assert content_of(sets()[name]) == RECORDED["sets"][name]
