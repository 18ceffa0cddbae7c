// dtr completion: a script that tells a shell which commands, flags and values there are.
import { DtrError, EXIT_OK } from '../errors.js'
import type { Command } from './command.js'
import { bashScript, fishScript, zshScript } from './completion-scripts.js'
import { type CompletedCommand, wordsOf } from './completion-words.js'

const SCRIPTS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}
const SHELLS = Object.keys(SCRIPTS)

/** @param commands all of them, this one among them */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    positionals: '<shell>',
    about: 'a script that completes commands, flags and values; for bash, zsh and fish',
    settings: [],
    words: SHELLS,
    examples: [
      ['completion bash >> ~/.bashrc', 'from the next shell on'],
      ['completion zsh > ~/.zfunc/_dtr', 'into a folder of $fpath'],
      ['completion fish > ~/.config/fish/completions/dtr.fish', 'at once'],
    ],
    async run(flags, output) {
      const shell = flags.demanded('shell')
      const script = SCRIPTS[shell]
      if (script === undefined) throw new DtrError('bad_input', `SHELL: "${shell}" is none of ${SHELLS.join(', ')}`)
      await output.line(script(wordsOf(commands())))
      return EXIT_OK
    },
  }
}
