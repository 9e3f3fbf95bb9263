#!/usr/bin/env bash
# Google's own Python client, unchanged and with the description of Calendar v3 that it brings, against the sandbox. Needs
# python3 with venv, and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with google google-api-python-client==2.202.0
start_sandbox
"$python" "$here/google/client.py" "$work/ready"
