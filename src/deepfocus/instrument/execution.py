"""An execution: one array, for one track, among several that are imaged together."""

from __future__ import annotations

from dataclasses import dataclass

from astropy import units as u

from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class Execution:
    """A further execution of an observation; what is not given is as in the observation.

    configuration : 'C-1' to 'C-10', 'ACA', or an antenna file
    total_time, hour_angle : its track; 2400 s if neither is given
    integration : sampling of its track
    tsys_ratio : system temperature over that of the first execution, as in other weather. Its noise
        is so much higher, and its weights fall with the square
    """

    configuration: str = "ACA"
    total_time: u.Quantity | None = None
    hour_angle: tuple[u.Quantity, u.Quantity] | None = None
    integration: u.Quantity | None = None
    tsys_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not self.tsys_ratio > 0:
            raise DeepFocusError(
                f"tsys_ratio = {self.tsys_ratio:g}",
                wanted="a positive number",
                remedy="correct it in [[observation.more_executions]]",
            )
