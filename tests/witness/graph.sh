#!/usr/bin/env bash
# Tests Microsoft's unmodified Python client for Graph with the sandbox. Needs python3 with venv, and cargo.
#
# The client accepts another base URL. The test fetches the tokens itself and passes them to the client's token
# provider, which allows the sandbox's host; sign_in.sh tests the client with azure-identity.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with graph msgraph-sdk==1.65.0
start_sandbox
"$python" "$here/graph/client.py" "$work/ready"
