// The tasks of this folder as a larger model would do them: each takes some 20 ms. Nothing is computed meanwhile, so that many
// workers have room on few cores, and no two take the same time, so that it is chance who is free for what.
import { setTimeout as pause } from 'node:timers/promises'
import tasks from './tasks.mjs'

const FROM_MS = 5
const TO_MS = 35
const { sentiment } = tasks

export default {
  sentiment: {
    ...sentiment,
    async run(payload) {
      await pause(FROM_MS + Math.random() * (TO_MS - FROM_MS))
      return sentiment.run(payload)
    },
  },
}
