"""A connection of a worker: lines (PROTOCOL.md 1) and the handshake of the accepting side (2)."""
import hashlib
import hmac
import ipaddress
import json
import re
import secrets
import socket

from clock import now

GREETING_BYTES_MAX, LINE_BYTES_MAX, HANDSHAKE_MS_MAX, CUT_MS = 4_096, 8_388_608, 2_000, 2_000
AT_ONCE = 262_144
INCARNATION, NONCE = r'[A-Za-z0-9][A-Za-z0-9._:@/#-]{0,191}', r'[0-9a-f]{32}'


class Secret:
    def __init__(self, text):
        text = text.strip()
        self.key = bytes.fromhex(text) if re.fullmatch('[0-9a-f]{64}', text) else hashlib.sha256(text.encode()).digest()
        self.cluster, self.id = self.sign('dtr cluster')[:16], self.sign('dtr key id')[:8]

    def sign(self, text):
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


class Refused(Exception):
    """A code and a sentence that the dialler is told before the connection ends."""


class Session:
    """What breaks a rule raises: whoever called closes the session."""

    def __init__(self, sock, worker):
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.worker, self.inbox, self.out = sock, worker, bytearray(), bytearray()
        self.master = None  # its incarnation, once it has proven that it knows the secret
        self.refused = self.welcomed = False
        self.seen = 0  # of the last `assign`
        self.cut_at = now() + HANDSHAKE_MS_MAX
        self.steps = self.handshake(worker.secret, worker.incarnation)
        next(self.steps)

    def handshake(self, secret, own):
        """Stops wherever it needs the next line."""
        nonce = secrets.token_hex(16)
        self.send({'dtr': 1, 'role': 'worker', 'cluster': secret.cluster, 'incarnation': own, 'nonce': nonce})
        hello = yield
        here = address_of(self.sock)
        if hello['type'] != 'hello' or not re.fullmatch(INCARNATION, hello['incarnation']):
            raise ValueError('that is no hello')
        if hello['version'] != 1 or not re.fullmatch(NONCE, hello['nonce']):
            raise Refused('unsupported', 'this worker speaks version 1')
        if (hello['cluster'], hello['role'], hello['dialled']) != (secret.cluster, 'master', here):
            raise Refused('unauthorised', f'this is a worker of the cluster {secret.cluster} at {here}')
        ends = [secret.cluster, 'worker', 'master', own, hello['incarnation'], nonce, hello['nonce'], here]
        acceptor, dialler = (secret.sign('\n'.join([side, '1', *ends])) for side in ('dtr acceptor', 'dtr dialler'))
        self.send({'type': 'proof', 'keyId': secret.id, 'proof': acceptor})
        answer = yield
        if answer['keyId'] != secret.id or not hmac.compare_digest(answer['proof'], dialler):
            raise Refused('unauthorised', 'the proof is not of the secret of this cluster')
        self.worker.take(self, hello['incarnation'], here)

    def send(self, message):
        self.out += json.dumps(message, ensure_ascii=False).encode(errors='replace') + b'\n'

    def flush(self):
        try:
            while self.out:
                del self.out[: self.sock.send(self.out[:AT_ONCE])]
            if self.refused:
                self.sock.shutdown(socket.SHUT_WR)  # a close could cost the dialler what it is told
        except BlockingIOError:
            pass

    def read(self):
        try:
            chunk = self.sock.recv(AT_ONCE)
        except BlockingIOError:
            return
        if not chunk:
            raise ConnectionError('the other side has closed')
        self.inbox += chunk
        if b'\n' in chunk:
            *lines, self.inbox = self.inbox.split(b'\n')
            for line in lines:
                self.hear(line)
        self.measure(self.inbox)

    def hear(self, line):
        self.measure(line)
        if self.refused:
            return
        if line[:1] != b'{':
            raise ValueError('a line does not begin with {')
        message = json.loads(line.decode())
        if self.master:
            return self.worker.hear(self, message)
        try:
            self.steps.send(message)
        except StopIteration:
            pass
        except Refused as refusal:
            self.send({'type': 'refused', 'code': refusal.args[0], 'message': refusal.args[1]})
            self.refused, self.cut_at = True, now() + CUT_MS

    def measure(self, line):
        if len(line) >= (LINE_BYTES_MAX if self.master else GREETING_BYTES_MAX):
            raise ValueError('a line is too long')


def address_of(sock):
    """Its own end as `ip:port`, IPv4 within IPv6 as plain IPv4 (2.1)."""
    host, port = sock.getsockname()[:2]
    ip = ipaddress.ip_address(host.split('%')[0])
    ip = getattr(ip, 'ipv4_mapped', None) or ip
    return f'[{ip}]:{port}' if ip.version == 6 else f'{ip}:{port}'
