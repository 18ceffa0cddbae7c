// Makes docs/start.svg from a real run: what `dtr start --workers 5` shows on a terminal. In a clone that is built:
//
//   node docs/make-screen.mjs
//
// It needs `script` of util-linux, which gives the program a terminal.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const COLUMNS = 84
/** Stands for the control character, so that it can be seen. */
const ESCAPE = '␛'
const READY = /^stop [^\n]*\n/m
const COMMAND = 'npx dtr start --workers 5'

const folder = mkdtempSync(join(tmpdir(), 'dtr-screen-'))
const output = await record()
rmSync(folder, { recursive: true })
const lines = asShown(output).map((line) => line.replaceAll(folder, '~/dtr'))
writeFileSync(join(ROOT, 'docs/start.svg'), draw([`␛[1m$ ${COMMAND}␛[0m`, ...lines]))

/** What the terminal got until the cluster was ready; then it is stopped. */
function record() {
  const program = `stty cols ${COLUMNS} rows 60 -echo; exec node bin/dtr.js start --workers 5`
  const env = { ...process.env, DTR_DATA: join(folder, '.dtr'), DTR_LOGS: join(folder, 'logs') }
  const child = spawn('script', ['-qfec', program, '/dev/null'], {
    cwd: ROOT,
    env: { ...env, TERM: 'xterm-256color' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return new Promise((done, failed) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      if (READY.test(text)) return
      text += chunk
      if (READY.test(text)) spawn(process.execPath, ['bin/dtr.js', 'stop'], { cwd: ROOT, env })
    })
    child.once('close', (code) => (code === 0 ? done(text) : failed(new Error(`it ended with ${code}: ${text}`))))
  })
}

/** Lines as they stand at last: a line that was written over shows what came last. Colours stay. */
function asShown(text) {
  return text
    .replaceAll('\x1b', ESCAPE)
    .trimEnd()
    .split(/\r*\n/)
    .map(
      (line) =>
        line
          .split(/␛\[1G|\r/)
          .filter(Boolean)
          .at(-1) ?? '',
    )
    .map((line) => line.replace(/␛(\[[?\d;]*[A-Zac-ln-z]|[78])/g, ''))
}

// --- Drawing -----------------------------------------------------------------------------------------------------------

function draw(lines) {
  const [charWidth, lineHeight, size, edge] = [8.43, 18, 14, 16]
  const width = Math.ceil(COLUMNS * charWidth) + 2 * edge
  const height = lines.length * lineHeight + 2 * edge
  const texts = lines.map((line, index) => {
    const plain = line.replace(/␛\[[\d;]*m/g, '')
    const y = edge + index * lineHeight + size
    // A length of its own for each line keeps the columns straight, whichever font is there.
    const length = (plain.length * charWidth).toFixed(1)
    return plain === '' ? '' : `<text x="${edge}" y="${y}" textLength="${length}">${spans(line)}</text>\n`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${COMMAND}</title>
<style>
  rect { fill: #0d1117 }
  text { fill: #d6dde5; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: ${size}px }
  .s1 { font-weight: bold } .s2 { fill: #8b949e } .s31 { fill: #ff7b72 } .s32 { fill: #56d364 } .s33 { fill: #e3b341 }
  .s34 { fill: #79c0ff } .s35 { fill: #d2a8ff } .s36 { fill: #76e3ea } .s90 { fill: #8b949e }
</style>
<rect width="100%" height="100%" rx="8"/>
${texts.join('')}</svg>
`
}

/** Text with SGR codes as spans with a class a code; 0, 22 and 39 end what was begun. */
function spans(line) {
  let style = []
  return line
    .split(/␛\[([\d;]*)m/)
    .map((part, index) => {
      if (index % 2 === 0) return part === '' ? '' : span(part, style)
      for (const code of part.split(';').map(Number)) {
        if ([0, 22, 39].includes(code)) style = code === 0 ? [] : style.filter((kept) => (code === 22) !== kept < 10)
        else style = [...style, code]
      }
      return ''
    })
    .join('')
}

function span(text, style) {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(' ', '\u00a0')
  return style.length === 0 ? escaped : `<tspan class="${style.map((code) => `s${code}`).join(' ')}">${escaped}</tspan>`
}
