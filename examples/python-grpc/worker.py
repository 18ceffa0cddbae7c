#!/usr/bin/env python3
"""A worker that speaks gRPC: it runs the functions of TASKS, several at a time.

    worker.py [--address HOST:PORT] [--id NAME] [--slots N] [--port PORT]

Its stream may break, its scheduler be started again: it goes on with what it runs, and says each result until it was
recorded. SIGTERM: it takes no more, ends what it has, and leaves. With --port it serves orchestrator.v1.Worker, too.
"""

import argparse
import json
import os
import queue
import signal
import sys
import threading
import time
from concurrent import futures

import grpc
from stubs import messages, services

AGAIN_SECONDS = 0.5


class Cancelled(Exception):
    """Raised in the code of a task that somebody cancelled, when it says how far it is."""


# --- What it runs: functions of (payload, report) ----------------------------------------------------------------------


def shout(payload, report):
    return payload['text'].upper()


def count(payload, report):
    """Counts to n, a tick at a time, and says how far it is."""
    with open(payload['witness'], 'a') as witness:
        witness.write('start\n')
    for n in range(payload['n']):
        report(100 * n / payload['n'], '%d of %d' % (n, payload['n']))
        time.sleep(payload.get('tick', 0.1))
    return payload['n']


TASKS = {'shout': shout, 'count': count}


# --- The worker --------------------------------------------------------------------------------------------------------


class Running:
    """One task, from its assignment until its result was recorded."""

    def __init__(self, task):
        self.task = task
        self.started = time.time()
        self.ended_by = threading.Event()
        self.result = None

    def lease(self):
        return {'task_id': self.task.task_id, 'lease_id': self.task.lease_id}


class Worker:
    def __init__(self, name, slots):
        self.name = name
        self.slots = slots
        self.leaving = threading.Event()
        self.running = {}
        self.lock = threading.Lock()
        self.outgoing = queue.Queue()
        self.connected = False
        self.pool = futures.ThreadPoolExecutor(max_workers=slots)

    # One stream after the other, until it leaves.

    def serve(self, scheduler, metadata):
        while not (self.leaving.is_set() and not self.running):
            try:
                self.stream(scheduler, metadata)
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                    raise
                print('again: %s' % error.details(), file=sys.stderr, flush=True)
                time.sleep(AGAIN_SECONDS)
            finally:
                self.connected = False
        self.pool.shutdown()

    def stream(self, scheduler, metadata):
        self.outgoing = outgoing = queue.Queue()
        outgoing.put(self.heartbeat())
        with self.lock:
            # What an earlier stream said, and nobody has recorded.
            for each in self.running.values():
                if each.result is not None:
                    outgoing.put(messages.WorkerResponse(result=each.result))
        over = threading.Event()
        try:
            for told in scheduler.RegisterWorker(iter(outgoing.get, None), metadata=metadata):
                kind = told.WhichOneof('kind')
                if kind == 'greeting':
                    self.connected = True
                    interval = told.greeting.heartbeat_interval
                    seconds = interval.seconds + interval.nanos / 1e9
                    threading.Thread(target=self.beat, args=(outgoing, over, seconds / 2), daemon=True).start()
                    print('serves', file=sys.stderr, flush=True)
                elif kind == 'task':
                    self.begin(told.task)
                elif kind in ('cancel', 'lost'):
                    self.end(getattr(told, kind), forget=kind == 'lost')
                elif kind == 'recorded':
                    self.recorded(told.recorded)
        finally:
            over.set()
            outgoing.put(None)

    def beat(self, outgoing, over, seconds):
        while not over.wait(seconds):
            outgoing.put(self.heartbeat())
            if self.leaving.is_set() and not self.running:
                # Closes this side of the stream.
                outgoing.put(None)
                return

    def heartbeat(self):
        with self.lock:
            running = [messages.Lease(**each.lease()) for each in self.running.values()]
            busy = sum(each.result is None for each in self.running.values())
        leaving = self.leaving.is_set()
        return messages.WorkerResponse(
            heartbeat=messages.WorkerHeartbeat(
                worker_id=self.name,
                available_slots=0 if leaving else max(0, self.slots - busy),
                running=running,
                task_names=list(TASKS),
                leaving=leaving,
            )
        )

    # Tasks.

    def begin(self, task):
        with self.lock:
            self.running[task.task_id] = each = Running(task)
        self.pool.submit(self.run, each)

    def run(self, each):
        result = messages.TaskResult(**each.lease())
        try:
            output = TASKS[each.task.name](json.loads(each.task.payload), lambda *far: self.report(each, *far))
            result.output = json.dumps(output).encode()
        except Exception as error:
            result.error.code = 'cancelled' if isinstance(error, Cancelled) else 'task_failed'
            result.error.message = '%s: %s' % (type(error).__name__, error)
        each.result = result
        self.outgoing.put(messages.WorkerResponse(result=result))

    def report(self, each, percent, message=''):
        if each.ended_by.is_set():
            raise Cancelled()
        progress = messages.TaskProgress(percent=percent, message=message, **each.lease())
        self.outgoing.put(messages.WorkerResponse(progress=progress))

    def end(self, lease, forget):
        with self.lock:
            each = self.running.get(lease.task_id)
            if each is None or lease.lease_id not in ('', each.task.lease_id):
                return
            if forget:
                del self.running[lease.task_id]
        each.ended_by.set()

    def recorded(self, recorded):
        with self.lock:
            each = self.running.get(recorded.task_id)
            if each is None or each.task.lease_id != recorded.lease_id or recorded.checkpoint:
                return
            if recorded.outcome != messages.RECORDED_OUTCOME_REFUSED:
                del self.running[recorded.task_id]
                return
        # Too large, say: that is how it ended then.
        each.result = messages.TaskResult(**each.lease(), final=True)
        each.result.error.message = recorded.message
        self.outgoing.put(messages.WorkerResponse(result=each.result))


class Told(services.WorkerServicer):
    """orchestrator.v1.Worker: what this worker says of itself."""

    def __init__(self, worker):
        self.worker = worker

    def HealthCheck(self, request, context):
        return messages.HealthCheckResponse(
            healthy=self.worker.connected, version='example', service='orchestrator.v1.Worker'
        )

    def ListRunning(self, request, context):
        answer = messages.ListRunningResponse(
            worker_id=self.worker.name,
            slots=self.worker.slots,
            task_names=TASKS,
            queues=['default'],
            leaving=self.worker.leaving.is_set(),
        )
        with self.worker.lock:
            for each in self.worker.running.values():
                task = answer.tasks.add(task_id=each.task.task_id, name=each.task.name, attempt=each.task.attempt)
                task.started_at.FromSeconds(int(each.started))
        return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--address', default='127.0.0.1:50052')
    parser.add_argument('--id', default='python-%d' % os.getpid())
    parser.add_argument('--slots', type=int, default=2)
    parser.add_argument('--port', type=int)
    asked = parser.parse_args()
    key = os.environ.get('DTR_KEY')
    worker = Worker(asked.id, asked.slots)
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: worker.leaving.set())
    if asked.port is not None:
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        services.add_WorkerServicer_to_server(Told(worker), server)
        server.add_insecure_port('127.0.0.1:%d' % asked.port)
        server.start()
    options = [('grpc.keepalive_time_ms', 30_000), ('grpc.max_reconnect_backoff_ms', 1_000)]
    with grpc.insecure_channel(asked.address, options) as channel:
        metadata = [('authorization', 'Bearer ' + key)] if key else []
        worker.serve(services.SchedulerStub(channel), metadata)


if __name__ == '__main__':
    main()
