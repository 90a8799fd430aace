"""The section of each accepted source: its numbers, its spectrum, images of its surroundings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel
from deepfocus.finders.finder import Detection
from deepfocus.ops.outlines import beam_outline, outlines
from deepfocus.ops.source_cutouts import Cutout, cutouts_of
from deepfocus.report.cutout import Picture, pictures
from deepfocus.report.figures import pixel_aspect
from deepfocus.report.quantities import OF_SOURCE, Cell, Quantity, longer_axis_first
from deepfocus.report.source_maps import NO_MAPS, Maps, maps_of
from deepfocus.report.spectral_axis import spectral_axis
from deepfocus.report.svg_spectrum import Plot, spectrum_plot


@dataclass(frozen=True)
class Section:
    """numbers : what is known of it; spectra, images : what the finder shows of it

    maps : of the cube itself
    """

    source_id: int
    warning: str
    numbers: tuple[tuple[Quantity, Cell], ...]
    spectra: tuple[Plot, ...]
    images: tuple[Picture, ...]
    maps: Maps


def sections_of(cube: Cube, detection: Detection, drawn: Catalogue) -> Iterator[Section]:
    """Of each accepted source. drawn : those whose evidence is drawn"""
    panels = _panels_of(detection, set(drawn["id"].tolist()))
    shapes, beam = outlines(drawn, cube), beam_outline(cube)
    axis, aspect = spectral_axis(cube.grid), pixel_aspect(cube)
    maps = {
        each.source_id: maps_of(
            each, source=shapes.get(each.source_id), beam=beam, pixel_aspect=aspect
        )
        for each in _cutouts(drawn, cube, detection.catalogue.accepted)
    }
    rows = longer_axis_first(detection.catalogue.accepted)
    names = "id", "warning", "channel_lo", "channel_hi"
    columns = zip(*(rows[name].tolist() for name in names), strict=True)
    numbers = zip(*(each.cells(rows) for each in OF_SOURCE), strict=True)
    for (number, warning, *line), cells in zip(columns, numbers, strict=True):
        spectra = [each for each in panels[number] if isinstance(each, SpectrumPanel)]
        cutouts = [each for each in panels[number] if isinstance(each, CutoutPanel)]
        images = pictures(cutouts, source=shapes.get(number), beam=beam, pixel_aspect=aspect)
        yield Section(
            source_id=number,
            warning=warning,
            numbers=_known(cells),
            spectra=tuple(spectrum_plot(each, (line[0], line[1]), axis) for each in spectra),
            images=tuple(images),
            maps=maps.get(number, NO_MAPS),
        )


def _cutouts(drawn: Catalogue, cube: Cube, among: Catalogue) -> Iterator[Cutout]:
    """None of a cube that is read by parts: all channels of a place are far apart in its file."""
    if not isinstance(cube.data, np.ndarray):
        return iter(())
    return cutouts_of(drawn, cube, among=among)


def _panels_of(
    detection: Detection, ids: set[int]
) -> defaultdict[int, list[SpectrumPanel | CutoutPanel]]:
    """By id, those of these sources."""
    panels: defaultdict[int, list[SpectrumPanel | CutoutPanel]] = defaultdict(list)
    for panel in detection.evidence:
        if not isinstance(panel, ImagePanel) and panel.source_id in ids:
            panels[panel.source_id].append(panel)
    return panels


def _known(cells: Iterable[Cell]) -> tuple[tuple[Quantity, Cell], ...]:
    """Those that there are, in the order of `OF_SOURCE`."""
    pairs = zip(OF_SOURCE, cells, strict=True)
    return tuple((quantity, cell) for quantity, cell in pairs if cell.known)
