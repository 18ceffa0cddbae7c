"""The task of `dtr drill`: it writes down when its code ran (see README.md)."""
import json
import os
import time

SIGN_EVERY_S = 0.05


def drill(payload, ctx):
    def leave(what):
        at_ms = time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e6 - AHEAD_MS
        sign = {'what': what, 'task': ctx.id, 'attempt': ctx.attempt, 'lease': ctx.lease}
        sign.update(pid=os.getpid(), atMs=at_ms)
        with open(payload['witness'], 'ab', buffering=0) as file:
            file.write(json.dumps(sign).encode() + b'\n')  # in one piece: others write there, too

    leave('start')
    if payload.get('exits'):
        os._exit(1)
    first = ctx.attempt == 1
    told = time.monotonic()
    end = told + (payload.get('firstMs', payload['ms']) if first else payload['ms']) / 1_000
    while time.monotonic() < end:
        if not (first and payload.get('spins')):
            time.sleep(max(0, min(SIGN_EVERY_S, end - time.monotonic())))
        if time.monotonic() - told >= SIGN_EVERY_S:
            told = time.monotonic()
            leave('alive')
    leave('end')
    return {'lease': ctx.lease, 'attempt': ctx.attempt}


def ahead_ms():
    """How far the monotonic clock here is ahead of that of the machine: in a time namespace it may be."""
    try:
        with open('/proc/self/timens_offsets') as file:
            seconds, nanoseconds = next(line.split()[1:] for line in file if line.startswith('monotonic'))
            return int(seconds) * 1_000 + int(nanoseconds) / 1e6
    except (OSError, StopIteration):
        return 0


AHEAD_MS = ahead_ms()
