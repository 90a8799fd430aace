"""Which of two measured axes is which of the truth's.

`fwhm_x_px` is the size along the axis with position angle in [0, 90). A source whose axis is at 89
degrees may be measured at 91, and then its columns change places, as do those of a round source
whose axes noise has turned.
"""

from __future__ import annotations

from deepfocus.core.catalogue import Catalogue

EXCHANGED = {"fwhm_x_px": "fwhm_y_px", "fwhm_x_px_err": "fwhm_y_px_err"}


def along_axes_of(truth: Catalogue, found: Catalogue) -> Catalogue:
    """`found` with sizes along the axis that is nearer to that of `truth`, row by row."""
    turned = abs(found["pa"] % 90.0 - truth["pa"] % 90.0) > 45.0
    columns = {}
    for one, other in EXCHANGED.items():
        columns[one], columns[other] = found[one].copy(), found[other].copy()
        columns[one][turned], columns[other][turned] = found[other][turned], found[one][turned]
    return found.with_columns(**columns)
