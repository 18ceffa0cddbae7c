// Outlives its host by a moment: a process of the host's group that waits on a pipe which only the host holds. Should the
// host be killed together with its worker, so that nobody is left to end the commands it had started, the sentinel ends
// the group. It holds the listening socket too: the port refuses only when no code is left, commands included, and that
// is what makes proof of death true (design: section 6).
import { spawn } from 'node:child_process'

/** Inherited from the worker; see process.ts. */
const LISTENING_FD = 5

export function postSentinel(): void {
  const sentinel = spawn('/bin/sh', ['-c', 'read -r line; kill -KILL 0'], {
    stdio: ['pipe', 'ignore', 'ignore', LISTENING_FD],
  })
  // Where there is no shell the watchdog alone ends the group, while the host lives.
  sentinel.on('error', () => {})
  sentinel.stdin?.on('error', () => {})
  // It keeps no host from ending by itself.
  sentinel.unref()
  const pipe = sentinel.stdin as Partial<{ unref(): void }> | null
  pipe?.unref?.()
}
