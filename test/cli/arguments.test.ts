// What was typed, as yargs gets it.
import t from 'tap'
import { spelledOut } from '../../src/cli/arguments.js'
import { COMMANDS } from '../../src/cli/commands.js'

const spelled = (line: string) => spelledOut(line.split(' '), COMMANDS).join(' ')

t.test('a flag without a value takes none from behind it', async (t) => {
  t.equal(spelled('submit echo --wait true'), 'submit echo --wait=true true')
  t.equal(spelled('--debug start --watch'), '--debug=true start --watch=true')
  t.equal(spelled('submit echo -- --wait'), 'submit echo -- --wait')
})

t.test('it is switched by the words of its variable, and by no others', async (t) => {
  t.equal(spelled('start --plaintext=yes --respawn=0'), 'start --plaintext=true --respawn=false')
  t.throws(() => spelled('start --plaintext=maybe'), { code: 'bad_input', message: /--plaintext: "maybe" is neither/ })
})

t.test('all else stays: flags with a value, of other commands, of nobody', async (t) => {
  for (const line of ['start --workers 3 --tasks=a.js', 'status --nix=1', 'strat --watch']) {
    t.equal(spelled(line), line)
  }
  t.equal(spelled('get -'), 'get \0-')
})
