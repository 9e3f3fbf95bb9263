#!/usr/bin/env bash
# Runs the JavaScript examples of the guide with the official Node SDK against the sandbox. Needs cargo.
# Installs the Debian packages nodejs and npm if they are missing. MOBISCROLL_CONNECT_NODE_SDK can name another
# package for `npm install`, such as the path of a packed SDK.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

package=${MOBISCROLL_CONNECT_NODE_SDK:-@mobiscroll/connect-sdk@1.6.0}
install_node
mkdir "$work/node"
if ! npm --prefix "$work/node" install --ignore-scripts --no-audit --no-fund --loglevel=error "$package" >/dev/null; then
    echo "npm could not install $package: pass another package in MOBISCROLL_CONNECT_NODE_SDK" >&2
    exit 1
fi
cp "$here/migration.mjs" "$work/node"
start_sandbox
node "$work/node/migration.mjs" "$work/ready" "$root/docs/guide/from-node.md"
