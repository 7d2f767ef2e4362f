#!/bin/sh
# Makes the secrets that compose.yaml mounts, once; what is there already stays. A file that was removed is made anew, so
# that is how one is replaced; nats_passwords follows the nats_url_* by itself.
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

# A URL to sign in by for each user of nats/users.conf, and all their passwords for NATS itself.
passwords=
for user in $(sed -n 's/^ *user: "\(.*\)"$/\1/p' nats/users.conf); do
  name=$(echo "$user" | tr - _)
  make "nats_url_$name" "nats://$user:$(random)@nats:4222"
  password=$(sed 's,^nats://[^:]*:\([^@]*\)@.*,\1,' "secrets/nats_url_$name")
  passwords="${passwords}PASSWORD_$(echo "$name" | tr a-z A-Z): \"$password\"
"
done
printf '%s' "$passwords" > secrets/nats_passwords
chmod 644 secrets/nats_passwords

make seal_key "$(random)"
make snapshot_key "$(random)"
make settings_key "$(random)"
make nonce_secret "$(random)"
make download_key "$(random)"
# The verifier signs its verdicts; the resolver goes by what this key signed.
[ -s secrets/verdict_key ] || rm -f secrets/verdict_public_key
make verdict_key "$(openssl genpkey -algorithm ed25519)"
make verdict_public_key "$(openssl pkey -in secrets/verdict_key -pubout)"
make intake_token "$(random)"
make api_tokens "operator=$(random)"
echo "The operator's token: $(sed 's/^operator=//' secrets/api_tokens)"
