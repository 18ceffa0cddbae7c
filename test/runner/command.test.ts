// Commands as an owner writes them, and what payloads make of them (P30).
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { filled, readCommands } from '../../src/runner/command.js'

const commandOf = (exec: string) => readCommands({ exec: [exec], execFinal: [] })[0]!

t.test('what cannot be meant, or is not there, is refused at the start by name', async (t) => {
  const folder = t.testdir({ plain: '#!/bin/sh\n' })
  const cases: readonly (readonly [exec: string, message: RegExp])[] = [
    ['convert {}', /"convert \{\}" does not begin with a task type and =/],
    ['=cat', /does not begin with a task type/],
    ['a b=cat', /the task type "a b" is not a name/],
    ['dtr-x=cat', /is reserved/],
    ['x=', /names no command/],
    ['x=""', /names no command/],
    ['x=cat | wc', /\| is a pipe/],
    ['x={} a', /cannot name the command/],
    [`x=sh -c 'convert {} {.}.png'`, /would be code of the shell/],
    [`x=env /bin/bash -e -c 'convert {}'`, /would be code of the shell/],
    ['x=no-such-command-at-all {}', /there is no command no-such-command-at-all/],
    ['x=./no-such-file', /there is no file \.\/no-such-file/],
    [`x=${join(folder, 'plain')}`, /plain is not executable/],
    ['x=-l', /begins with -/],
  ]
  for (const [exec, message] of cases) t.throws(() => commandOf(exec), { code: 'bad_input', message }, exec)
  chmodSync(join(folder, 'plain'), 0o755)
  t.ok(commandOf(`x=${join(folder, 'plain')}`))
  writeFileSync(join(folder, 'sh'), '')
  t.same(commandOf(`x=sh -c 'convert "$1" "$1.png"' sh {}`).argv, ['sh', '-c', 'convert "$1" "$1.png"', 'sh', '{}'])
})

t.test('a type is one command', async (t) => {
  const exec = ['a=cat', 'b=cat', 'a=wc']
  t.throws(() => readCommands({ exec, execFinal: [] }), { message: /"a" stands for two/, hint: '"a=cat" and "a=wc"' })
})

t.test('final exit codes are of one command, in ranges', async (t) => {
  const exec = ['a=cat', 'b=cat']
  const [a, b] = readCommands({ exec, execFinal: ['a=2,64-66', 'a=255'] })
  t.same([...a!.finalCodes], [2, 64, 65, 66, 255])
  t.notOk(a!.finalAlways)
  t.equal(b!.finalCodes.size, 0)
  for (const wrong of ['a=0', 'a=256', 'a=', 'a=3-2', 'a=1,,2', 'a=x']) {
    t.throws(() => readCommands({ exec, execFinal: [wrong] }), { code: 'bad_input', message: /from 1 to 255/ }, wrong)
  }
  t.ok(readCommands({ exec, execFinal: ['b=any'] })[1]!.finalAlways)
  t.throws(() => readCommands({ exec, execFinal: ['c=1'] }), { message: /no command of the type "c"/ })
  t.throws(() => readCommands({ exec, execFinal: ['1'] }), { message: /does not begin with a task type/ })
})

t.test('a payload is the text of whole arguments', async (t) => {
  const convert = commandOf('x=echo {} -resize 200x {/.}.png')
  t.same(filled(convert, 'in/a b;$(x).jpg'), { argv: ['echo', 'in/a b;$(x).jpg', '-resize', '200x', 'a b;$(x).png'] })
  t.same(filled(convert, 7), { argv: ['echo', '7', '-resize', '200x', '7.png'] })
  t.same(filled(commandOf('x=echo -n {} --out={} end'), ['a', 'b']), {
    argv: ['echo', '-n', 'a', 'b', '--out=a', '--out=b', 'end'],
  })
})

t.test('a payload that would be something else is refused', async (t) => {
  const echo = commandOf('x=echo {}')
  for (const payload of [null, true, {}, [['a']], [null]]) {
    t.match(filled(echo, payload), { refusal: /must be a text or a number/ }, JSON.stringify(payload))
  }
  t.match(filled(echo, 'a\0b'), { refusal: /NUL/ })
  t.match(filled(echo, 'x'.repeat(200_000)), { refusal: /200000 bytes, and the limit is 131071/ })
  t.match(filled(echo, '--exec=rm'), { refusal: /would be taken for an option/ })
  t.match(filled(commandOf('x=echo {/}'), 'a/-rf'), { refusal: /would be taken for an option/ })
  t.match(filled(echo, ['a', '-rf']), { refusal: /would be taken for an option/ })
  t.same(filled(echo, -5), { argv: ['echo', '-5'] })
  t.same(filled(commandOf('x=echo --name={} -- {}'), '-rf'), { argv: ['echo', '--name=-rf', '--', '-rf'] })
})

t.test('one that asks for the number of an input is told it', async (t) => {
  const numbered = commandOf('x=echo {#} {.}')
  t.same(filled(numbered, { input: 'a.txt', number: 12 }), { argv: ['echo', '12', 'a'] })
  for (const payload of ['a.txt', { input: 'a' }, { number: 1 }, { input: 'a', number: '1' }]) {
    t.match(filled(numbered, payload), { refusal: /must be \{"input": \.\.\., "number": 1\}/ }, JSON.stringify(payload))
  }
  t.match(filled(numbered, { input: { a: 1 }, number: 1 }), { refusal: /must be a text or a number/ })
})

t.test('whose output is the result as it is, is named', async (t) => {
  const exec = ['a=cat', 'b=cat']
  t.same(
    readCommands({ exec, execFinal: [], execOutput: ['b'] }).map(({ printsAsIs }) => printsAsIs),
    [false, true],
  )
  t.throws(() => readCommands({ exec, execFinal: [], execOutput: ['c'] }), { message: /execOutput: "c": there is no/ })
})
