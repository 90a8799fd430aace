"""The noise of each channel in SVG."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from deepfocus.report.inspection import NoiseLevels
from deepfocus.report.spectral_axis import SpectralAxis
from deepfocus.report.svg_axes import Frame, Scale, draw_frame, scale_of
from deepfocus.report.svg_curves import draw_steps, drawing
from deepfocus.report.svg_spectrum import BELOW, LEFT, RIGHT, TOP, WIDTH, across_of

BOTTOM = 168.0
MOST_CHANNELS = 4096
"""Of a longer band, every second channel is drawn, or every third, and so on."""


def noise_plot(noise: NoiseLevels, axis: SpectralAxis) -> Markup:
    """Draw noise against channel, from zero; a channel without data is a gap."""
    levels = np.array([np.nan if each is None else each for each in noise.by_channel])
    some = slice(None, None, -(-len(levels) // MOST_CHANNELS))
    axis, levels = axis.within(some), levels[some]
    highest = scale_of(np.append(levels, 0.0), BOTTOM, TOP).high
    upright = Scale(0.0, highest, BOTTOM, TOP)
    frame = Frame(across_of(axis, LEFT, RIGHT), upright, axis.label, "mJy/beam")
    curve = draw_steps(frame, axis.places, levels, "data")
    says = (
        f"Noise of each channel: {noise.median:.3g} mJy/beam in the middle, "
        f"from {noise.lowest:.3g} to {noise.highest:.3g}."
    )
    return drawing(draw_frame(frame) + curve, width=WIDTH, height=BOTTOM + BELOW, says=says)
