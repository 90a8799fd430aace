"""Why a row of a catalogue is not an accepted source: bits of the column `flag`."""

from __future__ import annotations

from enum import IntFlag


class Flag(IntFlag):
    """0 is an accepted source; a row may carry several bits. Rows are flagged, never deleted.

    Conditions are numbered as in the paper's Figure 14.
    """

    ACCEPTED = 0
    NO_LINE = 1  # Deep GRU finds no meaningful peak in the spectrum of the blob
    NO_GAIN_WHEN_FOCUSED = 2  # condition 1: faint, and focusing does not raise the Global SNR
    SAME_AS_PRIMARY = 4  # condition 2: same pixel and overlapping channels as the primary peak
    MERGED = 8  # the peak was joined to its primary, whose channel range grew
    LOW_FOCUSED_SNR = 16  # Global SNR of the focused image below the limit (1 in the paper)
    DUPLICATE = 32  # another row already represents this emission, found through another blob
    SIDELOBE = 64  # explained by the dirty beam of a brighter source with the same line
    BAD_FIT = 128  # the Gaussian fit to the line did not converge to a width inside the band
    LOW_PROBABILITY = 256  # detection probability below the limit
    LOW_FIDELITY = 512  # negative peaks as high are as common: it may be noise


REASONS: dict[Flag, str] = {
    Flag.NO_LINE: "no emission line in the spectrum",
    Flag.NO_GAIN_WHEN_FOCUSED: "focusing does not raise the Global SNR (condition 1)",
    Flag.SAME_AS_PRIMARY: "secondary peak coincides with the primary (condition 2)",
    Flag.MERGED: "merged into its primary peak",
    Flag.LOW_FOCUSED_SNR: "Global SNR of the focused image too low",
    Flag.DUPLICATE: "duplicate of another candidate",
    Flag.SIDELOBE: "sidelobe of a brighter source",
    Flag.BAD_FIT: "line fit failed",
    Flag.LOW_PROBABILITY: "detection probability too low",
    Flag.LOW_FIDELITY: "fidelity too low: negative peaks are as high",
}


def reason(flag: int) -> str:
    """The reasons of all bits set, in words; empty for an accepted source."""
    return "; ".join(text for bit, text in REASONS.items() if flag & bit)
