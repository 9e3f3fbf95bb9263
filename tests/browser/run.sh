#!/usr/bin/env bash
# Tests the consent pages and the sample application `web-axum` in headless Chromium, and requests to the token
# endpoint from pages of several origins. Needs python3 with venv, and cargo. Installs the Debian packages
# chromium, chromium-driver, nodejs and npm if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null
fi
python_with browser selenium==4.51.0
node_with browser-node "$here"
build_connect
"$python" "$here/browser.py" "$connect" "$work"
build_test_programs
"$python" "$here/tokens.py" "$connect" "$work" "$target/debug/token-endpoint-axum" "$target/debug/token-endpoint-hyper"
"$python" "$here/web.py" "$target/debug/web-axum" "$node/node_modules/axe-core/axe.min.js" "$work"
