"""Converts a `Cube` and its truth `Catalogue` to the arrays of a set's store, and back.

Packed cubes are 16-bit integers times a step of 1/16 of the noise. This adds 0.02% to the noise,
halves the size before compression and quarters it after; see `Packed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.catalogue import SCHEMA, Catalogue, catalogue
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.io.noise_keys import noise_of_file
from deepfocus.io.set_store import SetStore

VARIANT = "variant"
"""The array that tells which of a mixed set's observations a cube is of."""
BLANK = int(np.iinfo(np.int16).min)
"""Where a packed cube has no value."""
OF_A_KIND = (
    "unit", "noise_kind", "centre_deg", "cell_arcsec", "size", "rest_hz", "specsys", "beam",
)  # fmt: skip
"""Attributes that each observation of a mixed set has its own of."""
TRUTH_COLUMNS = tuple(c.name for c in SCHEMA if not c.dtype.startswith("U"))
"""Columns of the array `truth`, in order."""


class Packing(Protocol):
    """How the voxels of a cube are stored."""

    @property
    def name(self) -> str: ...

    def pack(self, cube: Cube) -> dict[str, np.ndarray]:
        """Arrays of one cube; none if voxels are not stored."""
        ...


@dataclass(frozen=True)
class Exact:
    """Unchanged, as float32."""

    name: str = "exact"

    def pack(self, cube: Cube) -> dict[str, np.ndarray]:
        """The voxels."""
        return {"cube": cube.array.astype(np.float32, copy=False)}


@dataclass(frozen=True)
class Packed:
    """int16 times `cube_step`, which is noise / `per_sigma`, or larger if the peaks need it.

    Rounding to steps of sigma / q adds sigma / (q sqrt(12)) in quadrature: 0.018 sigma for
    q = 16 (Pence et al. 2009, PASP 121, 414, use q = 2 to 16 for compressed images).
    NaN is the smallest integer, which no value takes.
    """

    per_sigma: float = 16.0
    name: str = "packed"

    def pack(self, cube: Cube) -> dict[str, np.ndarray]:
        """The integers and their step in Jy/beam."""
        limit = np.iinfo(np.int16).max
        # fmax and fmin pass over NaN, and are all NaN only where every voxel is
        highest = np.fmax.reduce(cube.array, axis=None)
        lowest = np.fmin.reduce(cube.array, axis=None)
        needed = float(np.nan_to_num(max(highest, -lowest))) / limit
        step = np.float32(max(level_of(cube) / self.per_sigma, needed))
        if step == 0:
            step = np.float32(1.0)
        packed = np.empty(cube.data.shape, np.int16)
        for plane, values in zip(packed, cube.data, strict=True):
            # the step's own rounding error may take a value past the limit
            scaled = np.clip(np.rint(values / step), -limit, limit)
            scaled[np.isnan(values)] = BLANK
            plane[:] = scaled
        return {"cube": packed, "cube_step": np.asarray(step)}


@dataclass(frozen=True)
class Left:
    """Not at all: only the derived images are stored."""

    name: str = "none"

    def pack(self, cube: Cube) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}


PACKINGS: Mapping[str, Packing] = {p.name: p for p in (Packed(), Exact(), Left())}


def level_of(cube: Cube) -> float:
    """Noise standard deviation per channel, as stored (Jy/beam); 0 if unknown."""
    return 0.0 if cube.noise is None else cube.noise.level_jy_beam or 0.0


def truth_array(truth: Catalogue) -> np.ndarray:
    """(source, column) float64, columns as in `TRUTH_COLUMNS`."""
    return np.stack([truth[name].astype(float) for name in TRUTH_COLUMNS], axis=1)


def common_of(cube: Cube, *, variant: int | None = None) -> tuple[NamedArrays, dict[str, Any]]:
    """Arrays and attributes that all cubes of one observation share.

    variant : the number of the observation in a mixed set, which the arrays' names then end with
    """
    grid, arrays = cube.grid, {"frequency_hz": cube.grid.freq_hz}
    if cube.psf_channels is not None:
        arrays["psf_channel"] = cube.psf_channels
    if cube.psf is not None and cube.psf_channels is not None:
        arrays["psf"] = cube.psf
    if cube.primary_beam is not None:
        arrays["primary_beam"] = cube.primary_beam
    units = {c.name: c.unit or "" for c in SCHEMA}
    named = {_name(name, variant): values for name, values in arrays.items()}
    return named, {
        "unit": cube.unit,
        "noise_kind": None if cube.noise is None else cube.noise.power.name,
        "centre_deg": [float(value) for value in grid.sky.wcs.crval],
        "cell_arcsec": grid.cell_arcsec,
        "size": grid.nx,
        "rest_hz": grid.rest_hz,
        "specsys": grid.specsys,
        "beam": None
        if cube.beam is None
        else [cube.beam.major_arcsec, cube.beam.minor_arcsec, cube.beam.pa_deg],
        "truth_columns": list(TRUTH_COLUMNS),
        "truth_units": [units[name] for name in TRUTH_COLUMNS],
    }


def channels_of(store: SetStore) -> int:
    """Number of channels of its cubes."""
    mixed = "kinds" in store.attributes
    return int(store.array(_name("frequency_hz", 0 if mixed else None)).shape[0])


def stored_truth(store: SetStore, seed: int) -> Catalogue:
    """The truth of one seed, with ``beam_px`` and ``channels`` of its cube in its meta.

    Raises `DeepFocusError` if the store does not have it.
    """
    row = store.row_of(seed)
    facts = _facts(store, _variant(store, row))
    count = int(store.array("sources")[row])
    values = store.array("truth")[row, :count]
    truth = catalogue(rows=count, **dict(zip(facts["truth_columns"], values.T, strict=True)))
    beam = _beam(facts)
    truth = truth.with_meta(channels=channels_of(store))
    return truth if beam is None else truth.with_meta(beam_px=beam.fwhm_px(facts["cell_arcsec"]))


def stored_cube(store: SetStore, seed: int) -> Cube:
    """The cube of one seed in Jy/beam, with its dirty beam and primary beam.

    Raises `DeepFocusError` if the store does not have it.
    """
    row = store.row_of(seed)
    variant = _variant(store, row)
    facts = _facts(store, variant)
    stored = store.array("cube")[row]
    data = np.asarray(stored, np.float32)
    if "cube_step" in facts["of_cube"]:
        data *= np.float32(store.array("cube_step")[row])
        data[np.asarray(stored) == BLANK] = np.nan
    settings = facts["settings"]
    if variant is not None:
        settings = {**settings["variants"][variant], "split": settings["split"]}
    meta = {"seed": seed, "version": facts["version"], "settings": settings}
    kept = {
        name: store.array(_name(name, variant))[:]
        for name in ("psf", "psf_channel", "primary_beam")
        if _name(name, variant) in store.group
    }
    return Cube(
        data=data,
        grid=_grid(facts, store.array(_name("frequency_hz", variant))[:]),
        unit=facts["unit"],
        beam=_beam(facts),
        psf=kept.get("psf"),
        psf_channels=kept.get("psf_channel"),
        primary_beam=kept.get("primary_beam"),
        noise=noise_of_file(facts["noise_kind"], float(store.array("noise_jy_beam")[row]), meta),
        meta=meta,
    )


def _variant(store: SetStore, row: int) -> int | None:
    """Which of a mixed set's observations the cube in that row is of; None in other sets."""
    return int(store.array(VARIANT)[row]) if "kinds" in store.attributes else None


def _facts(store: SetStore, variant: int | None) -> dict[str, Any]:
    """The store's attributes, with those of one observation of a mixed set."""
    facts = dict(store.attributes)
    return facts if variant is None else facts | facts["kinds"][variant]


def _beam(facts: Mapping[str, Any]) -> Beam | None:
    return None if facts["beam"] is None else Beam(*facts["beam"])


def _name(array: str, variant: int | None) -> str:
    return array if variant is None else f"{array}_{variant}"


def _grid(facts: Mapping[str, Any], freq_hz: np.ndarray) -> Grid:
    ra_deg, dec_deg = facts["centre_deg"]
    grid = tangent_grid(
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        size=facts["size"],
        cell_arcsec=facts["cell_arcsec"],
        freq_hz=freq_hz,
        rest_hz=facts["rest_hz"],
    )
    return replace(grid, specsys=facts["specsys"])
