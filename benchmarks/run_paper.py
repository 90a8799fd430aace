"""Score the shipped networks (or others) on the standard test set.

    python benchmarks/run_paper.py --split test --number 100 --out runs/paper

simulates and searches each cube, keeps the catalogues (not the cubes), and prints Markdown
tables: counts after each stage, both matchings, residuals of every parameter, completeness, time.
An interrupted run goes on where it stopped when called again.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import load_settings, settings_to
from deepfocus.evaluate.benchmark import Finder, run_benchmark
from deepfocus.jobs.progress import Progress
from deepfocus.jobs.workers import local_workers
from deepfocus.pipeline.settings import PipelineSettings
from deepfocus.report.figures import residual_figure
from deepfocus.simulate.settings import load_set
from deepfocus.weights.load import ROLES, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent


@dataclass(frozen=True)
class MakeFinder:
    """The pipeline with the networks of a folder, made where it is called."""

    weights: Path | None
    settings: PipelineSettings

    def __call__(self) -> Finder:
        from deepfocus.pipeline.deepfocus import DeepFocus
        from deepfocus.weights.load import load_networks

        return DeepFocus(load_networks(self.weights), self.settings).detect


def provenance(weights: Path | None, settings: PipelineSettings) -> dict[str, Any]:
    """What the results depend on besides the cubes: the weights' hashes and the settings."""
    from deepfocus.weights.card import read_card

    folder = SHIPPED if weights is None else weights
    hashes = {role: read_card(folder / f"{role}.json").sha256 for role in ROLES}
    return {"weights": hashes, "settings": settings_to(settings)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", type=Path, default=HERE / "paper.toml", help="settings of the set")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    parser.add_argument("--number", type=int, default=100, help="the first so many cubes")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--weights", type=Path, help="folder of networks (default: the shipped)")
    parser.add_argument("--settings", type=Path, help="TOML with settings of the pipeline")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    try:
        simulated_set = load_set(options.set)
        pipeline = (
            load_settings(options.settings, PipelineSettings)
            if options.settings
            else PipelineSettings()
        )
        with Progress("benchmark", options.number) as progress:
            result = run_benchmark(
                simulated_set,
                simulated_set.seeds(options.split, options.number),
                MakeFinder(options.weights, pipeline),
                folder=options.out,
                workers=local_workers(options.workers),
                provenance=provenance(options.weights, pipeline),
                report=progress.reached,
            )
        pairs = result.score.truth_matched, result.score.found_matched
        residual_figure(*pairs, options.out / "residuals.png")
    except DeepFocusError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(result.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
