#!/usr/bin/env bash
# Runs the Postman collections with newman against a sandbox: the project's, and the service's public collection
# if $POSTMAN_PUBLIC (a folder) or ../shared/data has it. Needs cargo. Installs the Debian packages nodejs and npm
# if they are missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../peer.sh"

node_with postman "$here"
start_sandbox --set webhook_url=http://127.0.0.1:9/
public=${POSTMAN_PUBLIC:-$root/../shared/data}
name=mobiscroll-connect-api
if [ -f "$public/$name-collection.json" ]; then
    more=("$public/$name-collection.json" "$public/$name-environment.json")
else
    more=()
    echo "the service's public collection is not here: only the project's collection is tested"
fi
node "$node/collections.mjs" "$work/ready" "$root/schema/connect.postman_collection.json" "${more[@]}"
