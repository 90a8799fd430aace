"""In how many pieces sources are found, on catalogues made by hand."""

from __future__ import annotations

import numpy as np
from recorded import rows, truth
from source_samples import sources

from deepfocus.core.catalogue import catalogue, stacked
from deepfocus.evaluation.pieces import pieces, rows_on


def test_rows_within_the_box_and_the_range_are_pieces() -> None:
    true = truth().with_columns(box_x0=[5.0, 55, 95], box_x1=[35.0, 65, 105])
    inside = sources([28.0, 12.0], [50.0, 54.0], [12.0, 8.0])
    # beyond the box; in another channel; rejected
    outside = sources([20.0, 36.0, 20.0], [60.0, 50.0, 50.0], [10.0, 10.0, 17.0])
    rejected = sources(21.0, 50.0, 10.0, flag=[1])
    found = stacked([rows(0, 2), inside, outside, rejected])
    np.testing.assert_array_equal(rows_on(found, true), [3, 0, 1])
    result = pieces([(found, true), (rows(1), true)])
    assert (result.sources, result.rows, result.whole, result.most) == (3, 5, 2, 3)
    assert result.per_source == 5 / 3


def test_a_row_on_two_sources_is_a_piece_of_its_partner() -> None:
    true = sources([20.0, 24.0], [50.0, 50.0], [10.0, 10.0]).with_meta(beam_px=6.0)
    found = sources([21.9, 22.2], [50.0, 50.0], [10.0, 10.0])
    np.testing.assert_array_equal(rows_on(found, true), [1, 1])


def test_nothing_found_is_no_piece() -> None:
    result = pieces([(catalogue(), truth()), (rows(0), truth().at(np.array([], int)))])
    assert (result.sources, result.rows, result.most) == (0, 0, 0)
    assert np.isnan(result.per_source)
