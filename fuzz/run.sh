#!/bin/sh
# Fuzzes each named target, or all targets, for SECONDS: fuzz/run.sh SECONDS [TARGET...]
#
# This works with stable Rust: LLVM's coverage pass, which cargo-fuzz switches on, needs no nightly compiler.
# Only the address sanitizer does, and a crate without unsafe code can do without it. libFuzzer is C++; the
# crate libfuzzer-sys builds it.
# Inputs that reach new code are kept below the build directory. The inputs under seeds/ are only read.
# Exits 1 at the first target that crashes, hangs or needs too much memory. Its input is in artifacts/TARGET/.
set -eu

if [ $# -lt 1 ]; then
    echo "usage: fuzz/run.sh SECONDS [TARGET...]" >&2
    exit 2
fi
seconds=$1
shift
cd "$(dirname "$0")"
if [ $# -eq 0 ]; then
    set -- scan crush_restore restore_hostile table_decode text cut recognise
fi
if ! command -v "${CXX:-c++}" > /dev/null; then
    echo "fuzz/run.sh: libFuzzer needs a C++ compiler; install one or set CXX" >&2
    exit 2
fi

host=$(rustc -vV | sed -n 's/^host: //p')
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-../target}/fuzz"
CARGO_TARGET_DIR=$(mkdir -p "$CARGO_TARGET_DIR" && cd "$CARGO_TARGET_DIR" && pwd)
export CARGO_TARGET_DIR
# With --target, these flags don't reach build scripts and procedural macros.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --quiet --release --locked --target "$host"

for target in "$@"; do
    found="$CARGO_TARGET_DIR/corpus/$target"
    log="$CARGO_TARGET_DIR/$target.log"
    mkdir -p "$found" "artifacts/$target"
    echo "fuzzing $target for $seconds s"
    if ! "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=8192 -dict=json.dict -artifact_prefix="artifacts/$target/" -print_final_stats=1 \
        "$found" "seeds/$target" > "$log" 2>&1; then
        tail -n 60 "$log"
        echo "fuzz/run.sh: $target failed; its input is in fuzz/artifacts/$target/" >&2
        exit 1
    fi
    sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|new_units_added\): */    \1 /p' "$log"
done
