// A database of the benchmark's own on a PostgreSQL that runs, dropped at the end.
import pg from 'pg'
import { Missing } from '../system.js'

const SERVER = process.env.DTR_BENCH_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/postgres'

export class Postgres {
  static async version(): Promise<string> {
    const { rows } = await query(SERVER, 'show server_version')
    return `PostgreSQL ${String(rows[0]?.server_version).split(' ')[0]}`
  }

  /** What of its settings decides how safe and how fast it is. */
  static async settings(): Promise<string> {
    const names = ['fsync', 'synchronous_commit', 'wal_sync_method', 'shared_buffers']
    const { rows } = await query(SERVER, `select name, setting, unit from pg_settings where name = any($1)`, [names])
    return rows.map(({ name, setting, unit }) => `${name} ${setting}${unit === null ? '' : ` x ${unit}`}`).join(', ')
  }

  static async start(): Promise<Postgres> {
    const name = `dtr_bench_${process.pid}`
    await query(SERVER, `drop database if exists ${name}`).catch((error: Error) => {
      throw new Missing(`no PostgreSQL answers at DTR_BENCH_POSTGRES: ${error.message}`)
    })
    await query(SERVER, `create database ${name}`)
    const url = new URL(SERVER)
    url.pathname = `/${name}`
    return new Postgres(name, url.href)
  }

  /** Of this process, closed before the database goes. */
  readonly pool: pg.Pool

  private constructor(
    readonly name: string,
    readonly url: string,
  ) {
    this.pool = poolOf(url)
  }

  async end(): Promise<void> {
    await this.pool.end()
    // By force: connections of workers that were killed may not be over yet.
    await query(SERVER, `drop database ${this.name} with (force)`)
  }
}

/** A connection that breaks is told of, instead of ending the process. */
export function poolOf(url: string): pg.Pool {
  const tell = ({ message }: Error): void => console.error(`PostgreSQL: ${message}`)
  return new pg.Pool({ connectionString: url })
    .on('error', tell)
    .on('connect', (client) => void client.on('error', tell))
}

async function query(url: string, text: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query<Record<string, unknown>>(text, [...values])
  } finally {
    await client.end()
  }
}
