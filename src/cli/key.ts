// dtr key: keys for those who are not to have the secret of the cluster: makes, lists and revokes them.
import type { Key } from '../client/keys.js'
import { formatDuration } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls } from '../log.js'
import { KEY_ROLES, type KeyRole } from '../task/roles.js'
import { CLUSTER_SETTINGS, type Command, JSON_FLAG } from './command.js'
import { connectBy } from './connect.js'
import type { Flags } from './flags.js'
import { note, type Output } from './output.js'
import { fitted, plainTable } from './table.js'

const ACTIONS = ['create', 'list', 'revoke'] as const
type Action = (typeof ACTIONS)[number]
/** Flags that say what a new key is. */
const OF_CREATE = ['role', 'type', 'name', 'expires'] as const
const HEAD = ['id', 'role', 'types', 'made', 'state', 'name'] as const

export const key: Command = {
  name: 'key',
  positionals: '<action> [id]',
  about: 'keys with fewer rights than the secret: create, list, revoke',
  words: ACTIONS,
  settings: CLUSTER_SETTINGS,
  flags: {
    ...JSON_FLAG,
    role: { about: 'what a new key may do', value: 'ROLE', words: KEY_ROLES },
    type: { about: 'only these task types, with commas; for the roles submit and worker', value: 'NAMES' },
    name: { about: 'for people: who has it', value: 'TEXT' },
    expires: { about: 'it opens nothing after so long', value: '30d' },
  },
  examples: [
    ['key create --role submit --type resize --expires 30d > key', 'the key alone, shown this once'],
    ['key create --role worker --name far-1', 'for dtr worker --join HOST:PORT --key-file FILE'],
    ['key list', 'all keys, without what is secret of them'],
    ['key revoke 5d0c3f9a1b2e', 'it opens nothing more, and who is connected with it is closed'],
  ],
  async run(flags, output) {
    const action = actionOf(flags)
    const options = action === 'create' ? optionsOf(flags) : undefined
    const id = idOf(flags, action)
    const client = await connectBy(flags, { reconnectFor: 0 })
    try {
      if (options !== undefined) {
        const made = await client.keys.create(options)
        const { token, ...about } = made
        if (flags.has('json')) await output.json(made)
        else await output.line(token)
        note(`key ${about.id} for the role ${about.role}, ${stateOf(about, Date.now())}; nobody can show it again`)
      } else if (id !== undefined) {
        await client.keys.revoke(id)
        if (flags.has('json')) await output.json({ id, status: 'revoked' })
        else await output.line(`${id}  revoked`)
      } else await show(await client.keys.list(), flags.has('json'), output)
    } finally {
      client.close()
    }
    return EXIT_OK
  },
}

function actionOf(flags: Flags): Action {
  const word = flags.demanded('action')
  const action = ACTIONS.find((each) => each === word)
  // What stands there may be a key: it is not repeated (P29).
  if (action === undefined) throw new DtrError('bad_input', `ACTION: is none of ${ACTIONS.join(', ')}`)
  const odd = OF_CREATE.find((name) => action !== 'create' && flags.text(name) !== undefined)
  if (odd !== undefined) throw new DtrError('bad_input', `--${odd} is for dtr key create`)
  return action
}

function idOf(flags: Flags, action: Action): string | undefined {
  if (action === 'revoke') return flags.demanded('id')
  if (flags.text('id') !== undefined) throw new DtrError('bad_input', `dtr key ${action} takes no id`)
  return undefined
}

function optionsOf(flags: Flags) {
  const word = flags.text('role')
  const role: KeyRole | undefined = KEY_ROLES.find((each) => each === word)
  if (role === undefined) {
    const wrong = word === undefined ? 'is missing' : `"${word}" is no role`
    throw new DtrError('bad_input', `--role: ${wrong}; say one of ${KEY_ROLES.join(', ')}`, {
      hint: 'read looks; submit also submits, cancels and retries; worker works and no more; admin may do all',
    })
  }
  return { role, types: flags.list('type'), name: flags.text('name'), expires: flags.duration('expires') }
}

async function show(keys: readonly Key[], json: boolean, output: Output): Promise<void> {
  if (json) return output.json(keys)
  if (keys.length === 0) return output.line('no keys; whoever has the secret of the cluster may do all')
  const now = Date.now()
  const rows = keys.map((each) => [
    each.id,
    each.role,
    each.types?.join(',') ?? '',
    `${formatDuration(Math.max(0, now - each.createdAt))} ago`,
    stateOf(each, now),
    escapeControls(each.name ?? ''),
  ])
  for (const line of plainTable(HEAD, fitted(HEAD, rows, output.columns))) await output.line(line)
}

function stateOf({ revokedAt, expiresAt }: Key, now: number): string {
  if (revokedAt !== undefined) return 'revoked'
  if (expiresAt === undefined) return 'good'
  return expiresAt <= now ? 'expired' : `good until ${new Date(expiresAt).toISOString()}`
}
