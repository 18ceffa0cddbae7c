// Loopback by default: what listens beyond it must be meant (design: section 4).
import { isIP } from 'node:net'
import { DtrError } from '../errors.js'

/** @throws DtrError `bad_input` for a bind beyond this machine without `plaintext` */
export function checkBind(bind: string, plaintext: boolean): void {
  if (plaintext || isLoopback(bind)) return
  throw new DtrError('bad_input', `--bind ${bind} listens beyond this machine, and nothing is encrypted yet`, {
    hint: 'stay on 127.0.0.1, or say --plaintext where others on the network may read along',
  })
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
