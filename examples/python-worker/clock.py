"""The clock of all deadlines, in milliseconds: monotonic, and it runs while the machine sleeps (PROTOCOL.md 4.3)."""
import time

CLOCK = getattr(time, 'CLOCK_BOOTTIME', time.CLOCK_MONOTONIC)


def now():
    return time.clock_gettime_ns(CLOCK) / 1e6
