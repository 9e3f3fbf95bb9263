#!/usr/bin/env bash
# Checks with generated requests that the sandbox conforms to schema/connect.openapi.json. Needs python3 with
# venv, and cargo.
#
# All checks of schemathesis are enabled. One operation is left out:
#
#   POST /webhook-receiver/{provider}: internal to the service; calendar providers call it, applications do not
#
# schemathesis.toml lists where a 400 does not contradict the schema. schema.py (`close`) lists what the
# service accepts in addition to the schema. Both give the reasons.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with schemathesis schemathesis==4.32.5
start_sandbox --set webhook_url=http://127.0.0.1:9/hook
"$python" "$here/schema.py" "$work/ready" "$root/schema/connect.openapi.json" "$work"
