"""How a cube, and each source in it, differ from the networks' training data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import find_objects, label

from deepfocus.core.cell_shape import in_words
from deepfocus.core.cube import Cube
from deepfocus.finders.six_networks.candidate import Candidate, accepted
from deepfocus.weights.domain import Domain
from deepfocus.weights.six import SixNetworks

TOLERANCE = 1.02
"""Factor by which a cube may exceed the trained range, to allow for rounding."""


def notes_on(
    cube: Cube, candidates: Sequence[Candidate], networks: SixNetworks, *, integrated: np.ndarray
) -> tuple[str, ...]:
    """One sentence per property of the cube or its sources outside the training domain.

    The width of the beam in pixels is that of the domain, or not known: `known_scale` saw to it.

    integrated : (y, x), the cube summed over its channels
    """
    found = accepted(candidates)
    images, spectra = networks.blobs_finder.card.domain, networks.deep_gru.card.domain
    return (
        *notes_on_image(cube, images, integrated, some_found=bool(found)),
        *_outside("the cube has", len(cube.data), spectra.channels, "channels"),
        *_size_notes(found, networks.major.card.domain),
        *_width_notes(found, spectra),
    )


def notes_on_image(
    cube: Cube, domain: Domain, integrated: np.ndarray, *, some_found: bool
) -> tuple[str, ...]:
    """Those of a network that sees the integrated image (y, x), which has this domain."""
    ny, nx = integrated.shape
    return (
        *_beam_notes(cube, domain, integrated, some_found=some_found),
        *_cell_notes(cube),
        *_outside("the image is", min(ny, nx), domain.image_px, "pixels wide"),
        *_cleaned_notes(cube),
    )


def _beam_notes(
    cube: Cube, domain: Domain, integrated: np.ndarray, *, some_found: bool
) -> list[str]:
    if cube.beam_px is None:
        return ["the beam is not known: whether sizes lie in the training domain is not known"]
    across = extent_px(integrated) / cube.beam_px
    # blends of two sources reach twice the extent of one
    if not some_found or across <= 2 * domain.beams_across:
        return []
    return [
        f"the brightest emission is resolved, {across:.2g} beams across; the largest "
        f"source trained on is {domain.beams_across:g}"
    ]


def _cell_notes(cube: Cube) -> list[str]:
    if cube.grid.square_cells:
        return []
    cells = in_words(cube.grid.sky)
    return [f"cells of {cells} are not square: the networks were trained on square ones"]


def _cleaned_notes(cube: Cube) -> list[str]:
    if not restored(cube):
        return []
    return [
        "no dirty beam came with the cube, or it was cleaned: "
        "the networks were trained on dirty cubes"
    ]


def caveats_on(candidates: Sequence[Candidate], networks: SixNetworks) -> list[str]:
    """For each candidate, in what it is unlike all sources trained on; empty for nothing."""
    sizes, lines = networks.major.card.domain, networks.deep_gru.card.domain
    return [
        "; ".join(
            said
            for said, applies in (
                ("larger than any source trained on", _too_large(each, sizes)),
                ("line narrower or wider than those trained on", _odd_width(each, lines)),
            )
            if applies
        )
        for each in candidates
    ]


def _size_notes(found: Sequence[Candidate], domain: Domain) -> list[str]:
    resolved = sum(_too_large(each, domain) for each in found)
    if not resolved:
        return []
    return [
        f"{resolved} of {len(found)} sources are larger than any trained on "
        f"({domain.source_px[1]:g} pixels FWHM): their sizes and fluxes are not reliable"
    ]


def _too_large(candidate: Candidate, domain: Domain) -> bool:
    box = candidate.box
    # a box spans sqrt(log2(1 / 0.15)) = 1.65 FWHM, and is measured to within 20%
    return max(box.x1 - box.x0, box.y1 - box.y0) > 1.2 * 1.65 * domain.source_px[1]


def _width_notes(found: Sequence[Candidate], domain: Domain) -> list[str]:
    odd = sum(_odd_width(each, domain) for each in found)
    if not odd:
        return []
    return [
        f"{odd} of {len(found)} lines are narrower or wider than those trained on "
        f"({domain.line_fwhm_chan[0]:g} to {domain.line_fwhm_chan[1]:g} channels FWHM)"
    ]


def _odd_width(candidate: Candidate, domain: Domain) -> bool:
    # widths are measured to about 10%; a candidate without a line has none
    low, high = domain.line_fwhm_chan[0] / 1.2, domain.line_fwhm_chan[1] * 1.2
    return candidate.fwhm_chan < low or candidate.fwhm_chan > high


def extent_px(image: np.ndarray) -> float:
    """Longer side, in pixels, of the region around the brightest pixel above half its value."""
    filled = np.nan_to_num(image)
    peak = np.unravel_index(np.argmax(filled), filled.shape)
    islands, _ = label(filled > filled[peak] / 2)
    if not islands[peak]:
        return 0.0
    rows, columns = find_objects((islands == islands[peak]).astype(int))[0]
    return float(max(rows.stop - rows.start, columns.stop - columns.start))


def restored(cube: Cube) -> bool:
    """Whether the cube looks cleaned: it has no dirty beam and was not simulated here."""
    return cube.psf is None and cube.noise is None


def _outside(subject: str, value: float, known: tuple[float, float], unit: str) -> list[str]:
    low, high = known
    if low / TOLERANCE <= value <= high * TOLERANCE:
        return []
    trained = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    number = f"{value}" if isinstance(value, int) else f"{value:.3g}"
    return [f"{subject} {number} {unit}; the networks were trained on {trained}"]
