// One worker of BullMQ.
import { Worker } from 'bullmq'
import { sayDone, sayReady, settingsOf } from '../children.js'
import { RESULT } from '../system.js'
import type { BullmqSettings } from './bullmq.js'

const { port, queue, concurrency } = settingsOf<BullmqSettings>()
const worker = new Worker(queue, async () => RESULT, { connection: { port }, concurrency })
// Said when the job was moved to the finished ones, its result with it.
worker.on('completed', () => sayDone(1))
await worker.waitUntilReady()
sayReady()
