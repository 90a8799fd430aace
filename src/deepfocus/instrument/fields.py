"""Fields that are imaged together: kinds of dish, each at one pointing or several.

A sample of a field sees the sky through the primary beam A of its own dishes. As in CASA's mosaic
gridder, the joint image weights each field's dirty image with A once more (flat noise):

    D = sum_f s_f A_f [B_f * (A_f I)] / sqrt(W max W),    W = sum_f s_f A_f^2,

with s_f the field's share of all weights, B_f the dirty beam of its samples. The response to a
source, A = sqrt(W / max W), is 1 at its peak. The noise in D is sum_f s_f A_f n_f over the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.instrument.primary_beam import BlockedAiry, primary_beam_image
from deepfocus.instrument.transforms import convolved, transfer_of
from deepfocus.instrument.weighting import beam_image

LEAST = 1e-30
"""Of W, so that nothing is divided by 0 where no field sees anything."""


@dataclass(frozen=True, eq=False)
class Field:
    """The samples of one kind of dish at one pointing, and how the joint image counts them.

    rows : of its samples among all; uv_cycles : (k, row, 2) in cycles per pixel
    noise_weights : (k, row) variance that each adds to the image, relative
    transfer : (k, n, n // 2 + 1) of its dirty beam; primary_beam : (k, size, size)
    gain : (k, size, size) factor of its dirty image in the joint image
    noise_gain : (k, size, size) the same of noise with a standard deviation of 1
    level : (k,) A_f / max W where W is highest: what its noise counts where the response is 1
    information : (k,) variance of the joint image's noise where the response is 1, over that of an
        image of this field alone with natural weights
    natural : (k, 2 size, 2 size) its dirty beam with natural weights
    """

    rows: np.ndarray
    uv_cycles: np.ndarray
    noise_weights: np.ndarray
    transfer: np.ndarray
    primary_beam: np.ndarray
    gain: np.ndarray
    noise_gain: np.ndarray
    level: np.ndarray
    information: np.ndarray
    natural: np.ndarray

    def dirty(self, image: np.ndarray, node: int) -> np.ndarray:
        """(y, x) what the joint image has of a sky (y, x) by this field, at a node."""
        seen = (image * self.primary_beam[node]).astype(np.float32, copy=False)
        part: np.ndarray = self.gain[node] * convolved(seen, self.transfer[node])
        return part

    def at(self, node: int) -> Field:
        """The field at one node."""
        one = slice(node, node + 1)
        arrays = {name: each[one] for name, each in vars(self).items() if name != "rows"}
        return replace(self, **arrays)


@dataclass(frozen=True, eq=False)
class Together:
    """What fields are together.

    dirty_beam : (k, 2 size, 2 size) image, over its response, of a point where W is highest
    primary_beam : (k, size, size) sqrt(W / max W)
    noise_pattern : (size, size) mid-band standard deviation of the noise, over that where W is
        highest
    noise_beam : (size, size) mid-band correlation of the noise with that where W is highest, at
        [size // 2, size // 2]
    """

    fields: tuple[Field, ...]
    dirty_beam: np.ndarray
    primary_beam: np.ndarray
    noise_pattern: np.ndarray
    noise_beam: np.ndarray


@dataclass(frozen=True, eq=False)
class Samples:
    """All samples at one node.

    uv_cycles : (row, 2) cycles per pixel
    own, weights, noise_weights : (row,) 1 / sigma^2, weight in the image and variance that it adds,
        relative; 0 beyond the uv grid
    """

    uv_cycles: np.ndarray
    own: np.ndarray
    weights: np.ndarray
    noise_weights: np.ndarray


def together(
    seen: Sequence[tuple[BlockedAiry, np.ndarray, np.ndarray]],
    samples: Sequence[Samples],
    *,
    node_hz: np.ndarray,
    size: int,
    cell_arcsec: float,
) -> Together:
    """Image fields together.

    seen : primary beam, offset east and north in arcsec (2,), and rows of each field
    samples : at each node
    """
    nodes = [
        _Node.of(seen, all_rows, hz=hz, size=size, cell_arcsec=cell_arcsec)
        for hz, all_rows in zip(node_hz, samples, strict=True)
    ]
    middle = nodes[len(nodes) // 2]
    parts, beams = zip(*(node.imaged() for node in nodes), strict=True)
    return Together(
        fields=tuple(_stacked(at_nodes) for at_nodes in zip(*parts, strict=True)),
        dirty_beam=np.stack(beams),
        primary_beam=np.stack([np.sqrt(node.counted / node.highest) for node in nodes]).astype(
            np.float32
        ),
        noise_pattern=np.sqrt(middle.variance) / middle.level,
        noise_beam=middle.noise_beam(),
    )


@dataclass(frozen=True, eq=False)
class _Node:
    """The fields at one frequency.

    share, noise : (field,) of the weights, and variance of its part of the image
    primary : (field, size, size) primary beams; counted : (size, size) W
    peak : where W is highest, as an index of the flat image
    """

    seen: Sequence[tuple[BlockedAiry, np.ndarray, np.ndarray]]
    samples: Samples
    hz: float
    cell_arcsec: float
    share: np.ndarray
    noise: np.ndarray
    primary: np.ndarray
    counted: np.ndarray
    peak: int

    @staticmethod
    def of(
        seen: Sequence[tuple[BlockedAiry, np.ndarray, np.ndarray]],
        samples: Samples,
        *,
        hz: float,
        size: int,
        cell_arcsec: float,
    ) -> _Node:
        """The node of these fields."""
        total = samples.weights.sum()
        share = np.array([samples.weights[rows].sum() / total for _, _, rows in seen])
        noise = np.array([samples.noise_weights[rows].sum() / total**2 for _, _, rows in seen])
        primary = np.stack(
            [
                primary_beam_image(
                    dish, size=size, cell_arcsec=cell_arcsec, frequency_hz=hz, offset_arcsec=offset
                )
                for dish, offset, _ in seen
            ]
        )
        counted = np.maximum(np.tensordot(share, primary**2, axes=1), LEAST)
        peak = int(np.argmax(counted))
        return _Node(seen, samples, hz, cell_arcsec, share, noise, primary, counted, peak)

    @property
    def highest(self) -> float:
        """The highest W."""
        return float(self.counted.flat[self.peak])

    @property
    def at_peak(self) -> np.ndarray:
        """(field,) primary beams where W is highest."""
        at: np.ndarray = self.primary.reshape(len(self.primary), -1)[:, self.peak]
        return at

    @property
    def variance(self) -> np.ndarray:
        """(size, size) of the noise of sum s A n / sqrt(W)."""
        variance: np.ndarray = np.tensordot(self.noise, self.primary**2, axes=1) / self.counted
        return variance

    @property
    def level(self) -> float:
        """Its standard deviation where W is highest."""
        return float(np.sqrt(self.variance.flat[self.peak]))

    def imaged(self) -> tuple[list[Field], np.ndarray]:
        """Every field, and the dirty beam where W is highest."""
        size = len(self.counted)
        around = self._mean_around_peak(self.share, 2 * size)
        beam = np.zeros((2 * size, 2 * size))
        fields = []
        for number, (_, _, rows) in enumerate(self.seen):
            weights = self.samples.weights[rows]
            used = weights > 0
            cycles, natural = self.samples.uv_cycles[rows], self.samples.own[rows][used]
            alone = beam_image(cycles[used], weights[used], 2 * size)
            beam += (
                self.share[number]
                * self.at_peak[number]
                * self._around_peak(number, 2 * size)
                / np.sqrt(around * self.highest)
                * alone
            )
            towards = self.primary[number] / np.sqrt(self.counted)
            noise_gain = np.sqrt(self.noise[number]) * towards / self.level
            fields.append(
                Field(
                    rows=rows,
                    uv_cycles=cycles,
                    noise_weights=self.samples.noise_weights[rows],
                    transfer=transfer_of(alone),
                    primary_beam=self.primary[number].astype(np.float32),
                    gain=(self.share[number] * towards / np.sqrt(self.highest)).astype(np.float32),
                    noise_gain=noise_gain.astype(np.float32),
                    level=self.at_peak[number] / self.highest,
                    information=self.level**2 / self.highest * natural.sum(),
                    natural=_natural_beam(cycles[used], weights[used], natural, alone),
                )
            )
        return fields, beam.astype(np.float32)

    def noise_beam(self) -> np.ndarray:
        """(size, size) correlation of the noise with that where W is highest."""
        size = len(self.counted)
        beam = np.zeros((size, size))
        for number, (_, _, rows) in enumerate(self.seen):
            variances = self.samples.noise_weights[rows]
            used = variances > 0
            alone = beam_image(self.samples.uv_cycles[rows][used], variances[used], size)
            both = self.at_peak[number] * self._around_peak(number, size)
            beam += self.noise[number] * both * alone
        deviation = np.sqrt(self._mean_around_peak(self.noise, size))
        correlation: np.ndarray = beam / (deviation * self.level * np.sqrt(self.highest))
        return correlation

    def _around_peak(self, number: int, size: int) -> np.ndarray:
        """(size, size) primary beam of a field about the place where W is highest."""
        n = len(self.counted)
        y, x = divmod(self.peak, n)
        peak_arcsec = np.array([n // 2 - x, y - n // 2]) * self.cell_arcsec
        dish, offset, _ = self.seen[number]
        return primary_beam_image(
            dish,
            size=size,
            cell_arcsec=self.cell_arcsec,
            frequency_hz=self.hz,
            offset_arcsec=offset - peak_arcsec,
        )

    def _mean_around_peak(self, factors: np.ndarray, size: int) -> np.ndarray:
        """(size, size) sum of the fields' squared primary beams times a factor (field,)."""
        total = np.full((size, size), LEAST)
        for number, factor in enumerate(factors):
            total += factor * self._around_peak(number, size) ** 2
        return total


def _natural_beam(
    cycles: np.ndarray, weights: np.ndarray, natural: np.ndarray, beam: np.ndarray
) -> np.ndarray:
    """The dirty beam of natural weights: `beam` itself, if these are its weights."""
    if np.array_equal(weights, natural):
        return beam.astype(np.float32)
    return beam_image(cycles, natural, len(beam)).astype(np.float32)


def _stacked(at_nodes: Sequence[Field]) -> Field:
    """One field from what it is at each node."""
    names = [name for name in vars(at_nodes[0]) if name != "rows"]
    arrays = {name: np.stack([getattr(each, name) for each in at_nodes]) for name in names}
    return Field(rows=at_nodes[0].rows, **arrays)
