// How `get` goes by pages: an answer holds as many tasks as fit into a line, in the order in which they were asked for.
import { DtrError } from '../errors.js'
import type { MasterToClient } from '../protocol/messages.js'

/** Ids in one `get` or `watch`. */
export const GET_IDS_MAX = 500

/** Of the ids that were asked for: those that the master does not know, and those that are to be asked for again. */
export function restOf(
  asked: readonly string[],
  answer: Extract<MasterToClient, { type: 'tasks' }>,
): { readonly missing: readonly string[]; readonly rest: readonly string[] } {
  const told = new Set(answer.list.map((task) => task.id))
  const last = answer.list.at(-1)
  if (answer.more && last === undefined) throw new DtrError('protocol', 'the master answered with an empty page')
  const answered = answer.more && last !== undefined ? asked.slice(0, asked.lastIndexOf(last.id) + 1) : asked
  return { missing: answered.filter((id) => !told.has(id)), rest: asked.slice(answered.length) }
}

/** As many as one request may ask for; they are in the set no more. */
export function takeSome(ids: Set<string>): string[] {
  const taken: string[] = []
  for (const id of ids) {
    if (taken.length === GET_IDS_MAX) break
    taken.push(id)
    ids.delete(id)
  }
  return taken
}
