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
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.finders.deepfocus.around_bright import Bright
from deepfocus.finders.deepfocus.caveats import caveats_of
from deepfocus.finders.deepfocus.covariances import covariances_of
from deepfocus.finders.deepfocus.flattened import flattened
from deepfocus.finders.deepfocus.honest import honest
from deepfocus.finders.deepfocus.judge import judged
from deepfocus.finders.deepfocus.look import Looked, look
from deepfocus.finders.deepfocus.masked import (
    NOT_MEASURED,
    Restored,
    mask_flux_of,
    restored_of,
)
from deepfocus.finders.deepfocus.notes import notes_of
from deepfocus.finders.deepfocus.panels import panels_of
from deepfocus.finders.deepfocus.sight import Sight, sight_of
from deepfocus.finders.deepfocus.sources import SourceFit, sources_of
from deepfocus.finders.deepfocus.table import Entry, fitted, table_of, table_of_peaks
from deepfocus.finders.deepfocus.trust import unfitted_sidelobes
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


def _accepted(entries: Sequence[Entry]) -> list[Bright]:
    verdicts = ((entry.source, entry.verdict) for entry in entries)
    return [Bright(source, each.snr) for source, each in verdicts if each.flag == Flag.ACCEPTED]


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
        flat = flattened(cube)
        sight = sight_of(flat.cube)
        looked = look(sight, false_peaks=self.settings.false_peaks)
        return flat.as_it_came(self.detection(flat.cube, sight, looked))

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
            notes=notes_of(_accepted(entries), cube, looked, sight),
            snapshots={"search": table_of_peaks(looked.found[0].peaks, cube.grid)},
            evidence=panels_of(catalogue, replace(cube, data=sight.data), looked),
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
