"""Where each missed source was lost: at which step, and what lies in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.campaign import Found
from deepfocus.evaluation.match import Matches, match, reach_chan, reach_px
from deepfocus.evaluation.overlap import centre_distance, channel_distance

CATALOGUE = "catalogue"
"""The last step: what is accepted."""
REFUSED = "refused"
"""In place of a step, where the finder refused the cube."""
NEAR = 2.0
"""Reaches within which a row is said to lie in a source's place."""


@dataclass(frozen=True)
class Neighbour:
    """The found row that is nearest to a missed source.

    row : its id, 0 if none is within `NEAR`; apart : distance in reaches, NaN without one
    words : the reason of a rejected row; the true source for which an accepted one counts
    """

    row: int = 0
    apart: float = np.nan
    words: str = ""


@dataclass(frozen=True)
class Loss:
    """One true source that a finder missed.

    key : of its cube; source : its id in the truth; step : the first after which nothing matches it
        any more; x, y, channel : where it is
    rejected, accepted : the nearest row of either kind in the final catalogue
    """

    key: str
    source: int
    step: str
    ideal_snr: float
    snr_peak: float
    x: float
    y: float
    channel: float
    rejected: Neighbour
    accepted: Neighbour


def losses_of(found: Mapping[str, Found], truths: Mapping[str, Catalogue]) -> tuple[Loss, ...]:
    """Of all cubes, in their order; one-to-one matches decide."""
    return tuple(loss for key, truth in truths.items() for loss in _of_cube(key, found[key], truth))


def steps_of(found: Mapping[str, Found]) -> tuple[str, ...]:
    """The steps at which a source can be lost, in order."""
    steps = dict.fromkeys(step for each in found.values() for step in each.snapshots)
    refused = (REFUSED,) if any(each.refused is not None for each in found.values()) else ()
    return (*refused, *steps, CATALOGUE)


def count_losses(losses: Sequence[Loss], steps: Sequence[str]) -> dict[str, int]:
    """How many sources are lost at each step."""
    counts = Counter(loss.step for loss in losses)
    return {step: counts[step] for step in steps}


def _of_cube(key: str, found: Found, truth: Catalogue) -> list[Loss]:
    final = match(found.catalogue, truth)
    missed = np.flatnonzero(~final.detected).tolist()
    last = _last_step(found, final.truth)
    names = [*found.snapshots, CATALOGUE]
    rejected = found.catalogue.where(found.catalogue["flag"] != 0)
    return [
        Loss(
            key=key,
            source=int(final.truth["id"][i]),
            step=REFUSED if found.refused is not None else names[last[i] + 1],
            **{
                name: float(final.truth[name][i])
                for name in ("ideal_snr", "snr_peak", "x", "y", "channel")
            },
            rejected=_rejected(rejected, final.truth, i),
            accepted=_accepted(final, i),
        )
        for i in missed
    ]


def _last_step(found: Found, truth: Catalogue) -> np.ndarray:
    """(len(truth),) index of the last snapshot that has each true source, -1 if none has."""
    last = np.full(len(truth), -1)
    for i, candidates in enumerate(found.snapshots.values()):
        spectral = bool(np.isfinite(candidates["channel"]).any())
        last[match(candidates, truth, spectral=spectral).true_row] = i
    return last


def _rejected(rows: Catalogue, truth: Catalogue, i: int) -> Neighbour:
    row, apart = _nearest(rows, truth.at(np.array([i])))
    if row < 0:
        return Neighbour()
    return Neighbour(int(rows["id"][row]), apart, str(rows["reason"][row]))


def _accepted(final: Matches, i: int) -> Neighbour:
    row, apart = _nearest(final.found, final.truth.at(np.array([i])))
    if row < 0:
        return Neighbour()
    partner = final.true_row[final.found_row == row]
    words = f"counts for source {final.truth['id'][partner[0]]}" if len(partner) else "too far off"
    return Neighbour(int(final.found["id"][row]), apart, words)


def _nearest(rows: Catalogue, source: Catalogue) -> tuple[int, float]:
    """Row number and distance in reaches, the greater of image and channel; -1 if beyond `NEAR`.

    A row that has no channel yet is placed by the image alone.
    """
    if not len(rows):
        return -1, np.nan
    apart = (centre_distance(rows, source) / reach_px(source))[:, 0]
    lines = (channel_distance(rows, source) / reach_chan(source))[:, 0]
    apart = np.where(np.isfinite(rows["channel"]), np.maximum(apart, lines), apart)
    row = int(np.argmin(apart))
    # not where the reach in channels is unknown
    return (row, float(apart[row])) if apart[row] < NEAR else (-1, np.nan)
