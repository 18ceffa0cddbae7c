// The task of drills as a command: a process beside its host, with children of its own where it is told so. It leaves the same
// witness as the function does.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type DrillPayload, type Witnessed, witness } from './witness-tasks.js'

/** Hears nothing, and neither does what it has started. */
const DEAF = 'trap "" TERM HUP INT; while :; do sleep 600; done'

const payload = JSON.parse(readFileSync(0, 'utf8')) as DrillPayload
const { DTR_TASK_ID: taskId = '', DTR_LEASE_ID: leaseId = '', DTR_ATTEMPT: attempt = '1' } = process.env
const ctx: Witnessed = { taskId, leaseId, attempt: Number(attempt), command: process.pid }
const host = process.ppid
const { deafChildren = 0, killsHost } = payload

if (ctx.attempt === 1 && deafChildren > 0) {
  process.on('SIGTERM', () => {})
  for (let child = 0; child < deafChildren; child += 1) spawn('sh', ['-c', DEAF], { stdio: 'ignore' }).unref()
}
const testimony = witness(payload, ctx, host)
if (killsHost !== undefined) process.kill(host, killsHost)
console.log(JSON.stringify(await testimony))
// Children that are left do not keep it.
process.exit()
