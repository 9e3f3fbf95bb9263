#!/usr/bin/env bash
# Replays the committed corpus through every target, then fuzzes each target for SECONDS (default 5), with at most ten
# million inputs.
#
#   fuzz/run.sh [SECONDS] [TARGET..]
#
# The source tree does not change: the fuzzer writes new inputs to a temporary copy of the corpus. The script prints
# the paths of failing inputs, which are in the target directory.
set -euo pipefail

seconds=${1:-5}
shift || true
fuzz=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$fuzz/target}
tools=${CONNECT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/mobiscroll-connect-tools}
host=$(rustc -vV | sed -n 's/^host: //p')

[[ $seconds =~ ^[0-9]+$ ]] || { echo "usage: fuzz/run.sh [SECONDS] [TARGET..]" >&2; exit 2; }
if ! rustc +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal" >&2
    exit 1
fi
export PATH=$tools/bin:$PATH
if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "installing cargo-fuzz into $tools"
    CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-fuzz --locked --debug --root "$tools" --target-dir "$target/tools"
fi

# The project has no unsafe code, so a sanitizer would check only dependencies, at half the speed. Panics, overflows,
# timeouts and memory use are detected without a sanitizer.
cd "$fuzz/.."
CARGO_TARGET_DIR=$target cargo +nightly fuzz build --fuzz-dir "$fuzz" --sanitizer none

if (($#)); then targets=("$@"); else mapfile -t targets < <(cargo fuzz list --fuzz-dir "$fuzz"); fi
# A file system in memory is faster for the target that writes files.
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
        # Print the failure and the input, without the fuzzer's progress.
        grep -avE '^#[0-9]+|^INFO|^NEW_FUNC|^\s+NEW_FUNC' "$log" | tail -n 40 >&2
    fi
done
exit "$failed"
