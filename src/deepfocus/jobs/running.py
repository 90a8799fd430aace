"""Runs that are at work in one folder at the same time, and what ended ones left there.

A run keeps a claim in its folder, a small hidden file that names what the run makes, and holds a
lock on it: a claim without its lock is that of a run that was killed. What is being made lies in
hidden folders that bear the name of their run.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import OLD_S, writing
from deepfocus.core.steps import KeptIn, Steps
from deepfocus.jobs.locks import is_held, locked

RUNNING, UNFINISHED, STEPS = ".running.", ".unfinished.", ".steps."
"""Start of the names of claims, of folders in which products are made, and of those of what long
steps towards them made."""
ALONE = ".running"
"""Locked by a run that looks at the claims, or at what all runs made."""
CLAIM_OLD_S = 7 * 24 * 3600.0
"""Age beyond which a claim that nobody can ask about is that of an ended run, and beyond which
nobody will go on from the steps of one."""
MOST_NAMED = 3


@dataclass(frozen=True)
class Run:
    """A run that is at work in a folder. token : no other run has it"""

    folder: Path
    token: str

    @property
    def claim(self) -> Path:
        """The file that is there as long as the run."""
        return self.folder / f"{RUNNING}{self.token}"

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A folder in which something is made; it is removed at the end, or by another run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{UNFINISHED}{self.token}."
        with tempfile.TemporaryDirectory(
            prefix=prefix, dir=self.folder, ignore_cleanup_errors=True
        ) as made:
            yield Path(made)

    @contextmanager
    def steps(self, name: str, settings: str) -> Iterator[Steps]:
        """Those towards what is made of a name, with settings: on from where a worker died, or a
        run. They stay if it is not finished now; those of other settings are removed.
        """
        folder = self._steps(name)
        own = folder / _short(settings)
        for each in folder.glob("*"):
            if each != own:
                shutil.rmtree(each, ignore_errors=True)
        yield KeptIn(own)
        shutil.rmtree(folder, ignore_errors=True)

    def forget(self, names: Sequence[str]) -> None:
        """Remove what earlier runs made towards them."""
        for name in names:
            shutil.rmtree(self._steps(name), ignore_errors=True)

    def _steps(self, name: str) -> Path:
        return self.folder / f"{STEPS}{_short(name)}"


@contextmanager
def running(folder: Path, names: Sequence[str]) -> Iterator[Run]:
    """Be at work in a folder, which is made if need be, and removed again if it stays empty.

    names : of what this run makes, which no other may make meanwhile
    What runs that have ended left is removed. Raises `DeepFocusError` if another run makes one of
    them, or if the folder cannot be written.
    """
    folder = Path(folder)
    run = Run(folder, os.urandom(8).hex())
    with ExitStack() as stack:
        stack.callback(_remove_new, _missing(folder))
        with alone(folder):
            _refuse_others(folder, names)
            _sweep(folder)
            with writing(run.claim):
                descriptor = stack.enter_context(locked(run.claim))
                with open(descriptor, "wb", closefd=False) as file:
                    file.write(_text(names))
        stack.callback(_remove_folders, run)
        yield run


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other run is in here for this folder, and keep others out.

    Raises `DeepFocusError` if the folder cannot be written.
    """
    with ExitStack() as stack:
        with writing(folder):
            while True:
                folder.mkdir(parents=True, exist_ok=True)
                # a run that ends may remove the folder in between
                with suppress(FileNotFoundError):
                    stack.enter_context(locked(folder / ALONE))
                    break
        yield


def _short(text: str) -> str:
    """What stands for a text in the name of a file."""
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _text(names: Sequence[str]) -> bytes:
    who = {"host": socket.gethostname(), "process": os.getpid()}
    return json.dumps({**who, "makes": list(names)}).encode()


def _refuse_others(folder: Path, names: Sequence[str]) -> None:
    for claim in folder.glob(f"{RUNNING}*"):
        if not is_held(claim):
            continue
        said = _read(claim)
        both = [name for name in names if name in set(said.get("makes", ()))]
        if both:
            more = f" and {len(both) - MOST_NAMED} more" if len(both) > MOST_NAMED else ""
            raise DeepFocusError(
                f"another run (process {said['process']} on {said['host']}) is at work on "
                f"{', '.join(both[:MOST_NAMED])}{more} in {folder}",
                wanted="one run at a time for each name",
                remedy="wait until it ends, or choose another --out",
            )


def _sweep(folder: Path) -> None:
    """Remove what ended runs left.

    It is certain of a run of this machine that it has ended: its claim is there, without a lock.
    Of others, what is left has to be old: not all file systems know the locks of other machines.
    """
    claims = {claim.name.removeprefix(RUNNING): claim for claim in folder.glob(f"{RUNNING}*")}
    held = {token: is_held(claim) for token, claim in claims.items()}
    here = socket.gethostname()
    ended = {t for t, claim in claims.items() if held[t] is False and _read(claim)["host"] == here}
    for made in folder.glob(f"{UNFINISHED}*"):
        token = made.name.removeprefix(UNFINISHED).split(".")[0]
        if token in ended or (not held.get(token) and _is_old(made, OLD_S)):
            shutil.rmtree(made, ignore_errors=True)
    for steps in folder.glob(f"{STEPS}*/*"):
        if _is_old(steps, CLAIM_OLD_S):
            shutil.rmtree(steps.parent, ignore_errors=True)
    for token, claim in claims.items():
        if token in ended or (not held[token] and _is_old(claim, CLAIM_OLD_S)):
            claim.unlink(missing_ok=True)


def _read(claim: Path) -> Mapping[str, Any]:
    """What a claim says; without a host if it cannot be read."""
    try:
        said = json.loads(claim.read_bytes())
        return {"host": said["host"], "process": said["process"], "makes": said["makes"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {"host": None, "process": None, "makes": ()}


def _is_old(path: Path, age_s: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > age_s
    except OSError:  # it is gone
        return False


def _remove_folders(run: Run) -> None:
    """What killed workers of this run left."""
    for made in run.folder.glob(f"{UNFINISHED}{run.token}.*"):
        shutil.rmtree(made, ignore_errors=True)


def _missing(folder: Path) -> list[Path]:
    """The folders that have to be made for this one to be there, the innermost first."""
    missing = []
    for each in (folder, *folder.parents):
        if each.exists():
            break
        missing.append(each)
    return missing


def _remove_new(folders: Sequence[Path]) -> None:
    with suppress(OSError):  # they hold something
        for folder in folders:
            folder.rmdir()
