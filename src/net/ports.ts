// A listening socket on the first free port of a range. Several processes look at the same time, and strangers hold
// some of the ports: the system decides who gets one, and whoever was too late tries the next.
import { createServer, type Server, type Socket } from 'node:net'
import pRetry from 'p-retry'
import { DtrError, messageOf } from '../errors.js'
import { formatAddress } from './address.js'

export interface ListenOptions {
  /** IP address or name of an interface of this machine. */
  readonly host: string
  readonly first: number
  readonly last: number
}

export interface Listening {
  readonly server: Server
  readonly port: number
  /** Who has connected while nobody took connections, to be greeted now. From now on nobody is kept any more. */
  release(): readonly Socket[]
}

/** So many may wait for accept(); one more is cut. */
const EARLY_MAX = 64

/**
 * Until accept() is there whoever connects is kept, ungreeted: a worker whose modules still load is met the moment that
 * they have, and not a round of the scan later.
 * @throws DtrError `ports_taken` where every port is, `bad_input` where the address or the ports cannot be had at all
 */
export async function listenOnFirstFree(options: ListenOptions): Promise<Listening> {
  const { host, first, last } = options
  try {
    return await pRetry((attempt) => listen(host, first + attempt - 1), {
      retries: last - first,
      minTimeout: 0,
      shouldRetry: ({ error }) => isTaken(error),
    })
  } catch (error) {
    throw isTaken(error) ? portsTaken(options) : cannotListen(options, error)
  }
}

function listen(host: string, port: number): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    const early = new Set<Socket>()
    const keep = (socket: Socket): void => {
      if (early.size >= EARLY_MAX) return void socket.destroy()
      early.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => early.delete(socket))
    }
    server.on('connection', keep)
    const release = (): readonly Socket[] => {
      server.off('connection', keep)
      return [...early]
    }
    server.once('error', reject)
    // Exclusive: in a process of node:cluster the port is this process's own, too.
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject)
      // A connection that the system could not hand over costs itself only (P25).
      server.on('error', () => {})
      const address = server.address()
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : port, release })
    })
  })
}

/** For a child to have it as well: Node hands it on only by its descriptor, and tells that only here. */
export function listeningFd(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

function isTaken(error: unknown): boolean {
  return codeOf(error) === 'EADDRINUSE'
}

function portsTaken({ host, first, last }: ListenOptions): DtrError {
  const range = first === last ? `port ${first} of ${host} is taken` : `all ports ${first}-${last} of ${host} are taken`
  return new DtrError('ports_taken', range, {
    hint: 'end what holds them (dtr doctor tells), or name others with --port (master) or --worker-ports (workers)',
  })
}

function cannotListen({ host, first }: ListenOptions, error: unknown): DtrError {
  const where = formatAddress({ host, port: first })
  switch (codeOf(error)) {
    case 'EACCES':
      return new DtrError('bad_input', `this user may not listen on ${where}`, {
        hint: 'take ports from 1024 up',
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new DtrError('bad_input', `cannot listen on ${where}: it is no address of this machine`, {
        hint: '--bind takes an address of this machine, such as 127.0.0.1 or 0.0.0.0',
        cause: error,
      })
    default:
      return new DtrError('internal', `cannot listen on ${where}: ${messageOf(error)}`, { cause: error })
  }
}
