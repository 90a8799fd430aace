"""The log of a training run: one JSON object per line, one line per epoch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from deepfocus.core.files import whole_file
from deepfocus.train.checkpoint import Epoch


def write_log(path: Path, history: Sequence[Epoch]) -> None:
    """Write all epochs. The whole file is rewritten, so a resumed run repeats no line."""
    facts = (
        {**dataclasses.asdict(epoch), "examples_per_second": round(epoch.examples_per_second, 1)}
        for epoch in history
    )
    lines = [json.dumps(each) + "\n" for each in facts]
    with whole_file(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
