"""A detection with the fidelity of its sources, and what that and the probability say together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepfocus.evaluation.fidelity import SideBySide, counts_of, side_by_side, with_fidelity
from deepfocus.evaluation.fidelity_text import verdicts
from deepfocus.finders.deepfocus.both_signs import BothSigns
from deepfocus.finders.finder import Detection
from deepfocus.finders.negative_peaks import Fidelity, fidelity_of


@dataclass(frozen=True, eq=False)
class Believed:
    """detection : with the columns of fidelity, and the verdicts in its notes

    fidelity : the fit to the negative peaks; counts : these beside what noise makes
    """

    detection: Detection
    fidelity: Fidelity
    counts: SideBySide


def believed(signs: BothSigns) -> Believed:
    """What the peaks of both signs say of the sources."""
    fidelity = fidelity_of(counts_of(signs))
    found, counts = with_fidelity(signs, fidelity), side_by_side(signs, fidelity)
    notes = *signs.detection.notes, *verdicts(found, counts)
    return Believed(replace(signs.detection, catalogue=found, notes=notes), fidelity, counts)
