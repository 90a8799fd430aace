#!/bin/sh
# Installs what tests/browser needs, Debian's Chromium with its driver and axe-core, where that can
# be done: as root, with apt; axe-core with npm. Elsewhere it says so and leaves with 0; the tests
# then skip.
set -eu
cd "$(dirname "$0")"

if ! command -v chromedriver >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "Chromium is not installed: that needs root and apt-get; the tests of tests/browser will skip"
        exit 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -q && apt-get install -y -q --no-install-recommends chromium chromium-driver; }; then
        echo "Chromium could not be installed; the tests of tests/browser will skip"
        exit 0
    fi
fi
if [ ! -e axe/axe.min.js ]; then
    if command -v npm >/dev/null && archive=$(npm pack --silent axe-core); then
        mkdir -p axe
        tar -xzf "$archive" -C axe --strip-components 1 package/axe.min.js
        rm -f "$archive"
    else
        echo "axe-core could not be fetched; the test of accessibility will skip"
    fi
fi
echo "Chromium is here"
