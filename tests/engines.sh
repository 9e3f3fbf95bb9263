#!/usr/bin/env bash
# Runs a command with temporary PostgreSQL and Redis servers, on free ports of the loopback interface. Both
# servers stop when the command ends, and their data is deleted.
#
#   bash tests/engines.sh cargo test --workspace
#
# CONNECT_TEST_POSTGRES and CONNECT_TEST_REDIS contain the servers' URLs. If run as root, the script installs
# missing Debian packages.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: bash tests/engines.sh COMMAND [ARGUMENT..]" >&2; exit 2; }

find_postgres() {
    postgres=$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1)
}

find_postgres || true
redis=$(command -v redis-server || command -v valkey-server || true)
missing=()
[ -n "$postgres" ] || missing+=(postgresql)
[ -n "$redis" ] || missing+=(redis-server)
if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" -eq 0 ] || { echo "missing packages: install ${missing[*]}, or run as root" >&2; exit 1; }
    # Prevents Debian from starting the installed servers as services.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; remove_policy=$policy; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    rm -f "${remove_policy:-}"
    find_postgres
    redis=$(command -v redis-server)
fi

work=$(mktemp -d)
started=()
stop() {
    status=$?
    trap - EXIT
    for pid in "${started[@]}"; do
        kill -INT "$pid" 2>/dev/null || true # a fast, orderly shutdown for both servers
    done
    for pid in "${started[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# PostgreSQL does not run as root.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
    id postgres >/dev/null 2>&1 || useradd --system postgres
    chown postgres "$work"
    chmod 755 "$work"
    as_owner=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        shuf -i 20000-29999 -n 1
}

# Succeeds if a server listens on the port.
listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

wait_for() { # NAME PID PORT LOG
    for _ in $(seq 300); do
        listens "$3" && return
        kill -0 "$2" 2>/dev/null || break
        sleep 0.1
    done
    echo "$1 did not start:" >&2
    cat "$4" >&2
    exit 1
}

"${as_owner[@]}" "$(dirname "$postgres")/initdb" -D "$work/postgres" -U connect -A trust -E UTF8 --no-instructions \
    >"$work/postgres.log" 2>&1 || { cat "$work/postgres.log" >&2; exit 1; }
postgres_port=$(free_port)
"${as_owner[@]}" "$postgres" -D "$work/postgres" -p "$postgres_port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c max_connections=200 >>"$work/postgres.log" 2>&1 &
started+=($!)
wait_for PostgreSQL $! "$postgres_port" "$work/postgres.log"

redis_port=$(free_port)
mkdir "$work/redis"
"$redis" --bind 127.0.0.1 --port "$redis_port" --dir "$work/redis" --save '' --appendonly yes --appendfsync always \
    >"$work/redis.log" 2>&1 &
started+=($!)
wait_for Redis $! "$redis_port" "$work/redis.log"

export CONNECT_TEST_POSTGRES="postgres://connect@127.0.0.1:$postgres_port/postgres"
export CONNECT_TEST_REDIS="redis://127.0.0.1:$redis_port/"
"$@"
