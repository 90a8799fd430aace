"""Progress on stderr: a bar on a terminal, one line of JSON per step elsewhere."""

from __future__ import annotations

import json
import sys
import time
from types import TracebackType
from typing import Any, TextIO


def printable(text: str) -> str:
    """The text in one line: what would move a cursor, or is no character, is escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class Progress:
    """A count of finished steps; use as a context manager.

    task : what is counted, e.g. 'detect'; total : how many steps there will be
    """

    def __init__(self, task: str, total: int) -> None:
        self.task, self.total, self.done = task, total, 0
        self._start = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self.total, desc=self.task, file=sys.stderr, leave=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, name: str, note: str = "") -> None:
        """Report one more finished step; note : what is special about it."""
        self.reached(self.done + 1, self.total, name, note)

    def passed_over(self) -> None:
        """Count a failed step as done; its error message replaces its line."""
        self.done += 1
        if self._bar is not None:
            self._bar.update(1)

    def reached(self, done: int, total: int, name: str, note: str = "") -> None:
        """Report that `done` of `total` steps are finished, the last of them `name`."""
        step, self.done, self.total = done - self.done, done, total
        if self._bar is not None:
            self._bar.total = total
            said = f"{name} ({note})" if note else name
            self._bar.set_postfix_str(printable(said), refresh=False)
            self._bar.update(step)
            return
        line = {
            "task": self.task,
            "done": done,
            "total": total,
            "name": name,
            "seconds": round(time.monotonic() - self._start, 3),
        }
        if note:
            line["note"] = note
        print(json.dumps(line), file=sys.stderr, flush=True)

    def say(self, text: str, file: TextIO | None = None) -> None:
        """Print a line (on stdout unless `file` is given) without breaking the bar.

        What the encoding of the output lacks is escaped.
        """
        file = file or sys.stdout
        encoding = file.encoding or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        if self._bar is not None:
            self._bar.write(text, file=file)
        else:
            print(text, file=file, flush=True)

    def warn(self, text: str) -> None:
        """Print a program message on stderr."""
        self.say(f"deepfocus: {printable(' '.join(text.split()))}", sys.stderr)
