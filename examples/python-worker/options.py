"""What the command line says, the secret, and the port."""
import argparse
import errno
import ipaddress
import math
import os
import re
import socket
import stat
import sys

from session import Secret


def duration(text):
    found = re.fullmatch(r'(\d+(?:\.\d+)?)(ms|s|m|h)', text)
    if text != 'never' and not found:
        raise argparse.ArgumentTypeError(f'{text} is no duration, such as 30s, 500ms or never')
    return float(found[1]) * {'ms': 1, 's': 1_000, 'm': 60_000, 'h': 3_600_000}[found[2]] if found else math.inf


def ports(text):
    found = re.fullmatch(r'(\d+)-(\d+)', text)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= 65_535:
        raise argparse.ArgumentTypeError(f'{text} is no range of ports, such as 5000-5100')
    return range(int(found[1]), int(found[2]) + 1)


def slots(text):
    if not re.fullmatch(r'\d{1,5}', text) or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f'{text} is not from 1 to 10000')
    return int(text)


def name(text):
    if not re.fullmatch(r'[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}', text):
        raise argparse.ArgumentTypeError(f'{text!r} is no name: letters, digits and ._:@/- up to 128')
    return text


def names(text):
    return [name(one) for one in text.split(',')]


def read_secret(options):
    """DTR_SECRET, or a file that nobody else can read: never the command line, and no task sees it."""
    text = os.environ.pop('DTR_SECRET', None)
    if options.secret_file or text is None:
        path = options.secret_file or os.path.join(options.data, 'secret')
        try:
            with open(path) as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    sys.exit(f'{path} can be read by others: chmod 600 {path}')
                text = file.read()
        except OSError as error:
            sys.exit(f'no secret in {path}: {error.strerror}; --data names the folder of the cluster')
    if len(text.strip()) < 32:
        sys.exit(f'the secret has {len(text.strip())} characters, 32 is the least')
    return Secret(text)


def listen(options):
    family = socket.AF_INET6 if ':' in options.bind else socket.AF_INET
    for port in options.worker_ports:
        try:
            listener = socket.create_server((options.bind, port), family=family)
            listener.setblocking(False)
            return listener
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                sys.exit(f'cannot listen on {options.bind}, port {port}: {error.strerror}')
    first, last = options.worker_ports[0], options.worker_ports[-1]
    sys.exit(f'no port from {first} to {last} is free: --worker-ports names others')


def read_options():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description='A worker of dtr in Python.', allow_abbrev=False)
    add = parser.add_argument
    add('--id', type=name, default=f'python-{os.getpid()}', help='name of the worker')
    add('--tasks', default=os.path.join(here, 'tasks.py'), metavar='FILE', help='has TASKS, a function for each type')
    add('--slots', type=slots, default=1, metavar='N', help='tasks that it runs at the same time')
    add('--queues', type=names, default=['default'], metavar='NAMES', help='with commas between them')
    add('--data', default='.dtr', metavar='FOLDER', help='of the cluster: its secret is in there')
    add('--secret-file', metavar='FILE', help='has the secret, if it is elsewhere; DTR_SECRET is the secret itself')
    add('--worker-ports', type=ports, default=ports('5000-5100'), metavar='A-B', help='it takes the first that is free')
    add('--bind', default='127.0.0.1', metavar='IP', help='address to listen on')
    add('--plaintext', action='store_true', help='listen beyond loopback, where others can read along')
    add('--drain', type=duration, default='30s', help='for what runs when it is asked to stop')
    add('--kill-grace', type=duration, default='5s', help='between SIGTERM and SIGKILL of code')
    add('--master-timeout', type=duration, default='30s', help='it leaves so long after losing the master')
    options = parser.parse_args()
    try:
        beyond = not ipaddress.ip_address(options.bind).is_loopback
    except ValueError as error:
        parser.error(f'--bind: {error}')
    if beyond and not options.plaintext:
        parser.error(f'--bind {options.bind} is beyond loopback, and nothing is encrypted: --plaintext allows it')
    return options
