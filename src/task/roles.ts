// Who may do what: the role of a key, and for which task types it is. Pure. Whoever has the secret of the cluster is `admin`.
import { DtrError } from '../errors.js'

export const KEY_ROLES = ['read', 'submit', 'worker', 'admin'] as const
export type KeyRole = (typeof KEY_ROLES)[number]

/** What a role may do, as the roles that are enough for it. A worker's key that was stolen tells of no other tasks. */
const INCLUDED: Readonly<Record<KeyRole, readonly KeyRole[]>> = {
  read: ['read'],
  submit: ['read', 'submit'],
  worker: ['worker'],
  admin: KEY_ROLES,
}

/** Roles whose keys may be for some task types only. */
export const TYPED_ROLES: readonly KeyRole[] = ['submit', 'worker']

export interface Rights {
  /** Of the key; whoever came with the secret, or needs none, has none. */
  readonly id?: string | undefined
  readonly role: KeyRole
  /** It submits, sees, cancels and retries, or serves, these task types only; all of them where it is missing. */
  readonly types?: readonly string[] | undefined
}

/** What keeps a key with these rights from what needs that role; undefined where nothing does. */
export function whyForbidden(rights: Rights, needs: KeyRole, types: Iterable<string> = []): string | undefined {
  if (!INCLUDED[rights.role].includes(needs)) {
    return `this needs a key with the role ${needs}, and yours has ${rights.role}`
  }
  if (rights.types === undefined || needs === 'read') return undefined
  for (const type of types) {
    if (!rights.types.includes(type))
      return `your key is for ${rights.types.join(', ') || 'no task type'} only, and not for ${type}`
  }
  return undefined
}

/** Whether tasks of this type are there for it: those of others are as if they were not. */
export function sees(rights: Rights | undefined, type: string): boolean {
  return rights?.types === undefined || rights.types.includes(type)
}

/** @throws DtrError `forbidden` where a key with these rights may not do what needs that role */
export function checkRights(rights: Rights, needs: KeyRole, types?: Iterable<string>): void {
  const why = whyForbidden(rights, needs, types)
  if (why !== undefined) throw new DtrError('forbidden', why, { hint: 'dtr key create makes one that may' })
}
