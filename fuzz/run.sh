#!/usr/bin/env bash
# Replays the committed corpus through every target, then tries new inputs for some seconds each (default 5), but no
# more than ten million.
#
#   fuzz/run.sh [SECONDS] [TARGET..]
#
# Nothing is written to the tree: new inputs go into a copy of the corpus that is thrown away, an input that fails
# is kept under the target directory and named.
set -euo pipefail

seconds=${1:-5}
shift || true
fuzz=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$fuzz/target}
tools=$target/tools
host=$(rustc -vV | sed -n 's/^host: //p')

[[ $seconds =~ ^[0-9]+$ ]] || { echo "usage: fuzz/run.sh [SECONDS] [TARGET..]" >&2; exit 2; }
if ! rustc +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal" >&2
    exit 1
fi
export PATH=$tools/bin:$PATH
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "installing cargo-fuzz into $tools"
    cargo install cargo-fuzz --locked --root "$tools" --target-dir "$tools/build"
fi

# No product crate has unsafe code, so a sanitizer would look at other people's only, at half the speed. Panics,
# overflows, time and memory are noticed without.
cd "$fuzz/.."
CARGO_TARGET_DIR=$target cargo +nightly fuzz build --fuzz-dir "$fuzz" --sanitizer none

if (($#)); then targets=("$@"); else mapfile -t targets < <(cargo fuzz list --fuzz-dir "$fuzz"); fi
# In memory where that is possible: one target writes files.
scratch=$([[ -w /dev/shm ]] && mktemp -d -p /dev/shm || mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
for name in "${targets[@]}"; do
    program=$target/$host/release/$name
    kept=$target/fuzz-failures/$name/
    mkdir -p "$kept" "$scratch/$name"
    cp -r "$fuzz/corpus/$name/." "$scratch/$name"
    limits=(-timeout=20 -rss_limit_mb=2048 -artifact_prefix="$kept")
    log=$scratch/log
    replayed=$(find "$fuzz/corpus/$name" -type f | wc -l)
    crashes=0 tried=0
    if ! TMPDIR=$scratch "$program" "${limits[@]}" -runs=0 "$scratch/$name" >"$log" 2>&1; then
        crashes=1
    elif ((seconds > 0)); then
        TMPDIR=$scratch "$program" "${limits[@]}" -max_total_time="$seconds" -runs=10000000 -dict="$fuzz/words.dict" \
            -print_final_stats=1 "$scratch/$name" >"$log" 2>&1 || crashes=1
        tried=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    fi
    printf '%-14s corpus %3d  inputs %9s  crashes %d\n' "$name" "$replayed" "${tried:-?}" "$crashes"
    if ((crashes)); then
        failed=1
        # What went wrong, and the input, without the fuzzer's own progress.
        grep -avE '^#[0-9]+|^INFO|^NEW_FUNC|^\s+NEW_FUNC' "$log" | tail -n 40 >&2
    fi
done
exit "$failed"
