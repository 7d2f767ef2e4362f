#!/bin/sh
# Makes the secrets that compose.yaml mounts, once; what is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

make() {
  [ -s "secrets/$1" ] || printf '%s\n' "$2" > "secrets/$1"
  # The services run as another user than who made the files; the folder keeps everybody else out.
  chmod 644 "secrets/$1"
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

make postgres_password "$(random)"
make postgres_url "postgres://sluice:$(cat secrets/postgres_password)@postgres:5432/sluice"
make seal_key "$(random)"
make snapshot_key "$(random)"
make settings_key "$(random)"
make nonce_secret "$(random)"
make download_key "$(random)"
make intake_token "$(random)"
make api_tokens "operator=$(random)"
echo "The operator's token: $(sed 's/^operator=//' secrets/api_tokens)"
