"""Which line a frequency may be: at a known redshift, or at those that put a common line there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deepfocus.core.grid import C_KMS
from deepfocus.core.spectral_lines import LINES, SpectralLine

WITHIN_KMS = 1000.0
"""Of a known redshift, up to which a line may be moved."""
BLUEST_Z = -0.003
"""Of galaxies that come nearer."""
HIGHEST_Z = 8.0
NEAR_HZ = 4e9
"""Beyond the band's ends: a companion there is worth another tuning."""


@dataclass(frozen=True)
class Identified:
    """A line at a known redshift.

    velocity_kms : c (nu0 - nu) / nu0, nu0 the frequency where that redshift puts it
    """

    line: SpectralLine
    velocity_kms: float


@dataclass(frozen=True)
class Hypothesis:
    """A line, the redshift that puts it there, and where others would then be seen.

    inside, near : lines and their observed frequency, in the band and up to `NEAR_HZ` beyond
    """

    line: SpectralLine
    redshift: float
    inside: tuple[tuple[SpectralLine, float], ...]
    near: tuple[tuple[SpectralLine, float], ...]


def at_redshift(
    frequency_hz: float, redshift: float, *, within_kms: float = WITHIN_KMS
) -> tuple[Identified, ...]:
    """The lines that lie there, the nearest first."""
    found = [
        Identified(line, C_KMS * (1 - frequency_hz * (1 + redshift) / line.rest_hz))
        for line in LINES
    ]
    near = [each for each in found if abs(each.velocity_kms) <= within_kms]
    return tuple(sorted(near, key=lambda each: abs(each.velocity_kms)))


def hypotheses(
    frequency_hz: float,
    band_hz: tuple[float, float] | None = None,
    *,
    highest_z: float = HIGHEST_Z,
) -> tuple[Hypothesis, ...]:
    """The common lines that may lie there, by redshift.

    band_hz : in which others would be seen; the frequency alone unless given
    """
    low, high = sorted(band_hz or (frequency_hz, frequency_hz))
    out = []
    for line in LINES:
        redshift = line.rest_hz / frequency_hz - 1
        if not line.common or not BLUEST_Z <= redshift <= highest_z:
            continue
        others = list(_observed(redshift, without=line))
        inside = tuple(each for each in others if low <= each[1] <= high)
        near = tuple(each for each in others if low - NEAR_HZ <= each[1] <= high + NEAR_HZ)
        beyond = tuple(each for each in near if each not in inside)
        out.append(Hypothesis(line, redshift, inside, beyond))
    return tuple(sorted(out, key=lambda each: each.redshift))


def _observed(redshift: float, *, without: SpectralLine) -> Iterable[tuple[SpectralLine, float]]:
    seen = ((line, line.rest_hz / (1 + redshift)) for line in LINES if line != without)
    return sorted(seen, key=lambda each: each[1])


def redshift_error(redshift: float, frequency_hz: float, error_hz: float) -> float:
    """Of a redshift that a frequency tells."""
    return abs((1 + redshift) * error_hz / frequency_hz)
