// seeds.txt: a seed and its cause in each line.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const FILE = resolve(import.meta.dirname, '../../../test/simulation/seeds.txt')

export interface KeptSeed {
  readonly seed: number
  readonly cause: string
}

export function keptSeeds(): readonly KeptSeed[] {
  const lines = readFileSync(FILE, 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, seed, cause = ''] = /^(\d+) +(.+)$/.exec(line) ?? []
    return seed === undefined ? [] : [{ seed: Number(seed), cause }]
  })
}
