// The page at /docs: the table of routes for people, made from what /openapi.json is made from. One page of HTML without a
// script, so that it needs nothing of elsewhere and can do nothing.
import type { TSchema } from 'typebox'
import type { Route } from './route.js'

export const DOCS_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

/** Pure. */
export function docsPage(routes: readonly Route[], version: string): string {
  const topics = [...new Set(routes.map(({ topic }) => topic))]
  const sections = topics.map(
    (topic) =>
      `<h2>${escaped(topic)}</h2>${routes
        .filter((route) => route.topic === topic)
        .map(describe)
        .join('')}`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>dtr ${escaped(version)} over HTTP</title><style>${STYLE}</style></head><body>
<h1>dtr ${escaped(version)} over HTTP</h1>
<p>JSON in snake_case, times in ISO 8601. What goes wrong is told as <code>application/problem+json</code> (RFC 9457), with
a <code>code</code> that scripts may hang on. Lists are bare arrays; the header <code>Link</code> leads to the next page.
The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
${sections.join('\n')}
</body></html>
`
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color-scheme: light dark }
summary { cursor: pointer; padding: .2rem 0 } code, pre { font: 13px/1.5 ui-monospace, monospace }
b { display: inline-block; min-width: 4.5em; font: 600 13px ui-monospace, monospace }
table { border-collapse: collapse; margin: .5rem 0 1rem } td { padding: .1rem 1rem .1rem 0; vertical-align: top }
details > :not(summary) { margin-left: 4.5em } i { opacity: .7 } h2 { text-transform: capitalize }`

function describe(route: Route): string {
  const { method, path, about, role, params, query, body, answers, takesLines } = route
  const fields = [
    ...fieldsOf(params, 'path'),
    ...fieldsOf(query, 'query'),
    ...fieldsOf(body, 'body'),
    ...(takesLines === true ? [row('body', 'lines of JSON', 'application/x-ndjson')] : []),
    ...Object.entries(answers).map(([status, told]) => row(status, '', told.about)),
  ]
  const table = fields.length === 0 ? '' : `<table>${fields.join('')}</table>`
  return `<details><summary><b>${method}</b> <code>${escaped(path.replace(/:(\w+)/g, '{$1}'))}</code> ${escaped(about)}
<i>${role === 'open' ? '' : role}</i></summary>${table}</details>`
}

function fieldsOf(schema: TSchema | undefined, where: string): readonly string[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, part]) =>
    row(where, required.includes(name) ? `${name} (required)` : name, wordsOf(part)),
  )
}

interface Said {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
}

function wordsOf(schema: TSchema): string {
  const { type, description, enum: words, minimum, maximum } = schema as Said
  const kind = words === undefined ? [type ?? 'any JSON'].flat().join(' or ') : words.join(', ')
  const limits = minimum === undefined && maximum === undefined ? '' : ` ${minimum ?? ''}-${maximum ?? ''}`
  return `${kind}${limits}${description === undefined ? '' : `: ${description}`}`
}

function row(...cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
