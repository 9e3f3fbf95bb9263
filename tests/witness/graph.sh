#!/usr/bin/env bash
# Microsoft's own Python client of Graph, unchanged, against the sandbox. Needs python3 with venv, and cargo.
#
# Its request adapter takes another base URL. What cannot be pointed at the sandbox is its way to a token (`azure-identity`,
# which asks Microsoft's servers about the tenant first): the tokens are fetched beside it and handed to its own provider of
# bearer tokens, whose list of allowed hosts has the sandbox's.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with graph msgraph-sdk==1.65.0
start_sandbox
"$python" "$here/graph/client.py" "$work/ready"
