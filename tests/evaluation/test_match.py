"""One-to-one matching and the paper's rule: hand-made cases and properties that must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_samples import sources

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.channels import ChannelRange
from deepfocus.core.flags import Flag
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match, match_paper_rule, reach_px
from deepfocus.evaluation.overlap import blendness, box_iou, range_iou
from deepfocus.ops.boxes import Box, iou_2d

# A field of 12 x 12 px and 20 channels: crowded, so that sources compete for partners.
row = st.tuples(st.floats(0, 12), st.floats(0, 12), st.floats(0, 20), st.floats(1, 8))
fields = st.lists(row, max_size=7)


def of_rows(rows: list[tuple[float, float, float, float]]) -> Catalogue:
    if not rows:
        return catalogue()
    x, y, channel, width = np.array(rows).T
    return sources(x, y, channel, width=width)


def point(beam_px: float, *, width: float = 6.0) -> Catalogue:
    """One true source at (10, 10), channel 50, in a cube of that beam."""
    return sources([10.0], [10.0], [50.0], width=width).with_meta(beam_px=beam_px)


def pairs_of(found: Catalogue, truth: Catalogue) -> set[tuple[int, int]]:
    matches = match(found, truth)
    return set(zip(matches.found_matched["id"], matches.truth_matched["id"], strict=True))


@settings(max_examples=30)
@given(fields, fields)
def test_every_row_is_counted_once(found_rows: list, true_rows: list) -> None:
    found, truth = of_rows(found_rows), of_rows(true_rows)
    matches = match(found, truth)
    assert matches.counts.tp + matches.counts.fn == len(truth)
    assert matches.counts.tp + matches.counts.fp == len(found)
    assert len(set(matches.found_row)) == len(matches.found_row) == matches.counts.tp
    assert len(set(matches.true_row)) == len(matches.true_row)
    assert matches.detected.sum() == matches.counts.tp
    assert matches.spurious.sum() == matches.counts.fp


@settings(max_examples=30)
@given(fields, fields)
def test_pairs_lie_within_the_gate(found_rows: list, true_rows: list) -> None:
    matches = match(of_rows(found_rows), of_rows(true_rows))
    found, truth = matches.found_matched, matches.truth_matched
    assert np.all(np.hypot(found["x"] - truth["x"], found["y"] - truth["y"]) < 3)
    assert np.all(np.abs(found["channel"] - truth["channel"]) < truth["line_fwhm_chan"] / 2)


@settings(max_examples=30)
@given(fields, fields)
def test_no_allowed_pair_is_left_over(found_rows: list, true_rows: list) -> None:
    matches = match(of_rows(found_rows), of_rows(true_rows))
    left_found = matches.found.where(matches.spurious)
    left_true = matches.truth.where(~matches.detected)
    assert match(left_found, left_true).counts.tp == 0


@settings(max_examples=30)
@given(fields, fields, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(found_rows: list, true_rows: list, random) -> None:
    found, truth = of_rows(found_rows), of_rows(true_rows)
    shuffled = found.at(random.sample(range(len(found)), len(found)))
    other = truth.at(random.sample(range(len(truth)), len(truth)))
    assert match(shuffled, other).counts == match(found, truth).counts
    assert match_paper_rule(shuffled, other).counts == match_paper_rule(found, truth).counts


@settings(max_examples=30)
@given(fields, fields)
def test_axes_of_the_image_are_alike(found_rows: list, true_rows: list) -> None:
    def swapped(rows: list) -> Catalogue:
        return of_rows([(y, x, channel, width) for x, y, channel, width in rows])

    found, truth = of_rows(found_rows), of_rows(true_rows)
    turned_found, turned_truth = swapped(found_rows), swapped(true_rows)
    assert match(turned_found, turned_truth).counts == match(found, truth).counts
    paper = match_paper_rule(found, truth).counts
    assert match_paper_rule(turned_found, turned_truth).counts == paper


@settings(max_examples=30)
@given(fields)
def test_a_catalogue_matches_itself(rows: list) -> None:
    truth = of_rows(rows)
    assert match(truth, truth).counts == Counts(tp=len(rows))
    assert match_paper_rule(truth, truth).counts == Counts(tp=len(rows))


def test_closest_overall_pairing_wins() -> None:
    # Taken one by one, source 1 would take the found one at 11.2 and leave none for source 2.
    truth = sources([10.0, 12.0], [0.0, 0.0], [50.0, 50.0])
    found = sources([11.2, 8.0], [0.0, 0.0], [50.0, 50.0])
    assert pairs_of(found, truth) == {(2, 1), (1, 2)}


def test_second_detection_of_a_source_is_false() -> None:
    truth = sources([10.0], [10.0], [50.0])
    found = sources([10.0, 10.5], [10.0, 10.0], [50.0, 50.2])
    assert match(found, truth).counts == Counts(tp=1, fp=1)
    assert pairs_of(found, truth) == {(1, 1)}


def test_one_box_cannot_stand_for_two_sources() -> None:
    truth = sources([10.0, 10.5], [10.0, 10.0], [50.0, 50.5])
    found = sources([10.2], [10.0], [50.2])
    assert match(found, truth).counts == Counts(tp=1, fn=1)
    assert match_paper_rule(found, truth).counts == Counts(tp=2)


@pytest.mark.parametrize(
    ("dx", "dchan", "expected"),
    [(4.99, 0.0, 1), (5.0, 0.0, 0), (0.0, 2.99, 1), (0.0, 3.0, 0), (2.2, 2.2, 1), (4.9, 2.9, 1)],
)
def test_gate_of_a_point_is_half_a_beam_and_half_a_line(
    dx: float, dchan: float, expected: int
) -> None:
    truth = point(beam_px=10.0, width=6.0)
    assert match(sources([10 + dx], [10.0], [50 + dchan]), truth).counts.tp == expected


@pytest.mark.parametrize(("beam_px", "expected"), [(3.0, 0), (20.0, 1)])
def test_the_same_distance_is_far_in_a_small_beam_and_near_in_a_large_one(
    beam_px: float, expected: int
) -> None:
    assert match(sources([14.0], [10.0], [50.0]), point(beam_px)).counts.tp == expected


@pytest.mark.parametrize(("dx", "expected"), [(15.2, 1), (15.3, 0)])
def test_a_galaxy_of_several_beams_matches_within_half_of_what_is_seen(
    dx: float, expected: int
) -> None:
    # axes of 45 and 20 px are 30 px in geometric mean; with a beam of 6 px, 30.6 px
    galaxy = point(6.0).with_columns(fwhm_x_px=45.0, fwhm_y_px=20.0)
    assert match(sources([10.0], [10 + dx], [50.0]), galaxy).counts.tp == expected


def test_a_true_source_of_unknown_size_counts_as_a_point() -> None:
    sizes = point(8.0).with_columns(fwhm_x_px=[np.nan], fwhm_y_px=[30.0])
    assert reach_px(sizes) == pytest.approx([4.0])


@pytest.mark.parametrize(("dx", "expected"), [(2.99, 1), (3.0, 0)])
def test_half_of_an_unknown_beam_is_the_papers_3_px(dx: float, expected: int) -> None:
    truth = sources([10.0], [10.0], [50.0])
    assert match(sources([10 + dx], [10.0], [50.0]), truth).counts.tp == expected
    galaxy = truth.with_columns(fwhm_x_px=8.0, fwhm_y_px=8.0)
    assert reach_px(galaxy) == pytest.approx([5.0])  # 3 and 4 in quadrature


@pytest.mark.parametrize(("dchan", "expected"), [(0.49, 1), (0.5, 0)])
@pytest.mark.parametrize("width", [0.2, 1.0])
def test_a_line_narrower_than_a_channel_is_as_wide_as_one(
    width: float, dchan: float, expected: int
) -> None:
    found = sources([10.0], [10.0], [50 + dchan])
    assert match(found, point(6.0, width=width)).counts.tp == expected


def test_position_alone_reaches_as_far() -> None:
    found = sources([14.0, 16.0], [10.0, 10.0], [80.0, 80.0])
    assert match(found, point(10.0), spectral=False).counts == Counts(tp=1, fp=1)


def test_width_of_the_gate_is_the_true_one() -> None:
    narrow, wide = sources([5.0], [5.0], [50.0], width=2.0), sources([5.0], [5.0], [54.0], width=9)
    assert match(wide, narrow).counts.tp == 0
    assert match(narrow, wide).counts.tp == 1


def test_near_and_far_are_in_units_of_each_true_sources_own_reach() -> None:
    # 4 px off a galaxy whose reach is 16 px is nearer than 2 px off a point whose reach is 3 px
    truth = sources([10.0, 16.0], [10.0, 10.0], [50.0, 50.0])
    truth = truth.with_columns(fwhm_x_px=[0.0, 31.4], fwhm_y_px=[0.0, 31.4])
    assert pairs_of(sources([12.0], [10.0], [50.0]), truth) == {(1, 2)}


@pytest.mark.parametrize(
    ("channel", "found_at", "counts"),
    [
        # 20 channels: 0 to 19
        (25.0, None, Counts(0, 0, 0)),
        (25.0, 18.5, Counts(0, 0, 0)),
        (-4.0, 1.0, Counts(0, 0, 0)),
        # farther than its FWHM of 8 from its centre is another source
        (25.0, 16.0, Counts(0, 1, 0)),
        (19.4, None, Counts(0, 0, 1)),
        (19.4, 18.0, Counts(1, 0, 0)),
    ],
)
def test_a_line_whose_centre_is_beyond_the_band_counts_neither_way(
    channel: float, found_at: float | None, counts: Counts
) -> None:
    truth = sources([10.0], [10.0], [channel], width=8.0).with_meta(beam_px=6.0, channels=20)
    at = [] if found_at is None else [found_at]
    found = sources([10.5] * len(at), [10.0] * len(at), at, width=4.0)
    assert match(found, truth).counts == counts


def test_a_wing_is_excused_once_and_never_in_place_of_a_line() -> None:
    truth = sources([10.0, 10.0], [10.0, 10.0], [24.0, 17.0], width=8.0)
    truth = truth.with_meta(beam_px=6.0, channels=20)
    found = sources([10.0, 10.1, 10.2], [10.0] * 3, [19.0, 18.8, 16.0], width=4.0)
    matches = match(found, truth)
    # of two at the edge one is the wing; the line is found
    assert matches.counts == Counts(tp=1, fp=1, fn=0)
    assert matches.found_matched["channel"].tolist() == [16.0]
    assert len(matches.truth) == 1


def test_the_wing_of_a_disc_beyond_the_band_is_its_side() -> None:
    """Half of its FWHM from its centre and more, up to all of it."""
    disc = sources([10.0], [10.0], [24.0], width=12.0).with_meta(beam_px=6.0, channels=20)
    disc = disc.with_columns(fwhm_x_px=[8.0], fwhm_y_px=[8.0])
    assert match(sources([18.0], [10.0], [18.0]), disc).counts == Counts()
    assert match(sources([21.0], [10.0], [18.0]), disc).counts == Counts(fp=1)


@pytest.mark.parametrize(("hz_per_channel", "side"), [(-1e6, 1.0), (1e6, -1.0)])
def test_the_wing_of_a_disc_lies_where_its_line_has_moved(
    hz_per_channel: float, side: float
) -> None:
    """Its receding side, at lower frequencies, is in the east (-x).

    At channel 18 its line, centred at 24, has moved by half of 16 px; 10 px from there is a FWHM.
    """

    def seen(x: float, channel: float) -> Catalogue:
        hz = 2e11 + hz_per_channel * channel
        return sources([x], [10.0], [channel], width=12.0).with_columns(frequency=[hz])

    disc = seen(10.0, 24.0).with_meta(beam_px=6.0, channels=20)
    disc = disc.with_columns(
        fwhm_x_px=[8.0], fwhm_y_px=[8.0], line_shift_px=[16.0], kinematic_pa=[90.0]
    )
    assert match(seen(10.0 + side * 17.0, 18.0), disc).counts == Counts()
    assert match(seen(10.0 - side * 17.0, 18.0), disc).counts == Counts(fp=1)
    assert match(seen(10.0 + side * 19.0, 18.0), disc).counts == Counts(fp=1)


def test_rejected_candidates_count_only_when_asked() -> None:
    truth = sources([10.0, 30.0], [10.0, 30.0], [50.0, 60.0])
    found = truth.with_columns(flag=[0, int(Flag.LOW_FOCUSED_SNR)])
    assert match(found, truth).counts == Counts(tp=1, fn=1)
    assert match(found, truth, accepted_only=False).counts == Counts(tp=2)
    assert match_paper_rule(found, truth).counts == Counts(tp=1, fn=1)


def test_candidates_without_a_line_match_in_the_image_alone() -> None:
    truth = sources([10.0, 30.0], [10.0, 30.0], [50.0, 60.0])
    found = sources([10.0, 30.0], [10.0, 30.0], [np.nan, np.nan])
    assert match(found, truth).counts == Counts(fp=2, fn=2)
    assert match(found, truth, spectral=False).counts == Counts(tp=2)
    assert match_paper_rule(found, truth).counts == Counts(fn=2)
    assert match_paper_rule(found, truth, spectral=False).counts == Counts(tp=2)


def test_paper_rule_hides_false_ones_behind_missed_ones() -> None:
    truth = sources([10.0, 40.0], [10.0, 40.0], [50.0, 60.0])
    found = sources([10.0, 80.0], [10.0, 80.0], [50.0, 60.0])
    assert match(found, truth).counts == Counts(tp=1, fp=1, fn=1)
    assert match_paper_rule(found, truth).counts == Counts(tp=1, fp=0, fn=1)
    three = sources([10.0, 80.0, 90.0], [10.0, 80.0, 90.0], [50.0, 60.0, 60.0])
    assert match_paper_rule(three, truth).counts == Counts(tp=1, fp=1, fn=1)


@pytest.mark.parametrize(
    ("dx", "dchan", "expected"),
    # Squares of side 10 shifted by s overlap by (10 - s) / (10 + s): 0.6 at 2.5 px.
    # Ranges of 12 channels overlap by (12 - s) / (12 + s): 0.6 at 3 channels.
    [(2.4, 0.0, 1), (2.6, 0.0, 0), (0.0, 2.9, 1), (0.0, 3.1, 0)],
)
def test_paper_rule_needs_both_overlaps(dx: float, dchan: float, expected: int) -> None:
    truth = sources([10.0], [10.0], [50.0])
    found = sources([10 + dx], [10.0], [50 + dchan])
    assert match_paper_rule(found, truth).counts.tp == expected


def test_paper_rule_needs_the_centres_close() -> None:
    truth = sources([50.0], [50.0], [50.0], size=40.0)
    found = sources([53.5], [50.0], [50.0], size=40.0)
    assert box_iou(found, truth)[0, 0] > 0.6
    assert match_paper_rule(found, truth).counts.tp == 0


def test_empty_catalogues() -> None:
    some = sources([10.0, 30.0], [10.0, 30.0], [50.0, 60.0])
    for rule in (match, match_paper_rule):
        assert rule(catalogue(), some).counts == Counts(fn=2)
        assert rule(some, catalogue()).counts == Counts(fp=2)
        assert rule(catalogue(), catalogue()).counts == Counts()
    assert len(match(catalogue(), some).pair_iou) == 0


def test_mean_overlap_of_pairs() -> None:
    truth = sources([10.0, 40.0], [10.0, 40.0], [50.0, 60.0])
    found = sources([12.0, 40.0], [10.0, 40.0], [50.0, 60.0])
    assert match(found, truth).pair_iou == pytest.approx([8 / 12, 1.0])
    unknown = found.with_columns(box_x0=[np.nan, 35.0])
    np.testing.assert_allclose(match(unknown, truth).pair_iou, [np.nan, 1.0])


@settings(max_examples=30)
@given(fields, fields)
def test_overlaps_are_those_of_single_boxes(a_rows: list, b_rows: list) -> None:
    a, b = of_rows(a_rows), of_rows(b_rows)
    edges = ("box_x0", "box_x1", "box_y0", "box_y1")
    flat, ranges = box_iou(a, b), range_iou(a, b)
    for i in range(len(a)):
        for j in range(len(b)):
            boxes = [Box(*(float(rows[e][k]) for e in edges)) for rows, k in ((a, i), (b, j))]
            assert flat[i, j] == pytest.approx(iou_2d(*boxes))
            limits = [float(rows[e][k]) for rows, k in ((a, i), (b, j))
                      for e in ("channel_lo", "channel_hi")]  # fmt: skip
            assert ranges[i, j] == pytest.approx(
                ChannelRange(*limits[:2]).iou(ChannelRange(*limits[2:]))
            )


def test_blendness_is_the_highest_overlap_with_another() -> None:
    truth = sources([10.0, 15.0, 100.0], [10.0, 10.0, 100.0], [1.0, 2.0, 3.0])
    assert blendness(truth) == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert len(blendness(catalogue())) == 0
