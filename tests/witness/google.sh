#!/usr/bin/env bash
# Google Calendar with programs from elsewhere: Google's own Python client, unchanged and with the description of Calendar v3
# that it brings, against the sandbox; and both clients against the Google Calendar of `emulate`. Of that 0.11 is the last
# that runs on Node.js 20. Needs python3 with venv, and cargo; installs Debian's nodejs and npm where they are missing.
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

# start_emulator: runs until the script ends, at $origin.
start_emulator() {
    printf '%s\n' 'tokens:' '  token-of-ada: {login: ada@example.com}' \
        'google:' '  users: [{email: ada@example.com, name: Ada}]' >"$work/seed.yaml"
    # It takes no port 0.
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

cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package connect-tests --bin foreign-calendar
node_with foreign-calendar "$here/google"
start_emulator
"$target/debug/foreign-calendar" "$origin" token-of-ada
