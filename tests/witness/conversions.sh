#!/usr/bin/env bash
# Random recurrence rules through our conversions, against Python's `dateutil` and an expansion of Graph's patterns written from
# their documentation. Needs python3 with venv, and cargo.
#
# Usage: conversions.sh [RULES [SEED]]; by default 2000 rules and a seed that is printed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with conversions python-dateutil==2.9.0.post0
cargo build --quiet --locked --manifest-path "$root/Cargo.toml" --package connect-tests --bin conversions
"$python" "$here/conversions.py" "$target/debug/conversions" "${1:-2000}" "${2:-}"
