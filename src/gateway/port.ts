// A port of a gateway: what it speaks is its own, where it listens and who may is the same for all.
import type { Server } from 'node:net'
import type { HttpPort } from '../config.js'
import { DtrError, messageOf } from '../errors.js'

export interface Port {
  /** Not listening. */
  readonly server: Server
  /** Takes no more requests; those that are under way are answered, what waits with what is known. */
  stop(): void
  stopNow(): void
}

export interface Wanted {
  /** As its flag is called: `http`, `grpc`. */
  readonly flag: string
  readonly port: Exclude<HttpPort, 'off'>
  /** Where `auto` looks for a free one. */
  readonly first: number
  readonly last: number
}

/** The port that was named, or the first that is free. @throws DtrError `ports_taken` */
export async function listen(server: Server, host: string, wanted: Wanted): Promise<number> {
  const { first, last } = typeof wanted.port === 'number' ? { first: wanted.port, last: wanted.port } : wanted
  for (let port = first; ; port += 1) {
    try {
      await listenOn(server, host, port)
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
        throw new DtrError('bad_input', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error })
      }
      if (port >= last) throw taken(first, last, host, wanted.flag)
    }
  }
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error)
    server.once('error', failed)
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

function taken(first: number, last: number, host: string, flag: string): DtrError {
  const which = first === last ? `port ${first} of ${host} is taken` : `all ports ${first}-${last} of ${host} are taken`
  return new DtrError('ports_taken', which, { hint: `name another with --${flag} PORT, or --${flag} auto` })
}
