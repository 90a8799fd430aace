"""All figures of an evaluation, each with what the paper's shows and what ours does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepfocus.evaluation.assessment import Assessment
from deepfocus.report.example_figures import (
    figure_13,
    figure_15,
    figures_10_to_12,
    figures_18_and_19,
)
from deepfocus.report.figures import residuals_drawn
from deepfocus.report.limit_figures import (
    completeness_by_ideal_snr,
    errors_in_bounds,
    losses,
    pulls,
    reliability_diagram,
)
from deepfocus.report.paper_captions import CAPTIONS
from deepfocus.report.paper_figures import figure_2, figure_3, figure_16, figure_21, figure_22

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure and its words.

    name : of its files; paper : what the paper's shows, '' if the paper has none
    says : what ours shows
    """

    name: str
    title: str
    figure: Figure
    says: str
    paper: str = ""


SAYS: Mapping[str, str] = {
    "2": "All true sources. Brightness is the line flux of the sky, and signal-to-noise that of "
    "the line's peak: the truth has no sums of dirty voxels.",
    "3": "All true sources; FWHMs before the beam.",
    "10-12": "Green: true; red: after Blobs Finder.",
    "13": "The source in whose box most true lines lie. Dotted: the ranges of other sources of "
    "the same blob.",
    "15": "Up to six of the brightest sources.",
    "16": "One-to-one matches of each finder. Flux is the line flux of the sky. The legend says "
    "the highest blendness that is found.",
    "21": "One-to-one matches. Signal-to-noise is that of the line's peak in one channel. What is "
    "beyond the axis stands at its edge.",
    "22": "One-to-one matches; the clockwise angle of the paper, turned the short way round. "
    "Nearly round: minor over major axis above 0.8. Faint by the line's peak, since the truth has "
    "no summed brightness.",
}
"""What ours show, by the number of the paper's figure."""
FURTHER: Mapping[str, tuple[str, Callable[[Assessment], Figure], str]] = {
    "completeness": (
        "Completeness by ideal signal-to-noise",
        completeness_by_ideal_snr,
        "Share of true sources that is found, by the signal-to-noise at which an ideal observer "
        "sees them. Bars: 95 % Wilson interval. Finders are set apart a little along the axis.",
    ),
    "bounds": (
        "Errors in units of the Cramer-Rao bound",
        errors_in_bounds,
        "Share of matched sources whose error is at most so many of its bound. No unbiased "
        "measurement can, on average, be left of the dashed line.",
    ),
    "pulls": (
        "Errors in units of those stated",
        pulls,
        "Only finders that state errors. Outermost bars: all that is beyond.",
    ),
    "reliability": (
        "Stated probability against the share that is true",
        reliability_diagram,
        "Rows that are accepted, or rejected for their probability alone. Below the dashed line, "
        "a finder promises too much. Bars: 95 % Wilson interval.",
    ),
    "lost": (
        "Where sources were lost",
        losses,
        "A source is lost at the first step after which no candidate matches it any more; "
        "'catalogue' is the end: what is accepted.",
    ),
}
"""By the names of their files."""


def paper_figures(assessment: Assessment) -> Iterator[Drawn]:
    """The paper's figures that the results on a set can make, in its order."""
    draw = _Named(assessment)
    yield draw("2", figure_2(assessment), SAYS["2"])
    yield draw("3", figure_3(assessment), SAYS["3"])
    yield from _example_figures(assessment, draw)
    yield draw("16", figure_16(assessment), SAYS["16"])
    for label, each in assessment.finders.items():
        if len(each.matched[0]):
            figure = residuals_drawn(*each.matched)
            yield draw("20", figure, f"One-to-one matches of {label}.", of=label)
    yield draw("21", figure_21(assessment), SAYS["21"])
    yield draw("22", figure_22(assessment), SAYS["22"])


def further_figures(assessment: Assessment) -> Iterator[Drawn]:
    """What the paper does not show."""
    for name, (title, make, says) in FURTHER.items():
        yield Drawn(f"{assessment.name}.{name}", title, make(assessment), says)


@dataclass(frozen=True)
class _Named:
    """Names a figure after the set and the paper's figure."""

    assessment: Assessment

    def __call__(self, number: str, figure: Figure, says: str, *, of: str = "") -> Drawn:
        title = f"Figure{'s' if '-' in number else ''} {number.replace('-', ' to ')}"
        return Drawn(
            name=".".join(part for part in (self.assessment.name, f"figure-{number}", of) if part),
            title=f"{title}: {of}" if of else title,
            figure=figure,
            says=says,
            paper=CAPTIONS[number],
        )


def _example_figures(assessment: Assessment, draw: _Named) -> Iterator[Drawn]:
    if not assessment.examples:
        return
    with_sources = [each for each in assessment.examples if len(each.detection.catalogue.accepted)]
    first = (with_sources or assessment.examples)[0]
    where = f"Cube {first.key} of {assessment.name}, which {first.label} searched once more."
    yield draw("10-12", figures_10_to_12(first), f"{where} {SAYS['10-12']}")
    if with_sources:
        yield draw("13", figure_13(first), f"{where} {SAYS['13']}")
        yield draw("15", figure_15(first), f"{where} {SAYS['15']}")
    each = f"The cube with most sources, and the first others, searched by {first.label}."
    yield draw("18-19", figures_18_and_19(assessment.examples), each)
