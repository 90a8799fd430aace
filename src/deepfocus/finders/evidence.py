"""Evidence for a detection: typed panels, drawn without knowing which finder made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ImagePanel:
    """An image of the whole field.

    image : (y, x), on the cube's pixel grid; unit : unit of the values, '' if they have none
    limits : values drawn as black and white; None for grey levels that show noise and sources
    """

    title: str
    image: np.ndarray
    unit: str
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Trace:
    """One curve of a spectrum: (chan,) values in a unit."""

    label: str
    values: np.ndarray
    unit: str


@dataclass(frozen=True, eq=False)
class SpectrumPanel:
    """The spectrum in which a source was found.

    measured : from the cube; model : the finder's model of it, drawn on its own axis, or None
    """

    source_id: int
    measured: Trace
    model: Trace | None = None


@dataclass(frozen=True, eq=False)
class CutoutPanel:
    """An image around one source; pixel [0, 0] is the cube's (x0, y0)."""

    source_id: int
    title: str
    image: np.ndarray
    x0: int
    y0: int
    unit: str


Panel = ImagePanel | SpectrumPanel | CutoutPanel
