// Where a process that was started by hand, or a launcher, has the secret from: a file that was named, DTR_SECRET, or the
// folder of the cluster. Never argv (P29).
import { pathsOf, readSecretFile } from '../client/folder.js'
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
