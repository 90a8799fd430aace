"""Pages of docs/ that do what they say: their commands and code are run, and print what is shown.

A page is read from its top to its end. What it holds is known by its form:

    ```toml        whose first line is `# NAME.toml`: a file of that name is written
        deepfocus  a line of an indented block that starts so: a command, which must succeed
    ```python      code, run in one namespace for the whole page
    indented       any other line of an indented block: printed by what was run last before it

Lines may be left out of what is shown. Those that are shown stand in what is printed, word by word,
and number by number to the digits that are shown.
"""

from __future__ import annotations

import gc
import re
import shlex
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import matplotlib as mpl
import pytest

from deepfocus.cli import main

DOCS = Path(__file__).parents[1] / "docs"
FIGURE = 1e-3
"""Relative, of numbers that are shown: three figures, as another processor may round them."""
LAST_DIGITS = 1.01
"""Of the last digit that is shown: rounded the other way."""
PROGRAM = "deepfocus "
INDENTED = re.compile(r"^ {4,}(\S.*)$")
NUMBER = re.compile(r"(?<![A-Za-z_\d.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Step:
    """One thing that a page does, and what it says is printed.

    kind : 'toml', 'python' or 'command'
    """

    kind: str
    text: str
    shown: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """Of a command, without the program and the remark behind it, `*` as a shell has it."""
        words = shlex.split(self.text, comments=True)[1:]
        return [each for word in words for each in sorted(glob(word)) or [word]]


def steps_of(text: str) -> list[Step]:
    """All that a page's text does, from its top to its end."""
    steps: list[Step] = []
    for kind, content in _parts(text):
        if kind == "shown":
            assert steps, f"shown before anything was run: {content}"
            last = steps[-1]
            steps[-1] = Step(last.kind, last.text, (*last.shown, content))
        else:
            steps.append(Step(kind, content))
    return steps


def _parts(text: str) -> Iterator[tuple[str, str]]:
    fence: str | None = None
    inside: list[str] = []
    for line in text.splitlines():
        if fence is not None:
            if line != "```":
                inside.append(line)
                continue
            if fence in ("toml", "python"):
                yield fence, "\n".join([*inside, ""])
            fence = None
        elif line.startswith("```"):
            fence, inside = line[3:], []
        elif found := INDENTED.match(line):
            yield ("command" if found[1].startswith(PROGRAM) else "shown"), found[1]


def run_page(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    as_run: Callable[[Step], Step | None] = lambda step: step,
) -> str:
    """Do what a page does, in the current folder; all that was printed.

    name : of a file of docs/; as_run : what is run in place of a step, if anything
    """
    monkeypatch.setattr(mpl, "use", mpl.use)
    mpl.use("agg")
    space: dict[str, object] = {}
    said = ""
    for step in filter(None, map(as_run, steps_of((DOCS / name).read_text(encoding="utf-8")))):
        capsys.readouterr()
        do(step, space, source=name)
        streams = capsys.readouterr()
        printed = streams.out + streams.err
        assert_printed(step.shown, printed)
        said += printed
    with warnings.catch_warnings():
        # a page closes no files
        warnings.simplefilter("ignore")
        space.clear()
        gc.collect()
    return said


def do(step: Step, space: dict[str, object], *, source: str) -> None:
    """Write the file, run the command, or run the code in `space`."""
    if step.kind == "toml":
        path = step.text.splitlines()[0].removeprefix("#").strip()
        assert path.endswith(".toml"), f"{source}: the first line of a toml block names its file"
        Path(path).write_text(step.text, encoding="utf-8")
    elif step.kind == "command":
        assert main(step.words) == 0, step.text
    else:
        with warnings.catch_warnings():
            # Astropy completes the observatory's position in each header
            warnings.simplefilter("ignore")
            exec(compile(step.text, source, "exec"), space)


def assert_printed(shown: tuple[str, ...], printed: str) -> None:
    """Each shown line stands in what was printed; its words in a row, wherever lines broke."""
    words = printed.split()
    for line in shown:
        wanted = line.split()
        found = any(
            all(map(alike, wanted, words[i : i + len(wanted)]))
            for i in range(len(words) - len(wanted) + 1)
        )
        assert found, f"not printed:\n{line}\nbut:\n{printed}"


def alike(shown: str, printed: str) -> bool:
    """Whether two words are the same but for how their numbers were rounded."""
    if shown == printed:
        return True
    if NUMBER.sub("#", shown) != NUMBER.sub("#", printed):
        return False
    numbers = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(_near(one, other) for one, other in numbers)


def _near(shown: str, printed: str) -> bool:
    mantissa, _, exponent = shown.partition("e")
    decimals = len(mantissa.partition(".")[2])
    last = 10.0 ** (int(exponent or 0) - decimals)
    whole = not decimals and not exponent
    apart = 0.0 if whole else LAST_DIGITS * last
    return float(printed) == pytest.approx(float(shown), rel=FIGURE, abs=apart)
