"""A real Slurm on this one host, for tests: munged, slurmctld and slurmd in a scratch folder.

Every daemon keeps its configuration, key, socket, state and logs below that folder, and every
port is a free one, so that nothing of the host's own (/etc/slurm, /run/munge) is read or written.
By hand: `python one_host.py start FOLDER` prints the variable to export, `stop FOLDER` ends it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
CPUS = 2
START_S = 15.0
LONGEST_S = 120.0


def why_not() -> str | None:
    """Why Slurm cannot be started here, and what to do; None where it can."""
    missing = [name for name in PROGRAMS if _program(name) is None]
    if missing:
        return f"{', '.join(missing)} not found: run tests/slurm/install.sh as root (Debian)"
    if os.geteuid() != 0:
        return "slurmd starts jobs as root only: run the tests as root, in a container say"
    return None


def _program(name: str) -> str | None:
    """Daemons live in /usr/sbin, which is not in everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass(frozen=True)
class OneHostSlurm:
    """Slurm with one partition `work` of one node with `CPUS` cores, below `folder`.

    The path of `folder` must be short: sockets below it may have 107 characters.
    """

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the commands of Slurm need to find this one."""
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Start the daemons; return when the node takes jobs. Raises RuntimeError."""
        self._write_files()
        try:
            self._start_munged()
            for daemon in (["slurmctld", "-D"], ["slurmd", "-D", "-N", _host()]):
                self._start_daemon(daemon)
            self._wait_until_idle()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Cancel every job and end the daemons, by their ids. May be called twice."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self.command("scancel", "--signal=KILL", "--full", "--user=root", timeout=10)
            self.command("scancel", "--user=root", timeout=10)
            _until(lambda: not self.jobs(), seconds=15)
        for name in ("slurmd", "slurmctld", "munged"):
            with contextlib.suppress(OSError, ValueError):
                _end(int((self.folder / f"{name}.pid").read_text()))

    def jobs(self) -> list[str]:
        """Ids of the jobs in the queue, running or waiting."""
        return self.command("squeue", "--noheader", "--format=%A").split()

    def kill_workers(self, job: str) -> int:
        """SIGKILL to the processes of a job that do its work; their nannies, which spawned them,
        live on. Returns their number.
        """
        marks = (f"SLURM_JOB_ID={job}\0", f"SLURM_CONF={self.environment['SLURM_CONF']}\0")
        killed = 0
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (process / "environ").read_text(errors="replace")
                spawned = b"spawn_main" in (process / "cmdline").read_bytes()
                if spawned and all(mark in environment for mark in marks):
                    os.kill(int(process.name), signal.SIGKILL)
                    killed += 1
        return killed

    def command(self, *words: str, timeout: float = 30) -> str:
        """What a command of Slurm prints."""
        done = subprocess.run(
            words,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return done.stdout

    def _write_files(self) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name in ("state", "spool"):
            (self.folder / name).mkdir(exist_ok=True)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o600)
        (self.folder / "slurm.conf").write_text(self._configuration(), encoding="utf-8")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n", encoding="utf-8")

    def _configuration(self) -> str:
        host, folder = _host(), self.folder
        controller_port, node_port = _free_ports(2)
        lines = [
            "ClusterName=one_host",
            f"SlurmctldHost={host}(127.0.0.1)",
            "SlurmUser=root",
            "SlurmdUser=root",
            f"SlurmctldPort={controller_port}",
            f"SlurmdPort={node_port}",
            "AuthType=auth/munge",
            f"AuthInfo=socket={folder}/munge.socket",
            "CredType=cred/munge",
            f"StateSaveLocation={folder}/state",
            f"SlurmdSpoolDir={folder}/spool",
            f"SlurmctldPidFile={folder}/slurmctld.own.pid",
            f"SlurmdPidFile={folder}/slurmd.own.pid",
            f"SlurmctldLogFile={folder}/slurmctld.log",
            f"SlurmdLogFile={folder}/slurmd.log",
            f"PlugStackConfig={folder}/no_plugins.conf",
            "ProctrackType=proctrack/linuxproc",
            "TaskPlugin=task/none",
            "SwitchType=switch/none",
            "MpiDefault=none",
            "JobAcctGatherType=jobacct_gather/none",
            "AccountingStorageType=accounting_storage/none",
            "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core",
            "SchedulerType=sched/backfill",
            "SchedulerParameters=sched_interval=2,batch_sched_delay=0",
            # the node is declared, not measured: the host may have one core or a hundred
            "SlurmdParameters=config_overrides",
            "ReturnToService=2",
            "KillWait=2",
            "MailProg=/bin/true",
            f"NodeName={host} NodeAddr=127.0.0.1 CPUs={CPUS} RealMemory=16000 State=UNKNOWN",
            f"PartitionName=work Nodes={host} Default=YES MaxTime=INFINITE State=UP",
        ]
        (folder / "no_plugins.conf").touch()
        return "\n".join(lines) + "\n"

    def _start_munged(self) -> None:
        folder = self.folder
        arguments = ["munged", "--foreground", "--force", "--num-threads=2"]
        for option, name in (
            ("key-file", "munge.key"),
            ("socket", "munge.socket"),
            ("pid-file", "munged.own.pid"),
            ("log-file", "munged.log"),
            ("seed-file", "munged.seed"),
        ):
            arguments.append(f"--{option}={folder / name}")
        self._start_daemon(arguments)
        if not _until((folder / "munge.socket").exists, seconds=START_S):
            raise RuntimeError(f"munged did not start:\n{self._log('munged')}")

    def _start_daemon(self, arguments: list[str]) -> None:
        name, program = arguments[0], _program(arguments[0])
        assert program is not None
        with (self.folder / f"{name}.out").open("w") as out:
            process = subprocess.Popen(
                [program, *arguments[1:]],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
            )
        (self.folder / f"{name}.pid").write_text(str(process.pid))
        # the daemon outlives this object and is ended by its id: nothing is left to wait for
        process.returncode = 0

    def _wait_until_idle(self) -> None:
        def idle() -> bool:
            return self.command("sinfo", "--noheader", "--format=%T").split() == ["idle"]

        if not _until(idle, seconds=START_S):
            logs = "\n".join(self._log(name) for name in ("slurmctld", "slurmd"))
            raise RuntimeError(f"Slurm did not start:\n{self.command('sinfo')}\n{logs}")

    def _log(self, name: str) -> str:
        texts = []
        for path in (self.folder / f"{name}.out", self.folder / f"{name}.log"):
            if path.exists():
                texts += path.read_text(errors="replace").splitlines()[-20:]
        return "\n".join(texts)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it; fails if it takes too long."""
    assert _until(condition, seconds=LONGEST_S), "waited too long"


def _host() -> str:
    return socket.gethostname().split(".")[0]


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _until(condition: Callable[[], bool], *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _end(pid: int) -> None:
    """SIGTERM, then SIGKILL; the daemon may be a child of this process or not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        os.kill(pid, sign)
        if _until(lambda: _gone(pid), seconds=10):
            return


def _gone(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


if __name__ == "__main__":
    action, where = sys.argv[1], OneHostSlurm(Path(sys.argv[2]).absolute())
    if action == "start":
        if (reason := why_not()) is not None:
            sys.exit(reason)
        where.start()
        print(f"export SLURM_CONF={where.environment['SLURM_CONF']}")
    else:
        where.stop()
