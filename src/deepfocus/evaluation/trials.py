"""Trials: a user's own cube, again and again with other sources injected, and once as it is.

They are scenes, which a campaign keeps, resumes and spreads over cores. Of the cube as it is, the
truth is empty: what is found there is not counted as injected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue, stacked
from deepfocus.core.cube import Cube
from deepfocus.core.orientation import plane_at
from deepfocus.core.settings import settings_to
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.evaluation.campaign import Campaign
from deepfocus.evaluation.match import match, reach_chan, reach_px
from deepfocus.evaluation.overlap import centre_distance, channel_distance
from deepfocus.evaluation.scenes import Labelled, Scenes
from deepfocus.forward.noise import noise_level
from deepfocus.forward.response import Response, response_of
from deepfocus.simulation.drawn_sources import line_filter_gain
from deepfocus.simulation.inject import inject
from deepfocus.simulation.injection import Injection

AS_IT_IS = "as_it_is"
"""Key of the cube without injected sources."""
NEW = 0.5
"""Of an injected flux: what was found there before has to be brighter by that to count."""

OpenCube = Callable[[], Cube]
"""Reads the cube; picklable, since it is sent to workers."""


def trials_of(
    opening: OpenCube,
    injection: Injection,
    *,
    sources: int,
    seed: int,
    name: str,
    made_with: Mapping[str, Any],
) -> Scenes:
    """The cube as it is, and with `injection.number` sources at a time, until there are as many.

    seed : of all trials, which have streams of their own; made_with : what determines the cube
    """
    number = -(-sources // injection.number)
    keys = AS_IT_IS, *(f"{seed}-{i}" for i in range(number))
    settings = {"injection": settings_to(injection)}
    return Scenes(name, keys, partial(_trial, opening, injection), {**made_with, **settings})


def _trial(opening: OpenCube, injection: Injection, key: str) -> Labelled:
    cube = _opened(opening)
    if key == AS_IT_IS:
        return cube, catalogue()
    stream = np.random.SeedSequence([int(part) for part in key.split("-")])
    injected = inject(cube, injection, int(stream.generate_state(1)[0]))
    return injected.cube, injected.truth


@lru_cache(maxsize=1)
def _opened(opening: OpenCube) -> Cube:
    return opening()


@dataclass(frozen=True, eq=False)
class Trials:
    """Injected sources, and what became of each.

    truth : (n,) of all trials; found : (n,) bool
    measured : (n,) as they were found, blank where not
    alone : (n,) bool, found where nothing was before, so that all of its flux is the injected one
    line_snr : (n,) of each, by `line_snr_of`; radius_beams : (n,) from the middle of the image
    as_it_is : what is found in the cube itself, all candidates
    """

    truth: Catalogue
    found: np.ndarray
    measured: Catalogue
    alone: np.ndarray
    line_snr: np.ndarray
    radius_beams: np.ndarray
    as_it_is: Catalogue

    def __len__(self) -> int:
        return len(self.found)


def read_trials(campaign: Campaign, label: str, cube: Cube) -> Trials:
    """What a finder made of the trials of a campaign."""
    searched = campaign.found[label]
    before = searched[AS_IT_IS].catalogue
    truths = [campaign.truths[key] for key in searched if key != AS_IT_IS]
    outcomes = [
        _outcome(searched[key].catalogue, campaign.truths[key], before.accepted)
        for key in searched
        if key != AS_IT_IS
    ]
    truth = stacked(truths)
    response = response_of(cube)
    middle = (cube.grid.nx - 1) / 2, (cube.grid.ny - 1) / 2
    offsets = np.stack([truth["x"] - middle[0], truth["y"] - middle[1]], axis=-1)
    # in sides of a square with a pixel's area, as the beam is
    on_sky = offsets @ plane_at(cube.grid, x=middle[0], y=middle[1]).T
    return Trials(
        truth=truth,
        found=np.concatenate([each[0] for each in outcomes]),
        measured=stacked(each[1] for each in outcomes),
        alone=np.concatenate([each[2] for each in outcomes]),
        line_snr=line_snr_of(truth, response, noise_level(cube)),
        radius_beams=np.hypot(*on_sky.T) / response.beam_px,
        as_it_is=before,
    )


def line_snr_of(sources: Catalogue, response: Response, noise_jy_beam: float) -> np.ndarray:
    """(n,) signal-to-noise of Gaussians of these fluxes, sizes and widths at these places.

    That of a filter of one beam and of the line's own width: what anyone can work out from a
    catalogue, for an injected source and for one that was found.
    """
    beam = response.beam_px**2
    sizes = [np.nan_to_num(sources[name]) ** 2 for name in ("fwhm_x_px", "fwhm_y_px")]
    share = beam / np.sqrt((beam + sizes[0]) * (beam + sizes[1]))
    places = zip(sources["x"], sources["y"], strict=True)
    seen = np.array([response.seen_mid_band(x=x, y=y) for x, y in places])
    peak = sources["line_flux"] / (sources["line_fwhm"] * GAUSSIAN_AREA)
    gain = line_filter_gain(sources["line_fwhm_chan"])
    snr: np.ndarray = peak * seen * share * gain / noise_jy_beam
    return snr


def _outcome(
    found: Catalogue, truth: Catalogue, before: Catalogue
) -> tuple[np.ndarray, Catalogue, np.ndarray]:
    """Of one trial: which were found, as what, and whether nothing was there before."""
    matches = match(found, truth)
    there = _flux_before(matches.truth, before)
    detected = matches.detected
    brighter = np.full(len(detected), np.nan)
    brighter[matches.true_row] = matches.found_matched["line_flux"]
    brighter -= np.nan_to_num(there)
    new = detected & (np.isnan(there) | (brighter > NEW * matches.truth["line_flux"]))
    rows = np.full(len(detected), -1)
    rows[matches.true_row] = matches.found_row
    blank = catalogue(rows=1).with_columns(id=0)
    together = stacked([matches.found, blank])
    measured = together.at(np.where(new, rows, len(matches.found)))
    return new, measured, new & np.isnan(there)


def _flux_before(truth: Catalogue, before: Catalogue) -> np.ndarray:
    """(n,) flux of what was at a place before anything was injected; NaN if nothing was."""
    flux = np.full(len(truth), np.nan)
    if not len(before):
        return flux
    near = (centre_distance(before, truth) < reach_px(truth)) & (
        channel_distance(before, truth) < reach_chan(truth)
    )
    for i in np.flatnonzero(near.any(axis=0)):
        flux[i] = before["line_flux"][near[:, i]].sum()
    return flux


def at_a_time(cube: Cube, injection: Injection, most: int) -> Injection:
    """The injection with as many sources a trial as leave each other alone.

    A tenth of the places that lie apart on the sky and in frequency, and `most` at most.
    """
    response = response_of(cube)
    apart = (injection.apart_beams + injection.size_beams[1] + 1) * response.beam_px
    widest = min(injection.line_fwhm_chan[1], len(cube.data) / 4)
    places = cube.grid.ny * cube.grid.nx / apart**2 * len(cube.data) / (3 * widest)
    return replace(injection, number=int(np.clip(places / 10, 1, most)))
