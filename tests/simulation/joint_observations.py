"""A small observation, and the same with the 7 m array and as a mosaic, for tests of faults."""

from __future__ import annotations

from dataclasses import replace

from astropy import units as u

from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Hexagonal
from deepfocus.instrument.observation import Observation

ALONE = Observation(
    configuration="C-1",
    channels=8,
    total_time=300 * u.s,
    integration=30 * u.s,
    cell=0.6 * u.arcsec,
    size=96,
)
TOGETHER = replace(ALONE, more_executions=(Execution("ACA", total_time=600 * u.s),))
MOSAIC = replace(TOGETHER, mosaic=Hexagonal())
