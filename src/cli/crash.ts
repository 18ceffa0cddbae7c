// The end of a process by a mistake in its code: nothing of it goes on, and what is known of the mistake is kept.

/** Calls `last` at once, and ends with the exit code that it gives. Takes the place of whoever was told before. */
export function endOnCrash(last: (error: unknown) => number): void {
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error: unknown) => process.exit(last(error)))
}
