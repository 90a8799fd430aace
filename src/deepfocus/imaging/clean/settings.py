"""Settings of CLEAN, with tclean's names where it has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.imaging.clean.minor import AnyMinor, Hogbom
from deepfocus.imaging.clean.region import AnyRegion, Everywhere
from deepfocus.imaging.clean.restoring import AnyRestoring, Common


@dataclass(frozen=True)
class Deconvolution:
    """How components are found in each channel of a dirty cube.

    minor : how components are found
    region : where they may be
    pb_limit : of the primary beam, where it is known: there are no components below it
    nsigma : a channel's CLEAN ends at so many times the noise of its residual, 1.4826 times the
        median absolute deviation; 0 for no such limit
    threshold : and at this brightness, such as '0.5 mJy' (a beam), if that is more
    niter : and after so many iterations, of each channel
    cyclefactor : a minor cycle ends at so much of the residual's peak as the highest sidelobe is
    """

    minor: AnyMinor = field(default_factory=Hogbom)
    region: AnyRegion = field(default_factory=Everywhere)
    pb_limit: float = 0.2
    nsigma: float = 3.0
    threshold: u.Quantity | None = None
    niter: int = 10_000
    cyclefactor: float = 1.0

    def __post_init__(self) -> None:
        numbers = {"nsigma": self.nsigma, "pb_limit": self.pb_limit, "niter": self.niter}
        for name, value in numbers.items():
            if value < 0:
                raise _bad(name, value, "0 or more")
        if not self.cyclefactor > 0:
            raise _bad("cyclefactor", self.cyclefactor, "a number above 0")
        if self.threshold is not None and not (
            self.threshold.isscalar and self._in_jy(self.threshold) >= 0
        ):
            raise _bad("threshold", self.threshold, "a brightness such as '0.5 mJy', 0 or more")

    @property
    def threshold_jy_beam(self) -> float:
        """0 if none is given."""
        return 0.0 if self.threshold is None else self._in_jy(self.threshold)

    @staticmethod
    def _in_jy(threshold: u.Quantity) -> float:
        """-1 for another unit: neither Jy nor Jy/beam."""
        per_beam = threshold.unit.is_equivalent(u.Jy / u.beam)
        if not per_beam and not threshold.unit.is_equivalent(u.Jy):
            return -1.0
        return float(threshold.to_value(u.Jy / u.beam if per_beam else u.Jy))


@dataclass(frozen=True)
class Clean(Deconvolution):
    """How a dirty cube is cleaned and restored.

    restoring : the beam that replaces the dirty one
    and what each channel has (`Deconvolution`): minor, region, pb_limit, nsigma, threshold, niter,
    cyclefactor
    """

    restoring: AnyRestoring = field(default_factory=Common)


def _bad(name: str, value: object, wanted: str) -> DeepFocusError:
    return DeepFocusError(f"{name} = {value}", wanted=wanted, remedy="correct it")
