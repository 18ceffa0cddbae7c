#!/usr/bin/env python3
"""A worker of dtr in Python 3, standard library alone, written from src/protocol/PROTOCOL.md: the numbers are sections.

This file is the life of a worker (4). Lines and handshake are in session.py, the processes of the code in processes.py.
"""
import collections
import math
import os
import runpy
import secrets
import selectors
import signal
import socket
import sys
import time

from clock import now
from options import listen, read_options, read_secret
from processes import Processes, failed, kill
from session import Refused, Session, address_of

UNPROVEN_MAX, LIST_MAX, QUEUED_BYTES = 64, 1_000, 1_048_576
TICK_S, STALL_MS, DEATHS_MS = 0.1, 1_000, 6_000
FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)  # what a bad message leads to


class Attempt:
    """waiting -> announced -> running -> settled, or running -> died -> settled"""

    def __init__(self, task):
        self.task, self.lease, self.names = task, task['lease'], {'id': task['id'], 'lease': task['lease']}
        self.state = 'waiting'
        self.pid = self.file = self.told = None
        self.ending = None  # why its code is ended: cancelled, stale, timeout, deadline, lost or drain
        self.timeout_at = self.kill_at = math.inf
        self.deadline_at = now() + task.get('deadlineMs', math.inf)
        self.died_at = self.entry = None
        self.log = {}  # what it said, once it has ended


class Worker:
    def __init__(self, options, tasks, secret, listener):
        self.options, self.tasks, self.secret, self.listener = options, tasks, secret, listener
        self.incarnation, self.token = f'{options.id}#{secrets.token_hex(8)}', secrets.token_hex(16)
        self.session, self.sessions = None, []  # that of its master; all of them
        self.attempts, self.results = {}, {}  # by lease: what it runs or will; what no master has recorded yet
        self.unsent = collections.deque()  # leases of results
        self.heartbeat, self.suspect, self.lease, self.code_dead = 2_000, 5_000, 15_000, 12_000
        self.registered, self.beats, self.beat_at = 0, 0, math.inf
        self.sent = {}  # when each beat was sent; 0 is the registration
        self.heard = self.looked = now()  # the last line of the master, or its end; the last turn of the loop
        self.may_run_until = -math.inf
        self.deaths = {}  # what died when, of that which may have died together (4.4)
        self.asked, self.stop_at = 0, None  # how often to stop; when a drain is over
        self.handed_back = False
        self.processes = Processes(listener)
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.awake, self.waker = socket.socketpair()  # a signal ends the wait of the loop
        self.awake.setblocking(False)
        self.waker.setblocking(False)
        self.selector.register(self.awake, selectors.EVENT_READ)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self.take_signal)

    def take_signal(self, number, _):
        self.asked += number != signal.SIGCHLD

    def run(self):
        """Returns the exit code."""
        while self.exit_code() is None:
            ready = self.selector.select(TICK_S)
            self.look()  # first of all: while it stood still its right to run code may have ended
            for key, _ in ready:
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj is self.awake:
                    self.awake.recv(4_096)
                elif isinstance(key.data, Attempt):
                    self.listen_to(key.data)
                else:
                    self.do(key.data, key.data.read)
            self.begin()
            self.report()
            self.deliver()
            for session in list(self.sessions):
                self.do(session, session.flush)
        return self.exit_code()

    def exit_code(self):
        if self.stop_at is not None and not self.attempts and not self.results:
            return 6 if self.handed_back else 0
        alone = not self.attempts and self.is_lost() and now() - self.heard > self.suspect
        late = self.stop_at is not None and now() > self.stop_at + self.options.kill_grace + self.suspect
        if self.asked > 1 or late or (self.stop_at is not None and alone):
            return 6  # what is left runs elsewhere
        return 0 if self.is_lost() and now() - self.heard > self.options.master_timeout else None

    def look(self):
        """Does all that is due."""
        at = now()
        if self.session and at - self.looked > STALL_MS:
            self.heard += at - self.looked  # its own standstill was no silence of the master
        self.looked = at
        if at >= self.end_code_at():
            for attempt in self.running():
                self.end(attempt, 'lost')
        if self.asked and self.stop_at is None:
            self.drain(self.options.drain)
        for attempt in self.those('waiting', 'announced', 'running'):
            if at >= attempt.deadline_at:
                self.end(attempt, 'deadline')
        for attempt in self.running():
            if at >= attempt.timeout_at:
                self.end(attempt, 'timeout')
            if self.stop_at is not None and at >= self.stop_at:
                self.end(attempt, 'drain')
                self.handed_back = True
            if at >= attempt.kill_at:
                kill(attempt.pid, signal.SIGKILL)
            self.reap(attempt)
        self.processes.look()
        if self.session and self.is_lost():
            self.deaths['master'] = at
        if self.session and at - self.heard > self.lease:
            self.close(self.session, 'it is silent')
        for session in [session for session in self.sessions if at >= session.cut_at]:
            self.close(session, 'it takes too long')
        if self.session and self.session.welcomed and at >= self.beat_at:
            self.beat(at)

    def is_lost(self):
        return self.session is None or now() - self.heard > self.suspect

    def end_code_at(self):
        """Early enough for a grace: 1.5 s of 12 (4.3)."""
        return self.may_run_until - self.code_dead / 8

    # --- Connections

    def accept(self):
        try:
            session = Session(self.listener.accept()[0], self)
        except OSError:
            return  # it has gone again
        unproven = [other for other in self.sessions if not other.master]
        if len(unproven) >= UNPROVEN_MAX:
            self.close(unproven[0], 'there are too many')
        self.sessions.append(session)
        self.selector.register(session.sock, selectors.EVENT_READ, session)

    def do(self, session, action):
        try:
            if session in self.sessions:
                action()
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if session.out else 0)
                self.selector.modify(session.sock, wanted, session)
        except BROKEN as error:
            self.close(session, f'{type(error).__name__}: {error}')

    def close(self, session, why):
        self.sessions.remove(session)
        self.selector.unregister(session.sock)
        session.sock.close()
        if session is not self.session:
            return
        log(f'lost the master {session.master}: {why}')
        self.deaths['master'] = now()
        if not self.is_lost():
            self.heard = now()
        self.session = None
        for attempt in self.those('announced'):
            attempt.state = 'waiting'

    def take(self, session, master, address):
        """A master has proven itself. It is told all that is held (4.2)."""
        if self.session and self.session.master != master and not self.is_lost():
            raise Refused('owned', f'this worker has the master {self.session.master}')
        if self.session:
            self.close(self.session, 'another connection takes its place')
        self.session, session.master, session.cut_at, self.heard = session, master, math.inf, now()
        self.registered, self.sent = self.registered + 1, {0: now()}
        self.deaths['master'] = now()  # or its connection: either is new
        recorded = [{'id': result['id'], 'lease': result['lease']} for result in self.results.values()]
        session.send(
            {
                'type': 'register',
                'name': self.options.id,
                'pid': os.getpid(),
                'hostname': socket.gethostname()[:255],
                'machine': MACHINE,
                'address': address,
                'version': f'python {sys.version.split()[0]}',
                'slots': self.options.slots,
                'queues': self.options.queues,
                'types': self.types(),
                'hosts': self.hosts(),
                'leases': [attempt.names for attempt in self.attempts.values()] + recorded,
                'draining': self.stop_at is not None,
                'n': self.registered,
                'token': self.token,
                'follows': True,
            }
        )

    def types(self):
        """A limit stands at its function: `resize.timeoutMs = 5_000`."""
        limits = ('timeoutMs', 'maxAttempts')
        return [
            {'type': type, **{key: getattr(function, key) for key in limits if hasattr(function, key)}}
            for type, function in self.tasks.items()
        ]

    def hosts(self):
        return [{'pid': attempt.pid, 'state': 'busy'} for attempt in self.running()][:LIST_MAX]

    def beat(self, at):
        self.beats, self.beat_at = self.beats + 1, at + self.heartbeat
        self.sent[self.beats] = at
        beat = {'type': 'beat', 'n': self.beats, 'seen': self.session.seen}
        self.session.send({**beat, 'running': len(self.running()), 'hosts': self.hosts()})

    # --- What the master says (3.4)

    def hear(self, session, message):
        self.heard = now()
        heed = getattr(self, 'on_' + message['type'].replace('-', '_'), None)
        if heed:
            heed(message)
        else:
            answer = {'type': 'unsupported', 'what': message['type'][:128]}
            session.send({**answer, 're': message['re']} if 're' in message else answer)

    def on_welcome(self, message):
        self.heartbeat, self.suspect = message['heartbeatMs'], message['suspectMs']
        self.lease, self.code_dead = message['leaseMs'], message['codeDeadMs']
        log(f'registered with {message["master"]}')
        for names in message['stale']:
            if names['lease'] in self.attempts:
                self.end(self.attempts[names['lease']], 'stale')
        begun = [attempt.names for attempt in self.those('running', 'died')]
        for first in range(0, len(begun), LIST_MAX):
            self.session.send({'type': 'started', 'list': begun[first : first + LIST_MAX]})
        self.unsent = collections.deque(self.results)
        for told in [attempt.told for attempt in self.running() if attempt.told]:
            told.followed, told.changed = False, bool(told.progress)
        self.session.welcomed, self.beat_at = True, now() + self.heartbeat
        self.confirm(self.sent[0])

    def on_heard(self, message):
        sent_at = self.sent.get(message['durable'])
        self.sent = {n: at for n, at in self.sent.items() if n > message['durable']}
        if sent_at is not None:
            self.confirm(sent_at)

    def confirm(self, sent_at):
        """What was sent then has reached the master (4.3)."""
        self.may_run_until = max(self.may_run_until, sent_at + self.code_dead)
        self.processes.may_run_until(self.may_run_until)
        for attempt in self.those('died'):
            if sent_at >= attempt.died_at + DEATHS_MS:
                self.judge(attempt)

    def on_assign(self, message):
        self.session.seen = message['seq']
        for task in message['list']:
            attempt = self.attempts[task['lease']] = Attempt(task)
            if task['type'] not in self.tasks:
                self.settle(attempt, {'outcome': 'returned', 'reason': 'unserved', 'started': False})
                self.session.send({'type': 'serves', 'types': self.types()})
            elif self.stop_at is not None:
                self.end(attempt, 'drain')

    def on_recorded(self, message):
        for entry in message['list']:
            if self.results.pop(entry['lease'], None) and entry['status'] == 'stale':
                log(f'a result came too late: lease {entry["lease"]}')

    def on_cancel(self, message):
        for entry in message['list']:
            if entry['lease'] in self.attempts:
                self.end(self.attempts[entry['lease']], entry['reason'])

    def on_follow(self, message):
        for entry in message['list']:
            attempt = self.attempts.get(entry['lease'])
            if attempt and attempt.told:
                attempt.told.followed = entry['on']
                self.report(attempt if entry['on'] else None)

    def on_drain(self, message):
        self.drain(message['graceMs'])

    def on_died_beside(self, _):
        self.deaths['beside'] = now()

    def on_refused(self, message):
        log(f'the master refuses: {message["message"]}')

    def on_unsupported(self, message):
        log(f'the master does not know {message["what"]}')

    def drain(self, grace):
        if self.stop_at is not None:
            return
        log(f'drains for {grace / 1_000:g} s at most')
        self.stop_at = now() + grace
        if self.session:
            self.session.send({'type': 'draining'})
        for attempt in self.those('waiting', 'announced'):
            self.end(attempt, 'drain')

    # --- Attempts (4.4)

    def those(self, *states):
        return [attempt for attempt in self.attempts.values() if attempt.state in states]

    def running(self):
        return self.those('running')

    def begin(self):
        """Code begins once `started` was written to the socket: an attempt without it never began."""
        session = self.session
        if self.is_lost() or not session.welcomed or now() >= self.end_code_at():
            return
        free = self.options.slots - len(self.those('announced', 'running'))
        chosen = self.those('waiting')[: max(0, free)]
        for attempt in chosen:
            attempt.state = 'announced'
        if chosen:
            session.send({'type': 'started', 'list': [attempt.names for attempt in chosen]})
            self.do(session, session.flush)
        for attempt in self.those('announced') if not session.out else []:
            self.start(attempt)

    def start(self, attempt):
        function = self.tasks[attempt.task['type']]
        limit = attempt.task.get('timeoutMs', getattr(function, 'timeoutMs', math.inf))
        try:
            attempt.pid, attempt.file, attempt.told = self.processes.start(function, attempt.task)
            attempt.state, attempt.timeout_at = 'running', now() + limit
            self.selector.register(attempt.told.fd, selectors.EVENT_READ, attempt)
        except OSError as error:
            log(f'no process for a task: {error}')
            returned = {'outcome': 'returned', 'reason': 'undelivered', 'started': False}
            self.settle(attempt, {**returned, 'waitMs': DEATHS_MS})

    # --- What code tells while it runs (4.10)

    def listen_to(self, attempt):
        try:
            if attempt.told and not attempt.told.read():
                self.selector.unregister(attempt.told.fd)
        except BROKEN as error:
            log(f'a task tells what cannot be read: {error}')
            self.stop_listening(attempt)

    def stop_listening(self, attempt):
        if attempt.told is None:
            return
        told, attempt.told = attempt.told, None
        try:
            self.selector.unregister(told.fd)
        except KeyError:
            pass  # it has closed its end before
        try:
            attempt.log = told.close()
        except BROKEN as error:
            log(f'a task told what cannot be read: {error}')

    def report(self, asked=None):
        """Left out where much is unread: it matters only as long as it is new."""
        session = self.session
        if not session or not session.welcomed or len(session.out) > QUEUED_BYTES:
            return
        for attempt in [asked] if asked else self.running():
            told = attempt.told.report(now(), asked=bool(asked)) if attempt.told else None
            if told is not None:
                session.send({'type': 'progress', 'list': [{**attempt.names, **told}]})

    def end(self, attempt, why):
        """Signal, grace, force; it is settled when its code has ended."""
        if not attempt.ending or why in ('cancelled', 'stale'):
            attempt.ending = why
        if attempt.state != 'running':
            self.settle(attempt, told(attempt, started=False))
        elif attempt.kill_at == math.inf:
            kill(attempt.pid, signal.SIGTERM)
            attempt.kill_at = now() + self.options.kill_grace

    def reap(self, attempt):
        ended = self.processes.ended(attempt.pid, attempt.file)
        if ended is None:
            return
        code, entry = ended
        self.stop_listening(attempt)
        if attempt.ending in ('cancelled', 'stale', 'timeout', 'deadline') or (attempt.ending and not entry):
            self.settle(attempt, told(attempt, started=True))
        elif entry:
            self.settle(attempt, entry)
        else:
            self.died(attempt, code)

    def died(self, attempt, code):
        """By itself it is failed. By a signal from outside it may be nobody's fault: that is known in a while."""
        by = {'signal': signal.Signals(-code).name} if code < 0 else {'exitCode': code}
        attempt.entry = failed('host_died', f'its process ended with {code if code >= 0 else by["signal"]}', **by)
        if self.session and self.session.welcomed:
            self.session.send({'type': 'host-died', 'list': [attempt.names]})
        if -code in FROM_OUTSIDE:
            attempt.state, attempt.died_at = 'died', now()
            self.deaths = {what: at for what, at in self.deaths.items() if at > now() - 10 * DEATHS_MS}
            self.deaths[attempt.lease] = now()
        else:
            self.settle(attempt, attempt.entry)

    def judge(self, attempt):
        others = [at for what, at in self.deaths.items() if what != attempt.lease]
        if any(at > attempt.died_at - DEATHS_MS for at in others):
            returned = {'outcome': 'returned', 'reason': 'neighbour', 'started': True, 'suspect': True}
            attempt.entry = {**returned, 'waitMs': DEATHS_MS, 'error': attempt.entry['error']}
        self.settle(attempt, attempt.entry)

    def settle(self, attempt, entry):
        del self.attempts[attempt.lease]
        if entry:
            self.results[attempt.lease] = {**attempt.names, **entry, **attempt.log}
            self.unsent.append(attempt.lease)

    def deliver(self):
        """A message each, so that none is too long, and not all at once (4.5)."""
        while self.session and self.session.welcomed and self.unsent and len(self.session.out) < QUEUED_BYTES:
            lease = self.unsent.popleft()
            if lease in self.results:
                self.session.send({'type': 'results', 'list': [self.results[lease]]})


def told(attempt, started):
    """How an attempt that was ended is told; a stale one not at all."""
    lost = {'code': 'lost', 'message': 'its code was ended, for its master was not heard in time'}
    return {
        'cancelled': {'outcome': 'cancelled'},
        'timeout': failed('timeout', 'it ran for longer than it may'),
        'deadline': failed('deadline', 'its deadline was over before it ended', final=True),
        'drain': {'outcome': 'returned', 'reason': 'drain', 'started': started},
        'lost': {'outcome': 'lost', 'started': started, 'error': lost},
        'stale': None,
    }[attempt.ending]


def log(text):
    print(time.strftime('%H:%M:%S'), text, file=sys.stderr, flush=True)


def machine():
    try:
        with open('/proc/sys/kernel/random/boot_id') as file:
            return f'{file.read().strip()}/{os.readlink("/proc/self/ns/net")}'
    except OSError:
        return secrets.token_hex(16)  # then only the lease counts (4.9)


MACHINE = machine()


def main():
    options = read_options()
    secret = read_secret(options)
    sys.path.insert(0, os.path.dirname(os.path.abspath(options.tasks)))
    tasks = runpy.run_path(options.tasks)['TASKS']
    worker = Worker(options, tasks, secret, listen(options))
    log(f'{worker.incarnation} listens on {address_of(worker.listener)}, serves {", ".join(tasks)}')
    sys.exit(worker.run())


if __name__ == '__main__':
    main()
