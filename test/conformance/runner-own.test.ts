// The example of a runner of one's own is held to what all are held to: examples/http-runner, with a service of the test's.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { openRunner } from '../../src/runner/open.js'
import { RESULT_BYTES_MAX } from '../../src/runner/runner.js'
import { ROOT } from '../package/packed.js'
import { BEHAVIOURS, type Behaviour, runnerConformance } from './runner.js'

const JSON_TYPE = { 'content-type': 'application/json' }
const ANSWERS: Readonly<Record<Behaviour, (response: ServerResponse, body: string) => void>> = {
  echo: (response, body) => response.writeHead(200, JSON_TYPE).end(body),
  throws: (response) => response.writeHead(500).end('thrown on purpose'),
  final: (response) => response.writeHead(422).end('never again'),
  waits: () => {},
  huge: (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(RESULT_BYTES_MAX)),
  bytes: (response) => response.writeHead(200).end(Buffer.from([0, 255, 1])),
  says: (response) => {
    const lines = [{ log: 'zwölf' }, { percent: 50, message: 'half' }, { result: 1 }]
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  },
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => ANSWERS[request.url?.slice(1) as Behaviour](response, Buffer.concat(chunks).toString()))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})
const { port } = server.address() as AddressInfo
const urls = Object.fromEntries(BEHAVIOURS.map((type) => [type, `http://127.0.0.1:${port}/${type}`]))

// As JavaScript: the test runner's own hooks would compile it otherwise, by a tsconfig.json that is not its own.
const source = readFileSync(join(ROOT, 'examples/http-runner/runner.ts'), 'utf8')
const { outputText } = ts.transpileModule(source, {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
})
const folder = t.testdir({ 'urls.json': JSON.stringify(urls), 'runner.mjs': outputText })
process.env.URLS = join(folder, 'urls.json')
const runners = [join(folder, 'runner.mjs')]
runnerConformance("a runner of one's own", () => openRunner({ modules: [], builtins: false, runners, log: () => {} }))
