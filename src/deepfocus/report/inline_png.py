"""Pictures as data URIs, so that a page needs no file beside it."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def coloured_png(image: np.ndarray, limits: tuple[float, float], colours: str) -> str:
    """Data URI of an image (y, x), one pixel each, y upwards; what is blank is transparent.

    limits : of the first and last of the colours, which are matplotlib's of that name
    """
    from matplotlib.image import imsave

    low, high = limits
    file = BytesIO()
    imsave(file, image, cmap=colours, vmin=low, vmax=high, origin="lower", format="png")
    return _uri(file)


def figure_png(figure: Figure, dpi: float) -> str:
    """Data URI of a figure."""
    file = BytesIO()
    figure.savefig(file, dpi=dpi, format="png")
    return _uri(file)


def _uri(file: BytesIO) -> str:
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
