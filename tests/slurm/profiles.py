"""A profile for the Slurm of one host, from the shipped example."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import tomlkit
from astropy import units as u

from deepfocus.core.settings import load_settings, settings_to
from deepfocus.jobs.slurm import ClusterProfile

EXAMPLE = Path(__file__).parents[2] / "examples" / "slurm.toml"
GIVE_UP_SOON = {"DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "2s"}
"""Environment in which a cancelled job is given up soon, to keep tests short."""


def write_profile(path: Path, **changes: object) -> Path:
    """The example with a short wait and the network of one host, and with changes."""
    shipped = load_settings(EXAMPLE, ClusterProfile).slurm
    settings = replace(shipped, interface="lo", wait=60 * u.s)
    profile = ClusterProfile(replace(settings, **changes))  # type: ignore[arg-type]
    path.write_text(tomlkit.dumps(settings_to(profile)))
    return path
