"""True sources that a finder measured as one, on catalogues made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from source_samples import sources

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.match import match
from deepfocus.evaluation.score import pool, score
from deepfocus.evaluation.together import alone, pulls_of_all, together

FLUX, ERROR = 3.0, 0.5


def two_lines(apart: float, *, width: float = 6.0, place: float = 0.0) -> Catalogue:
    """Two true lines of `FLUX`, `apart` channels and `place` px; and one elsewhere."""
    return sources(
        [20.0, 20.0 + place, 200.0], [20.0, 20.0, 200.0], [40.0, 40.0 + apart, 80.0],
        width=[6.0, width, 6.0], line_flux=np.full(3, FLUX),
    )  # fmt: skip


def one_of_both(channel: float, *, flux: float = 2 * FLUX, width: float = 6.0) -> Catalogue:
    """What was found: one line at the place of both, and the one elsewhere."""
    return sources(
        [20.0, 200.0], [20.0, 200.0], [channel, 80.0], width=[width, 6.0],
        line_flux=[flux, FLUX + ERROR], line_flux_err=np.full(2, ERROR),
    )  # fmt: skip


def test_a_missed_line_in_the_same_channels_was_measured_with_the_other() -> None:
    matches = match(one_of_both(41.0), two_lines(2.5))
    assert alone(matches).tolist() == [False, True]
    assert together(matches).tolist() == [[False, True, False], [False, False, False]]


@pytest.mark.parametrize(
    ("apart", "width", "found", "shared"),
    [
        (6.0, 6.0, 6.0, False),  # half a FWHM is 3 channels: neither holds the other's centre
        (6.0, 13.0, 6.0, True),  # the missed line is broad, and holds the found one's centre
        (6.0, 6.0, 13.0, True),  # what was found is broad, and holds the missed line's
    ],
)
def test_the_centre_of_either_line_lies_within_the_other(
    apart: float, width: float, found: float, shared: bool
) -> None:
    # at 40, the place of the first, so that the match is with it
    matches = match(one_of_both(40.0, width=found), two_lines(apart, width=width))
    assert matches.true_row.tolist() == [0, 2]
    assert together(matches)[0, 1] == shared


def test_one_that_was_found_itself_is_no_part_of_another() -> None:
    truth = two_lines(2.5)
    assert alone(match(truth, truth)).all()


def test_one_at_another_place_is_no_part_of_it() -> None:
    # farther than half of the beam of 6 px
    assert alone(match(one_of_both(40.0), two_lines(2.5, place=4.0))).all()


def test_the_flux_of_all_is_what_was_measured() -> None:
    matches = match(one_of_both(41.0, flux=2 * FLUX + ERROR), two_lines(2.5))
    pulls = pulls_of_all([matches, matches])
    # both were 6 Jy km/s and 6.5 were measured, with an error of 0.5; the one elsewhere has no part
    assert (pulls.n, pulls.median) == (2, pytest.approx(1.0))


def test_a_flux_without_error_has_no_pull() -> None:
    found = one_of_both(41.0).with_columns(line_flux_err=np.full(2, np.nan))
    assert pulls_of_all([match(found, two_lines(2.5))]).n == 0
    assert pulls_of_all([]).n == 0


def test_a_score_tells_both_with_and_without_them() -> None:
    scored = score(one_of_both(41.0), two_lines(2.5))
    flux, flux_alone = (
        next(each for each in pulls if each.name == "line flux")
        for pulls in (scored.pulls, scored.pulls_alone)
    )
    assert (flux.n, flux_alone.n, scored.of_all.n) == (2, 1, 1)
    assert flux_alone.median == pytest.approx(1.0)
    assert "without 1 measured as one with another source" in scored.table()
    assert [each["name"] for each in scored.as_dict()["pulls_alone"]][-1] == "line flux of all"


def test_where_nothing_was_measured_as_one_nothing_is_said_of_it() -> None:
    truth = two_lines(2.5)
    found = truth.with_columns(line_flux_err=np.full(3, ERROR))
    assert "measured as one" not in pool([(found, truth)]).table()
