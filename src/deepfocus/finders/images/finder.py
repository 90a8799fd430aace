"""From images to lines: every image is searched, each source is taken once, its line is measured.

The same for all finders of images, so that a comparison of them compares what they see there.
"""

from __future__ import annotations

from collections.abc import Sequence

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.finders.evidence import Panel, SpectrumPanel, Trace
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.images.candidate import (
    Candidate,
    LineSearch,
    Photometry,
    as_fitted,
    examined,
    row_of_candidate,
    row_of_sighting,
    with_repeats,
)
from deepfocus.finders.images.maps import Maps, Seen
from deepfocus.finders.images.sighting import SeesImages
from deepfocus.finders.line_measurement import beam_ellipse
from deepfocus.finders.measured_panels import integrated_panel, line_panel
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.forward.noise import noise_level
from deepfocus.ops.integrate import integrate

LEAST_CHANNELS = 8
"""With fewer, even a bright line of two channels is missed."""


def find_in_images(
    cube: Cube,
    *,
    kind: str,
    finder: SeesImages,
    maps: Maps,
    line: LineSearch,
    photometry: Photometry = as_fitted,
) -> Detection:
    """Look at the images, look for lines, measure them.

    kind : of the finder, for what it refuses; photometry : what it measures in the image of a line

    Raises `DeepFocusError` for a cube without data, of too few channels, or without a beam.
    """
    cube = cube.loaded()
    refuse_empty(cube)
    refuse_few_channels(cube, LEAST_CHANNELS, kind)
    beam, noise = beam_ellipse(cube), noise_level(cube)
    seen = [
        Seen(sighting, each.span)
        for each in maps.images(cube.array)
        for sighting in finder.sightings(each.image, beam)
    ]
    sources = maps.joined(seen, beam)
    candidates = with_repeats(
        [
            examined(number, source, cube, beam, line, photometry, noise)
            for number, source in enumerate(sources, start=1)
        ],
        beam,
    )
    rows = [row_of_candidate(each, cube, noise=noise) for each in candidates]
    return Detection(
        catalogue=with_sky_columns(catalogue_of_rows(rows), cube.grid),
        snapshots={"seen in images": _table_of(sources, cube)},
        evidence=_panels(cube, candidates),
    )


def _table_of(sources: Sequence[Seen], cube: Cube) -> Catalogue:
    """The sources before the line search."""
    rows = [row_of_sighting(each.sighting) for each in sources]
    return with_sky_columns(catalogue_of_rows(rows), cube.grid)


def _panels(cube: Cube, candidates: Sequence[Candidate]) -> tuple[Panel, ...]:
    """The field, the spectrum of every source, and the line image of every measured line."""
    spectra = [
        SpectrumPanel(each.id, Trace("at its place", each.spectrum, "Jy/beam"))
        for each in candidates
    ]
    cutouts = [
        line_panel(each.id, each.measured) for each in candidates if each.measured is not None
    ]
    return (integrated_panel(integrate(cube.array)), *spectra, *cutouts)
