#!/usr/bin/env bash
# Compares the occurrences of random series in the sandbox's Google and Graph with python-dateutil and with an
# expansion written from Graph's documentation. Needs python3 with venv, and cargo.
#
# Usage: recurrence.sh [SERIES [SEED]]. Default: 3000 series and a random seed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with recurrence python-dateutil==2.9.0.post0
# Use this time zone database, so that the result does not depend on the machine.
python_with recurrence tzdata==2026.6
build_test_programs
PYTHONTZPATH='' "$python" "$here/recurrence/compare.py" "$target/debug/examples/expand" "$@"
