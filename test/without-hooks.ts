// Processes that a test starts do without most loader hooks of the test runner (it puts one back into whatever is spawned):
// they make each of them slower to start, and one whose parent is killed in that moment may stay in them for ever.
delete process.env.NODE_OPTIONS
