// Where a process that was started by hand, or a launcher, has the secret from: a file that was named, DTR_SECRET, or the
// folder of the cluster; and a worker, in place of the secret, its key. Never argv (P29).
import { pathsOf, readKeyFile, readSecretFile } from '../client/folder.js'
import { makeFolder } from './folder.js'

/** @throws DtrError `bad_input` or `no_cluster` where there is none, or others may read it */
export function secretFor(
  folder: string,
  settings: { readonly secretFile: string | undefined },
  environment: NodeJS.ProcessEnv,
  options: { readonly make: boolean },
): string {
  if (options.make) makeFolder(folder)
  if (settings.secretFile !== undefined) return readSecretFile(settings.secretFile)
  return environment.DTR_SECRET ?? readSecretFile(pathsOf(folder).secret)
}

/** The text of a worker's key, where it was given one. @throws DtrError `bad_input` where others may read it */
export function keyFor(
  settings: { readonly keyFile: string | undefined },
  environment: NodeJS.ProcessEnv,
): string | undefined {
  return settings.keyFile === undefined ? environment.DTR_KEY : readKeyFile(settings.keyFile)
}
