export type ServerName = 'nats-server' | 'redis-server' | 'postgres' | 'nginx'

export type Machine = {
  readonly hasAptGet: boolean
  readonly becomesRoot: 'is_root' | 'sudo' | 'no'
}

export type InstallPlan =
  | { readonly kind: 'nothing_missing' }
  | { readonly kind: 'impossible'; readonly sentence: string }
  | {
      readonly kind: 'install'
      readonly announcement: string
      /** A shell script; run with `sh -c`, as root. */
      readonly script: string
      readonly withSudo: boolean
    }

const packages: Record<ServerName, string> = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  postgres: 'postgresql',
  nginx: 'nginx',
}

/** What to do about servers that tests need and this machine lacks. */
export function planInstall(missing: readonly ServerName[], machine: Machine): InstallPlan {
  if (missing.length === 0) return { kind: 'nothing_missing' }
  const wanted = missing.map((name) => packages[name]).join(' ')

  if (!machine.hasAptGet || machine.becomesRoot === 'no') {
    return {
      kind: 'impossible',
      sentence: `The tests run against real servers and ${missing.join(', ')} cannot be found; install the packages ${wanted} (on Debian and Ubuntu: sudo apt-get install ${wanted}) and run again.`,
    }
  }
  return {
    kind: 'install',
    announcement: `sluice testbed: ${missing.join(', ')} not found, installing with apt-get: ${wanted} (system services stay off)`,
    script: installScript(wanted),
    withSudo: machine.becomesRoot === 'sudo',
  }
}

/** Debian starts what it installs; a policy-rc.d that answers 101 forbids it (`man invoke-rc.d`). One that is already there is left alone. */
function installScript(wanted: string): string {
  return `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ${wanted}
`
}
