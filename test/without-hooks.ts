// Processes that a test starts do without the loader hooks of the test runner: they make each of them slower to start, and
// one whose parent is killed in that moment may stay in them for ever, before its first line of code.
delete process.env.NODE_OPTIONS
