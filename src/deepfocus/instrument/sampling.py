"""Cell and image size for an observation, chosen from its synthesised and primary beams."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.constants import c
from scipy.fft import next_fast_len
from scipy.optimize import brentq

from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.primary_beam import BlockedAiry
from deepfocus.instrument.weighting import Weighting, beam_image
from deepfocus.ops.fitted_beam import fit_beam

CELLS_PER_BEAM = 5.0
FEWEST_CELLS_PER_BEAM = 2.0
PRIMARY_BEAM_EDGE = 0.2
ARCSEC_PER_RAD = 180 * 3600 / np.pi
GRID_PADDING = 1.2
GRID_MARGIN_CELLS = 4
"""How CASA's tclean grids: factor on the image side; cells that it leaves empty at each edge."""


def synthesised_beam(
    uv_wavelengths: np.ndarray,
    *,
    field_arcsec: float,
    weighting: Weighting,
    visibility_weights: np.ndarray | None = None,
) -> Beam:
    """Gaussian fitted to the dirty beam of all samples, however fine a cell they need.

    field_arcsec : side of the image; its inverse is the uv cell of the weights
    visibility_weights : (row,) weight of each sample from its own noise; 1 each if not given

    Raises `DeepFocusError` if no sample has a length and a weight above 0.
    """
    field = field_arcsec / ARCSEC_PER_RAD
    longest = np.abs(uv_wavelengths).max()
    if not longest > 0:
        raise _no_baselines("all baselines have no length, or an undefined one")
    size = 2 * int(np.ceil(1.1 * longest * field)) + 2  # Nyquist, with a little to spare
    cells = uv_wavelengths * field
    weights = weighting(cells[:, 0], cells[:, 1], size, visibility_weights)
    # the beam's curvature at its centre gives the scale of its main lobe
    total = weights.sum()
    spread = np.sqrt((weights @ uv_wavelengths**2).max() / total) if total > 0 else 0.0
    if not spread > 0:
        raise _no_baselines("weights and taper leave nothing of any baseline")
    cell = np.sqrt(2 * np.log(2)) / np.pi / spread / 10
    cell = min(cell, 0.45 / longest)
    image = beam_image(uv_wavelengths * cell, weights, 256)
    return fit_beam(image, cell * ARCSEC_PER_RAD)


def _no_baselines(came: str) -> DeepFocusError:
    return DeepFocusError(
        came,
        wanted="visibilities of baselines that are seen",
        remedy="correct the taper, or look at weights and UVW",
    )


def on_grid(uv_cycles: np.ndarray, size: int) -> np.ndarray:
    """(row,) whether CASA's imager uses a sample; it drops those beyond its uv grid.

    uv_cycles : (row, 2) u and v in cycles per pixel; size : image side
    The grid is that of the padded image, so its edge is the Nyquist limit, half a cycle per pixel.
    A sample counts if the gridding kernel around its nearest cell lies entirely on the grid.
    """
    padded = 2 * next_fast_len(-(-int(GRID_PADDING * size) // 2), real=True)
    cells = np.rint(np.asarray(uv_cycles) * padded)
    used: np.ndarray = (np.abs(cells) <= padded // 2 - GRID_MARGIN_CELLS).all(axis=1)
    return used


def primary_beam_width_arcsec(response: BlockedAiry, frequency_hz: float) -> float:
    """Diameter within which the primary beam exceeds `PRIMARY_BEAM_EDGE`, arcsec."""
    first_null = 1.1 * c / frequency_hz / response.effective_m * ARCSEC_PER_RAD
    radius = brentq(
        lambda theta: float(response(np.array(theta), frequency_hz)) - PRIMARY_BEAM_EDGE,
        0.0,
        first_null,
    )
    return 2.0 * float(radius)


def covering_size(width_arcsec: float, cell_arcsec: float) -> int:
    """Even image side with small prime factors that covers `width_arcsec`."""
    least = int(np.ceil(width_arcsec / cell_arcsec / 2)) + 1
    half: int = next_fast_len(least, real=True)
    return max(16, 2 * half)


def chosen_cell_arcsec(beam: Beam) -> float:
    """A fifth of the beam's minor axis, rounded down to two digits."""
    cell = beam.minor_arcsec / CELLS_PER_BEAM
    digit = 10.0 ** (np.floor(np.log10(cell)) - 1)
    return float(f"{np.floor(cell / digit) * digit:.6g}")


def cell_and_size(
    uv_wavelengths: np.ndarray,
    *,
    covered_arcsec: float,
    cell_arcsec: float | None,
    size: int | None,
    weighting: Callable[[float], Weighting],
    visibility_weights: np.ndarray | None = None,
) -> tuple[float, int, Beam]:
    """Cell (arcsec) and image side, chosen if not given, and the synthesised beam.

    covered_arcsec : width that the image should cover; weighting : for a field of that many arcsec
    visibility_weights : (row,) weight of each sample from its own noise; 1 each if not given
    Raises `DeepFocusError` if the cell is too coarse.
    """
    given = None if cell_arcsec is None or size is None else size * cell_arcsec
    field = covered_arcsec if given is None else given
    beam = synthesised_beam(
        uv_wavelengths,
        field_arcsec=field,
        weighting=weighting(field),
        visibility_weights=visibility_weights,
    )
    cell = chosen_cell_arcsec(beam) if cell_arcsec is None else cell_arcsec
    check_cell(beam, cell)
    return cell, size or covering_size(covered_arcsec, cell), beam


def check_cell(beam: Beam, cell_arcsec: float) -> None:
    """Raises `DeepFocusError` if there are fewer than two cells across the beam."""
    if beam.minor_arcsec < FEWEST_CELLS_PER_BEAM * cell_arcsec:
        raise DeepFocusError(
            f"a cell of {cell_arcsec:g} arcsec is too coarse for the synthesised beam of "
            f"{beam.major_arcsec:.3g} x {beam.minor_arcsec:.3g} arcsec",
            wanted="at least two pixels across the synthesised beam",
            remedy=f"set cell to {chosen_cell_arcsec(beam):g} arcsec, leave it out to have it "
            "chosen, or choose a more compact configuration",
        )
