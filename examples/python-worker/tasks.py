"""What this worker does, by type: functions of a payload and a context (id, lease, attempt, meta, log, progress)."""
import collections
import hashlib
import time

from witness import drill


class Hopeless(Exception):
    """`final` says that another attempt would change nothing."""

    final = True


def count_words(payload, ctx):
    """{"file": "..."} -> the ten most frequent words."""
    try:
        with open(payload['file'], encoding='utf-8') as file:
            words = collections.Counter(word for line in file for word in line.split())
    except FileNotFoundError as error:
        raise Hopeless(str(error)) from None
    return words.most_common(10)


def digest(payload, ctx):
    """Text, or bytes (a client says so by `encoding`) -> bytes."""
    return hashlib.sha256(payload.encode() if isinstance(payload, str) else payload).digest()


def nap(payload, ctx):
    """{"seconds": 5}, in ten parts"""
    ctx.log(f'for {payload["seconds"]} s')
    for part in range(10):
        ctx.progress(10 * part, f'part {part + 1} of 10')
        time.sleep(payload['seconds'] / 10)
    return payload


nap.timeoutMs = 3_600_000

TASKS = {'count-words': count_words, 'digest': digest, 'nap': nap, 'drill': drill}
