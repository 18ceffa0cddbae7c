// What a runner is given beside the attempt, and what it was told through it.
import type { Control } from '../../src/runner/runner.js'

export class TestControl extends AbortController implements Control {
  readonly progresses: (readonly [percent: number, message?: string])[] = []
  /** All of its log. */
  said = ''
  readonly kept: string[] = []

  progress(percent: number, message?: string): void {
    this.progresses.push(message === undefined ? [percent] : [percent, message])
  }

  log(text: string): void {
    this.said += text
  }

  async checkpoint(value: string): Promise<void> {
    this.kept.push(value)
  }
}
