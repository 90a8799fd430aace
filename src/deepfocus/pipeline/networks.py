"""What the stages ask of a trained network: how to normalise its input, and to run."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from deepfocus.ops.normalise import Normalisation


class Network(Protocol):
    """A network with its card; `run` maps a float32 batch to a float32 batch."""

    @property
    def card(self) -> Any: ...

    @property
    def normalise(self) -> Normalisation: ...

    def run(self, batch: np.ndarray) -> np.ndarray: ...


class Networks(Protocol):
    """The six networks of the pipeline."""

    @property
    def blobs_finder(self) -> Network: ...

    @property
    def deep_gru(self) -> Network: ...

    @property
    def major(self) -> Network: ...

    @property
    def minor(self) -> Network: ...

    @property
    def angle(self) -> Network: ...

    @property
    def flux(self) -> Network: ...
