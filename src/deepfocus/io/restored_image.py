"""Whether an image was restored after CLEAN, told by the products that lie beside it.

CLEAN's components are restored with a Gaussian: the dirty beam is no longer what a source looks
like. The name does not tell, for tclean calls a dirty image `X.image`, too. But `X.model` holds
components then, and `X.residual` is another image.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import Voxels
from deepfocus.io.companions import products_beside
from deepfocus.io.image_file import image_by_parts
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.product_names import Kind, product_name

MODEL, RESIDUAL = "model", "residual"
DIRTY = "dirty"
MOST_LOOKED_AT = 256
"""Channels, evenly over the band."""
APART = 0.1
"""Of a plane's highest value: what compression rounds is less, what CLEAN takes away is more."""


def tellers_of(path: Path) -> list[Path]:
    """The images beside one that may tell, the model first: of what is corrected, it alone."""
    own = product_name(path)
    if own.word == DIRTY or own.kind not in (Kind.IMAGE, Kind.CORRECTED):
        return []
    words = (MODEL,) if own.kind is Kind.CORRECTED else (MODEL, RESIDUAL)
    beside = products_beside(path)
    return [each for word in words for each in beside if product_name(each).word == word]


def restored_by(
    path: Path,
    data: Voxels,
    overrides: Overrides = NO_OVERRIDES,
    *,
    folder: Path | None = None,
) -> Path | None:
    """The image that tells that the one at `path` was restored; None if none does.

    data : (chan, y, x) of it, in the unit of its file; folder : where compressed files are unpacked
    What cannot be read, or has another shape, tells nothing.
    """
    for teller in tellers_of(path):
        try:
            with image_by_parts(teller, overrides, folder=folder) as other:
                if other.data.shape == data.shape and _tells(teller, other.data, data):
                    return teller
        except DeepFocusError:
            continue
    return None


def _tells(teller: Path, values: Voxels, data: Voxels) -> bool:
    channels = len(data)
    looked_at = np.unique(np.linspace(0, channels - 1, min(channels, MOST_LOOKED_AT)).round())
    if product_name(teller).word == MODEL:
        return any(np.any(np.nan_to_num(values[int(k)])) for k in looked_at)
    return any(_differ(data[int(k)], values[int(k)]) for k in looked_at)


def _differ(image: np.ndarray, residual: np.ndarray) -> bool:
    """Two planes (y, x), but for blanks and rounding."""
    highest = float(np.nanmax(np.abs(image), initial=0.0))
    return bool(np.nanmax(np.abs(image - residual), initial=0.0) > APART * highest)
