#!/usr/bin/env bash
# Tests the unmodified official Python SDK with the sandbox, and the program `connect` with deliveries signed
# by Python's `cryptography` (a dependency of the SDK). Also runs the Python examples of the guide. Needs
# python3 with venv, and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with witness mobiscroll-connect-sdk==1.6.0
# The SDK only reads wrapped responses to the creation and the update of an event.
start_sandbox --set event_response=wrapped
"$python" "$here/witness.py" "$work/ready"
"$python" "$here/migration.py" "$work/ready"
"$python" "$here/signer.py" "$connect"
