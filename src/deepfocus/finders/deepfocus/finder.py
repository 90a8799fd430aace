"""The finder `deepfocus`: search, fit, group, judge, check.

search   lines of all widths and sizes, by matched filters in units of the noise (`search`)
fit      what stands out, all of it together, as Gaussians through the dirty beam (`fit`)
         ... again on what that leaves, until nothing stands out
group    components that their own model joins are one source
judge    by how likely noise is to make a peak as high anywhere in the cube
check    the flux in a mask, in a restored cube, and what to keep in mind
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.catalogue import numbered
from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.finders.deepfocus.around_bright import Bright
from deepfocus.finders.deepfocus.caveats import caveats_of
from deepfocus.finders.deepfocus.covariances import covariances_of
from deepfocus.finders.deepfocus.honest import honest
from deepfocus.finders.deepfocus.judge import judged
from deepfocus.finders.deepfocus.look import Looked, look
from deepfocus.finders.deepfocus.masked import (
    NOT_MEASURED,
    Restored,
    mask_flux_of,
    restored_of,
)
from deepfocus.finders.deepfocus.panels import panels_of
from deepfocus.finders.deepfocus.sight import Sight, sight_of
from deepfocus.finders.deepfocus.sources import SourceFit, sources_of
from deepfocus.finders.deepfocus.stated_beam import notes_of_beam
from deepfocus.finders.deepfocus.table import Entry, fitted, table_of, table_of_peaks
from deepfocus.finders.deepfocus.trust import (
    beam_error_level,
    left_of_continua,
    unfitted_sidelobes,
)
from deepfocus.finders.finder import Detection, refuse_empty


@dataclass(frozen=True)
class DeepFocus:
    """Statistics that hold on any cube, with the dirty beam as a part of the model.

    false_peaks : peaks of noise to expect in a cube, all places, widths and sizes counted; a source
        is accepted if the probability of noise as high is no more than that
    """

    kind: ClassVar[str] = "deepfocus"
    summary: ClassVar[str] = (
        "matched filters, a joint fit through the dirty beam, errors for every number; any cube"
    )

    false_peaks: float = 0.01

    def __post_init__(self) -> None:
        if not 0 < self.false_peaks < 10:
            raise DeepFocusError(
                f"{self.false_peaks:g} false peaks a cube",
                wanted="a number above 0 and below 10",
                remedy="set false_peaks to 0.01, one false source in a hundred cubes",
            )

    def ready(self) -> ReadyDeepFocus:
        """Nothing needs to be loaded."""
        return ReadyDeepFocus(self)


def _notes(cube: Cube, looked: Looked, sight: Sight, entries: Sequence[Entry]) -> tuple[str, ...]:
    """What a user has to know of how it went."""
    return (
        *_notes_of_image(cube),
        *_notes_of_continuum(looked, sight),
        *_notes_if_given_up(looked),
        *notes_of_beam(_accepted(entries), sight, looked),
        *_notes_of_beam_error(_accepted(entries), looked),
    )


def _accepted(entries: Sequence[Entry]) -> list[Bright]:
    verdicts = ((entry.source, entry.verdict) for entry in entries)
    return [Bright(source, each.snr) for source, each in verdicts if each.flag == Flag.ACCEPTED]


def _notes_of_image(cube: Cube) -> tuple[str, ...]:
    """What few channels do not tell."""
    channels = len(cube.data)
    if not is_image(channels):
        return ()
    searched = (
        f"searched as an image of {numbered(channels, 'channel')}: what is found may be a line or "
        "continuum, and line_fwhm_limit is all that is known of a line's width"
    )
    if np.isfinite(cube.grid.width_kms(1.0, 0.0)):
        return (searched,)
    return (
        searched,
        "the width of the channel is not known: no line_flux; flux densities are in continuum",
    )


def _notes_of_continuum(looked: Looked, sight: Sight) -> tuple[str, ...]:
    """Whether a bright one hides lines that stand out of the noise: they are in no row."""
    left = left_of_continua(looked.fitted, sight.sidelobes)
    if left <= looked.found[-1].threshold:
        return ()
    return (
        f"a continuum hides lines below a signal-to-noise of {left:.0f}: they are not told from "
        "what a dirty beam leaves of it; subtract it from the visibilities, or clean it",
    )


def _notes_of_beam_error(sources: Sequence[Bright], looked: Looked) -> tuple[str, ...]:
    """Up to where lines beside bright ones are not told from what the beam does not explain."""
    if not (looked.beam_error and sources):
        return ()
    level = beam_error_level(max(each.snr for each in sources), looked.beam_error)
    return (
        f"around bright sources {100 * looked.beam_error:.2g}% of their signal-to-noise is left "
        "that the beam does not explain: lines in their channels, up to a signal-to-noise of "
        f"{level:.0f} beside the brightest, are rejected as sidelobes",
    )


def _notes_if_given_up(looked: Looked) -> tuple[str, ...]:
    if looked.exhausted:
        return ()
    return (
        f"given up at {len(looked.explained.components)} components, with more to explain: noise "
        "that changes from place to place or channel to channel, artefacts, or a crowded field; "
        "blank what is bad, or trust the brightest sources alone",
    )


@dataclass(frozen=True)
class ReadyDeepFocus:
    """`DeepFocus`, which needs no preparation."""

    settings: DeepFocus = field(default_factory=DeepFocus)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Empty: the results depend on the settings alone."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Search, fit, group, judge, check.

        Raises `DeepFocusError` for a cube without data or noise, or with neither PSF nor beam.
        """
        refuse_empty(cube)
        sight = sight_of(cube)
        return self.detection(cube, sight, look(sight, false_peaks=self.settings.false_peaks))

    def detection(self, cube: Cube, sight: Sight, looked: Looked) -> Detection:
        """Group, judge and check what a look at a cube left."""
        restored = restored_of(cube, sight, looked)
        entries = sorted(
            (
                self._entry(honest(each, sight, looked), cube, sight, looked, restored)
                for each in sources_of(looked.explained, sight.beam_px)
            ),
            key=lambda entry: -entry.verdict.snr,
        )
        sidelobes = unfitted_sidelobes(
            looked.found[-1].peaks, sight, looked.fitted, looked.beam_error
        )
        catalogue = table_of(entries, sidelobes, cube, looked.noise)
        return Detection(
            catalogue=catalogue,
            notes=_notes(cube, looked, sight, entries),
            snapshots={"search": table_of_peaks(looked.found[0].peaks, cube.grid)},
            evidence=panels_of(catalogue, cube, looked),
            covariances=covariances_of(
                [entry.source for entry in entries], catalogue["id"][fitted(catalogue)], cube
            ),
        )

    def _entry(
        self, source: SourceFit, cube: Cube, sight: Sight, looked: Looked, restored: Restored | None
    ) -> Entry:
        """A source judged; an accepted one is measured in its mask."""
        most = float(-np.expm1(-self.settings.false_peaks))
        verdict = judged(source, looked, sight, most)
        mask = NOT_MEASURED
        if restored is not None and verdict.flag == Flag.ACCEPTED:
            mask = mask_flux_of(source, restored)
        return Entry(
            source, verdict, mask, caveats_of(source, mask, cube, looked.noise, sight.beam_px)
        )
