// Planted faults: what somebody could break one day of tasks that are voted on (P31). That a late
// result is none at all the fence sees to, whose mutants are those of P5.
import { type Mutant, mutant } from './mutant.js'

export const MUTANTS_OF_VOTES: readonly Mutant[] = [
  mutant(
    'votes: of before a retry they count after it',
    'P31',
    'store/polls.js',
    'const round = replicas.filter(({ n }) => n >= poll.first);',
    'const round = replicas;',
  ),
  mutant(
    'votes: a worker may have two',
    'P31',
    'store/polls.js',
    'if (seat.voter === voter || (strict && seat.machine === machine))',
    'if (strict && seat.machine === machine)',
  ),
  mutant(
    'votes: one less than the quorum is enough',
    'P31',
    'task/quorum.js',
    'if (agreeing.length >= rule.quorum)',
    'if (agreeing.length >= Math.max(1, rule.quorum - 1))',
  ),
  mutant(
    'votes: who is slow is not waited for',
    'P31',
    'task/quorum.js',
    'const waits = rule.all === true && open > 0;',
    'const waits = false;',
  ),
  mutant(
    'votes: the result is that of whoever voted first',
    'P31',
    'store/polls.js',
    'const canonical = votes.map(',
    'const canonical = round.map(',
  ),
  mutant('votes: machines do not matter', 'P31', 'store/polls.js', "apart && seats.rule.spread === 'host'", 'false'),
  mutant(
    'votes: what is left of a claim goes to the same machine before others were asked',
    'P31',
    'store/claims.js',
    'const met = claims.map((claim) => grantApart(work, claim, open));',
    'const met = claims.map((claim) => { const { grants, passed } = grantApart(work, claim, open); return { grants: passed ? claim.offers.map((offer, index) => grants[index] ?? grantNext(work, new Merge(work, claim), offer, false)) : grants, passed }; });',
  ),
  mutant('votes: replicas go on after the verdict', 'P31', 'store/polls.js', 'return this.#stop(replicas);', 'return;'),
]
