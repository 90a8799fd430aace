"""What several finders show alike: the integrated cube, and the image of a measured line."""

from __future__ import annotations

import numpy as np

from deepfocus.finders.evidence import CutoutPanel, ImagePanel
from deepfocus.finders.line_measurement import MeasuredLine

BRIGHTNESS = "Jy/beam x channels"


def integrated_panel(integrated: np.ndarray) -> ImagePanel:
    """The cube summed over its band (y, x)."""
    return ImagePanel("Dirty cube, integrated over frequency", integrated, BRIGHTNESS)


def line_panel(number: int, measured: MeasuredLine) -> CutoutPanel:
    """The image in which a line was measured, of the source of that number."""
    return CutoutPanel(
        number,
        title="summed over its line",
        image=measured.image,
        x0=measured.window.x0,
        y0=measured.window.y0,
        unit=BRIGHTNESS,
    )
