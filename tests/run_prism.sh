#!/bin/sh
# Builds Beam's Prism runner from its Go module, in the version of the installed Beam, and runs the tests that need it.
#
# usage: tests/run_prism.sh [PYTHON]      (needs Go and, the first time, a module proxy)
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}
version=$("$python" -c "from importlib.metadata import version; print(version('apache-beam'))")
folder="$PWD/target/prism-$version"
if [ ! -x "$folder/prism" ]; then
    mkdir -p "$folder"
    GOBIN="$folder" go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$version"
fi
HEADROOM_BEAM_PRISM="$folder/prism" exec "$python" -m pytest -m prism tests/test_prism.py
