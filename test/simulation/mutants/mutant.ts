// What a planted fault is: edits of compiled files, and the promise that goes with them.

export interface Edit {
  /** In dist/src. */
  readonly file: string
  /** Stands there once. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  /** Any of them: a fault may break several, and one is seen first. */
  readonly breaks: readonly string[]
  readonly edits: readonly Edit[]
}

export function mutant(name: string, breaks: string, file: string, find: string, replace: string): Mutant {
  return { name, breaks: breaks.split(' '), edits: [{ file, find, replace }] }
}
