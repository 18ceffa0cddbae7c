// Lets this process load TypeScript as it is, by tsx, the same on every version of Node: enums and parameter properties as
// well, `./helper.js` that means helper.ts, and the paths of the tsconfig.json that lies nearest.
import { dirname } from 'node:path'
import { shareOwnWithRequire } from './resolve.js'
import { nearestTsconfig } from './tsconfig-paths.js'

let registered = false

/** @param module the first that needs it: its tsconfig.json counts for all */
export async function loadTypeScript(module: string): Promise<void> {
  if (registered) return
  registered = true
  // Its cache lies in a folder of all users: code that runs comes from the user's own files alone.
  process.env.TSX_DISABLE_CACHE = '1'
  const tsconfig = nearestTsconfig(dirname(module))
  if (tsconfig !== undefined) process.env.TSX_TSCONFIG_PATH ??= tsconfig
  await shareOwnWithRequire()
  const [esm, commonJs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')])
  esm.register()
  commonJs.register()
}
