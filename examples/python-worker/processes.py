"""Where code runs: a process for each attempt, in a group of its own with whatever it starts. And the guard, a process
that ends all of them when the worker is gone, or frozen for longer than it may run code (PROTOCOL.md 4.3).

All of these hold the worker's listening socket: a port that refuses proves that no code is left (4.9).
"""
import base64
import json
import math
import os
import select
import signal
import sys
import tempfile
import traceback
import types

from clock import now
from telling import Teller, Told

DATA_BYTES_MAX, MESSAGE_CHARS_MAX, STACK_CHARS_MAX = 1_048_576, 4_000, 8_000


class Processes:
    def __init__(self, listener):
        self.listener, self.deadline, self.groups = listener, -math.inf, set()
        self.start_guard()

    def start(self, function, task):
        """@returns pid, the file that has how the attempt ended once the code has, and what it tells meanwhile."""
        file = tempfile.TemporaryFile()
        heard, telling = os.pipe()
        try:
            pid = self.fork(file.fileno(), self.leash, telling)
        except OSError:
            os.close(heard)
            os.close(telling)
            raise
        if pid == 0:
            status = 1
            try:
                self.tell(f'+{os.getpid()}')  # before the code begins: the worker may die at any moment
                os.close(self.leash)
                entry = execute(function, task, Teller(telling))
                file.write(json.dumps(entry).encode())
                file.flush()
                sys.stdout.flush()
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 1
            finally:
                os._exit(status)
        os.close(telling)
        self.groups.add(pid)
        return pid, file, Told(heard)

    def ended(self, pid, file):
        """None while it runs; then its exit code (of a signal: less than 0), and the entry that it left, if any."""
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == 0:
            return None
        kill(pid, signal.SIGKILL)  # whatever it started
        self.groups.discard(pid)
        self.tell(f'-{pid}')
        code = os.waitstatus_to_exitcode(status)
        with file:
            file.seek(0)
            left = file.read() if code == 0 else b''
        return code, json.loads(left) if left else None

    def may_run_until(self, deadline):
        self.deadline = deadline
        self.tell(f'={deadline}')

    def look(self):
        """A guard that was killed is replaced."""
        if os.waitpid(self.guard, os.WNOHANG)[0]:
            os.close(self.leash)
            self.start_guard()

    def start_guard(self):
        pipe, self.leash = os.pipe()
        self.guard = self.fork(pipe)
        if self.guard == 0:
            try:
                guard(pipe)
            finally:
                os._exit(0)
        os.close(pipe)
        for word in [f'={self.deadline}', *(f'+{group}' for group in self.groups)]:
            self.tell(word)

    def tell(self, word):
        try:
            os.write(self.leash, f'{word}\n'.encode())
        except BrokenPipeError:
            pass  # the next guard is told all

    def fork(self, *kept):
        """A process in a group of its own, with these files and the listening socket. @returns 0 in it"""
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            keep_only(self.listener.fileno(), *kept)
        try:
            os.setpgid(pid, pid)  # in both, so that neither runs ahead of it
        except OSError:
            pass  # it has ended already
        return pid


def guard(pipe):
    """Reads `+GROUP`, `-GROUP` and `=DEADLINE`, a line each. Nothing that a task does keeps it from its work."""
    groups, deadline, rest, chunk = set(), math.inf, b'', b'\n'
    while chunk:
        wait_s = min(1, max(0, deadline - now()) / 1_000) if groups else None
        if select.select([pipe], [], [], wait_s)[0]:
            chunk = os.read(pipe, 65_536)
            *lines, rest = (rest + chunk).split(b'\n')
            for line in lines:
                if line[:1] == b'=':
                    deadline = float(line[1:])
                else:
                    (groups.add if line[:1] == b'+' else groups.discard)(int(line[1:]))
        if not chunk or now() >= deadline:  # nothing to read: the worker is gone
            for group in groups:
                kill(group, signal.SIGKILL)
            groups.clear()


def kill(group, sign):
    try:
        os.killpg(group, sign)
    except OSError:
        pass  # it has ended by itself


def keep_only(*kept):
    """With a copy in a child the connections of a dead worker would seem open."""
    edges = sorted({0, 1, 2, *kept})
    for low, high in zip(edges, [*edges[1:], 65_536]):
        os.closerange(low + 1, high)


def execute(function, task, teller):
    """@returns the entry of `results` (3.3), but for id and lease."""
    try:
        # The id of the task makes side effects safe: an attempt may have run elsewhere before, to any point.
        context = types.SimpleNamespace(**{key: task.get(key) for key in ('id', 'lease', 'attempt', 'meta')})
        context.log, context.progress = teller.log, teller.progress
        context.last_checkpoint = json.loads(task.get('checkpoint', 'null'))  # what another worker has kept (4.11)
        json_in = task['encoding'] == 'json'
        value = function(json.loads(task['payload']) if json_in else base64.b64decode(task['payload']), context)
        if isinstance(value, bytes):
            entry = {'outcome': 'completed', 'encoding': 'base64', 'result': base64.b64encode(value).decode()}
        else:
            entry = {'outcome': 'completed', 'result': json.dumps(value, ensure_ascii=False, allow_nan=False)}
        size = len(entry['result'].encode())
        if size > DATA_BYTES_MAX:
            return failed('too_large', f'the result has {size} bytes, {DATA_BYTES_MAX} are allowed', final=True)
        return entry
    except Exception as error:
        final = bool(getattr(error, 'final', False))
        stack = traceback.format_exc()[-STACK_CHARS_MAX:]
        code = 'non_retryable' if final else 'task_failed'
        return failed(code, str(error) or type(error).__name__, final, stack=stack)
    finally:
        teller.finish()


def failed(code, message, final=False, **more):
    error = {'code': code, 'message': message[:MESSAGE_CHARS_MAX], **more}
    return {'outcome': 'failed', 'final': final, 'error': error}
