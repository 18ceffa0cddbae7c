// Planted faults: what somebody could break one day, as edits of the compiled files, with the promise that goes with it.

export interface Edit {
  /** In dist/src. */
  readonly file: string
  /** Stands there once. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  /** Any of them: a fault may break several, and one is seen first. */
  readonly breaks: readonly string[]
  readonly edits: readonly Edit[]
}

function mutant(name: string, breaks: string, file: string, find: string, replace: string): Mutant {
  return { name, breaks: breaks.split(' '), edits: [{ file, find, replace }] }
}

export const MUTANTS: readonly Mutant[] = [
  mutant(
    'a submit is accepted before it is on disk',
    'P1',
    'master/decide/requests.js',
    'if (list.length === 0)\n        answer(turn, ticket);',
    "turn.send(session.id, { type: 'accepted', re, unserved, list: list.map(({ id }) => ({ id, status: 'accepted' })) });",
  ),
  mutant(
    'a resubmit is compared with what the grant has filled in',
    'P2',
    'store/rows.js',
    'row.maxAttemptsGiven === spec.maxAttempts',
    'row.maxAttempts === spec.maxAttempts',
  ),
  mutant(
    'no fence: any lease ends a running task',
    'P5',
    'store/operations.js',
    "if (row.state === 'running' && row.leaseId === leaseId) {",
    "if (row.state === 'running') {",
  ),
  mutant(
    'no fence for results',
    'P5',
    'store/memory.js',
    "if (row?.state !== 'running' || row.leaseId !== leaseId || row.cancelRequested)",
    "if (row?.state !== 'running' || row.cancelRequested)",
  ),
  mutant(
    'an outcome is applied twice',
    'P6 P5 P9',
    'store/operations.js',
    "if (row.state === 'running' && row.leaseId === leaseId) {",
    'if (row.leaseId === leaseId) {',
  ),
  mutant(
    'a result for a task that has ended',
    'P6',
    'store/memory.js',
    "if (row?.state !== 'running' || row.leaseId !== leaseId || row.cancelRequested)",
    "if (row?.state === undefined || row.state === 'pending' || row.leaseId !== leaseId || row.cancelRequested)",
  ),
  mutant(
    'code goes on with a lease that is not its own any more',
    'P7',
    'worker/decide/master.js',
    "endByMaster(turn, lease, 'stale');",
    '',
  ),
  mutant(
    'a beat is confirmed while the tasks of its worker go to others',
    'P7',
    'master/decide/sessions.js',
    'if (worker.expiring)\n        return;',
    '',
  ),
  mutant(
    'a worker is given up after 5 s of silence',
    'P19 P7',
    'master/decide/expire.js',
    'if (silentMs >= leaseMs)',
    'if (silentMs >= suspectMs)',
  ),
  mutant(
    'a dial that says nothing is taken as proof of death',
    'P19 P7',
    'master/discovery.js',
    "default:\n            return 'unknown';",
    "default:\n            return 'refused';",
  ),
  {
    name: 'the margin is used up: code lives for 20 s',
    breaks: ['P18', 'P7'],
    edits: [
      {
        file: 'worker/decide/lease.js',
        find: 'return (state.confirmedAt ?? NEVER) + state.timings.codeDeadMs;',
        replace: 'return (state.confirmedAt ?? NEVER) + 20_000;',
      },
      {
        file: 'worker/decide/hosts.js',
        find: 'at: confirmedAt + timings.codeDeadMs, signEveryMs',
        replace: 'at: confirmedAt + 20_000, signEveryMs',
      },
    ],
  },
  mutant(
    'the lease counts from when the beat was confirmed',
    'P18 P7',
    'worker/decide/master.js',
    'confirm(turn, sentAt);',
    'confirm(turn, turn.at);',
  ),
  mutant(
    'code is told at 6 s that its master is lost',
    'P8',
    'worker/decide/lease.js',
    'state.timings.codeDeadMs / 8',
    'state.timings.codeDeadMs / 2',
  ),
  mutant(
    'a worker comes back without what it runs',
    'P9 P8',
    'worker/decide/master.js',
    'leases: [...held, ...settled],',
    'leases: settled,',
  ),
  mutant(
    'a worker comes back without the results that it keeps',
    'P9 P8',
    'worker/decide/master.js',
    'leases: [...held, ...settled],',
    'leases: held,',
  ),
  mutant('a drain is charged', 'P9', 'task/task.js', 'uncharged: task.uncharged + 1', 'uncharged: task.uncharged'),
  mutant(
    'one attempt too many',
    'P9 P10',
    'task/task.js',
    'return chargedAttempts(task) < (',
    'return chargedAttempts(task) <= (',
  ),
  mutant(
    'what a dead worker held counts as never started',
    'P9 P10',
    'master/decide/expire.js',
    "cause === 'silent' ? lease.delivered : lease.started",
    'false',
  ),
  mutant(
    'code begins before it was said that it does',
    'P9 P10',
    'worker/decide/attempts.js',
    "turn.tell({ type: 'started', list: some.map(({ assignment: { id, lease } }) => ({ id, lease })) });",
    '',
  ),
  mutant(
    'a result is answered before it is on disk',
    'P4',
    'master/decide/settle.js',
    'export function settle(turn, worker, session, list) {',
    `export function settle(turn, worker, session, list) {
    turn.send(session, { type: 'recorded', list: list.map(({ lease }) => ({ lease, status: 'recorded' })) });`,
  ),
  mutant(
    'a break of the connection proves that nothing began',
    'P10 P9',
    'master/decide/sessions.js',
    'if (!heardAll)\n        presumeBegun(worker);',
    '',
  ),
  mutant(
    'at most once is forgotten where work is handed back',
    'P10',
    'task/task.js',
    'if (task.maxAttempts === 1)',
    'if (task.maxAttempts === -1)',
  ),
  mutant(
    'neighbours are charged for the death of their host',
    'P11',
    'worker/decide/deaths.js',
    'else if (begun.length === 1)',
    'else if (begun.length > 0)',
  ),
  mutant('two deaths make poison', 'P11', 'task/task.js', 'const DEATHS_MAX = 3;', 'const DEATHS_MAX = 2;'),
  mutant(
    'code that does not listen is never killed',
    'P13',
    'worker/decide/endings.js',
    "kill(turn, host, 'neighbour');",
    '',
  ),
  mutant(
    'the grace never ends',
    'P13',
    'worker/decide/endings.js',
    'attempt.dueAt = turn.at + turn.state.config.killGraceMs;',
    '',
  ),
  mutant(
    'a cancel is not passed on to the worker',
    'P13',
    'master/decide/requests.js',
    "outcome.status === 'cancelling' && outcome.leaseId",
    "outcome.status === 'cancelled' && outcome.leaseId",
  ),
  mutant(
    'a cancel of a running task is not written down',
    'P14',
    'store/operations.js',
    'work.rows.update({ ...row, cancelRequested: true });',
    '',
  ),
  mutant(
    'a result counts although the task was to be cancelled',
    'P14',
    'task/task.js',
    'if (task.cancelRequested)',
    'if (task.cancelRequested && ending.kind !== "completed")',
  ),
  mutant(
    'the lowest priority first',
    'P15',
    'store/rows.js',
    'return b.priority - a.priority ||',
    'return a.priority - b.priority ||',
  ),
  mutant(
    'the last submitted first',
    'P15',
    'store/rows.js',
    '|| a.runAt - b.runAt || a.seq - b.seq;',
    '|| b.runAt - a.runAt || b.seq - a.seq;',
  ),
  mutant(
    'a retry does not wait',
    'P16',
    'store/rows.js',
    "gated: decision.state === 'pending' && decision.runAt > now",
    'gated: false',
  ),
  mutant(
    'a retry waits for twice its window',
    'P16',
    'task/retry.js',
    'Math.floor(windowMs * jitter)',
    'Math.floor(2 * windowMs * jitter)',
  ),
  mutant(
    'a lease of a silent worker never ends',
    'P17',
    'master/decide/expire.js',
    "judge(turn, worker, 'silent');",
    ';',
  ),
  mutant('slots are leaked when a worker comes back', 'P17', 'master/decide/sessions.js', 'worker.leases.clear();', ''),
  mutant(
    'results that were lost on their way are not sent again',
    'P17',
    'worker/decide/master.js',
    'sendAgain(state);',
    '',
  ),
  mutant(
    'a batch that failed is not tried again',
    'P17',
    'master/driver.js',
    'if (this.#closed)\n                    return undefined;\n                await',
    'return undefined;\n                await',
  ),
  mutant(
    'a client does not submit again what was not answered',
    'P17',
    'client/submits.js',
    'this.#requeue(unanswered);',
    '',
  ),
  mutant(
    'new work wakes nobody',
    'P17',
    'master/machine.js',
    "return operation.kind !== 'cancel' &&",
    'return false &&',
  ),
  mutant(
    'a worker stays without a master',
    'P18',
    'worker/decide/loss.js',
    'if (leftMs <= 0) {',
    'if (leftMs <= -60_000) {',
  ),
  mutant(
    'a worker leaves as if something were wrong',
    'P18',
    'worker/decide/loss.js',
    'return leave(turn, EXIT_OK);',
    'return leave(turn, 1);',
  ),
  mutant(
    'a master that stood still blames its workers',
    'P19',
    'master/decide/expire.js',
    'worker.heardAt = Math.min(turn.at.monoMs, worker.heardAt + lagMs);',
    ';',
  ),
  {
    name: 'a hidden clock: the worker counts by the wall',
    breaks: ['P20'],
    edits: [
      {
        file: 'worker/core.js',
        find: 'this.#machine.step(this.#options.clock.now(), event)',
        replace: 'this.#machine.step({ monoMs: this.#options.clock.now().wallMs, wallMs: 0 }, event)',
      },
      {
        file: 'worker/core.js',
        find: 'this.#options.clock.wakeAt(next, () => {',
        replace:
          'this.#options.clock.wakeAt(next - this.#options.clock.now().wallMs + this.#options.clock.now().monoMs, () => {',
      },
      {
        file: 'worker/core.js',
        find: 'this.#options.rawMonoMs() + at - this.#options.clock.now().monoMs;',
        replace: 'this.#options.rawMonoMs() + at - this.#options.clock.now().wallMs;',
      },
    ],
  },
  mutant(
    'a worker that drains is given work by the next master',
    'P21',
    'master/decide/sessions.js',
    "worker.about?.draining === true ? 'draining' : 'ready'",
    "'ready'",
  ),
  mutant('a drain never ends', 'P21', 'worker/decide/drain.js', "kill(turn, host, 'drain');", ';'),
  mutant(
    'a drain that handed work back says that it was complete',
    'P21',
    'worker/decide/drain.js',
    'drain.handedBack || state.unrecorded.size > 0 ? incomplete : EXIT_OK',
    'EXIT_OK',
  ),
]
