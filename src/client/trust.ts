// Whether a file may be believed (design: section 7): what gives code or a secret to dtr must be out of the hands of
// others. It, every link to it and every folder on the way must belong to the user or to root, and nobody else may write
// there: who may write to a folder may put another file in the place of this one. In a folder with the sticky bit, such as
// /tmp, others may add files but cannot touch those of the user.
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { userInfo } from 'node:os'
import { isAbsolute, join, parse, resolve, sep } from 'node:path'
import { DtrError } from '../errors.js'

const STICKY = 0o1000
const LINKS_MAX = 40

/**
 * @param instead what the user may do without it
 * @throws DtrError `bad_input` where somebody else could have written what stands there
 */
export function checkTrusted(path: string, instead: string): void {
  // Where there are no users to tell apart, nothing can be checked.
  if (process.getuid === undefined) return
  for (const [entry, stats] of entriesTo(path)) {
    const what = entry === path ? path : `${path}: ${entry}`
    if (stats.uid !== process.getuid() && stats.uid !== 0) {
      throw new DtrError('bad_input', `${what} belongs to another user, so it is not used`, { hint: instead })
    }
    if (othersMayWrite(stats)) {
      throw new DtrError('bad_input', `${what} can be written by others, so it is not used`, {
        hint: `chmod go-w ${entry}, or ${instead}`,
      })
    }
  }
}

/** Every folder, link and file that is passed on the way to it, from the root on. */
function* entriesTo(path: string): Generator<readonly [string, Stats], void, void> {
  let at = parse(resolve(path)).root
  let rest = resolve(path).slice(at.length).split(sep)
  yield [at, lstatSync(at)]
  for (let links = 0; rest.length > 0; ) {
    const entry = join(at, rest[0]!)
    const stats = lstatSync(entry)
    yield [entry, stats]
    rest = rest.slice(1)
    if (!stats.isSymbolicLink()) {
      at = entry
      continue
    }
    links += 1
    if (links > LINKS_MAX) throw new DtrError('bad_input', `${path}: too many links`)
    const target = readlinkSync(entry)
    if (isAbsolute(target)) at = parse(target).root
    rest = [...target.split(sep).filter((part) => part !== ''), ...rest]
  }
}

/** Of a link the mode says nothing. */
function othersMayWrite(stats: Stats): boolean {
  if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & STICKY) !== 0)) return false
  return (stats.mode & 0o002) !== 0 || ((stats.mode & 0o020) !== 0 && !isOwnGroup(stats.gid))
}

/** Many systems give each user a group of that name with nobody else in it, and let it write by default. */
function isOwnGroup(gid: number): boolean {
  if (gid !== process.getgid?.()) return false
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .map((text) => text.split(':'))
      .find((fields) => fields[2] === String(gid))
    const { username } = userInfo()
    return line?.[0] === username && (line[3] ?? '').split(',').every((name) => name === '' || name === username)
  } catch {
    return false
  }
}
