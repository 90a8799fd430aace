"""Locks on files, which end with the process that holds them, however it ends.

They are the system's (`flock`), and hold between machines where a shared file system knows them:
NFS, GPFS, and Lustre mounted so. Where there are none, nobody waits and nothing counts as held.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold a lock on a file, which is made for that and removed at the end; wait for others.

    Yields the descriptor of the file, open for writing. Raises OSError if it cannot be made.
    """
    descriptor = _taken(path)
    try:
        yield descriptor
    finally:
        # while it is locked: whoever waits for it sees that it is gone, and makes another
        path.unlink(missing_ok=True)
        os.close(descriptor)


def is_held(path: Path) -> bool | None:
    """Whether a process holds the lock on a file; None where nobody can tell."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        return not _lock(descriptor, shared=True, wait=False)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _taken(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, shared=False, wait=True)
        except OSError:
            return descriptor
        except BaseException:  # interrupted while it waits
            os.close(descriptor)
            raise
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)


def _lock(descriptor: int, *, shared: bool, wait: bool) -> bool:
    """Whether it was got. Raises OSError where there are no locks."""
    try:
        import fcntl
    except ImportError as error:  # not on Windows
        raise OSError("no locks") from error
    how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
