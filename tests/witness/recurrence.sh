#!/usr/bin/env bash
# The occurrences of random series at the sandbox's Google and Graph, against those of python-dateutil and of the words of
# Graph's documentation. Arguments: how many (3,000), and a seed (another one each time). Needs python3 with venv, and cargo.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with recurrence python-dateutil==2.9.0.post0
# The zones come with it: what the machine has installed must not change an answer.
python_with recurrence tzdata==2026.6
cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package mobiscroll-connect-sandbox --example expand
PYTHONTZPATH='' "$python" "$here/recurrence/compare.py" "$target/debug/examples/expand" "$@"
