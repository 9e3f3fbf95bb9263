# Shared functions of the scripts that use third-party programs: programs from crates.io, virtual environments,
# Node.js, and a sandbox that runs until the script ends. Source it with `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
# Outside the target folder, so that all clones share the installed programs.
tools=${CONNECT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/mobiscroll-connect-tools}
work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT

# install_tool NAME VERSION [ARGUMENTS]: installs a program from crates.io into $tools/bin. Does not optimise
# it, because that takes longer than the program runs.
install_tool() {
    local name=$1 version=$2
    shift 2
    grep -qsF "\"$name $version (" "$tools/.crates.toml" && return
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --debug --root "$tools" --target-dir "$target/tools" \
        "$name" --version "$version" "$@"
}

# python_with NAME PACKAGE==VERSION: installs the package into the virtual environment NAME and sets $python.
python_with() {
    local venv=$tools/$1-venv
    python=$venv/bin/python
    [ -x "$python" ] || python3 -m venv "$venv"
    if ! "$python" -m pip freeze 2>/dev/null | grep -qix "$2"; then
        "$python" -m pip install --quiet --disable-pip-version-check "$2"
    fi
}

# Builds the program `connect` and sets $connect.
build_connect() {
    cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package mobiscroll-connect-cli
    connect=$target/debug/connect
}

# Builds all test programs, such as those in tests/src/bin and examples. With the features of
# `cargo test --workspace`, nothing is compiled again after the tests.
build_test_programs() {
    cargo test --quiet --locked --manifest-path "$root/Cargo.toml" --workspace --no-run
}

# start_sandbox [ARGUMENTS]: starts a sandbox that runs until the script ends. Its start-up output is in
# $work/ready.
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

# make_certificate NAME..: creates a certificate authority, $work/ca.pem, and a certificate for the host names.
make_certificate() {
    local names new=(openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    names=$(printf ',DNS:%s' "$@")
    {
        "${new[@]}" -x509 -days 2 -subj "/CN=Witness" -keyout "$work/ca.key" -out "$work/ca.pem"
        "${new[@]}" -subj "/CN=localhost" -keyout "$work/key.pem" -out "$work/request.pem"
        openssl x509 -req -in "$work/request.pem" -days 2 -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
            -out "$work/certificate.pem" -extfile <(printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "${names#,}")
    } 2>/dev/null
}

# Installs Node.js and npm from Debian if they are missing.
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
        echo "this test needs Node.js 20.19 or newer and npm; they are missing and could not be installed" >&2
        exit 1
    fi
}

# node_with NAME FOLDER: copies FOLDER's scripts and installs its npm packages, again if package-lock.json has
# changed. Sets $node to the folder with both.
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
