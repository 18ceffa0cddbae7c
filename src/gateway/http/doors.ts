// Who is let in at all, before anything of a request is read. On a machine of one's own the danger is a page in its owner's
// browser: one of another site that sends requests here, or one whose own name was made to point here (DNS rebinding).
//
// What always holds: nothing passes that a browser sends for a page of another site, whatever its method; a Host that was
// not meant is nobody's; no header ever lets another site read an answer.
import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../../launch/bind.js'
import { HttpRefusal } from './problem.js'

/** `localhost:8000` -> `localhost`. Nothing where it is no host. */
export function hostOf(header: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:@/\\\s[\]]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  return (bracketed ?? plain)?.toLowerCase()
}

export class Doors {
  readonly #names: ReadonlySet<string>

  /** @param names by which it may be called besides those of loopback */
  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()))
  }

  /** @throws HttpRefusal */
  check(headers: IncomingHttpHeaders): void {
    this.#checkHost(headers.host)
    checkSite(headers)
  }

  #checkHost(header: string | undefined): void {
    const host = hostOf(header)
    if (host !== undefined && (isLoopback(host) || this.#names.has(host))) return
    throw new HttpRefusal(403, 'forbidden', 'the Host of this request is none by which this gateway may be called', {
      hint: 'call it localhost, or name others with --http-hosts',
    })
  }
}

function checkSite({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): void {
  const ownSite = site === undefined || site === 'same-origin' || site === 'none'
  if (ownSite && (origin === undefined || hasHost(origin, host))) return
  throw new HttpRefusal(403, 'forbidden', 'requests of pages of other sites are refused')
}

function hasHost(origin: string, host: string | undefined): boolean {
  return [`http://${host}`, `https://${host}`].includes(origin.toLowerCase())
}

export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

const JSON_TYPE = 'application/json'
export const LINES_TYPE = 'application/x-ndjson'

/**
 * JSON alone: whatever else a page can send to another site without asking first is refused.
 * @throws HttpRefusal
 */
export function checkContentType(headers: IncomingHttpHeaders, takesLines: boolean): void {
  const given = headers['content-type']
  if (!hasBody(headers) && given === undefined) return
  const wanted = takesLines ? [LINES_TYPE, 'application/jsonl', 'application/ndjson'] : [JSON_TYPE]
  const [type = '', ...parameters] = (given ?? '').split(';').map((part) => part.trim().toLowerCase())
  const utf8 = parameters.every((parameter) => /^charset="?utf-?8"?$/.test(parameter))
  if (wanted.includes(type) && utf8 && headers['content-encoding'] === undefined) return
  throw new HttpRefusal(415, 'bad_input', `content-type: this takes ${wanted[0]} in UTF-8 and nothing else`, {
    hint: `say -H 'content-type: ${wanted[0]}'`,
  })
}
