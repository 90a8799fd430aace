"""White noise, and every sidelobe of a source: the score of data that the beam has seen once more.

In white noise the best filter is the dirty beam, A = B, as far as the image goes, and a third of
what an ideal observer knows of a source lies beyond 15 beams from it. A window that wide makes
every patch as large as the image. So the beam goes over all of the data once; then, the score of
any patch needs no data but those near it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft, irfft, next_fast_len, rfft

from deepfocus.core.voxels import Changeable
from deepfocus.fit.filters import THERMAL_REACH, Filter
from deepfocus.forward.kernels import white_kernels
from deepfocus.forward.response import Response
from deepfocus.forward.uv_plane import UvPlane, fading, middle, taper


@dataclass(frozen=True, eq=False)
class WholeBeam:
    """From data that it has seen again; a `Filtering` for white noise.

    response : of a beam that is known everywhere in the image
    """

    response: Response

    @property
    def halo_px(self) -> int:
        """What is left to do is to cut what no baseline has seen."""
        return int(np.ceil(THERMAL_REACH * self.response.beam_px))

    def at(self, place: tuple[float, float], *, channel: float, exact: int, reach: int) -> Filter:
        """What of the beam falls on the image depends on the place."""
        y, x = place
        shape = self.response.ny, self.response.nx
        beam = self.response.dirty_beam_at(channel)
        known = reach + self.halo_px
        plane = UvPlane(next_fast_len(2 * known + 1, real=True))
        passed = taper(plane, middle(beam, known))
        seen = white_kernels(beam, x=x, y=y, shape=shape, reach=known).model
        twice = plane.transform(seen) * passed
        ends = fading(exact, reach)
        return Filter(
            score=plane.kernel(passed, reach),
            model=plane.kernel(twice, reach) * ends,
            noise=plane.kernel(twice * passed, reach) * ends,
        )

    def see_again(self, data: Changeable) -> None:
        """Each channel (y, x) correlated with its dirty beam, in place; blanks count as 0.

        One axis after the other: what lies below the image is nothing before, and not asked for
        after.
        """
        rows, columns = self.response.drawn_on
        ny, nx = self.response.ny, self.response.nx
        for channel in range(len(data)):
            plane = np.nan_to_num(np.asarray(data[channel], np.float32))
            seen = fft(rfft(plane, n=columns, axis=1), n=rows, axis=0, overwrite_x=True)
            seen *= self.response.drawn_through_at(channel).conj()
            again = ifft(seen, axis=0, overwrite_x=True)[:ny]
            data[channel] = irfft(again, n=columns, axis=1)[:, :nx]
