#!/bin/sh
# Fuzzes for SECONDS each the targets named, or all: fuzz/run.sh SECONDS [TARGET...]
#
# Works with stable Rust: the coverage pass of LLVM that cargo-fuzz switches on needs no nightly compiler, only the address sanitizer
# does, and a crate without unsafe code can do without it. libFuzzer itself is C++ and is built from the crate libfuzzer-sys.
# New inputs that reach new code are kept below the build directory; those under seeds/ are only read.
# Exits 1 after the first target that crashes, hangs or grows too big, and leaves its input in artifacts/TARGET/.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: fuzz/run.sh SECONDS [TARGET...]" >&2
    exit 2
fi
seconds=$1
shift
cd "$(dirname "$0")"
if [ $# -eq 0 ]; then
    set -- scan crush_restore restore_hostile table_decode text
fi
if ! command -v "${CXX:-c++}" > /dev/null; then
    echo "fuzz/run.sh: libFuzzer needs a C++ compiler; install one or set CXX" >&2
    exit 2
fi

host=$(rustc -vV | sed -n 's/^host: //p')
CARGO_TARGET_DIR=$(mkdir -p "${CARGO_TARGET_DIR:-../target}/fuzz" && cd "${CARGO_TARGET_DIR:-../target}/fuzz" && pwd)
export CARGO_TARGET_DIR
# With --target the flags stay away from build scripts and procedural macros.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --quiet --release --locked --target "$host"

for target in "$@"; do
    found="$CARGO_TARGET_DIR/corpus/$target"
    log="$CARGO_TARGET_DIR/$target.log"
    mkdir -p "$found" "artifacts/$target"
    echo "fuzzing $target for $seconds s"
    if ! "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
        -dict=json.dict -artifact_prefix="artifacts/$target/" -print_final_stats=1 "$found" "seeds/$target" > "$log" 2>&1; then
        tail -n 60 "$log"
        echo "fuzz/run.sh: $target failed; its input is in fuzz/artifacts/$target/" >&2
        exit 1
    fi
    sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|new_units_added\): */    \1 /p' "$log"
done
