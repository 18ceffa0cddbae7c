// Walks through a document as its reader would: what is in its blocks is typed into one shell, files that it shows are
// written, and what it says will appear has to appear.
//
// - ```bash is typed. It must end well, unless the document shows what it says.
// - ```text after it is what appears: these lines, in this order, others may stand between them. A word with a digit in it
//   stands for any word with one (times, pids, ids), `...` for anything.
// - ```ts, ```js and the like whose first line is a comment with a name are that file, written into the current folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Test } from 'tap'
import { type Block, blocksOf } from './documents.js'

interface Said {
  readonly code: number
  readonly output: string
}

/** A shell that keeps its current folder and its variables from block to block. */
class Shell {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'dtr-shell-'))
  readonly #child: ChildProcess
  readonly #answers: Interface

  constructor(folder: string, environment: NodeJS.ProcessEnv) {
    this.#child = spawn('bash', ['--norc'], { cwd: folder, env: environment, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface({ input: this.#child.stdout! })
  }

  async type(code: string): Promise<Said> {
    const [file, output] = [join(this.#scratch, 'block'), join(this.#scratch, 'output')]
    writeFileSync(file, code)
    const answered = new Promise<string>((resolve) => this.#answers.once('line', resolve))
    this.#child.stdin?.write(`source ${file} < /dev/null > ${output} 2>&1; echo $?\n`)
    return { code: Number(await answered), output: readFileSync(output, 'utf8') }
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin?.end()
    await ended
    rmSync(this.#scratch, { recursive: true })
  }
}

export async function walk(t: Test, text: string, folder: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const shell = new Shell(folder, environment)
  let said: Said | undefined
  let typed = ''
  try {
    for (const [block, next] of pairs(blocksOf(text))) {
      const [first = ''] = block.code.split('\n')
      const file = /^(?:\/\/|#) (\S+\.\w+)$/.exec(first)?.[1]
      if (block.language === 'bash') {
        typed = block.code
        said = await shell.type(typed)
        if (next?.language !== 'text') t.equal(said.code, 0, `${typed}\n${said.output}`)
      } else if (block.language === 'text') {
        t.same(missingLines(block.code, said?.output ?? ''), [], typed, { said: said?.output })
      } else if (file !== undefined) {
        const { output } = await shell.type('pwd')
        writeFileSync(join(output.trim(), file), block.code)
      }
    }
  } finally {
    await shell.end()
  }
}

function pairs(blocks: readonly Block[]): (readonly [Block, Block | undefined])[] {
  return blocks.map((block, index) => [block, blocks[index + 1]])
}

/** Lines that are expected and did not appear in their place. */
function missingLines(expected: string, output: string): string[] {
  const lines = output.split('\n')
  let at = 0
  return expected
    .split('\n')
    .filter((line) => !['', '...'].includes(line.trim()))
    .filter((line) => {
      const pattern = patternOf(line)
      const found = lines.findIndex((shown, index) => index >= at && pattern.test(shown))
      if (found >= 0) at = found + 1
      return found < 0
    })
}

function patternOf(line: string): RegExp {
  const words = line.trim().split(/\s+/)
  const patterns = words.map((word) => {
    if (word === '...') return '.*'
    return /\d/.test(word) ? '\\S*\\d\\S*' : word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^\\s*${patterns.join('\\s+')}\\s*$`)
}
