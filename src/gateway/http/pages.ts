// Lists come in pages: bare arrays, and in the header `Link` (RFC 8288) where the next page is.
import Type from 'typebox'

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: 'tasks in a page; 100 where unset' })),
  after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$', description: 'as `Link` says it' }),
  ),
}

/** @param url as it was asked for */
export function nextLink(url: string, next: string | undefined): Readonly<Record<string, string>> {
  if (next === undefined) return {}
  const [path = '', text] = url.split('?')
  const query = new URLSearchParams(text)
  query.set('after', next)
  return { link: `<${path}?${query.toString()}>; rel="next"` }
}
