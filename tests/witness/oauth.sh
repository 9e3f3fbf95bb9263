#!/usr/bin/env bash
# Tests the unmodified OAuth libraries Authlib and requests-oauthlib with the sandbox, and our async and
# blocking clients with the authorization servers oidc-provider and oauth2-mock-server. Needs python3 with
# venv, and cargo. Installs the Debian packages nodejs and npm if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

servers=()
stop() {
    for server in $sandbox "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT

# start_server NAME [ARGUMENTS]: starts a server that runs until the script ends. Sets $issuer to its issuer.
start_server() {
    local name=$1
    shift
    node "$node/$name.mjs" "$work/$name" "$@" >"$work/$name.log" 2>&1 &
    servers+=($!)
    for _ in $(seq 200); do
        if [ -s "$work/$name" ]; then
            issuer=$(<"$work/$name")
            return
        fi
        kill -0 "$!" 2>/dev/null || break
        sleep 0.1
    done
    echo "$name did not start:" >&2
    cat "$work/$name.log" >&2
    exit 1
}

foreign_server() {
    "$target/debug/foreign-server" "$@" | tee -a "$work/checks"
}

node_with oauth-servers "$here/oauth"
python_with oauth authlib==1.9.9
python_with oauth requests-oauthlib==2.0.0
build_test_programs

# Apptoto's refresh tokens and revocation are undocumented, so the sandbox enables them only on request.
start_sandbox --set apptoto_refresh_tokens=kept --set apptoto_revoke=on
"$python" "$here/oauth/libraries.py" "$work/ready" | tee -a "$work/checks"

# Nearly all characters must be form-encoded (RFC 6749 2.3.1).
secret='s+/=%:&?'
start_server oidc-provider "$secret"
foreign_server oidc-provider "$issuer" basic:client basic "$secret"
foreign_server oidc-provider "$issuer" post-client post "$secret"
foreign_server oidc-provider "$issuer" public-client none
start_server oauth2-mock-server
foreign_server oauth2-mock-server "$issuer" any-client basic "$secret"
foreign_server oauth2-mock-server "$issuer" any-client none

printf 'third-party OAuth libraries and servers: %s checks passed\n' "$(grep -c '^ok ' "$work/checks")"
