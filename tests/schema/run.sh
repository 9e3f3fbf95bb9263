#!/usr/bin/env bash
# Holds the sandbox to schema/connect.openapi.json with generated requests. Needs python3 with venv, and cargo.
#
# Every check of schemathesis is on. What is left out, and why:
#
#   GET /.well-known/webhook-keys     the sandbox does not sign deliveries yet
#   POST /webhook-receiver/{provider} internal to the service: calendar providers call it, applications do not
#
# schemathesis.toml says where a 400 is no contradiction of the schema, and schema.py (`close`) what the service takes beside
# what the schema offers to clients. Both give the reason.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/schemathesis-venv
tool=schemathesis==4.32.5

if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
if ! "$venv/bin/pip" freeze 2>/dev/null | grep -qix "$tool"; then
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$tool"
fi

cargo build --quiet --manifest-path "$root/Cargo.toml" --package connect-cli

work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT
"$target/debug/connect" sandbox --json --port 0 --set webhook_url=https://app.example/hook >"$work/ready" &
sandbox=$!

for _ in $(seq 100); do
    [ -s "$work/ready" ] && break
    kill -0 "$sandbox" 2>/dev/null || { echo "the sandbox did not start" >&2; exit 1; }
    sleep 0.1
done

"$venv/bin/python" "$here/schema.py" "$work/ready" "$root/schema/connect.openapi.json" "$work"
