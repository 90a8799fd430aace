"""Pointing errors: dishes that look beside the source, and the primary beam that all of them have.

Of each baseline, the response is the product of its two dishes' fields, V(theta - d_i) V(theta -
d_j). All baselines together have nearly the square of the mean field, <V>^2. What is neglected is
that baselines differ: off axis they differ as under amplitude errors, and a source there has
fainter sidelobes that no beam of the array has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from astropy import units as u
from scipy.fft import irfft2, next_fast_len, rfft2

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.kept import kept
from deepfocus.instrument.coverage import Coverage
from deepfocus.instrument.primary_beam import BlockedAiry
from deepfocus.instrument.telescope import Telescope
from deepfocus.simulation.faults.track import Track, shares_of
from deepfocus.simulation.view import View

REACH = 4.0
"""Largest offset along an axis, in rms of the distance: one draw in 6e7 is beyond."""


@dataclass(frozen=True)
class Pointing:
    """Pointing errors, one of each antenna, the same throughout the track.

    rms : of the distance on the sky. ALMA's antennas are specified at 0.6 arcsec after a
        calibrator nearby, and 2 arcsec over the whole sky (ALMA Technical Handbook)
    """

    rms: u.Quantity = 2 * u.arcsec

    def __post_init__(self) -> None:
        if not (self.rms.isscalar and self.rms.unit.is_equivalent(u.arcsec) and self.rms >= 0):
            raise DeepFocusError(
                f"rms = {self.rms} of the pointing",
                wanted="an angle of 0 or more",
                remedy="write it as '2 arcsec'",
            )

    @property
    def rms_arcsec(self) -> float:
        """`rms` as a number."""
        return float(self.rms.to_value(u.arcsec))

    def drawn(self, antennas: int, rng: np.random.Generator) -> np.ndarray:
        """(antenna, 2) offsets along x and y of the image, arcsec; none beyond `REACH` rms."""
        each: np.ndarray = rng.standard_normal((antennas, 2)) / np.sqrt(2)
        offsets: np.ndarray = self.rms_arcsec * np.clip(each, -REACH, REACH)
        return offsets

    def seen(
        self,
        telescope: Telescope,
        covered: Coverage,
        tracks: Sequence[Track],
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        """(k, y, x) what the dishes of each field see; of all together, if there is one field.

        telescope : without faults; covered : its coverage; tracks : of its executions
        Every execution has offsets of its own. What several of them see of a field is the mean of
        their primary beams by their weights; total power is not off.
        """
        offsets = [self.drawn(len(track.ground_m), rng) for track in tracks]
        weights = telescope.weights_mid_band
        seen = []
        for right, dish, towards, rows in _as_they_ought_to_be(telescope, covered):
            own = np.zeros_like(weights)
            own[rows] = weights[rows]
            shares = shares_of(tracks, own)
            mean = (1 - sum(shares)) * right
            for each, share in zip(offsets, shares, strict=True):
                if share > 0:
                    mean += share * self.mean_primary_beam(
                        telescope, dish, each, towards_arcsec=towards
                    )
            seen.append(mean)
        return seen

    def mean_primary_beam(
        self,
        telescope: Telescope,
        response: BlockedAiry,
        offset_arcsec: np.ndarray,
        *,
        towards_arcsec: tuple[float, float] = (0.0, 0.0),
    ) -> np.ndarray:
        """(k, y, x) square of the mean field of dishes with these offsets (antenna, 2).

        towards_arcsec : where they ought to point, east and north of the image's centre

        The mean is a convolution with the offsets, each shared among the four pixels around it.
        It cannot be a series in the offsets: CASA's beam has a ripple 2 arcsec wide, of 0.5%.
        """
        margin = int(np.ceil(REACH * self.rms_arcsec / telescope.grid.cell_arcsec)) + 1
        fields, n = _fields(telescope, response, margin, towards_arcsec), telescope.size
        side = fields.shape[1]
        kernel = _on_pixels(offset_arcsec / telescope.grid.cell_arcsec + margin, side)
        mean = irfft2(fields * rfft2(kernel), (side, side), axes=(1, 2))
        inside = slice(2 * margin, 2 * margin + n)
        beam: np.ndarray = mean[:, inside, inside] ** 2
        return beam


def through_pointing(view: View, seen: Sequence[np.ndarray]) -> View:
    """The view of dishes that see this of each field (`Pointing.seen`)."""
    fields = view.observed.fields
    if not fields:
        return view.through_dishes(seen[0])
    return view.through_fields(
        tuple(replace(field, primary_beam=beam) for field, beam in zip(fields, seen, strict=True))
    )


def _as_they_ought_to_be(
    telescope: Telescope, covered: Coverage
) -> Iterator[tuple[np.ndarray, BlockedAiry, tuple[float, float], np.ndarray | slice]]:
    """Of each field: its primary beam, its dishes, where they look, arcsec, and its rows."""
    if not telescope.fields:
        yield telescope.primary_beam, covered.response, (0.0, 0.0), slice(None)
        return
    for field, (dish, (east, north), rows) in zip(telescope.fields, covered.fields, strict=True):
        yield field.primary_beam, dish, (float(east), float(north)), rows


def _on_pixels(at: np.ndarray, side: int) -> np.ndarray:
    """(side, side) mean of points at (point, 2) x and y, linear between pixels."""
    image = np.zeros((side, side), np.float32)
    low = np.floor(at).astype(int)
    share = at - low
    for dx, along_x in ((0, 1 - share[:, 0]), (1, share[:, 0])):
        for dy, along_y in ((0, 1 - share[:, 1]), (1, share[:, 1])):
            np.add.at(image, (low[:, 1] + dy, low[:, 0] + dx), along_x * along_y / len(at))
    return image


@kept(lambda telescope, response, margin, towards_arcsec: telescope.size)
def _fields(
    telescope: Telescope, response: BlockedAiry, margin: int, towards_arcsec: tuple[float, float]
) -> np.ndarray:
    """(k, side, side // 2 + 1) transform of a dish's field on the image and a margin around it."""
    n = telescope.size
    at = (np.arange(-margin, n + margin) - n // 2) * telescope.grid.cell_arcsec
    east, north = towards_arcsec
    # image x grows to the west
    radius = np.hypot(at[:, None] - north, at[None, :] + east)
    side = next_fast_len(len(at), real=True)
    field = np.stack([response.voltage(radius, hz) for hz in telescope.node_hz])
    transform: np.ndarray = rfft2(field.astype(np.float32), (side, side), axes=(1, 2))
    return transform
