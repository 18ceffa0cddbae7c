// The scripts that complete, for each shell. All words stand in them, so that a Tab starts no process; only the names of
// those who have logged are asked for. Words are letters, digits and dashes; texts are quoted as each shell wants it.
import type { Words } from './command.js'
import type { CompletedCommand, CompletedFlag } from './completion-words.js'

type Commands = readonly CompletedCommand[]

const withValue = ({ flags }: CompletedCommand): readonly (CompletedFlag & { words: Words })[] =>
  flags.filter((flag): flag is CompletedFlag & { words: Words } => flag.words !== undefined)
const dashed = ({ flag }: CompletedFlag): string => `--${flag}`

// --- bash, also the old one of macOS ---------------------------------------------------------------------------------------

export function bashScript(commands: Commands): string {
  return `# Completion of dtr for bash.
_dtr() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  COMPREPLY=()
  case "$command $previous" in
${commands.flatMap((command) => withValue(command).map((flag) => `    '${command.name} ${dashed(flag)}') ${bashReply(flag.words)}; return ;;`)).join('\n')}
  esac
  case "$command $current" in
${commands.map((command) => `    '${command.name} -'*) ${bashReply(command.flags.map(dashed))} ;;\n    '${command.name} '*) ${bashReply(command.words)} ;;`).join('\n')}
    *) ${bashReply(commands.map(({ name }) => name))} ;;
  esac
}
complete -F _dtr dtr`
}

function bashReply(words: Words): string {
  if (words === 'files') return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))'
  if (words === 'folders') return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current"))'
  if (words === 'names') return 'COMPREPLY=($(compgen -W "$(dtr logs --names 2>/dev/null)" -- "$current"))'
  return words.length === 0 ? ':' : `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current"))`
}

// --- zsh -------------------------------------------------------------------------------------------------------------------

export function zshScript(commands: Commands): string {
  return `#compdef dtr
# Completion of dtr for zsh.
_dtr() {
  local command=\${words[2]} previous=\${words[CURRENT-1]}
  local -a found
  if (( CURRENT == 2 )); then
    found=(${commands.map(({ name, about }) => zshEntry(name, about)).join(' ')})
    _describe -t commands command found
    return
  fi
  case "$command $previous" in
${commands.flatMap((command) => withValue(command).map((flag) => `    ('${command.name} ${dashed(flag)}') ${zshReply(flag.words)}; return ;;`)).join('\n')}
  esac
  case "$command $PREFIX" in
${commands.map((command) => `    ('${command.name} -'*) found=(${command.flags.map((flag) => zshEntry(dashed(flag), flag.about)).join(' ')}); _describe -o -t flags flag found ;;\n    ('${command.name} '*) ${zshReply(command.words)} ;;`).join('\n')}
  esac
}
if [ "$funcstack[1]" = _dtr ]; then _dtr "$@"; else compdef _dtr dtr; fi`
}

function zshEntry(word: string, about: string): string {
  return quoted(`${word}:${about.replaceAll(':', '\\:')}`)
}

function zshReply(words: Words): string {
  if (words === 'files') return '_files'
  if (words === 'folders') return '_files -/'
  if (words === 'names') return 'compadd -- $(dtr logs --names 2>/dev/null)'
  return words.length === 0 ? ':' : `compadd -- ${words.join(' ')}`
}

/** For the POSIX shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

// --- fish ------------------------------------------------------------------------------------------------------------------

export function fishScript(commands: Commands): string {
  const names = commands.map(({ name }) => name).join(' ')
  return [
    '# Completion of dtr for fish.',
    'complete -c dtr -f',
    ...commands.flatMap((command) => {
      const seen = `-n '__fish_seen_subcommand_from ${command.name}'`
      return [
        `complete -c dtr -n 'not __fish_seen_subcommand_from ${names}' -a ${command.name} -d ${fishQuoted(command.about)}`,
        ...(command.words.length === 0 ? [] : [`complete -c dtr ${seen} ${fishReply(command.words)}`]),
        ...command.flags.map(({ flag, about, words }) =>
          [
            `complete -c dtr ${seen} -l ${flag}`,
            ...(words === undefined ? [] : [words === 'files' ? '-r' : '-x', fishReply(words)]),
            `-d ${fishQuoted(about)}`,
          ]
            .filter((part) => part !== '')
            .join(' '),
        ),
      ]
    }),
  ].join('\n')
}

function fishReply(words: Words): string {
  if (words === 'files') return '-F'
  if (words === 'folders') return `-a '(__fish_complete_directories)'`
  if (words === 'names') return `-a '(dtr logs --names 2>/dev/null)'`
  return words.length === 0 ? '' : `-a '${words.join(' ')}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
