#!/bin/sh
# Installs what tests/slurm needs, Debian's Slurm and munge, where that can be done: as root, with
# apt. Elsewhere it says so and leaves with 0; the tests then skip.
set -eu

if command -v slurmctld >/dev/null && command -v slurmd >/dev/null &&
    command -v munged >/dev/null && command -v sbatch >/dev/null; then
    echo "Slurm is here"
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Slurm is not installed: that needs root and apt-get; the tests of tests/slurm will skip"
    exit 0
fi

# the packages must start no daemons of their own: the tests start theirs in a scratch folder
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
if apt-get update -q && apt-get install -y -q --no-install-recommends slurm-wlm munge; then
    echo "Slurm is installed"
else
    echo "Slurm could not be installed; the tests of tests/slurm will skip"
fi
