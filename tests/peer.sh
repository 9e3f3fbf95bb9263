# What the runs with programs from elsewhere share: a virtual environment, and a sandbox for as long as the run takes.
# Sourced, with bash's `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT

# python_with NAME PACKAGE==VERSION: sets $python to one that has this package.
python_with() {
    local venv=$target/$1-venv
    python=$venv/bin/python
    [ -x "$python" ] || python3 -m venv "$venv"
    if ! "$python" -m pip freeze 2>/dev/null | grep -qix "$2"; then
        "$python" -m pip install --quiet --disable-pip-version-check "$2"
    fi
}

# The program, built.
build_connect() {
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package mobiscroll-connect-cli
    connect=$target/debug/connect
}

# start_sandbox [ARGUMENTS]: runs until the script ends; what it says when it is ready is in $work/ready.
start_sandbox() {
    build_connect
    "$connect" sandbox --json --port 0 "$@" >"$work/ready" &
    sandbox=$!
    for _ in $(seq 100); do
        [ -s "$work/ready" ] && return
        kill -0 "$sandbox" 2>/dev/null || break
        sleep 0.1
    done
    echo "the sandbox did not start" >&2
    exit 1
}

# Node.js and npm, from Debian where they are missing.
install_node() {
    if ! command -v node >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs >/dev/null || true
    fi
    if ! command -v npm >/dev/null; then
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq npm >/dev/null || true
    fi
    local recent
    recent='const [major, minor] = process.versions.node.split("."); process.exit(+(major * 100 + +minor < 2019))'
    if ! command -v npm >/dev/null || ! node -e "$recent"; then
        echo "servers from elsewhere need Node.js 20.19 or newer, and npm: none is here, and none could be installed" >&2
        exit 1
    fi
}

# node_with NAME FOLDER: $node is a folder with what this one holds and what its package-lock.json names, installed anew where
# that has changed.
node_with() {
    install_node
    node=$target/$1
    mkdir -p "$node"
    cp "$2"/package*.json "$node"
    find "$2" -name '*.mjs' -exec cp {} "$node" \;
    if ! cmp -s "$node/package-lock.json" "$node/node_modules/.installed"; then
        npm --prefix "$node" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
        cp "$node/package-lock.json" "$node/node_modules/.installed"
    fi
}
