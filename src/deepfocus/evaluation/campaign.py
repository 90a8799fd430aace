"""A campaign: several finders on many cubes with known sources, one record per finder and cube.

Finders run one after the other, each on all cubes, so that every cost belongs to one finder and
memory left behind by another does not count. Records stay on disk, so a stopped campaign resumes,
and cubes or finders can be added to it. Cubes are not kept.

    FOLDER/settings.json              what determines the cubes
    FOLDER/contents.json              of cubes that are files, what was in them
    FOLDER/truth/KEY.ecsv
    FOLDER/found/LABEL/settings.json  what determines the finder's results
    FOLDER/found/LABEL/KEY.ecsv, KEY.STEP.ecsv, KEY.json (last: the record is complete)
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.core.memory import forget_peak, peak_bytes
from deepfocus.evaluation.scenes import Scenes
from deepfocus.finders.finder import Detection, Finder, ReadyFinder, detection_in
from deepfocus.finders.kinds import finder_to
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.many_catalogues import read_catalogues
from deepfocus.jobs.claim import CLAIM, claim
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import IN_TURN, Workers
from deepfocus.simulation.truth import with_beam_and_band

CONTENTS = "contents.json"


@dataclass(frozen=True)
class Cost:
    """Cost of one finder on one cube, without making it ready.

    cpu_s : of all threads, and of programs that the finder runs; wall_s : from start to end
    peak_bytes : peak resident size of the worker during the search, with its libraries and cube,
        without such programs
    All are NaN where nobody measured them.
    """

    cpu_s: float
    wall_s: float
    peak_bytes: float


@dataclass(frozen=True, eq=False)
class Found:
    """Result of one finder on one cube.

    catalogue : empty if the cube was refused; refused : the reason, or None
    snapshots : the candidates after each step, by the step's name
    """

    catalogue: Catalogue
    snapshots: Mapping[str, Catalogue]
    cost: Cost
    refused: str | None = None


@dataclass(frozen=True, eq=False)
class Campaign:
    """All records of a campaign.

    truths : by cube key; found : by the finder's label, then by cube key
    """

    truths: Mapping[str, Catalogue]
    found: Mapping[str, Mapping[str, Found]]


def run_campaign(
    scenes: Scenes,
    finders: Mapping[str, Finder],
    *,
    folder: Path,
    workers: Workers = IN_TURN,
    report: Report = silent,
) -> Campaign:
    """Run every finder on every cube that it has not searched yet.

    finders : by label, which names the folder of the finder's records
    folder : of the records; for a cluster, an absolute path that all its machines share
    report : called after each search with the number done, the total and a name

    Raises `DeepFocusError` if `folder` contains records of other cubes, even of the same names, or
    of a finder with other settings under the same label, or if a finder lacks what it needs.
    """
    folder = Path(folder)
    claim(folder, {"version": __version__, "scenes": scenes.made_with}, holds="a campaign")
    _claim_contents(folder, scenes)
    for label, finder in finders.items():
        made_with = {
            "version": __version__,
            "finder": finder_to(finder),
            "needs": dict(_ready(finder).provenance),
        }
        claim(_finder_folder(folder, label), made_with, holds=f"records of '{label}'")
    remaining = {
        label: _without_record(_finder_folder(folder, label), scenes.keys) for label in finders
    }
    total = len(finders) * len(scenes.keys)
    tally = Tally(total, total - sum(map(len, remaining.values())), report)
    for label, keys in remaining.items():
        for key in workers.run(partial(_search, scenes, folder, label, finders[label]), keys):
            tally.count(f"{label} {key}")
    return read_campaign(folder, keys=scenes.keys, labels=tuple(finders))


def _claim_contents(folder: Path, scenes: Scenes) -> None:
    """Note what is in the cubes that are files, or check that it is what was searched before."""
    if scenes.content is None:
        return
    path = folder / CONTENTS
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    now = {key: scenes.content(key) for key in scenes.keys}
    other = [key for key, content in now.items() if before.get(key, content) != content]
    if other:
        raise DeepFocusError(
            f"{folder} has records of another {other[0]} than the one there is now",
            wanted="the cubes and truths that were searched before",
            remedy="choose another --out, or remove what is there",
        )
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(before | now, indent=2) + "\n", encoding="utf-8")


def read_campaign(folder: Path, *, keys: Sequence[str], labels: Sequence[str]) -> Campaign:
    """Read the records of these cubes and finders, which must all be finished."""
    truths = read_catalogues(_truth(folder, key) for key in keys)
    return Campaign(
        truths={key: truths[_truth(folder, key)] for key in keys},
        found={label: _all_found(_finder_folder(folder, label), keys) for label in labels},
    )


def recorded(folder: Path, label: str) -> frozenset[str]:
    """Keys of the cubes that the finder of this label has searched."""
    records = _finder_folder(folder, label).glob("*.json")
    return frozenset(path.stem for path in records) - {Path(CLAIM).stem}


def _without_record(folder: Path, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if not _record(folder, key).is_file()]


def _search(scenes: Scenes, folder: Path, label: str, finder: Finder, key: str) -> str:
    """A worker's job: run one finder on one cube."""
    cube, truth = scenes.make(key)
    if not _truth(folder, key).is_file():
        # a truth of an earlier version, in a folder, does not say how wide the beam is
        write_catalogue(with_beam_and_band(truth, cube), _truth(folder, key))
    _write_found(_found(_ready(finder), cube), _finder_folder(folder, label), key)
    return key


def _found(finder: ReadyFinder, cube: Cube) -> Found:
    forget_peak()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    refused = None
    try:
        detection = detection_in(cube, finder)
    except DeepFocusError as error:
        detection, refused = Detection(catalogue()), str(error)
    cost = Cost(
        cpu_s=round(_cpu_seconds() - cpu, 4),
        wall_s=round(time.perf_counter() - wall, 4),
        peak_bytes=peak_bytes(),
    )
    return Found(detection.catalogue, detection.snapshots, cost, refused)


def _cpu_seconds() -> float:
    """CPU time of this process and of the programs that it has run to their end."""
    spent = os.times()
    # of this process, process_time tells more digits
    return time.process_time() + spent.children_user + spent.children_system


@cache
def _ready(finder: Finder) -> ReadyFinder:
    """The finder, made ready once per process, since it may have to load networks."""
    return finder.ready()


def _write_found(found: Found, folder: Path, key: str) -> None:
    write_catalogue(found.catalogue, _catalogue(folder, key))
    for step, candidates in found.snapshots.items():
        write_catalogue(candidates, _catalogue(folder, key, step))
    record = {
        **asdict(found.cost),
        "steps": list(found.snapshots),
        "refused": found.refused,
    }
    with whole_file(_record(folder, key)) as path:
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")


def _all_found(folder: Path, keys: Sequence[str]) -> dict[str, Found]:
    """What a finder found in each cube."""
    records = {key: json.loads(_record(folder, key).read_text(encoding="utf-8")) for key in keys}
    steps = {key: record.pop("steps") for key, record in records.items()}
    read = read_catalogues(
        _catalogue(folder, key, step) for key in keys for step in ("", *steps[key])
    )
    return {
        key: Found(
            catalogue=read[_catalogue(folder, key)],
            snapshots={step: read[_catalogue(folder, key, step)] for step in steps[key]},
            refused=record.pop("refused"),
            cost=Cost(**record),
        )
        for key, record in records.items()
    }


def _finder_folder(folder: Path, label: str) -> Path:
    return folder / "found" / label


def _truth(folder: Path, key: str) -> Path:
    return folder / "truth" / f"{key}.ecsv"


def _record(folder: Path, key: str) -> Path:
    return folder / f"{key}.json"


def _catalogue(folder: Path, key: str, step: str = "") -> Path:
    return folder / (f"{key}.{step}.ecsv" if step else f"{key}.ecsv")
