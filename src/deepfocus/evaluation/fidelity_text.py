"""Fidelity and false-alarm probability side by side, in words."""

from __future__ import annotations

from deepfocus.core.catalogue import Catalogue, numbered
from deepfocus.evaluation.fidelity import SideBySide
from deepfocus.evaluation.text_table import number, text_table
from deepfocus.finders.negative_peaks import Fidelity

ROWS = 8
"""Of the table of counts."""
NONE = 0.01
"""Peaks of noise that are as good as none."""
DOUBTED, CERTAIN = 0.9, 0.99
"""A fidelity below, of a source whose probability is above, is a disagreement."""


def fidelity_text(found: Catalogue, fidelity: Fidelity, counts: SideBySide) -> str:
    """What stands out below zero, what that says of the sources, and whether noise explains it."""
    step = max(1, len(counts.snr) // ROWS)
    rows = [
        [
            number(float(counts.snr[i]), digits=2),
            str(int(counts.up[i])),
            str(int(counts.down[i])),
            f"{counts.fitted[i]:.3g} ± {counts.fitted_err[i]:.2g}",
            f"{counts.expected[i]:.3g}",
        ]
        for i in range(0, len(counts.snr), step)
    ]
    header = ("signal-to-noise above", "positive", "negative", "negative, fitted", "noise expected")
    return "\n\n".join(
        [
            text_table(header, rows),
            f"Tail of the negative peaks: a Gaussian of {fidelity.sigma:.2f} ± "
            f"{fidelity.sigma_err:.2f} of the noise.",
            *verdicts(found, counts),
        ]
    )


def verdicts(found: Catalogue, counts: SideBySide) -> tuple[str, str]:
    """Whether noise explains what stands out below zero, and what that says of the sources."""
    return _verdict(counts), _of_sources(found)


def _verdict(counts: SideBySide) -> str:
    """Whether the false-alarm probability can be trusted in this cube."""
    at = counts.disagreement
    if at is None:
        return "What stands out below zero is what noise makes: false-alarm probabilities hold."
    counted, expected = int(counts.down[at]), float(counts.expected[at])
    made = f"{expected:.2g}" if expected > NONE else "none"
    negative = numbered(counted, "negative peak")
    if counted < expected:
        return (
            f"{negative} above {counts.snr[at]:.2f}, where noise makes {made}: what lies below "
            "zero was cut off or its noise is not as it was measured. Believe neither the "
            "fidelity nor the false-alarm probability."
        )
    return (
        f"{negative} above {counts.snr[at]:.2f}, where noise makes {made}: this cube has more than "
        "noise in it (what cleaning, calibration or the model of a bright source left), or its "
        "noise is not as it was measured. Believe the fidelity, not the false-alarm probability."
    )


def _of_sources(found: Catalogue) -> str:
    """How many accepted sources the two judge differently."""
    sources = found.accepted
    if not len(sources):
        return "No source was accepted."
    doubted = (sources["fidelity"] < DOUBTED) & (sources["probability"] > CERTAIN)
    if not doubted.any():
        return f"{numbered(len(sources), 'accepted source')}: both agree on all."
    ids = [str(each) for each in sources["id"][doubted].tolist()]
    which = f"number {ids[0]}" if len(ids) == 1 else f"numbers {', '.join(ids)}"
    return (
        f"{numbered(len(sources), 'accepted source')}; the fidelity of {which} is below {DOUBTED}, "
        f"though noise alone would not make {'it' if len(ids) == 1 else 'them'}."
    )
