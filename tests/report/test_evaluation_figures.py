"""The figures of an evaluation hold the values that they should; pixels are not looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepfocus.core.catalogue import Catalogue, catalogue, stacked
from deepfocus.evaluation.assessment import Assessment, assess
from deepfocus.evaluation.assessment_tables import tables_of_set
from deepfocus.evaluation.counts import wilson_interval
from deepfocus.evaluation.detection_tables import standings_table
from deepfocus.evaluation.examples import Example
from deepfocus.evaluation.records import Records, of_pairs
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection
from deepfocus.report.evaluation_figures import further_figures, paper_figures
from deepfocus.report.example_figures import (
    figure_13,
    figure_15,
    figures_10_to_12,
    figures_18_and_19,
)
from deepfocus.report.limit_figures import (
    completeness_by_ideal_snr,
    errors_in_bounds,
    losses,
    pulls,
    reliability_diagram,
)
from deepfocus.report.paper_figures import figure_2, figure_3, figure_16, figure_21, figure_22

SIZE, CHANNELS = 64, 32
X, Y = np.array([16.0, 40.0]), np.array([20.0, 44.0])


def sources(x: np.ndarray, **columns: object) -> Catalogue:
    """Sources of 8 px at 20 and 44 px of height, their lines 4 channels wide."""
    n = len(x)
    y, channel = Y[:n], np.array([8.0, 20.0])[:n]
    known: dict[str, object] = {
        "x": x, "y": y, "channel": channel, "line_fwhm_chan": np.full(n, 4.0),
        "box_x0": x - 4, "box_x1": x + 4, "box_y0": y - 4, "box_y1": y + 4,
        "channel_lo": channel - 4, "channel_hi": channel + 4,
        "fwhm_x_px": np.full(n, 4.0), "fwhm_y_px": np.full(n, 8.0), "pa": np.full(n, 30.0),
        "line_flux": np.full(n, 2.0),
    }  # fmt: skip
    return catalogue(**(known | columns))


TRUTH = sources(
    X, ideal_snr=[9.0, 30.0], snr_peak=[4.0, 12.0], x_err=[0.1, 0.1], continuum=[1.0, 3.0]
).with_meta(beam_px=6.0, channels=CHANNELS)


def records() -> Records:
    """A cube in which both are found, one 0.3 px off, and one in which the second is."""
    both = sources(X + np.array([0.3, 0.0]), x_err=[0.1, 0.1], probability=[0.8, 0.95])
    both = both.with_columns(line_flux=[1.0, 2.0], pa=[30.0, 60.0])
    one = TRUTH.at(np.array([1])).with_columns(probability=0.85, x_err=0.1)
    pairs = [(both, TRUTH), (one, TRUTH)]
    return of_pairs(pairs, ["1", "2"], name="set", label="finder")


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    return assess(records())


def lines_of(axes: Axes) -> dict[str, np.ndarray]:
    """(2, points) of the named curves."""
    named = ((str(line.get_label()), line) for line in axes.get_lines())
    return {name: np.array(line.get_data()) for name, line in named if name[:1] != "_"}


def heights(axes: Axes) -> np.ndarray:
    """Of the bars or steps of a histogram, first patch."""
    return np.array(axes.patches[0].get_path().vertices)[:, 1]


def test_completeness_has_the_shares_and_their_intervals(assessment: Assessment) -> None:
    axes = completeness_by_ideal_snr(assessment).axes[0]
    (bars,) = axes.containers
    points, _, (vertical,) = bars.lines
    snr, share = points.get_data()
    np.testing.assert_allclose(share, [0.5, 1.0])
    assert 8.0 < snr[0] < 10.0
    assert 30.0 < snr[1] < 50.0
    ends = np.array([segment[:, 1] for segment in vertical.get_segments()])
    np.testing.assert_allclose(ends, [wilson_interval(1, 2), wilson_interval(2, 2)])


def test_errors_over_bounds_are_cumulative(assessment: Assessment) -> None:
    x, y, *_ = errors_in_bounds(assessment).axes
    ratio, share = lines_of(x)["finder"]
    np.testing.assert_allclose(ratio, [0.0, 0.0, 0.0, 3.0], atol=1e-12)
    np.testing.assert_allclose(share, [0.0, 1 / 3, 2 / 3, 1.0])
    assert [text.get_text() for text in y.texts] == ["not known"]


def test_pulls_are_a_density(assessment: Assessment) -> None:
    x, y, *_ = pulls(assessment).axes
    assert "finder (3)" in [text.get_text() for text in x.get_legend().get_texts()]
    # two of three in one bin, which is a third of a sigma wide
    assert heights(x).max() == pytest.approx(2 / 3 / (1 / 3))
    assert [text.get_text() for text in y.texts] == ["not known"]


def test_reliability_has_a_point_for_each_bin(assessment: Assessment) -> None:
    (bars,) = reliability_diagram(assessment).axes[0].containers
    stated, share = bars.lines[0].get_data()
    np.testing.assert_allclose(stated, [(0.8 + 0.85) / 2, 0.95])
    np.testing.assert_allclose(share, [1.0, 1.0])
    assert bars.get_label() == "finder: 3 of 3 true, 2.6 expected"


def test_losses_are_bars_as_long_as_their_number(assessment: Assessment) -> None:
    axes = losses(assessment).axes[0]
    # found, and lost at the end, the only step of a catalogue by itself
    assert [bar.get_width() for bar in axes.patches] == [3, 1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["finder\n3 found"]


def test_figure_2_and_3_are_those_of_all_true_sources(assessment: Assessment) -> None:
    for axes in figure_2(assessment).axes:
        assert heights(axes).max() == pytest.approx(0.5 if "SNR" in axes.get_xlabel() else 1) or (
            "continuum" in axes.get_xlabel()
        )
    widths, places = figure_3(assessment).axes
    assert [text.get_text() for text in widths.get_legend().get_texts()] == [
        "x (px)", "y (px)", "z (channels)",
    ]  # fmt: skip
    x, y = places.get_lines()[0].get_data()
    np.testing.assert_allclose(x, np.tile(X, 2))
    np.testing.assert_allclose(y, np.tile(Y, 2))


def test_figure_16_counts_what_is_found(assessment: Assessment) -> None:
    left, right = figure_16(assessment).axes
    labels = [text.get_text() for text in left.get_legend().get_texts()]
    assert labels == ["all (4)", "finder (3)"]
    cumulative = lines_of(right)
    assert cumulative["all, up to 0"][1].max() == 4
    assert cumulative["finder, up to 0"][1].max() == 3


def test_figure_21_has_relative_errors_and_sections(assessment: Assessment) -> None:
    axes = figure_21(assessment).axes[0]
    snr, relative = axes.get_lines()[0].get_data()
    np.testing.assert_allclose(snr, [4, 12, 12])
    np.testing.assert_allclose(relative, [0.5, 0.0, 0.0])
    sections = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sections == ["2 to 5: std 0 (1)", "10 to 20: std 0 (2)"]


def test_figure_22_asks_of_the_angles_that_are_far_off(assessment: Assessment) -> None:
    axes = figure_22(assessment).axes[0]
    curves = lines_of(axes)
    # clockwise angles of 60 degrees, one off by 30; below the axis stands at its edge
    np.testing.assert_allclose(curves["others: 100 % of those above 10 %"][0], [0.5, 1e-3])
    np.testing.assert_allclose(curves["peak SNR < 10: 0 % of those above 10 %"], [[1e-3], [0.5]])


@dataclass(frozen=True)
class Seen:
    """What an example shows, to be compared."""

    dirty: np.ndarray
    sky: np.ndarray
    chance: np.ndarray
    example: Example


@pytest.fixture
def seen(rng: np.random.Generator) -> Seen:
    dirty, sky, chance = rng.random((3, SIZE, SIZE))
    found = sources(X, global_snr=[3.0, 4.0], global_snr_focused=[30.0, 40.0])
    spectrum, model = rng.random((2, CHANNELS))
    measured = Trace("dirty", spectrum, "Jy")
    evidence = (
        ImagePanel("Dirty", dirty, "Jy/beam"),
        ImagePanel("Chance", chance, "", limits=(0.0, 1.0)),
        *(SpectrumPanel(i, measured, Trace("model", model, "")) for i in (1, 2)),
        *(CutoutPanel(i, "focused", dirty[:16, :16] + i, 0, 0, "Jy/beam") for i in (1, 2)),
    )  # fmt: skip
    blobs = catalogue(x=X, y=Y, box_x0=X - 5, box_x1=X + 5, box_y0=Y - 5, box_y1=Y + 5)
    detection = Detection(found, {"blobs_finder": blobs.at(np.array([0]))}, evidence=evidence)
    return Seen(dirty, sky, chance, Example("7", "slim", sky, TRUTH, detection))


def images_of(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def boxes_of(figure: Figure) -> list[int]:
    return [len(axes.patches) for axes in figure.axes]


def test_figures_10_to_12_have_the_boxes_that_the_papers_have(seen: Seen) -> None:
    figure = figures_10_to_12(seen.example)
    for shown, wanted in zip(images_of(figure), (seen.dirty, seen.sky, seen.chance), strict=True):
        np.testing.assert_array_equal(shown, wanted)
    # two true ones; two true and one found; one found
    assert boxes_of(figure) == [2, 3, 1]
    labels = [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes]
    assert labels[1] == ["true (2)", "Blobs Finder (1)"]


def test_figure_13_is_the_source_with_most_lines_and_the_others_of_its_blob(seen: Seen) -> None:
    """Source 2 came from the blob of source 1, and both lines lie in the box of source 1."""
    found = seen.example.detection.catalogue.with_columns(
        parent_id=[0, 1], box_x0=[0.0, 36], box_x1=[60.0, 44], box_y0=[0.0, 40], box_y1=[60.0, 48]
    )
    detection = replace(seen.example.detection, catalogue=found)
    example = replace(seen.example, detection=detection)
    axes = figure_13(example).axes[0]
    assert axes.get_title() == "cube 7, slim: spectrum of source 1"
    vertical = {
        float(line.get_xdata()[0]) for line in axes.get_lines() if len(line.get_xdata()) == 2
    }
    assert vertical == {4.0, 12.0, 16.0, 24.0}
    assert len([patch for patch in axes.patches if patch.get_alpha()]) == 2  # the true ranges


def test_figure_15_has_a_focused_image_and_both_snrs_of_each_source(seen: Seen) -> None:
    figure = figure_15(seen.example)
    field, first, second = images_of(figure)
    np.testing.assert_array_equal(field, seen.dirty)
    np.testing.assert_allclose(second - first, 1.0)
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "1: Global SNR 3", "2: Global SNR 4",
    ]  # fmt: skip
    titles = [axes.get_title() for axes in figure.axes]
    assert {"1: Global SNR 30", "2: Global SNR 40"} <= set(titles)


def test_figures_18_and_19_have_a_column_for_each_cube(seen: Seen) -> None:
    figure = figures_18_and_19([seen.example, seen.example])
    assert len(images_of(figure)) == 6
    assert boxes_of(figure) == [2, 2, 3, 3, 1, 1]


def test_every_figure_has_a_name_of_its_own_and_words(assessment: Assessment) -> None:
    ours = list(paper_figures(assessment))
    drawn = [*ours, *further_figures(assessment)]
    names = [each.name for each in drawn]
    assert names == [
        "set.figure-2", "set.figure-3", "set.figure-16", "set.figure-20.finder",
        "set.figure-21", "set.figure-22", "set.completeness", "set.bounds", "set.pulls",
        "set.reliability", "set.lost",
    ]  # fmt: skip
    assert all(each.title and each.says for each in drawn)
    assert all(each.paper.startswith("Figure") for each in ours)


def test_a_finder_that_found_nothing_is_drawn_all_the_same() -> None:
    empty = catalogue()
    nothing = assess(of_pairs([(empty, TRUTH)], ["1"], name="set", label="blind"))
    drawn = [*paper_figures(nothing), *further_figures(nothing)]
    assert "set.figure-20.blind" not in [each.name for each in drawn]
    for each in drawn:
        each.figure.canvas.draw()


def test_a_truth_that_says_little_is_drawn_all_the_same() -> None:
    bare = catalogue(x=X, y=Y, channel=[8.0, 20.0], line_fwhm_chan=[4.0, 4.0])
    little = assess(of_pairs([(stacked([bare]), bare)], ["1"], name="set", label="finder"))
    for each in [*paper_figures(little), *further_figures(little)]:
        each.figure.canvas.draw()


def test_cubes_without_a_source_are_evaluated_all_the_same() -> None:
    false = TRUTH.at(np.array([0])).with_columns(probability=0.4)
    none = TRUTH.at(np.array([], int))
    empty = assess(of_pairs([(false, none)], ["1"], name="set", label="finder"))
    (row,) = standings_table([empty]).rows
    assert (row["true"], row["fp"], row["false_per_cube"]) == (0, 1, 1.0)
    assert [table.name for table in tables_of_set(empty)] == [
        "set.table-4", "set.table-5", "set.reliability", "set.lost-at",
    ]  # fmt: skip
    for each in [*paper_figures(empty), *further_figures(empty)]:
        each.figure.canvas.draw()
