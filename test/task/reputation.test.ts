// What a voter's word is worth.
import t from 'tap'
import {
  CHECK_CHANCE_MIN,
  checkChance,
  credit,
  remember,
  type Tally,
  throwDice,
  whyQuarantined,
} from '../../src/task/reputation.js'

const NOTHING: Tally | undefined = undefined

t.test('a vote that others confirm adds to the streak, a wrong one ends it, one alone proves nothing', async (t) => {
  const once = credit(NOTHING, 'matched')
  t.same(once, { matched: 1, wrong: 0, alone: 0, streak: 1 })
  t.same(credit(once, 'alone'), { matched: 1, wrong: 0, alone: 1, streak: 1 })
  t.same(credit(once, 'wrong'), { matched: 1, wrong: 1, alone: 0, streak: 0 })
})

t.test('who is not trusted is always checked, and who is trusted never quite left alone', async (t) => {
  for (let streak = 0; streak < 10; streak += 1) t.equal(checkChance(streak), 1)
  t.equal(checkChance(10), 0.1)
  t.equal(checkChance(25), 0.04)
  t.equal(checkChance(1_000_000), CHECK_CHANCE_MIN)
})

t.test('the dice are fair, and fall the same for the same batch', async (t) => {
  const rolls = Array.from({ length: 20_000 }, (_, n) => throwDice(`batch ${n}`, 'task'))
  t.equal(throwDice('batch 7', 'task'), rolls[7])
  t.not(throwDice('batch 7', 'another task'), rolls[7])
  for (const chance of [0.02, 0.1, 0.5, 0.9]) {
    const share = rolls.filter((roll) => roll < chance).length / rolls.length
    t.ok(Math.abs(share - chance) < 0.015, `${share} of them are less than ${chance}`)
  }
})

t.test('who is wrong in a larger share of its last votes is quarantined, once there are enough of them', async (t) => {
  const votes = (text: string): string =>
    [...text].reduce((recent, one) => remember(recent, one === 'w' ? 'wrong' : 'matched'), '')
  t.equal(whyQuarantined(votes('w'.repeat(19)), 0.5), undefined)
  t.equal(whyQuarantined(votes('w'.repeat(20)), 0.5), '20 of its last 20 votes were wrong')
  t.equal(whyQuarantined(votes('wm'.repeat(25)), 0.5), undefined, 'no more than half')
  t.equal(whyQuarantined(votes(`${'wm'.repeat(25)}w`), 0.5), undefined, 'the oldest is forgotten')
  t.equal(whyQuarantined(votes(`${'mw'.repeat(25)}w`), 0.5), '26 of its last 50 votes were wrong')
  t.equal(whyQuarantined(votes('w'.repeat(50)), 1), undefined, 'never')
})
