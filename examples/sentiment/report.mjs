// Tables, and their places in README.md.
import { readFileSync, writeFileSync } from 'node:fs'

export function tableOf(head, lines) {
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}

/** Between the marks of that name. */
export function put(name, text) {
  const file = new URL('README.md', import.meta.url)
  const before = readFileSync(file, 'utf8')
  const marks = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`)
  if (!marks.test(before)) throw new Error(`README.md has no place for ${name}`)
  writeFileSync(
    file,
    before.replace(marks, (_, begin, end) => `${begin}\n${text}\n\n${end}`),
  )
}
