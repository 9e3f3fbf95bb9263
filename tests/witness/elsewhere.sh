#!/usr/bin/env bash
# Runs the tests of the guide's chapter testing-elsewhere.md in Python, Node and Go with the program `connect`. Needs
# cargo and python3 with venv. Installs the Debian packages nodejs, npm and golang-go if they are missing; without Go,
# the Go test is skipped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

build_connect
python_with elsewhere pytest==9.2.0
install_node
command -v go >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq golang-go >/dev/null || true

# Writes each snippet that begins with a comment such as `# conftest.py` to that file, and the seed to team.json.
mkdir "$work/tests"
"$python" - "$root/docs/guide/testing-elsewhere.md" "$work/tests" <<'EOF'
import pathlib, re, sys
chapter, folder = map(pathlib.Path, sys.argv[1:])
for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", chapter.read_text(), re.M | re.S):
    named = re.match(r"(?:#|//) (\S+\.(?:py|mjs|go))\n", code)
    if named or language == "json":
        (folder / (named[1] if named else "team.json")).write_text(code)
EOF
cd "$work/tests"
export PATH=${connect%/*}:$PATH
"$python" -m pytest --quiet -p no:cacheprovider
node --test events.test.mjs
if command -v go >/dev/null; then
    [ -z "$(gofmt -l .)" ] || { echo "gofmt would change events_test.go" >&2; exit 1; }
    printf 'module example.com/events\n' >go.mod
    GOFLAGS=-mod=mod GOCACHE=$target/go go test ./...
else
    echo "Go is missing: the Go test was not run"
fi
