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

    dirty_beam : (k, 2 size, 2 size) where W is highest
    primary_beam : (k, size, size) sqrt(W / max W)
    noise_pattern : (size, size) mid-band standard deviation of the noise, over that where W is
        highest
    """

    fields: tuple[Field, ...]
    dirty_beam: np.ndarray
    primary_beam: np.ndarray
    noise_pattern: np.ndarray


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
    nodes = len(node_hz)
    beam = np.zeros((nodes, 2 * size, 2 * size), np.float32)
    response = np.empty((nodes, size, size), np.float32)
    pattern = np.empty((size, size))
    parts: list[list[Field]] = []
    for node, (hz, all_rows) in enumerate(zip(node_hz, samples, strict=True)):
        total = all_rows.weights.sum()
        own = [all_rows.weights[rows] for _, _, rows in seen]
        share = np.array([weights.sum() / total for weights in own])
        noise = np.array([all_rows.noise_weights[rows].sum() / total**2 for _, _, rows in seen])
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
        highest = counted.flat[peak]
        at_peak = primary.reshape(len(seen), -1)[:, peak]
        variance = np.tensordot(noise, primary**2, axes=1) / counted
        level = np.sqrt(variance.flat[peak])
        response[node] = np.sqrt(counted / highest)
        if node == nodes // 2:
            pattern = np.sqrt(variance) / level
        fields = []
        for number, (_, _, rows) in enumerate(seen):
            used = own[number] > 0
            cycles = all_rows.uv_cycles[rows]
            alone = beam_image(cycles[used], own[number][used], 2 * size)
            beam[node] += share[number] * at_peak[number] ** 2 / highest * alone
            towards = primary[number] / np.sqrt(counted)
            natural = all_rows.own[rows][used]
            fields.append(
                Field(
                    rows=rows,
                    uv_cycles=cycles,
                    noise_weights=all_rows.noise_weights[rows],
                    transfer=transfer_of(alone),
                    primary_beam=primary[number].astype(np.float32),
                    gain=(share[number] * towards / np.sqrt(highest)).astype(np.float32),
                    noise_gain=(np.sqrt(noise[number]) * towards / level).astype(np.float32),
                    level=at_peak[number] / highest,
                    information=level**2 / highest * natural.sum(),
                    natural=_natural_beam(cycles[used], own[number][used], natural, alone),
                )
            )
        parts.append(fields)
    return Together(
        fields=tuple(_stacked(nodes) for nodes in zip(*parts, strict=True)),
        dirty_beam=beam,
        primary_beam=response,
        noise_pattern=pattern,
    )


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
