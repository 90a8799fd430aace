"""What the shipped finder leaves after each step, and the bytes of simulated sets: the record.

    python tests/guard/guard_record.py        # or: make guard

writes `guard.json` beside this file. `test_guard.py` holds the code to it. Whoever changes a
result on purpose makes the record anew and says so in the changelog.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.evaluation.match import match
from deepfocus.finders.finder import ReadyFinder
from deepfocus.finders.slim.finder import Slim
from deepfocus.io.fits_cube import read_cube
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.sets import SHIPPED, AnySet, load_one, shipped_one, shipped_set
from deepfocus.simulation.settings import SetSettings

RECORD = Path(__file__).with_name("guard.json")
REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"

GALAXIES = {
    "NGC 3256": "admit_mom_integ_test_input.fits",
    "UGC 1281": "UGC_1281_Original.fits",
    "NGC 4324": "NGC4324.fits",
}
SIMULATED = {"paper": (0, 20), "thermal": (20, 10), "wide": (0, 5)}
"""Set -> first and number of its validation cubes; 'thermal' is the paper's with that noise."""
DIGITS = 13

STEPS: dict[str, tuple[str, ...]] = {
    "blobs_finder": ("x", "y", "box_x0", "box_x1", "box_y0", "box_y1", "probability"),
    "deep_gru": ("flag", "channel", "line_fwhm_chan", "channel_lo", "channel_hi", "probability"),
    "focusing": (
        "id", "parent_id", "flag", "x", "y", "box_x0", "box_x1", "box_y0", "box_y1",
        "channel", "line_fwhm_chan", "channel_lo", "channel_hi",
        "global_snr", "global_snr_focused", "pixel_snr", "snr_focused",
    ),
    "catalogue": (
        "flag", "ra", "dec", "frequency", "line_fwhm", "fwhm_x_px", "fwhm_y_px", "pa",
        "line_flux", "peak", "continuum", "summed_brightness", "snr_peak",
    ),
}  # fmt: skip
"""What each step sets or moves, which is what is recorded of it."""
OF_THE_GRID = ("ra", "dec", "frequency")
"""Far from zero wherever the source lies: a small part of their value is many pixels."""


def cubes() -> dict[str, str]:
    """Name of each recorded cube -> its set, or the file of a galaxy."""
    names = {}
    for name, (first, number) in SIMULATED.items():
        for seed in settings_of(name).seeds("validation", first + number)[first:]:
            names[f"{name} {seed}"] = name
    return names | GALAXIES


def settings_of(name: str) -> SetSettings:
    """The settings of a recorded set."""
    if name == "thermal":
        paper = shipped_one("paper")
        return replace(paper, noise=replace(paper.noise, kind="thermal"))
    return shipped_one(name)


def opened(name: str) -> tuple[Cube, Catalogue | None]:
    """A recorded cube and its truth, which a galaxy does not have."""
    if name in GALAXIES:
        return read_cube(SHARED / "data" / "real" / GALAXIES[name]), None
    kind, seed = name.rsplit(" ", 1)
    made = simulate(settings_of(kind), int(seed))
    return made.cube, made.truth


def observed(name: str) -> dict[str, Any]:
    """What the finder of today leaves of one cube, in the form of the record."""
    cube, truth = opened(name)
    detection = _finder().find(cube)
    steps = {**detection.snapshots, "catalogue": detection.catalogue}
    return {
        step: _step(found, columns, truth)
        for (step, columns), found in zip(STEPS.items(), steps.values(), strict=True)
    }


@cache
def _finder() -> ReadyFinder:
    return Slim().ready()


def _step(found: Catalogue, columns: tuple[str, ...], truth: Catalogue | None) -> dict[str, Any]:
    out: dict[str, Any] = {"rows": len(found), "accepted": len(found.accepted)}
    if truth is not None:
        spectral = bool(np.isfinite(found["channel"]).any())
        counts = match(found, truth, spectral=spectral).counts
        out |= {"true_positives": counts.tp, "false_positives": counts.fp, "missed": counts.fn}
    out |= {column: [_rounded(value) for value in found[column]] for column in columns}
    return out


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def sets() -> dict[str, AnySet]:
    """Sets whose bytes are recorded: those that ship, and the examples, the latter made small."""
    chosen: dict[str, AnySet] = {name: shipped_set(name) for name in SHIPPED}
    for path in sorted((REPOSITORY / "examples").glob("*.toml")):
        if "\n[observation]\n" in path.read_text("utf-8"):
            settings = load_one(path, purpose="to make small")
            observation = replace(settings.observation, size=128, channels=32)
            chosen[path.stem] = replace(settings, observation=observation)
    return chosen


def content_of(settings: AnySet) -> str:
    """SHA-256 over name and content of all files of the first validation seed of each variant."""
    # paths in the examples count from the repository
    with chdir(REPOSITORY), tempfile.TemporaryDirectory() as folder:
        FitsSet(settings, Path(folder)).write(settings.seeds("validation", len(settings.variants)))
        content = hashlib.sha256()
        for path in sorted(Path(folder).iterdir()):
            content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()


def made_by() -> dict[str, str]:
    """What decides the last bits of floating-point results: processor and libraries."""
    packages = ("numpy", "scipy", "finufft", "astropy", "onnxruntime")
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        **{package: version(package) for package in packages},
    }


def _processor() -> str:
    """A digest of what the processor can do, by which libraries choose their kernels."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return platform.processor()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(" ".join(sorted(flags.split())).encode()).hexdigest()[:16]


def differences(recorded: Mapping[str, Any], found: Mapping[str, Any], *, within: float) -> str:
    """What differs between two observations of one cube, a line each; empty where nothing does.

    within : relative difference that counts as none
    """
    lines = []
    for step, entry in recorded.items():
        for key, one in entry.items():
            other = found[step][key]
            if not _same(key, one, other, within):
                lines.append(f"{step}, {key}: {one} was recorded, {other} found")
    return "\n".join(lines)


def _same(key: str, one: Any, other: Any, within: float) -> bool:
    if not isinstance(one, list):
        return bool(one == other)
    if len(one) != len(other) or [v is None for v in one] != [v is None for v in other]:
        return False
    a, b = (np.array([v for v in values if v is not None], float) for values in (one, other))
    if key == "pa":  # repeats after 180 deg; a share of that, since it may be near zero
        return bool(np.all(np.abs((a - b + 90) % 180 - 90) <= 180 * within))
    if key in OF_THE_GRID:
        within *= 1e-3
    return bool(np.allclose(a, b, rtol=within, atol=0))


def main() -> None:
    record = {
        "made_by": made_by(),
        "sets": {name: content_of(settings) for name, settings in sets().items()},
        "cubes": {name: observed(name) for name in cubes()},
    }
    lines = json.dumps(record, separators=(",", ":"))
    # a line a step of a cube: a change shows where it is
    for mark in ('"cubes":{', '"sets":{', '"made_by":{'):
        lines = lines.replace(mark, f"\n{mark}\n")
    for step in STEPS:
        lines = lines.replace(f'"{step}":{{', f'\n "{step}":{{')
    lines = lines.replace('}},"', '}},\n"').replace('","', '",\n"')
    RECORD.write_text(lines + "\n", encoding="utf-8")
    print(f"Written: {RECORD}")


if __name__ == "__main__":
    main()
