"""Stubs of the services, made from the proto when they are first needed.

A project of one's own makes them once, with the command that stands in README.md, and commits them.
"""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOS = os.environ.get('ORCHESTRATOR_PROTO', os.path.join(HERE, '../../src/gateway/grpc'))


def make(folder):
    wanted = ['-I', PROTOS, '--python_out', folder, '--grpc_python_out', folder, 'orchestrator.proto']
    if subprocess.run([sys.executable, '-m', 'grpc_tools.protoc', *wanted]).returncode != 0:
        sys.exit('the stubs cannot be made of %s/orchestrator.proto' % PROTOS)


# A folder of this process alone: two that start at the same time do not read what the other one writes.
with tempfile.TemporaryDirectory() as made:
    make(made)
    sys.path.insert(0, made)
    import orchestrator_pb2 as messages  # noqa: E402
    import orchestrator_pb2_grpc as services  # noqa: E402

    sys.path.remove(made)
