"""The log of a training: one JSON object a line, one line an epoch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from deepfocus.core.files import whole_file
from deepfocus.train.checkpoint import Epoch


def write_log(path: Path, history: Sequence[Epoch]) -> None:
    """Write all epochs. The whole file each time: a resumed training repeats no line."""
    lines = [json.dumps(dataclasses.asdict(epoch)) + "\n" for epoch in history]
    with whole_file(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
