// Which role each message needs, in one table: what stands here alone decides what a key may do (README: Keys). A message
// without a row does not compile, and is the admin's.
import type { ClientMessage, WorkerMessage } from '../../protocol/messages.js'
import { type KeyRole, type Rights, whyForbidden } from '../../task/roles.js'

/** Of a worker's session every message needs this. */
export const WORKER_RIGHT: KeyRole = 'worker'

export const CLIENT_RIGHTS: Readonly<Record<ClientMessage['type'], KeyRole | 'anyone'>> = {
  submit: 'submit',
  get: 'read',
  watch: 'read',
  unwatch: 'read',
  logs: 'read',
  'cancel-tasks': 'submit',
  list: 'read',
  failures: 'read',
  'retry-tasks': 'submit',
  status: 'read',
  metrics: 'read',
  feed: 'read',
  leaderboard: 'read',
  pardon: 'admin',
  'reload-worker': 'admin',
  'create-key': 'admin',
  'list-keys': 'admin',
  'revoke-key': 'admin',
  'pull-register': 'worker',
  'pull-beat': 'worker',
  'pull-claim': 'worker',
  'pull-settle': 'worker',
  'pull-checkpoint': 'worker',
  'pull-requeue': 'admin',
  // It tells no more than whoever has that key knows.
  'check-key': 'read',
  'forget-ended': 'admin',
  stop: 'admin',
  unsupported: 'anyone',
}

/** Why this message is not for who came with such a key; undefined where it is. */
export function whyRefused(
  key: Rights,
  role: 'client' | 'worker',
  message: ClientMessage | WorkerMessage,
): string | undefined {
  const needs = role === 'worker' ? WORKER_RIGHT : clientRight(message.type)
  if (message.type === 'feed' && key.types !== undefined)
    return `your key is for ${key.types.join(', ')} only, and the feed tells of all tasks`
  if ('key' in message && typeof message.key === 'string' && message.key !== key.id && key.role !== 'admin')
    return 'your key speaks for workers of its own, and not for those of another key'
  return needs === 'anyone' ? undefined : whyForbidden(key, needs, typesOf(message))
}

/** Where no types mean every type, a key that is for some means those; and of those that are asked for only its own. */
export function narrowed<Said extends ClientMessage | WorkerMessage>({ types }: Rights, message: Said): Said {
  if ((message.type === 'list' || message.type === 'failures') && types !== undefined) {
    const asked = message.filter.types
    return { ...message, filter: { ...message.filter, types: types.filter((type) => asked?.includes(type) !== false) } }
  }
  const open = message.type === 'pull-register' || message.type === 'pull-claim'
  return open && types !== undefined && message.types === undefined ? { ...message, types: [...types] } : message
}

function clientRight(type: string): KeyRole | 'anyone' {
  return Object.hasOwn(CLIENT_RIGHTS, type) ? CLIENT_RIGHTS[type as ClientMessage['type']] : 'admin'
}

/** The task types that it is about, where a key may be for some of them only. */
function typesOf(message: ClientMessage | WorkerMessage): readonly string[] {
  switch (message.type) {
    case 'submit':
      return message.list.map(({ type }) => type)
    case 'register':
    case 'serves':
      return message.types.map(({ type }) => type)
    case 'pull-register':
    case 'pull-claim':
      return message.types ?? []
    default:
      return []
  }
}
