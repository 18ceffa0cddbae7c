// The documents of the repository as a test reads them: links, headings, code.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../../..')
/** What lies here besides: other tests make and remove files there while this one looks. */
const NOT_OURS = ['node_modules', 'dist', 'logs', '.git', '.dtr', '.tap']

/** Paths of all documents, seen from the root. */
export function documents(): string[] {
  const ours = readdirSync(ROOT, { withFileTypes: true }).filter(({ name }) => !NOT_OURS.includes(name))
  const all = ours.flatMap((entry) => (entry.isDirectory() ? below(entry.name) : [entry.name]))
  return all.filter((path) => path.endsWith('.md')).sort()
}

function below(folder: string): string[] {
  const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return paths.map((path) => join(folder, path)).filter((path) => !path.split('/').includes('node_modules'))
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

export interface Link {
  /** Seen from the root; '' for a heading of the same document. */
  readonly path: string
  readonly heading: string | undefined
}

/** What a document links to or shows, as far as it lies in the repository. */
export function linksOf(path: string): Link[] {
  const text = withoutCode(read(path))
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    (match) => match[1] ?? match[2]!,
  )
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', heading] = target.split('#')
      return { path: file === '' ? path : join(dirname(path), file), heading }
    })
}

/** As GitHub names them. */
export function headingsOf(path: string): string[] {
  const headings = [...withoutCode(read(path)).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
}

export interface Block {
  readonly language: string
  readonly code: string
}

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({ language: match[1]!, code: match[2]! }))
}

/** Commands of dtr that a document writes out, in its blocks and between its lines, each from its name to its end. */
export function commandsIn(path: string): string[] {
  const text = read(path)
  const shell = blocksOf(text).filter(({ language }) => language === 'bash')
  const spans = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!)
  const lines = shell.flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n'))
  const found = [...lines, ...spans].map((line) => line.replace(/(^|\s)#.*$/, ''))
  return found.flatMap((line) => [...line.matchAll(/(?<=^|[\s(])dtr (?=[a-z-])([^|;&)>]*)/g)].map((match) => match[1]!))
}
