"""Which finders suit a cube, and what speaks against the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.kinds import finder_class, finder_kinds

NETWORKS = "its networks learned from dirty cubes whose dirty beam is known"


@dataclass(frozen=True)
class Suitability:
    """Of a finder for a cube. against : what speaks against it, in words; nothing if it suits"""

    kind: str
    against: tuple[str, ...]

    @property
    def suits(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


def suitabilities(cube: Cube) -> tuple[Suitability, ...]:
    """Of every finder that is installed; of those of other packages nothing is known."""
    return tuple(
        Suitability(kind, tuple(AGAINST.get(kind, _unknown)(cube))) for kind in finder_kinds()
    )


def _deepfocus(cube: Cube) -> Iterator[str]:
    if cube.psf is None and cube.beam is None:
        yield "neither dirty beam nor restoring beam is known"


def _slim(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.slim.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _networks(cube)


def _paper(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.paper.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _networks(cube)


def _matched_filter(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.matched_filter.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _whole(cube)
    yield from _without_beam(cube)


def _lineseeker(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.lineseeker.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _whole(cube)
    yield from _without_beam(cube)


def _images(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.images.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _whole(cube)
    yield from _without_beam(cube)


def _in_extra(kind: str) -> Callable[[Cube], Iterator[str]]:
    """Of a finder of images that another package makes."""

    def against(cube: Cube) -> Iterator[str]:
        try:
            finder_class(kind)().ready()
        except DeepFocusError as error:
            yield error.came
        yield from _images(cube)

    return against


def _sofia(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.sofia.finder import Sofia
    from deepfocus.finders.sofia.program import find_program

    try:
        find_program(Sofia().program)
    except DeepFocusError as error:
        yield error.came
    yield from _whole(cube)
    yield from _without_beam(cube)


def _decoras(cube: Cube) -> Iterator[str]:
    from deepfocus.finders.images.finder import LEAST_CHANNELS

    yield from _fewer(cube, LEAST_CHANNELS)
    yield from _networks(cube)


def _unknown(cube: Cube) -> Iterator[str]:
    yield "of another package: what it needs is not known"


AGAINST: Mapping[str, Callable[[Cube], Iterator[str]]] = {
    "deepfocus": _deepfocus,
    "slim": _slim,
    "paper": _paper,
    "matched_filter": _matched_filter,
    "lineseeker": _lineseeker,
    "blobcat": _images,
    "photutils": _in_extra("photutils"),
    "pybdsf": _in_extra("pybdsf"),
    "aegean": _in_extra("aegean"),
    "sofia": _sofia,
    "decoras": _decoras,
}


def _fewer(cube: Cube, least: int) -> Iterator[str]:
    channels = len(cube.data)
    if channels < least:
        yield f"{channels} channel{'' if channels == 1 else 's'}, and it needs {least}"


def _networks(cube: Cube) -> Iterator[str]:
    yield from _whole(cube)
    if cube.psf is None:
        yield NETWORKS
    elif cube.beam is None:
        yield "the beam is not known"


def _whole(cube: Cube) -> Iterator[str]:
    if not isinstance(cube.data, np.ndarray):
        yield "it loads the whole cube"


def _without_beam(cube: Cube) -> Iterator[str]:
    if cube.beam is None:
        yield "the beam is not known: sizes and fluxes are those in the image"
