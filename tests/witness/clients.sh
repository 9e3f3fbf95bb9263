#!/usr/bin/env bash
# Tests unmodified third-party clients with the sandbox over TLS: O365, gcsa and google-auth-oauthlib (PyPI),
# Microsoft's Graph client and Google's API client for Node.js (npm). Clients without a base URL option, such
# as gcsa and O365, call the real hosts through a proxy to the sandbox, whose certificate has those names.
# Needs python3 with venv, openssl, curl, and cargo. Installs the Debian packages nodejs and npm if they are
# missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with clients O365==2.1.10
python_with clients gcsa==2.7.0
python_with clients google-auth-oauthlib==1.5.0
# Without PySocks, httplib2 (used by gcsa) ignores proxies.
python_with clients PySocks==1.7.1
node_with clients "$here/clients"
make_certificate localhost www.googleapis.com oauth2.googleapis.com accounts.google.com graph.microsoft.com
start_sandbox --tls-cert "$work/certificate.pem" --tls-key "$work/key.pem"

# The variables in which the clients look for certificate authorities.
export NODE_EXTRA_CA_CERTS=$work/ca.pem REQUESTS_CA_BUNDLE=$work/ca.pem HTTPLIB2_CA_CERTS=$work/ca.pem
export SSL_CERT_FILE=$work/ca.pem CURL_CA_BUNDLE=$work/ca.pem no_proxy=localhost,127.0.0.1 NO_PROXY=localhost,127.0.0.1

# Each client signs in as a different user and prints its results. The script fails if one of them fails.
failed=0
node "$node/graph.mjs" "$work/ready" || failed=1
node "$node/google.mjs" "$work/ready" || failed=1
"$python" "$here/clients/o365.py" "$work/ready" || failed=1
"$python" "$here/clients/installed.py" "$work/ready" "$work" || failed=1
"$python" "$here/clients/gcsa_client.py" "$work/ready" || failed=1
exit "$failed"
