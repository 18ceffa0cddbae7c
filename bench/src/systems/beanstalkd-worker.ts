// One worker of beanstalkd: who has reserved a job has to delete it over the same connection, so each runs a task at a time.
import type { JackdClient } from 'jackd'
import { sayDone, sayReady, settingsOf } from '../children.js'
import { beanstalkdClient } from '../servers/beanstalkd.js'
import { RESULT } from '../system.js'
import { type BeanstalkdSettings, RESULTS, TASKS } from './beanstalkd.js'

const { port, results, connections } = settingsOf<BeanstalkdSettings>()

const clients = Array.from({ length: connections }, async () => {
  const client = await beanstalkdClient(port)
  await client.watch(TASKS)
  await client.use(RESULTS)
  return client
})

async function work(client: JackdClient): Promise<never> {
  for (;;) {
    const { id } = await client.reserve()
    if (results) await client.put(RESULT)
    await client.delete(id)
    sayDone(1)
  }
}

for (const client of await Promise.all(clients)) void work(client)
sayReady()
