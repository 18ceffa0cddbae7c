"""What code tells while it runs (PROTOCOL.md 4.10): a pipe from its process to the worker, a line of JSON for each thing."""
import json
import os
import time

LOG_BYTES_MAX, EVERY_S, MESSAGE_CHARS_MAX, CHUNK = 65_536, 0.2, 500, 65_536


class Teller:
    """In the process of the code: `ctx.log(text)` and `ctx.progress(percent, message)`."""

    def __init__(self, fd):
        self.fd, self.told_at, self.untold = fd, 0.0, None

    def log(self, text):
        self.tell({'log': f'{text}\n'})

    def progress(self, percent, message=None):
        """As often as one likes: the last counts."""
        words = {} if message is None else {'message': str(message)[:MESSAGE_CHARS_MAX]}
        self.untold = {'percent': min(100, max(0, percent)), **words}
        if time.monotonic() - self.told_at >= EVERY_S:
            self.finish()

    def finish(self):
        if self.untold:
            self.tell(self.untold)
        self.untold, self.told_at = None, time.monotonic()

    def tell(self, what):
        line = json.dumps(what).encode() + b'\n'
        while line:
            line = line[os.write(self.fd, line) :]


class Told:
    """In the worker: the last progress, the end of the log, and what of it the master has heard."""

    def __init__(self, fd):
        os.set_blocking(fd, False)
        self.fd, self.rest = fd, b''
        self.log, self.end, self.heard = b'', 0, 0  # its last bytes; how many there were; how many were sent
        self.progress, self.changed, self.followed, self.sent_at = {}, False, False, 0

    def read(self):
        """@returns whether there was anything"""
        try:
            chunk = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return False
        *lines, rest = (self.rest + chunk).split(b'\n')
        self.rest = rest[:1_048_576]
        for line in lines:
            told = json.loads(line)
            said = told.pop('log', '').encode('utf-8', 'replace')
            self.log, self.end = (self.log + said)[-LOG_BYTES_MAX:], self.end + len(said)
            self.progress, self.changed = told or self.progress, self.changed or bool(told)
        return bool(chunk)

    def since(self, heard):
        """The part of the log behind this many bytes, as far as it is kept, without half a character."""
        part = self.log[max(0, len(self.log) - (self.end - heard)) :]
        while part and part[0] >> 6 == 0b10:
            part = part[1:]
        return {'at': self.end - len(part), 'text': part.decode('utf-8', 'replace')}

    def report(self, at, asked=False):
        """What the master is to hear now, if anything: once a second, or at once and with the log where it is watched."""
        says = self.followed and (asked or self.end > self.heard)
        if not says and not (self.changed and (self.followed or at - self.sent_at >= 1_000)):
            return None
        log = {'log': self.since(0 if asked else self.heard)} if says else {}
        self.heard, self.changed, self.sent_at = self.end, False, at
        return {**self.progress, **log}

    def close(self):
        """The code has ended. @returns what it said, for its settlement"""
        while self.read():
            pass
        os.close(self.fd)
        return {'log': self.since(0)} if self.end else {}
