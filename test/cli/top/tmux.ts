// A terminal for a test: tmux, with a server of its own, in which a shell runs.
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from '../../processes/cluster.js'

const run = promisify(execFile)

/** Why this cannot be tested here; where the services that tests use must be there, that is an error. */
export function missingTmux(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' })
    return undefined
  } catch {
    if (environment.DTR_REQUIRE_SERVICES === '1')
      throw new Error('tmux is not installed, and DTR_REQUIRE_SERVICES is set')
    return 'NOT TESTED: dtr top on a terminal, for tmux is not installed'
  }
}

export class Tmux {
  private constructor(private readonly socket: string) {}

  /** Ends with the test. */
  static async open(t: Test, folder: string, columns: number, rows: number): Promise<Tmux> {
    const tmux = new Tmux(join(folder, 'tmux'))
    t.teardown(() => tmux.#do('kill-server').catch(() => {}))
    const size = ['-x', String(columns), '-y', String(rows)]
    await tmux.#do('new-session', '-d', ...size, '-c', folder, '-s', 't', "env PS1='$ ' NO_COLOR= sh")
    await tmux.until(/\$/)
    return tmux
  }

  /** What stands on it, line by line. */
  async lines(): Promise<string[]> {
    return (await this.#do('capture-pane', '-p', '-t', 't')).split('\n').map((line) => line.trimEnd())
  }

  async text(): Promise<string> {
    return (await this.lines()).join('\n').trimEnd()
  }

  /** Resolves with what stands there when this does. */
  async until(wanted: RegExp): Promise<string> {
    let seen = ''
    try {
      return await until(String(wanted), async () => {
        seen = await this.text()
        return wanted.test(seen) ? seen : undefined
      })
    } catch (error) {
      throw new Error(`${String(error)}; there stood:\n${seen}`, { cause: error })
    }
  }

  async press(...keys: readonly string[]): Promise<void> {
    await this.#do('send-keys', '-t', 't', ...keys)
  }

  /** Types it, and Enter. */
  async type(line: string): Promise<void> {
    await this.#do('send-keys', '-t', 't', '-l', line)
    await this.press('Enter')
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#do('resize-window', '-t', 't', '-x', String(columns), '-y', String(rows))
  }

  /** Of the terminal itself: `cursor_flag`, `alternate_on`, `pane_pid`. */
  async is(name: string): Promise<string> {
    return (await this.#do('display-message', '-p', '-t', 't', `#{${name}}`)).trim()
  }

  async #do(...words: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-S', this.socket, '-u', '-f', '/dev/null', ...words])
    return stdout
  }
}
