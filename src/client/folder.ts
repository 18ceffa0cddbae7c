// The folder of a cluster, `.dtr`: how it is found and what it must be before anything in it is believed (design:
// section 7). Who finds it trusts it with code and a secret, so it must be the user's own.
import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DtrError, messageOf } from '../errors.js'
import { whyOf } from '../folders.js'

export const FOLDER_NAME = '.dtr'

/** The files of a cluster's folder. */
export interface FolderPaths {
  readonly folder: string
  readonly secret: string
  /** Where everything is, written by the launcher. */
  readonly cluster: string
  /** The same, of the cluster that ended last. */
  readonly lastCluster: string
}

export function pathsOf(folder: string): FolderPaths {
  return {
    folder,
    secret: join(folder, 'secret'),
    cluster: join(folder, 'cluster.json'),
    lastCluster: join(folder, 'cluster.last.json'),
  }
}

/**
 * The nearest `.dtr` in `from` and the folders above, as git finds its own.
 * @throws DtrError `bad_input` where it is somebody else's, or others may write to it
 */
export function findFolder(from: string): string | undefined {
  for (let at = resolve(from); ; at = dirname(at)) {
    const folder = join(at, FOLDER_NAME)
    const stats = statsOf(folder)
    if (stats?.isDirectory() === true) return checkOwner(folder, stats)
    if (dirname(at) === at) return undefined
  }
}

/** @throws DtrError `bad_input` unless it belongs to the user and nobody else may write to it */
function checkOwner(folder: string, stats: Stats): string {
  const user = process.getuid?.()
  if (user !== undefined && stats.uid !== user) {
    throw new DtrError('bad_input', `${folder} belongs to another user, so it is not used`, {
      hint: 'say --data FOLDER for a folder of your own',
    })
  }
  if ((stats.mode & 0o022) !== 0) {
    throw new DtrError('bad_input', `${folder} can be written by others, so it is not used`, {
      hint: `chmod go-w ${folder}`,
    })
  }
  return folder
}

/**
 * The text of a secret file.
 * @throws DtrError `bad_input` where it is missing or others may read it
 */
export function readSecretFile(file: string): string {
  return readPrivate(file, () => {
    return new DtrError('no_cluster', `no secret in ${file}`, { hint: 'dtr start makes one, together with a cluster' })
  })
}

/**
 * The text of a file with a key.
 * @throws DtrError `bad_input` where it is missing or others may read it
 */
export function readKeyFile(file: string): string {
  return readPrivate(
    file,
    () => new DtrError('bad_input', `there is no key in ${file}`, { hint: 'dtr key create makes one' }),
  )
}

function readPrivate(file: string, missing: () => DtrError): string {
  const stats = readable(file, () => statsOf(file))
  if (stats === undefined) throw missing()
  if ((stats.mode & (isCredential(file) ? CREDENTIAL_REFUSED : 0o077)) !== 0) {
    throw new DtrError('bad_input', `${file} can be read by others`, { hint: `chmod 600 ${file}` })
  }
  return readable(file, () => readFileSync(file, 'utf8'))
}

function readable<Value>(file: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw new DtrError('bad_input', `${file} cannot be read: ${whyOf(error) ?? messageOf(error)}`, {
      hint: "a cluster is its user's alone: be that user, or say --data FOLDER for one of your own",
      cause: error,
    })
  }
}

/** systemd lets the service's user read a credential by an access list, which shows as a right of the group. */
const CREDENTIAL_REFUSED = 0o037

function isCredential(file: string): boolean {
  const folder = process.env.CREDENTIALS_DIRECTORY
  return folder !== undefined && dirname(resolve(file)) === resolve(folder)
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}
