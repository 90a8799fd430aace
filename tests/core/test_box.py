"""A box of voxels reads and changes what it is a box of, as numpy's view does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.voxels import Box
from deepfocus.core.workspace import OnDisk

SHAPE, ROWS, COLUMNS = (3, 11, 13), slice(2, 9), slice(4, 13)
IN_BOX = (3, 7, 9)


def numbers() -> np.ndarray:
    return np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)


@st.composite
def keys(draw: st.DrawFn) -> tuple[int | slice, ...]:
    """An index or a slice for each axis, or for the first ones."""
    each = [
        st.one_of(
            st.integers(0, n - 1),
            st.builds(slice, st.integers(0, n - 1), st.integers(0, n), st.integers(1, 3)),
        )
        for n in IN_BOX
    ]
    return draw(st.tuples(*each[: draw(st.integers(1, 3))]))


@given(keys())
def test_a_box_reads_as_a_view(key: tuple[int | slice, ...]) -> None:
    view = numbers()[:, ROWS, COLUMNS]
    np.testing.assert_array_equal(Box(numbers(), ROWS, COLUMNS)[key], view[key])


@given(keys())
def test_a_box_changes_as_a_view(key: tuple[int | slice, ...]) -> None:
    changed, expected = numbers(), numbers()
    Box(changed, ROWS, COLUMNS)[key] = -1.0
    expected[:, ROWS, COLUMNS][key] = -1.0
    np.testing.assert_array_equal(changed, expected)


def test_a_box_of_a_copy_on_disk(tmp_path: Path) -> None:
    copy, expected = OnDisk(tmp_path, 100).copy(numbers()), numbers()
    box = Box(copy, ROWS, COLUMNS)
    assert (len(box), box.shape) == (3, IN_BOX)
    box[1, 2:4] += np.float32(5.0)
    expected[1, 4:6, COLUMNS] += 5.0
    np.testing.assert_array_equal(copy, expected)
