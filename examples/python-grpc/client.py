#!/usr/bin/env python3
"""Submits a task, says how far it is, and prints its result. It goes on over restarts of the master and of the gateway.

    client.py [--address HOST:PORT] [--key KEY] NAME [PAYLOAD]
"""

import argparse
import os
import sys
import time

import grpc
from stubs import messages, services

AGAIN_SECONDS = 0.5
# What may be asked again as it is.
RETRIABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


def persistent(ask):
    """The answer, however often the gateway has to be asked for it."""
    while True:
        try:
            return ask()
        except grpc.RpcError as error:
            if error.code() not in RETRIABLE:
                raise
            print('again: %s' % error.details(), file=sys.stderr, flush=True)
            time.sleep(AGAIN_SECONDS)


def follow(gateway, task_id, metadata):
    """Until the task has ended. Each stream begins where the task stands."""

    def once():
        for told in gateway.SubscribeProgress(messages.ProgressRequest(task_id=task_id), metadata=metadata):
            status = messages.TaskStatus.Name(told.status).replace('TASK_STATUS_', '').lower()
            print('%s %d%% %s' % (status, told.percent, told.message), file=sys.stderr, flush=True)
            if told.HasField('result'):
                return told.result
        raise RuntimeError('the stream ended before the task')

    return persistent(once)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--address', default='127.0.0.1:50051')
    parser.add_argument('name')
    parser.add_argument('payload', nargs='?', default='null')
    asked = parser.parse_args()
    key = os.environ.get('DTR_KEY')
    metadata = [('authorization', 'Bearer ' + key)] if key else []

    options = [('grpc.keepalive_time_ms', 30_000), ('grpc.max_reconnect_backoff_ms', 1_000)]
    with grpc.insecure_channel(asked.address, options) as channel:
        gateway = services.GatewayStub(channel)
        # The key makes it safe to send it again where no answer came.
        spec = messages.TaskSpec(
            name=asked.name,
            payload=asked.payload.encode(),
            idempotency_key='client.py %d %f' % (os.getpid(), time.time()),
        )
        accepted = persistent(lambda: gateway.SubmitTask(spec, timeout=20, metadata=metadata))
        print(accepted.task_id, file=sys.stderr, flush=True)
        result = follow(gateway, accepted.task_id, metadata)
    if result.WhichOneof('outcome') == 'error':
        sys.exit('%s: %s' % (result.error.code, result.error.message))
    sys.stdout.buffer.write(result.output + b'\n')


if __name__ == '__main__':
    main()
