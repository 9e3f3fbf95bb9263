#!/usr/bin/env bash
# Holds the sandbox to schema/connect.openapi.json with generated requests. Needs python3 with venv, and cargo.
#
# Every check of schemathesis is on. What is left out, and why:
#
#   POST /webhook-receiver/{provider} internal to the service: calendar providers call it, applications do not
#
# schemathesis.toml says where a 400 is no contradiction of the schema, and schema.py (`close`) what the service takes beside
# what the schema offers to clients. Both give the reason.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with schemathesis schemathesis==4.32.5
start_sandbox --set webhook_url=http://127.0.0.1:9/hook
"$python" "$here/schema.py" "$work/ready" "$root/schema/connect.openapi.json" "$work"
