"""The bank of filters: line widths times sizes on the sky, on grids as coarse as they allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image

SIZES_BEAMS = (0.0, 1.0, 1.5, 2.5, 4.0)
"""FWHM of the sources that the spatial filters see best; 0 is a point."""
WIDEST = 0.5
"""Of the band: wider lines look like continuum."""
SAMPLES_A_KERNEL = 2.8
"""Half-way between nodes the worst filter keeps 0.90 of a peak; refined, 0.998."""
SAMPLES_A_WIDTH = 3.0


@dataclass(frozen=True)
class Bank:
    """Gaussian filters, narrow to wide.

    widths_chan : FWHM in channels, each twice the one before; sizes_px : FWHM in pixels
    finest_px : FWHM that gives white noise the correlation that it has after the smallest filter
    """

    widths_chan: tuple[float, ...]
    sizes_px: tuple[float, ...]
    finest_px: float

    def kernel_px(self, size: int) -> float:
        """FWHM that gives white noise the correlation that it has after a filter."""
        return float(np.hypot(self.sizes_px[size], self.finest_px))

    @property
    def steps_px(self) -> tuple[int, ...]:
        """Pixels between the nodes of each size: powers of two."""
        kernels = (self.kernel_px(size) for size in range(len(self.sizes_px)))
        return tuple(_power_of_two(kernel / SAMPLES_A_KERNEL) for kernel in kernels)

    @property
    def steps_chan(self) -> tuple[int, ...]:
        """Channels between the nodes of each width: powers of two."""
        return tuple(_power_of_two(width / SAMPLES_A_WIDTH) for width in self.widths_chan)


def bank_of(
    channels: int,
    beam_px: float,
    *,
    finest_px: float,
    sizes_beams: tuple[float, ...] = SIZES_BEAMS,
) -> Bank:
    """The bank for a cube of so many channels and a beam of that FWHM.

    sizes_beams : FWHM of its spatial filters, from 0 on

    In an image of few channels a source may shine in all of them.
    """
    widest = channels if is_image(channels) else WIDEST * channels
    widths = [1.0]
    while 2 * widths[-1] <= widest:
        widths.append(2 * widths[-1])
    return Bank(tuple(widths), tuple(size * beam_px for size in sizes_beams), finest_px)


def _power_of_two(value: float) -> int:
    return 1 << max(0, int(np.floor(np.log2(max(value, 1.0) + 1e-9))))
