#!/usr/bin/env bash
# Tests Google's unmodified Python client, with its description of Calendar v3, with the sandbox. Tests our
# async and blocking clients with the Google Calendar of `emulate` (0.11 is its last version for Node.js 20).
# Needs python3 with venv, and cargo. Installs the Debian packages nodejs and npm if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

emulator=
stop() {
    for server in $sandbox $emulator; do
        kill "$server" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT

# start_emulator: starts the emulator, which runs until the script ends. Sets $origin to its origin.
start_emulator() {
    printf '%s\n' 'tokens:' '  token-of-ada: {login: ada@example.com}' \
        'google:' '  users: [{email: ada@example.com, name: Ada}]' >"$work/seed.yaml"
    # The emulator does not accept port 0.
    local port
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (cd "$work" && exec node "$node/node_modules/emulate/dist/index.js" start --service google --port "$port" \
        --seed seed.yaml) >"$work/emulator.log" 2>&1 &
    emulator=$!
    origin=http://localhost:$port
    for _ in $(seq 100); do
        curl --silent --output /dev/null "$origin" && return
        kill -0 "$emulator" 2>/dev/null || break
        sleep 0.1
    done
    echo "the emulator did not start:" >&2
    cat "$work/emulator.log" >&2
    exit 1
}

python_with google google-api-python-client==2.202.0
start_sandbox
"$python" "$here/google/client.py" "$work/ready"

build_test_programs
node_with foreign-calendar "$here/google"
start_emulator
"$target/debug/foreign-calendar" "$origin" token-of-ada
