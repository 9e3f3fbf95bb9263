#!/usr/bin/env bash
# Clicks through the consent pages in headless Chromium. Needs python3 with venv, and cargo; installs the Debian packages
# chromium and chromium-driver where they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/browser-venv
driver=selenium==4.51.0

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
fi
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
if ! "$venv/bin/pip" freeze 2>/dev/null | grep -qix "$driver"; then
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$driver"
fi

cargo build --quiet --manifest-path "$root/Cargo.toml" --package connect-cli

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" "$here/browser.py" "$target/debug/connect" "$work"
