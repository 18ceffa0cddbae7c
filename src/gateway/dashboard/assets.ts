// The files of the dashboard, read and packed once: the page, its own modules as they were compiled, and the two libraries that it
// stands on, as they are in their packages. Nothing comes from anywhere else, and the page may ask nobody else (CSP).
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

export const DASHBOARD_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface Served {
  readonly status: 200 | 304
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | ''
}

interface Asset {
  readonly type: string
  readonly etag: string
  readonly bodies: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Those that are not compiled lie in the sources, which are in the package too. */
const COMPILED = join(import.meta.dirname, 'page')
const SOURCES = join(import.meta.dirname, '../../../../src/gateway/dashboard')

export class Assets {
  readonly #files = new Map<string, Asset>()

  constructor() {
    const { resolve } = createRequire(import.meta.url)
    for (const name of ['index.html', 'style.css', 'icon.svg']) this.#add(name, join(SOURCES, name))
    for (const name of readdirSync(COMPILED)) if (name.endsWith('.js')) this.#add(name, join(COMPILED, name))
    this.#add('preact.js', join(dirname(resolve('preact/package.json')), 'dist/preact.module.js'))
    const uplot = join(dirname(resolve('uplot/package.json')), 'dist')
    this.#add('uplot.js', join(uplot, 'uPlot.iife.min.js'))
    this.#add('uplot.css', join(uplot, 'uPlot.min.css'))
  }

  get names(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** Bytes of all of them, as a browser takes them. */
  get packedBytes(): number {
    return [...this.#files.values()].reduce((sum, { bodies }) => sum + bodies.br.length, 0)
  }

  /** @returns nothing where there is no such file */
  serve(name: string, headers: IncomingHttpHeaders): Served | undefined {
    const asset = this.#files.get(name)
    if (asset === undefined) return undefined
    const encoding = encodingOf(headers['accept-encoding'])
    const said = {
      'content-type': asset.type,
      'content-security-policy': DASHBOARD_POLICY,
      // Asked again each time, and answered without a body while it is the same.
      'cache-control': 'no-cache',
      etag: `${asset.etag.slice(0, -1)}-${encoding}"`,
      vary: 'accept-encoding',
      ...(encoding !== 'identity' && { 'content-encoding': encoding }),
    }
    if (headers['if-none-match'] === said.etag) return { status: 304, headers: said, body: '' }
    return { status: 200, headers: said, body: asset.bodies[encoding] }
  }

  #add(name: string, path: string): void {
    // Sources are beside nothing here: a browser would ask in vain for maps.
    const text = readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
    const identity = Buffer.from(text)
    const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`
    const br = brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
    const type = TYPES[name.split('.').at(-1)!]!
    this.#files.set(name, { type, etag, bodies: { br, gzip: gzipSync(identity), identity } })
  }
}

function encodingOf(accepted: string | string[] | undefined): 'br' | 'gzip' | 'identity' {
  const named = [accepted].flat().join(',').toLowerCase()
  if (/\bbr\b(?!\s*;\s*q=0(\.0*)?\b)/.test(named)) return 'br'
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/.test(named) ? 'gzip' : 'identity'
}
