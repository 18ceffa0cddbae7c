// The port of HTTP that somebody has named: looked at before anything starts, for a cluster that is about to end is no answer.
import type { HttpPort } from '../config.js'
import { DtrError } from '../errors.js'
import { listenOnFirstFree } from '../net/ports.js'

/** @throws DtrError `ports_taken`, or `bad_input` where it cannot be listened on at all */
export async function checkHttpPort(host: string, port: HttpPort | undefined): Promise<void> {
  if (typeof port !== 'number') return
  try {
    const { server } = await listenOnFirstFree({ host, first: port, last: port })
    await new Promise((resolve) => server.close(resolve))
  } catch (error) {
    if (!(error instanceof DtrError) || error.code !== 'ports_taken') throw error
    throw new DtrError('ports_taken', `--http ${port}: ${error.message}, and nothing was started`, {
      hint: 'name another, or leave it away for the first free port from 8000 on',
    })
  }
}
