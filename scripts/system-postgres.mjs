import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const home = '/usr/lib/postgresql'
const supported = ['15', '16', '17', '18']

/** The directory of the oldest supported PostgreSQL that this machine has, or undefined. */
export function findSystemPostgres() {
  const version = supported.find((name) => fs.existsSync(path.join(home, name, 'bin', 'initdb')))
  return version && { version, bin: path.join(home, version, 'bin') }
}

/** Starts a throw-away server of the system's PostgreSQL on a socket; root lends it to the user postgres. */
export async function startSystemPostgres({ bin }) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quittance-system-pg-'))
  const ids = process.getuid?.() === 0 ? idsOf('postgres') : {}
  if (ids.uid !== undefined) fs.chownSync(directory, ids.uid, ids.gid)
  const data = path.join(directory, 'data')
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8']
  execFileSync(path.join(bin, 'initdb'), init, { ...ids, cwd: '/', stdio: 'ignore' })
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${directory}`,
    'max_connections=300',
  ]
  const server = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...ids, cwd: '/', stdio: 'ignore' },
  )
  const socket = path.join(directory, '.s.PGSQL.5432')
  for (let tries = 0; !fs.existsSync(socket); tries += 1) {
    if (tries > 200 || server.exitCode !== null)
      throw new Error('the system PostgreSQL did not start')
    await wait(50)
  }
  await wait(300)
  return {
    url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`,
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      fs.rmSync(directory, { recursive: true, force: true })
    },
  }
}

function idsOf(user) {
  const line = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`))
  const [, , uid, gid] = (line ?? '').split(':')
  return { uid: Number(uid), gid: Number(gid) }
}
