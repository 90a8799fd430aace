"""What to keep in mind of a source: each case where it holds, and where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.finders.deepfocus.caveats import (
    cut_off,
    in_a_bowl,
    mask_against_fit,
    near_the_edge,
    trusted,
    with_gaps,
)
from deepfocus.finders.deepfocus.masked import NOT_MEASURED, MaskFlux
from deepfocus.finders.deepfocus.sources import SourceFit, summary_of
from deepfocus.fit.parameters import COUNT, FLUX, SIGMA
from deepfocus.search.mask_numbers import Value

FIT = Value(10.0, 0.3)


def mask(flux: float, err: float = 0.4, *, ring: float = 0.0) -> MaskFlux:
    """With a ring whose error is 0.2 Jy km/s."""
    return MaskFlux(Value(flux, err), Value(ring, 0.2), at_edge=False)


def source(count: int = 1) -> SourceFit:
    """Of some components that are all the same."""
    rows = np.zeros((count, COUNT))
    rows[:, [SIGMA, FLUX]] = 3.0, 1.0
    summary = summary_of(rows, 64)
    return SourceFit(rows, summary, np.eye(len(summary)), gain=1e4, freedom=9)


def test_a_mask_and_a_fit_that_differ_are_said() -> None:
    """By more than three times 0.5 Jy km/s, and a tenth."""
    assert mask_against_fit(FIT, mask(12.5), "mask") == (
        "mask and fit differ: 12.5 against 10 Jy km/s, trust the mask"
    )
    assert "7.5 against 10 Jy km/s, trust the fit" in mask_against_fit(FIT, mask(7.5), "fit")
    assert not mask_against_fit(FIT, mask(11.4), "fit")  # not three errors
    assert not mask_against_fit(Value(10.0, 0.01), mask(10.9, 0.01), "fit")  # not a tenth
    assert not mask_against_fit(FIT, NOT_MEASURED, "fit")


def test_which_of_them_to_trust() -> None:
    assert trusted(source(), mask(12.0)) == "fit"
    assert trusted(source(2), mask(12.0)) == "mask"
    assert trusted(replace(source(), misfit=1.3), mask(12.0)) == "fit"
    assert trusted(replace(source(), misfit=2.0), mask(12.0)) == "mask"
    # a mask that cannot hold all of a source is not to be trusted, whatever the model
    assert trusted(source(2), replace(mask(12.0), at_edge=True)) == "fit"
    assert trusted(source(2), mask(12.0, ring=-0.7)) == "fit"


def test_a_bowl_is_a_ring_that_is_significantly_negative() -> None:
    """By three of its errors of 0.2, and a twentieth of the flux."""
    assert in_a_bowl(FIT, mask(9.0, ring=-1.23)) == (
        "in a negative bowl: the ring around it has -1.2 Jy km/s"
    )
    assert not in_a_bowl(FIT, mask(9.0, ring=-0.5))
    assert not in_a_bowl(Value(20.0, 0.3), mask(19.0, ring=-0.9))
    assert not in_a_bowl(FIT, mask(9.0, ring=1.2))
    assert not in_a_bowl(FIT, NOT_MEASURED)


@pytest.mark.parametrize(
    ("x", "y", "near"),
    [(5.4, 30, True), (5.6, 30, False), (30, 43.6, True), (30, 43.4, False), (-1, 30, True)],
)
def test_an_image_ends_half_a_pixel_beyond_its_pixels(x: float, y: float, near: bool) -> None:
    """Of 60 x 50 pixels, with a beam of 6: -0.5 to 59.5, and to 49.5 along y."""
    lit = np.zeros((3, 50, 60))
    assert bool(near_the_edge(lit, slice(None), x=x, y=y, beam_px=6.0)) is near


def test_blanks_are_an_edge_if_they_are_blank_in_all_of_the_line() -> None:
    lit = np.zeros((3, 50, 60))
    lit[:, :, :20] = np.nan
    assert (
        near_the_edge(lit, slice(None), x=24.0, y=25.0, beam_px=6.0) == "near the edge of the image"
    )
    assert not near_the_edge(lit, slice(None), x=26.0, y=25.0, beam_px=6.0)
    lit[1, :, :20] = 0.0
    assert not near_the_edge(lit, slice(None), x=24.0, y=25.0, beam_px=6.0)


def test_a_line_is_cut_off_where_half_of_its_peak_is_beyond_the_band() -> None:
    """Of channels 2 to 29, from 1.5 to 29.5."""
    searched = np.zeros(32, bool)
    searched[2:30] = True
    searched[12] = False
    said = "line cut off by the end of the band"
    assert cut_off(27.0, 5.2, searched) == cut_off(4.0, 5.2, searched) == said
    assert not cut_off(27.0, 4.8, searched)
    assert not cut_off(12.0, 5.0, searched)


def test_a_line_with_gaps_says_so_and_one_that_lost_a_channel_does_not() -> None:
    searched = np.ones(32, bool)
    searched[:3] = searched[14:17] = searched[25] = False
    assert (
        with_gaps(12.0, 6.0, searched) == "2 of the 7 channels of its line, in a row, have no data"
    )
    assert (
        with_gaps(15.0, 1.9, searched) == "3 of the 3 channels of its line, in a row, have no data"
    )
    assert not with_gaps(25.0, 6.0, searched)
    # what lies beyond the band is said in other words
    assert not with_gaps(2.0, 5.0, searched)
