// Loaded before each test file (`tap.node-arg` in package.json): processes that a test starts do without the hooks of the test
// runner, which it would put back into whatever is spawned. They are for coverage, make each start take twice as long,
// and one whose parent is killed in that moment may stay in them for ever.
interface Wrapped {
  readonly unwrap: () => void
}

const wrapped = (globalThis as Record<symbol, Wrapped | undefined>)[Symbol.for('process-on-spawn@*:singletonId')]
wrapped?.unwrap()
delete process.env.NODE_OPTIONS
