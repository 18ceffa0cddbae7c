// The seam to whoever ends what a host has started when the host is gone: each command leads a process group of its own, so
// that it can be ended without its neighbours, and somebody must know of it who outlives the host (P13).

export interface Groups {
  /** Resolves once the group ends with its host whatever happens: not before then its code may begin. Rejects where nobody can see to that. */
  add(group: number): Promise<void>
  /** It has ended. */
  remove(group: number): void
}
