// What a vote is worth by arithmetic, pure: replicas are drawn from the workers by chance, votes come one after another, and
// the first answer that reaches the quorum wins. There is one right answer. A liar gives one of `lies` wrong ones, each as
// likely as any other: 2 where liars lie at random, 1 where all of them say the same.

/**
 * @param {{ honest: number, liars: number, lies: number, quorum: number, most: number, again?: boolean, trusted?: number }} draw
 *   `again`: a worker may be drawn more than once, as a binomial distribution has it; dtr never lets one vote twice.
 *   `trusted`: how often an honest vote that comes first is believed without a second one; liars are never trusted
 * @returns {{ wrong: number, open: number, votes: number }} chances of a wrong answer and of none, and votes until then
 */
export function voteOf({ honest, liars, lies, quorum, most, again = false, trusted = 0 }) {
  const drawn = (right, wrong, reached) => {
    const votes = right + wrong.reduce((sum, count) => sum + count, 0)
    if (right === quorum) return { wrong: 0, open: 0, votes: reached * votes }
    if (wrong.includes(quorum)) return { wrong: reached, open: 0, votes: reached * votes }
    const believed = votes === 1 && right === 1 ? reached * trusted : 0
    const chance = reached - believed
    const honestLeft = again ? honest : honest - right
    const liarsLeft = again ? liars : liars - (votes - right)
    const left = honestLeft + liarsLeft
    if (votes === most || left === 0) return { wrong: 0, open: chance, votes: reached * votes }
    const next = [
      ...(honestLeft === 0 ? [] : [drawn(right + 1, wrong, (chance * honestLeft) / left)]),
      ...(liarsLeft === 0
        ? []
        : wrong.map((_, lie) => drawn(right, oneMore(wrong, lie), (chance * liarsLeft) / left / lies))),
    ]
    return next.reduce(
      (sum, { wrong, open, votes }) => ({ wrong: sum.wrong + wrong, open: sum.open + open, votes: sum.votes + votes }),
      { wrong: 0, open: 0, votes: believed },
    )
  }
  return drawn(
    0,
    Array.from({ length: lies }, () => 0),
    1,
  )
}

function oneMore(counts, at) {
  return counts.map((count, index) => (index === at ? count + 1 : count))
}
