// What a vote is worth by arithmetic, pure: replicas are drawn from the workers by chance, votes come one after another, and
// the first answer that reaches the quorum wins. There is one right answer. A liar gives one of `lies` wrong ones, each as
// likely as any other: 2 where liars lie at random, 1 where all of them say the same.

/**
 * @param {{ honest: number, liars: number, lies: number, quorum: number, most: number, again?: boolean }} draw `again`: a worker
 *   may be drawn more than once, as a binomial distribution has it; dtr never lets one vote twice
 * @returns {{ wrong: number, open: number, votes: number }} chances of a wrong answer and of none, and votes until then
 */
export function voteOf({ honest, liars, lies, quorum, most, again = false }) {
  const drawn = (right, wrong, chance) => {
    const votes = right + wrong.reduce((sum, count) => sum + count, 0)
    if (right === quorum) return { wrong: 0, open: 0, votes: chance * votes }
    if (wrong.includes(quorum)) return { wrong: chance, open: 0, votes: chance * votes }
    const honestLeft = again ? honest : honest - right
    const liarsLeft = again ? liars : liars - (votes - right)
    const left = honestLeft + liarsLeft
    if (votes === most || left === 0) return { wrong: 0, open: chance, votes: chance * votes }
    const next = [
      ...(honestLeft === 0 ? [] : [drawn(right + 1, wrong, (chance * honestLeft) / left)]),
      ...(liarsLeft === 0
        ? []
        : wrong.map((_, lie) => drawn(right, oneMore(wrong, lie), (chance * liarsLeft) / left / lies))),
    ]
    return next.reduce(
      (sum, { wrong, open, votes }) => ({ wrong: sum.wrong + wrong, open: sum.open + open, votes: sum.votes + votes }),
      { wrong: 0, open: 0, votes: 0 },
    )
  }
  return drawn(
    0,
    Array.from({ length: lies }, () => 0),
    1,
  )
}

/**
 * The same where the first vote may be enough, as with `--replicas auto`: too much hangs on what was before for a formula, so the
 * rule is played through, one task after another, with dice that always fall the same. A replica goes to the worker that is free
 * first, which matters: whoever lies has its first votes checked by others, and is free while they do that.
 * @param {{ honest: number, liars: number, lies: number, tasks: number }} game
 * @returns {{ wrong: number, votes: number }} shares of the tasks
 */
export function autoOf({ honest, liars, lies, tasks }) {
  const QUORUM = 2
  const TRUSTED_AFTER = 10
  const CHECKED_AT_LEAST = 0.02
  const random = dice(1)
  const freeAt = Array.from({ length: honest + liars }, random)
  const streaks = Array.from({ length: honest + liars }, () => 0)
  let wrong = 0
  let cast = 0
  for (let task = 0; task < tasks; task += 1) {
    const left = [...streaks.keys()]
    const votes = []
    const countOf = (answer) => votes.filter((vote) => vote.answer === answer).length
    for (;;) {
      const worker = left.reduce((one, other) => (freeAt[one] <= freeAt[other] ? one : other))
      left.splice(left.indexOf(worker), 1)
      freeAt[worker] += 0.5 + random()
      const answer = worker < honest ? 0 : 1 + Math.floor(random() * lies)
      votes.push({ worker, answer })
      const checked = streaks[worker] < TRUSTED_AFTER ? 1 : Math.max(1 / streaks[worker], CHECKED_AT_LEAST)
      const isEnough = countOf(answer) === QUORUM || (votes.length === 1 && random() >= checked)
      if (!isEnough) continue
      cast += votes.length
      if (answer !== 0) wrong += 1
      // What was believed alone proves nothing of anybody.
      if (votes.length === 1) break
      for (const vote of votes) streaks[vote.worker] = vote.answer === answer ? streaks[vote.worker] + 1 : 0
      break
    }
  }
  return { wrong: wrong / tasks, votes: cast / tasks }
}

/** Numbers from 0 up to 1 that look like chance: mulberry32. */
function dice(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function oneMore(counts, at) {
  return counts.map((count, index) => (index === at ? count + 1 : count))
}
