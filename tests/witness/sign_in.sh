#!/usr/bin/env bash
# Tests the unmodified sign-in of third-party clients with the sandbox over TLS: MSAL Python, azure-identity with
# Microsoft's Graph client, O365, google-auth-oauthlib and oauthlib (PyPI), MSAL Node, openid-client,
# google-auth-library and Azure's library for Node.js (npm). O365 always calls the real hosts, through a proxy to
# the sandbox, whose certificate has those names. Needs python3 with venv, openssl, curl, and cargo. Installs the
# Debian packages nodejs and npm if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

python_with graph msgraph-sdk==1.65.0
python_with graph azure-identity==1.27.0
python_with graph msal==1.39.0
with_graph=$python
python_with clients O365==2.1.10
python_with clients google-auth-oauthlib==1.5.0
python_with clients google-auth==2.63.0
node_with sign-in "$here/sign_in"
cp "$here/clients/harness.mjs" "$node"
make_certificate localhost login.microsoftonline.com graph.microsoft.com www.googleapis.com
# A device asks every second for its token, so that the test does not take longer than necessary.
start_sandbox --tls-cert "$work/certificate.pem" --tls-key "$work/key.pem" --set device_interval=1

# The variables in which the clients look for certificate authorities, and the folder of the shared harness.
export NODE_EXTRA_CA_CERTS=$work/ca.pem REQUESTS_CA_BUNDLE=$work/ca.pem SSL_CERT_FILE=$work/ca.pem CURL_CA_BUNDLE=$work/ca.pem
export no_proxy=localhost,127.0.0.1 NO_PROXY=localhost,127.0.0.1 PYTHONPATH=$here/clients

# Each client signs in as a different user and prints its results. The script fails if one of them fails.
failed=0
node "$node/msal.mjs" "$work/ready" || failed=1
node "$node/openid.mjs" "$work/ready" || failed=1
"$with_graph" "$here/sign_in/msal_python.py" "$work/ready" || failed=1
"$with_graph" "$here/sign_in/azure_sign_in.py" "$work/ready" || failed=1
"$python" "$here/sign_in/o365.py" "$work/ready" || failed=1
"$python" "$here/sign_in/google_auth.py" "$work/ready" "$work" || failed=1
exit "$failed"
