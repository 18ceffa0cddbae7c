// What is the same of every call: its caller is admitted first, then it is done until it is answered, its caller has gone, its
// deadline is over, or the gateway ends; and whatever goes wrong is told as a status.
//
// What always holds: nothing is done for a caller who may not ask for it; a stream is written no faster than it is read; of a
// key that has ended a stream ends a few seconds after it.
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
} from '@grpc/grpc-js'
import { onAbort } from '../../client/on-abort.js'
import { DtrError } from '../../errors.js'
import type { Rights } from '../../task/roles.js'
import { contextOf } from '../../tracing/trace-context.js'
import type { Caller, Role } from '../callers.js'
import type { PortServing } from './serving.js'
import { asDtrError, serviceErrorOf } from './status.js'

export interface Asked {
  readonly rights: Rights
  /** Nobody waits for an answer any more. */
  readonly signal: AbortSignal
}

/** What streams of all kinds have. */
interface ServerCall {
  readonly metadata: Metadata
  getPath(): string
  on(event: 'cancelled', listener: () => void): unknown
}

const STREAMS_MAX = 4_096

export class Calls {
  #streams = 0

  constructor(private readonly serving: PortServing) {}

  unary<Request, Response>(
    role: Role,
    handle: (request: Request, asked: Asked) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, answer) => {
      this.#serve(call, role, (asked) => handle(call.request, asked)).then(
        (response) => answer(null, response),
        (error) => answer(this.#refused(call, error)),
      )
    }
  }

  serverStream<Request, Response>(
    role: Role,
    handle: (request: Request, asked: Asked) => AsyncIterable<Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const served = this.#serveStream(call, role, async (asked) => {
        for await (const message of handle(call.request, asked)) {
          if (asked.signal.aborted) return
          await written(call, message, asked.signal)
        }
      })
      served.then(
        () => call.end(),
        (error) => call.emit('error', this.#refused(call, error)),
      )
    }
  }

  clientStream<Request, Response>(
    role: Role,
    handle: (requests: AsyncIterable<Request>, asked: Asked) => Promise<Response>,
  ): handleClientStreamingCall<Request, Response> {
    return (call, answer) => {
      this.#serveStream(call, role, (asked) => handle(readOf(call), asked)).then(
        (response) => answer(null, response),
        (error) => answer(this.#refused(call, error)),
      )
    }
  }

  bidiStream<Request, Response>(
    role: Role,
    handle: (call: Both<Request, Response>, asked: Asked) => Promise<void>,
  ): handleBidiStreamingCall<Request, Response> {
    return (call) => {
      const served = this.#serveStream(call, role, (asked) => handle(new Both(call, asked.signal), asked))
      served.then(
        () => call.end(),
        (error) => call.emit('error', this.#refused(call, error)),
      )
    }
  }

  async #serveStream<Value>(call: ServerCall, role: Role, work: (asked: Asked) => Promise<Value>): Promise<Value> {
    if (this.#streams >= STREAMS_MAX) {
      throw new DtrError('busy', `${STREAMS_MAX} streams are open here already`, { retryAfterMs: 10_000 })
    }
    this.#streams += 1
    try {
      return await this.#serve(call, role, work, true)
    } finally {
      this.#streams -= 1
    }
  }

  async #serve<Value>(
    call: ServerCall,
    role: Role,
    work: (asked: Asked) => Promise<Value>,
    lasts = false,
  ): Promise<Value> {
    const { callers, stopping, tracing } = this.serving
    const over = new AbortController()
    call.on('cancelled', () => over.abort(gone()))
    const leave = onAbort(stopping, () => over.abort(ending()))
    const ended = new Promise<never>((_resolve, reject) => {
      onAbort(over.signal, () => reject(over.signal.reason))
    })
    ended.catch(() => {})
    let unwatch = (): void => {}
    const served = async (): Promise<Value> => {
      const caller: Caller = await callers.admit({ authorization: textOf(call.metadata, 'authorization') }, role)
      if (lasts) unwatch = caller.watch(() => over.abort(keyEnded()))
      const asked = { rights: caller.rights, signal: over.signal }
      if (tracing === undefined) return work(asked)
      const context = contextOf(textOf(call.metadata, 'traceparent'), textOf(call.metadata, 'tracestate'))
      return tracing.within(context, () => work(asked))
    }
    try {
      // What is told ends with the signal; what is asked of the master may be answered to nobody.
      return await Promise.race([served(), ended])
    } finally {
      unwatch()
      leave()
    }
  }

  #refused(call: ServerCall, thrown: unknown): ReturnType<typeof serviceErrorOf> {
    const error = asDtrError(thrown)
    const { log } = this.serving
    const internal = error.code === 'internal'
    log.write({ level: internal ? 'error' : 'debug', text: `${call.getPath()}: ${error.message}` })
    if (internal && error.cause instanceof Error) log.error(error.cause.stack ?? String(error.cause))
    return serviceErrorOf(error)
  }
}

/** A stream of both ways. */
export class Both<Request, Response> {
  constructor(
    private readonly call: ServerDuplexStream<Request, Response>,
    private readonly signal: AbortSignal,
  ) {}

  get requests(): AsyncIterable<Request> {
    return readOf(this.call)
  }

  /** Resolves when there is room for the next one. */
  write(message: Response): Promise<void> {
    return written(this.call, message, this.signal)
  }
}

/** Whoever stops reading may yet be answered. */
function readOf<Message>(call: Readable): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) }
}

interface Written<Message> {
  write(message: Message): boolean
  once(event: 'drain', listener: () => void): unknown
}

async function written<Message>(call: Written<Message>, message: Message, signal: AbortSignal): Promise<void> {
  if (signal.aborted || call.write(message)) return
  await once(call as never, 'drain', { signal }).catch(() => {})
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name)
  return value?.toString()
}

function gone(): DtrError {
  return new DtrError('cancelled', 'the caller has gone, or its deadline is over')
}

function ending(): DtrError {
  return new DtrError('stopping', 'this gateway ends', { hint: 'ask again' })
}

function keyEnded(): DtrError {
  return new DtrError('unauthorised', 'this key was revoked, or has expired')
}
