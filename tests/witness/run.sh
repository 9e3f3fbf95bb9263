#!/usr/bin/env bash
# Runs the official Python SDK, unchanged, against the sandbox. Needs python3 with venv, and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/witness-venv
sdk=mobiscroll-connect-sdk==1.6.0

if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
if ! "$venv/bin/pip" freeze 2>/dev/null | grep -qix "$sdk"; then
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$sdk"
fi

cargo build --quiet --manifest-path "$root/Cargo.toml" --package connect-cli

work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT
# The SDK's create and update read only wrapped answers; every event holds a conference as text by default.
"$target/debug/connect" sandbox --json --set event_response=wrapped --port 0 >"$work/ready" &
sandbox=$!

for _ in $(seq 100); do
    [ -s "$work/ready" ] && break
    kill -0 "$sandbox" 2>/dev/null || { echo "the sandbox did not start" >&2; exit 1; }
    sleep 0.1
done

"$venv/bin/python" "$here/witness.py" "$work/ready"
