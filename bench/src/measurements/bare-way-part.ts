// One of those who pass the line on: a master with its store, a worker, a host.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

export type PartSettings =
  | { readonly role: 'master'; readonly apart: boolean; readonly file: string }
  | { readonly role: 'worker'; readonly apart: boolean; readonly port: number }
  | { readonly role: 'host' }

const THIS = fileURLToPath(import.meta.url)

if (isMainThread) await play(JSON.parse(process.argv[2] ?? '{}') as PartSettings)
else serveFile(workerData as string)

async function play(settings: PartSettings): Promise<void> {
  switch (settings.role) {
    case 'master':
      return playMaster(settings.file, settings.apart)
    case 'worker':
      return playWorker(settings.port, settings.apart)
    case 'host':
      process.stdin.on('data', (line) => process.stdout.write(line))
  }
}

async function playMaster(file: string, apart: boolean): Promise<void> {
  const write = apart ? await writerApart(file) : writerTo(file)
  let [client, worker]: (Socket | undefined)[] = []
  const ports = await Promise.all([
    listen((socket) => {
      client = socket.on('data', async (line) => {
        await write(line.toString())
        worker?.write(line)
      })
    }),
    listen((socket) => {
      worker = socket.on('data', async (line) => {
        await write(line.toString())
        client?.write(line)
      })
    }),
  ])
  process.send?.(ports)
}

async function listen(connected: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => connected(socket.setNoDelay(true))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

type Write = (line: string) => Promise<void> | void

function writerTo(file: string): Write {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE lines (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)')
  const insert = database.prepare('INSERT INTO lines (line) VALUES (?)')
  return (line) => void insert.run(line)
}

async function writerApart(file: string): Promise<Write> {
  const thread = new Worker(THIS, { workerData: file })
  const written = async (): Promise<void> => void (await once(thread, 'message'))
  await written()
  return (line) => {
    thread.postMessage(line)
    return written()
  }
}

function serveFile(file: string): void {
  const write = writerTo(file)
  parentPort?.on('message', (line: string) => {
    void write(line)
    parentPort?.postMessage(true)
  })
  parentPort?.postMessage(true)
}

async function playWorker(port: number, apart: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  await once(socket, 'connect')
  if (apart) {
    const args = [THIS, JSON.stringify({ role: 'host' } satisfies PartSettings)]
    const host = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    socket.on('data', (line) => host.stdin.write(line))
    host.stdout.on('data', (line) => socket.write(line))
  } else {
    socket.on('data', (line) => socket.write(line))
  }
  process.send?.(true)
}
