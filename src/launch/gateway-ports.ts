// The gateway's ports that somebody has named: looked at before anything starts, for a cluster that is about to end is no answer.
import type { Settings } from '../config.js'
import { DtrError } from '../errors.js'
import { listenOnFirstFree } from '../net/ports.js'

const FLAGS = { http: '--http', grpc: '--grpc', grpcScheduler: '--grpc-scheduler' } as const

/** @throws DtrError `ports_taken`, or `bad_input` where one cannot be listened on at all */
export async function checkGatewayPorts(settings: Pick<Settings, 'httpBind' | keyof typeof FLAGS>): Promise<void> {
  const { httpBind: host } = settings
  for (const name of ['http', 'grpc', 'grpcScheduler'] as const) {
    const port = settings[name]
    if (typeof port !== 'number') continue
    try {
      const { server } = await listenOnFirstFree({ host, first: port, last: port })
      await new Promise((resolve) => server.close(resolve))
    } catch (error) {
      if (!(error instanceof DtrError) || error.code !== 'ports_taken') throw error
      throw new DtrError('ports_taken', `${FLAGS[name]} ${port}: ${error.message}, and nothing was started`, {
        hint: 'name another, or say auto for the first free one',
      })
    }
  }
}
