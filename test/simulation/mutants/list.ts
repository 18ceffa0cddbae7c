// All planted faults: what somebody could break one day.
import { MUTANTS_FROM_P11 } from './from-p11.js'
import type { Mutant } from './mutant.js'
import { MUTANTS_TO_P10 } from './to-p10.js'
import { MUTANTS_OF_VOTES } from './votes.js'

export const MUTANTS: readonly Mutant[] = [...MUTANTS_TO_P10, ...MUTANTS_FROM_P11, ...MUTANTS_OF_VOTES]
