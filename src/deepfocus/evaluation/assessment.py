"""All that is said of finders on one set: scores, losses, pieces, stated errors and probabilities.

Made from the records of a benchmark, or from catalogues and truths. Here everything is computed
that `deepfocus evaluate --report` writes and draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.axes import along_axes_of
from deepfocus.evaluation.comparison import Standing, compare
from deepfocus.evaluation.examples import Example, examples
from deepfocus.evaluation.figure_values import (
    AngleErrors,
    Detected,
    FluxErrors,
    Population,
    angle_errors,
    detected,
    flux_errors,
    population,
)
from deepfocus.evaluation.limits import bound_ratios
from deepfocus.evaluation.losses import Loss, count_losses, losses_of, steps_of
from deepfocus.evaluation.pieces import Pieces, pieces
from deepfocus.evaluation.pulls import pull_values
from deepfocus.evaluation.records import Records
from deepfocus.evaluation.reliability import Reliability, reliability
from deepfocus.evaluation.residuals import share_within

FLUX_LIMITS = (0.1, 0.3)
"""Relative errors within which fluxes are counted."""


@dataclass(frozen=True, eq=False)
class FinderResults:
    """What is said of one finder on one set.

    flux_within : share of matched sources whose line flux is within each of `FLUX_LIMITS`
    bound_ratios, pulls : errors by parameter in units of their bounds, and of those stated
    losses : every missed source; lost_at : how many at each step, in order
    """

    standing: Standing
    flux_within: tuple[float, ...]
    pieces: Pieces
    bound_ratios: Mapping[str, np.ndarray]
    pulls: Mapping[str, np.ndarray]
    reliability: Reliability
    losses: tuple[Loss, ...]
    lost_at: Mapping[str, int]
    detected: Detected
    flux_errors: FluxErrors
    angle_errors: AngleErrors

    @property
    def matched(self) -> tuple[Catalogue, Catalogue]:
        """The one-to-one pairs, true and found, row by row."""
        return self.standing.score.truth_matched, self.standing.score.found_matched


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is said of one set.

    finders : by label; examples : cubes that the six networks searched once more
    """

    name: str
    cubes: int
    population: Population
    finders: Mapping[str, FinderResults]
    examples: tuple[Example, ...]
    notes: tuple[str, ...] = ()

    @property
    def true(self) -> int:
        """Number of true lines in the bands."""
        return max(r.standing.score.one_to_one.n_true for r in self.finders.values())


def assess(records: Records) -> Assessment:
    """Judge all finders of one set."""
    campaign = records.campaign
    standings = compare(campaign, name=records.name).standings
    return Assessment(
        name=records.name,
        cubes=len(campaign.truths),
        population=population(list(campaign.truths.values())),
        finders={label: _judged(records, label, standings[label]) for label in campaign.found},
        examples=examples(records),
        notes=records.notes,
    )


def _judged(records: Records, label: str, standing: Standing) -> FinderResults:
    truths, found = records.campaign.truths, records.campaign.found[label]
    pairs = [(found[key].catalogue, truth) for key, truth in truths.items()]
    true, measured = standing.score.truth_matched, standing.score.found_matched
    along_axes = along_axes_of(true, measured)
    losses = losses_of(found, truths)
    return FinderResults(
        standing=standing,
        flux_within=tuple(
            share_within("line flux", limit, true, measured) for limit in FLUX_LIMITS
        ),
        pieces=pieces(pairs),
        bound_ratios=bound_ratios(true, along_axes),
        pulls=pull_values(true, along_axes),
        reliability=reliability(pairs),
        losses=losses,
        lost_at=count_losses(losses, steps_of(found)),
        detected=detected(pairs),
        flux_errors=flux_errors(true, measured),
        angle_errors=angle_errors(true, measured),
    )
