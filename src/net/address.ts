// Addresses as text: `127.0.0.1:5000`, `[::1]:5000`, `localhost:4999`. One spelling for one address, because addresses
// are compared (PROTOCOL.md 2.1) and are the keys of what the scanner knows.
import { isIPv6 } from 'node:net'
import { DtrError } from '../errors.js'

export interface Address {
  /** An IP address or a name. */
  readonly host: string
  readonly port: number
}

/** `ip:port`: IPv4 within IPv6 as plain IPv4, without a zone, IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  const bare = host
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
    .toLowerCase()
  return isIPv6(bare) ? `[${bare}]:${port}` : `${bare}:${port}`
}

/** @throws DtrError `bad_input` that names `what` */
export function parseAddress(text: string, what = 'the address'): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port }
  throw new DtrError('bad_input', `${what}: ${JSON.stringify(text.slice(0, 300))} is not host:port`, {
    hint: 'write 127.0.0.1:4999, [::1]:4999 or name:4999',
  })
}
