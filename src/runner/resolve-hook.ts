// The part of resolve.ts that Node runs on a thread of its own, for `import` where `module.registerHooks` is missing.
import type { ResolveHook } from 'node:module'

let own = ''

/** @param url of this package */
export function initialize(url: string): void {
  own = url
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (specifier === 'dtr') return { url: own, shortCircuit: true }
    throw error
  }
}
