#!/usr/bin/env bash
# Converts random recurrence rules, and compares the occurrences with python-dateutil and with an expansion of
# Graph's patterns written from their documentation. Needs python3 with venv, and cargo.
#
# Usage: conversions.sh [RULES [SEED]]. Default: 2000 rules and a random seed, which is printed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with conversions python-dateutil==2.9.0.post0
build_test_programs
"$python" "$here/conversions.py" "$target/debug/conversions" "${1:-2000}" "${2:-}"
