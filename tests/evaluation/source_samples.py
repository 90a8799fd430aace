"""Catalogues for the tests: rows with consistent boxes and channel ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue


def sources(
    x: Any, y: Any, channel: Any, *, size: Any = 10.0, width: Any = 6.0, **columns: Any
) -> Catalogue:
    """Square boxes of side `size` around (x, y), ranges of channel +- `width` (the line FWHM)."""
    x, y, channel, size, width = (
        np.atleast_1d(np.asarray(values, float)) for values in (x, y, channel, size, width)
    )
    size, width = np.broadcast_to(size, x.shape), np.broadcast_to(width, x.shape)
    return catalogue(
        x=x,
        y=y,
        channel=channel,
        line_fwhm_chan=width,
        box_x0=x - size / 2,
        box_x1=x + size / 2,
        box_y0=y - size / 2,
        box_y1=y + size / 2,
        channel_lo=channel - width,
        channel_hi=channel + width,
        **columns,
    )
