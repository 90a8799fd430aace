"""Components of a fit as sources: joined where their own model has no deep saddle between them.

A galaxy is several components, and the straight line between two of them may leave a rotating disc.
So the model cube as the beam sees it says which are connected: two of its maxima are one source if
the saddle between them is no lower than a fraction of the lower. Only components near each other
are drawn, each cluster of them on a grid of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CXY, CYY, FLUX, GRADIENT, SIGMA, X, Y

LEAST_SADDLE = 0.4
"""Of the lower peak: 0.35 to 0.5 keep each of 22 galaxies in one piece at SNR 20, 60 and 200."""
LEAST_SADDLE_MOVING = 0.2
"""Of the lower peak, of lines that move: discs seen edge on have little between their horns."""
SAMPLING = 0.8
"""Step of the grid, in standard deviations of the narrowest component: the beam or more."""
CHANNEL_SIGMA = 1.0
"""The model is smoothed by that many channels, so that narrow lines are sampled."""
FAINT = 0.05
"""Of the fainter of two peaks: components that are both below it everywhere are not neighbours."""
SHOWN = 0.5
"""Of the least saddle that can join the faintest component: lower voxels are not looked at."""
SHARPEST = 0.5
"""Of the beam's variance: a fit may leave sizes slightly negative."""
FORWARD = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))


@dataclass(frozen=True, eq=False)
class Grouping:
    """Components as sources.

    source : (component,) number from 0, in falling order of the source's flux
    links : (link, 2) brightest components of parts of the model that meet, the brighter first
    saddle_ratio : (link,) saddle over lower peak of each; the parts were joined if it is at least
        the fraction asked for. Saddles far below that are not looked for.
    """

    source: np.ndarray
    links: np.ndarray
    saddle_ratio: np.ndarray


@dataclass(frozen=True, eq=False)
class _Blobs:
    """Components as Gaussians in (x, y, channel), smoothed by the beam.

    centre : (component, 3); covariance : (component, 3, 3); peak : (component,) Jy/beam
    """

    centre: np.ndarray
    covariance: np.ndarray
    peak: np.ndarray

    def __getitem__(self, some: np.ndarray) -> _Blobs:
        return _Blobs(self.centre[some], self.covariance[some], self.peak[some])

    def reach(self, faintest: np.ndarray | float) -> np.ndarray:
        """(component, 3) half a box outside of which each is below FAINT of `faintest`."""
        decades = np.log(np.maximum(self.peak / (FAINT * faintest), 1.0))
        variances = np.diagonal(self.covariance, axis1=1, axis2=2)
        reach: np.ndarray = np.sqrt(2 * decades[:, None] * variances)
        return reach


@dataclass(frozen=True, eq=False)
class _Model:
    """Part of a model cube: values (chan, y, x) at first + step * index, both (x, y, channel)."""

    values: np.ndarray
    first: np.ndarray
    step: np.ndarray

    def voxels_of(self, centre: np.ndarray) -> tuple[np.ndarray, ...]:
        """Indices (chan, y, x) of the nearest nodes to centres (component, 3)."""
        nearest = np.rint((centre - self.first) / self.step).astype(int)
        shape = self.values.shape
        return tuple(np.clip(nearest[:, 2 - axis], 0, shape[axis] - 1) for axis in range(3))


def grouped(
    components: np.ndarray,
    *,
    beam_sigma_px: float,
    shape: tuple[int, int, int],
    least_saddle: float = LEAST_SADDLE,
) -> Grouping:
    """Which components are one source.

    components : (component, 12), columns of fit.parameters. A line in absorption counts by its
        depth; continuum links nothing.
    shape : (chan, y, x) of the cube
    least_saddle : of the lower peak

    Components in one basin of the model are one source whatever their own peaks are: one on the
    flank of another has no peak, and cannot tie it to a third.
    """
    blobs = _blobs(components, beam_sigma_px)
    source = np.arange(len(components))
    links, ratios = [], []
    for cluster in _clusters(blobs):
        parts, meeting, ratio = _parts(blobs[cluster], beam_sigma_px, shape, least_saddle)
        source[cluster] = cluster[parts]
        links.append(cluster[meeting])
        ratios.append(ratio)
    return Grouping(
        source=_by_flux(source, np.abs(components[:, FLUX])),
        links=np.concatenate([np.zeros((0, 2), int), *links]),
        saddle_ratio=np.concatenate([np.zeros(0), *ratios]),
    )


def _blobs(components: np.ndarray, beam_sigma_px: float) -> _Blobs:
    c = np.asarray(components, float).reshape(-1, COUNT)
    sky = np.stack([c[:, CXX], c[:, CXY], c[:, CXY], c[:, CYY]], axis=1).reshape(-1, 2, 2)
    values, vectors = np.linalg.eigh(sky + beam_sigma_px**2 * np.eye(2))
    values = np.maximum(values, SHARPEST * beam_sigma_px**2)
    motion, line = c[:, GRADIENT], c[:, SIGMA] ** 2
    covariance = np.empty((len(c), 3, 3))
    covariance[:, :2, :2] = (vectors * values[:, None]) @ vectors.transpose(0, 2, 1)
    covariance[:, :2, :2] += line[:, None, None] * motion[:, :, None] * motion[:, None]
    covariance[:, :2, 2] = covariance[:, 2, :2] = line[:, None] * motion
    covariance[:, 2, 2] = line + CHANNEL_SIGMA**2
    volume = np.sqrt((2 * np.pi) ** 3 * np.linalg.det(covariance))
    per_beam = 2 * np.pi * beam_sigma_px**2
    peak = np.abs(c[:, FLUX]) * per_beam / volume
    return _Blobs(c[:, [X, Y, CHANNEL]], covariance, peak)


def _clusters(blobs: _Blobs) -> Iterator[np.ndarray]:
    """Components that may be joined, directly or by others between: groups of two or more."""
    n = len(blobs.peak)
    lit = blobs.peak[blobs.peak > 0]
    if not len(lit):
        return
    reach = blobs.reach(lit.min())
    order = np.argsort(blobs.centre[:, 0] - reach[:, 0])
    starts = (blobs.centre[:, 0] - reach[:, 0])[order]
    ends = np.searchsorted(starts, blobs.centre[order, 0] + reach[order, 0])
    pairs = [np.zeros((0, 2), int)]
    for place, end in enumerate(ends):
        others = order[place + 1 : end]
        near = others[_touch(blobs, int(order[place]), others)]
        pairs.append(np.stack([np.full(len(near), order[place]), near], axis=1))
    first, second = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    _, number = connected_components(graph, directed=False)
    order = np.argsort(number, kind="stable")
    borders = np.flatnonzero(np.diff(number[order])) + 1
    yield from (cluster for cluster in np.split(order, borders) if len(cluster) > 1)


def _touch(blobs: _Blobs, one: int, others: np.ndarray) -> np.ndarray:
    """(other,) whether the boxes touch in which each is above FAINT of the fainter's peak."""
    fainter = np.minimum(blobs.peak[one], blobs.peak[others])
    with np.errstate(divide="ignore", invalid="ignore"):
        mine = blobs[np.full(len(others), one)].reach(fainter)
        theirs = blobs[others].reach(fainter)
    away = np.abs(blobs.centre[one] - blobs.centre[others])
    touch: np.ndarray = np.all(away <= mine + theirs, axis=1) & (fainter > 0)
    return touch


def _parts(
    blobs: _Blobs, beam_sigma_px: float, shape: tuple[int, int, int], least_saddle: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a cluster: (component,) one component of each's source; links (link, 2) and their ratios.

    A part of the model is named by the component whose centre lies highest in it.
    """
    model = _model(blobs, shape)
    voxels = model.voxels_of(blobs.centre)
    here = model.values[voxels]
    lit = np.flatnonzero(here > 0)
    lit = lit[np.argsort(here[lit])]
    alone = np.arange(len(here))
    if not len(lit):
        return alone, np.zeros((0, 2), int), np.zeros(0)
    basins = _basins(model.values, SHOWN * least_saddle * float(here[lit[0]]))
    basin = basins[voxels] - 1
    top = _highest(model.values, basins)
    # of several components in a basin the highest is written last
    name = np.full(len(top), -1)
    name[basin[lit]] = lit
    group, meeting, ratio = _joined(top, _saddles(model.values, basins), least_saddle)
    first = np.full(len(top), -1)
    first[group[basin[lit]]] = lit
    source = alone
    source[lit] = first[group[basin[lit]]]
    named = np.all(name[meeting] >= 0, axis=1)
    return source, name[meeting[named]], ratio[named]


def _joined(
    top: np.ndarray, saddles: Iterable[tuple[tuple[int, int], float]], least_saddle: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(basin,) the group of each; the tops (link, 2) of parts that meet, and their ratios."""
    part, group = np.arange(len(top)), np.arange(len(top))
    meeting, ratios = [], []
    for (a, b), saddle in saddles:
        # the highest maximum of all that is connected so far stands for it
        high, low, beside = part[a], part[b], a
        if high == low:
            continue
        if top[high] < top[low]:
            high, low, beside = low, high, b
        ratio = saddle / float(top[low])
        if ratio >= least_saddle:
            # the only group on its side: others there are apart at higher saddles
            group[group == low] = group[beside]
        part[part == low] = high
        meeting.append((high, low))
        ratios.append(ratio)
    return group, np.array(meeting, int).reshape(-1, 2), np.array(ratios)


def _model(blobs: _Blobs, shape: tuple[int, int, int]) -> _Model:
    """The sum of a cluster's components within the cube, each drawn as far as it matters."""
    sharpest = np.linalg.eigvalsh(blobs.covariance[:, :2, :2])[:, 0].min()
    narrowest = blobs.covariance[:, 2, 2].min()
    step = SAMPLING * np.sqrt([sharpest, sharpest, narrowest])
    step[2] = max(1.0, np.floor(step[2]))
    reach = blobs.reach(float(blobs.peak.min()))
    last = np.array(shape[::-1]) - 1.0
    low = np.clip((blobs.centre - reach).min(axis=0), 0, last)
    high = np.clip((blobs.centre + reach).max(axis=0), low, last)
    low[2] = np.floor(low[2])
    nodes = np.ceil((high - low) / step).astype(int) + 1
    model = _Model(np.zeros(nodes[::-1], np.float32), low, step)
    for centre, covariance, peak, extent in zip(
        blobs.centre, blobs.covariance, blobs.peak, reach, strict=True
    ):
        start = np.clip(np.ceil((centre - extent - low) / step).astype(int), 0, nodes)
        stop = np.clip(np.floor((centre + extent - low) / step).astype(int) + 1, start, nodes)
        x, y, z = (
            low[axis] + step[axis] * np.arange(start[axis], stop[axis]) - centre[axis]
            for axis in range(3)
        )
        drawn = peak * _gaussian(np.linalg.inv(covariance), x, y, z)
        model.values[start[2] : stop[2], start[1] : stop[1], start[0] : stop[0]] += drawn
    return model


def _gaussian(inverse: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(z, y, x) float32 exp(-d' inverse d / 2) for d = (x, y, z)."""
    x, y, z = x.astype(np.float32), y.astype(np.float32)[:, None], z.astype(np.float32)
    z = z[:, None, None]
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = inverse.astype(np.float32)
    exponent = x * (xx * x) + y * (yy * y + 2 * xy * x) + z * (zz * z + 2 * (xz * x + yz * y))
    gaussian: np.ndarray = np.exp(-0.5 * exponent)
    return gaussian


def _basins(values: np.ndarray, floor: float) -> np.ndarray:
    """(chan, y, x) the maximum that each voxel belongs to, from 1; 0 below the floor."""
    from skimage.segmentation import watershed

    flood: Callable[..., np.ndarray] = watershed
    basins = flood(-values, connectivity=3, mask=values > floor)
    return basins


def _highest(values: np.ndarray, basins: np.ndarray) -> np.ndarray:
    """(basin,) maximum of each."""
    return np.asarray(ndimage.maximum(values, basins, np.arange(1, int(basins.max()) + 1)))


def _saddles(values: np.ndarray, basins: np.ndarray) -> Iterator[tuple[tuple[int, int], float]]:
    """Pairs of basins, from 0, that touch, and the highest voxel where they do; falling."""
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for step in FORWARD:
        here, there = (
            tuple(
                slice(max(way * s, 0), n + min(way * s, 0))
                for s, n in zip(step, values.shape, strict=True)
            )
            for way in (-1, 1)
        )
        a, b = basins[here], basins[there]
        border = (a != b) & (a > 0) & (b > 0)
        ends = np.stack([a[border], b[border]], axis=1) - 1
        found.append((ends, np.minimum(values[here][border], values[there][border])))
    ends, heights = (np.concatenate(each) for each in zip(*found, strict=True))
    falling = np.argsort(-heights, kind="stable")
    _, first = np.unique(np.sort(ends[falling], axis=1), axis=0, return_index=True)
    for place in falling[np.sort(first)]:
        yield (int(ends[place, 0]), int(ends[place, 1])), float(heights[place])


def _by_flux(source: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Sources numbered from 0 in falling order of their flux."""
    _, number = np.unique(source, return_inverse=True)
    total = np.bincount(number, weights=flux)
    rank = np.empty(len(total), int)
    rank[np.argsort(-total, kind="stable")] = np.arange(len(total))
    ranked: np.ndarray = rank[number]
    return ranked
