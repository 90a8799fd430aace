"""One thread a process, which waits passively.

On shared cores performance collapses otherwise; and libraries of linear algebra round in another
way with another number of threads, so that a cube would differ in its last bits.
"""

from __future__ import annotations

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# An OpenMP thread that spins while it waits takes the core from a busy neighbour.
ONE_THREAD = {**dict.fromkeys(THREADS, "1"), "OMP_WAIT_POLICY": "PASSIVE"}
"""Variables of the environment, which count where numpy is not imported yet."""
