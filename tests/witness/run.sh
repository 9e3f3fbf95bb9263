#!/usr/bin/env bash
# Runs the official Python SDK, unchanged, against the sandbox, and deliveries signed by Python's `cryptography` (which the SDK
# brings) against the program. Needs python3 with venv, and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with witness mobiscroll-connect-sdk==1.6.0
# The SDK's create and update read only wrapped answers; every event holds a conference as text by default.
start_sandbox --set event_response=wrapped
"$python" "$here/witness.py" "$work/ready"
"$python" "$here/signer.py" "$connect"
