// Lets a task module say `import { defineTasks } from 'dtr'`, or require it, in whatever folder it lies: where nothing of
// that name is installed there, this very package is meant.
import nodeModule, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const NAME = 'dtr'
const OWN = new URL('../index.js', import.meta.url)

/** The part of `module.registerHooks` (from Node 22.15 on) that is used here. */
interface SynchronousHooks {
  registerHooks?(hooks: { resolve(specifier: string, context: unknown, next: NextResolve): unknown }): void
}
type NextResolve = (specifier: string, context: unknown) => unknown

/** What `require` looks modules up with: older Nodes have no other way in. */
interface CommonJsLoader {
  _resolveFilename(request: string, ...rest: unknown[]): string
}

export function resolveOwnName(): void {
  const { registerHooks } = nodeModule as SynchronousHooks
  if (registerHooks !== undefined) return registerHooks({ resolve: resolveSynchronously })
  nodeModule.register('./resolve-hook.js', import.meta.url, { data: OWN.href })
  const loader = nodeModule as unknown as CommonJsLoader
  const original = loader._resolveFilename
  loader._resolveFilename = function (request, ...rest) {
    try {
      return original.call(this, request, ...rest)
    } catch (error) {
      if (request === NAME) return fileURLToPath(OWN)
      throw error
    }
  }
}

/** For `require`: else tsx would compile all of this package, which takes seconds, and it would be there twice. */
export async function shareOwnWithRequire(): Promise<void> {
  const path = fileURLToPath(OWN)
  const own = new nodeModule.Module(path)
  own.filename = path
  own.exports = await import(OWN.href)
  own.loaded = true
  createRequire(import.meta.url).cache[path] = own
}

function resolveSynchronously(specifier: string, context: unknown, next: NextResolve): unknown {
  try {
    return next(specifier, context)
  } catch (error) {
    if (specifier === NAME) return { url: OWN.href, shortCircuit: true }
    throw error
  }
}
