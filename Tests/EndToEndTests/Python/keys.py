"""A program that has nothing but an API key and the grid's ca.pem: stock grpcio, no client certificate.

Usage: keys.py EDGE CA_FILE KEY SIGNER_FILE STRICT_NODE CLUSTER PROTO_FOLDER
Runs tasks on the edge port by the older and the newer contract, and signs one by what docs/signing.md says, with an
Ed25519 of its own (RFC 8032), so that the document is proven and not only our code.
"""

import base64
import hashlib
import importlib
import os
import struct
import sys
import tempfile
import time

import grpc
from grpc_tools import protoc

from checks import Checks

Code = grpc.StatusCode


def make_stubs(protos, folder):
    import grpc_tools

    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    names = ["noizylab_grid.proto", "noizylab_tasks.proto"]
    code = protoc.main(
        ["protoc", f"-I{protos}", f"-I{well_known}", f"--python_out={folder}", f"--grpc_python_out={folder}", *names]
    )
    if code != 0:
        sys.exit("protoc refused the grid's own files")
    sys.path.insert(0, folder)
    return (
        importlib.import_module(name + suffix)
        for name in ("noizylab_grid_pb2", "noizylab_tasks_pb2")
        for suffix in ("", "_grpc")
    )


# Ed25519 after RFC 8032, section 6: slow and plain.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = x[1] - x[0], d - c, d + c, x[1] + x[0]
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


G = base_point()


def encoded(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return int.to_bytes(y | (x & 1) << 255, 32, "little")


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def ed25519(secret, message):
    digest = hashlib.sha512(secret).digest()
    scalar = (int.from_bytes(digest[:32], "little") & (1 << 254) - 8) | 1 << 254
    public = encoded(times(scalar, G))
    nonce = number(digest[32:], message) % L
    point = encoded(times(nonce, G))
    answer = (nonce + number(point, public, message) % L * scalar) % L
    return public, point + int.to_bytes(answer, 32, "little")


# docs/signing.md.


def text(value):
    value = value.encode()
    return struct.pack(">I", len(value)) + value


def field(tag, value):
    return struct.pack(">BI", tag, len(value)) + value


def canonical(arguments, node):
    command = field(1, struct.pack(">I", len(arguments)) + b"".join(text(a) for a in arguments))
    spec = b"noizylab task spec v1\n" + field(1, command)
    return spec + (field(10, node.encode()) if node else b"")


def sealed(secret, cluster, node, key, digest, seconds=60):
    public, _ = ed25519(secret, b"")
    now = time.time_ns() // 1000
    statement = b"noizylab task envelope v1\n" + b"\x01" + hashlib.sha256(b"\x01" + public).digest()
    statement += text(cluster) + text(node) + os.urandom(16)
    statement += struct.pack(">qq", now, now + seconds * 1_000_000) + text(key) + digest
    return statement + ed25519(secret, statement)[1]


def main():
    edge, ca_file, key, signer_file, strict, cluster, protos = sys.argv[1:]
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder, open(ca_file, "rb") as ca:
        grid, grid_rpc, tasks, tasks_rpc = make_stubs(protos, folder)
        tls = grpc.ssl_channel_credentials(ca.read())
        bearing = grpc.composite_channel_credentials(tls, grpc.access_token_call_credentials(key))

        def older(checks):
            with grpc.secure_channel(edge, bearing) as channel:
                stub = grid_rpc.NoizyGridRPCStub(channel)
                answer = stub.ExecuteTask(
                    grid.ExecuteTaskRequest(task_type="echo", payload="by key", metadata={"node": "M2-Ultra"}), timeout=20
                )
                checks.that("a task of the older contract runs by key", answer.result == "by key", answer)
                answer = stub.ExecuteRemoteCommand(
                    grid.RemoteCommandRequest(command="sh", script="echo $((6 * 7))", node_id="M2-Ultra"), timeout=20
                )
                checks.that("a remote command runs by key", answer.stdout == "42\n", answer)
                checks.refused(
                    "it registers no node", Code.PERMISSION_DENIED,
                    lambda: stub.RegisterNode(grid.NodeIdentity(node_id="X"), timeout=20),
                )

        def newer(checks):
            with grpc.secure_channel(edge, tls) as channel:
                stub = tasks_rpc.TasksStub(channel)
                request = tasks.SubmitRequest(spec=tasks.TaskSpec(echo=tasks.EchoPayload(text="x"), node="M2-Ultra"))
                checks.refused("without a key it is nobody", Code.UNAUTHENTICATED, lambda: stub.Submit(request, timeout=20))
                metadata = (("authorization", f"Bearer {key}"),)
                answer = stub.Submit(request, timeout=20, metadata=metadata)
                checks.that("the task bears the key's name", answer.task.spec.submitter == "key:ci", answer)
                wrong = (("authorization", f"Bearer {key[:-2]}{'bb' if key[-2:] == 'aa' else 'aa'}"),)
                checks.refused(
                    "another key is nobody", Code.UNAUTHENTICATED,
                    lambda: stub.Submit(request, timeout=20, metadata=wrong),
                )

        def signed(checks):
            with open(signer_file, encoding="ascii") as file:
                encoded_secret = file.read().strip().rpartition("-")[2].upper()
            secret = base64.b32decode(encoded_secret + "=" * (-len(encoded_secret) % 8))
            arguments = ["sh", "-c", "echo signed in Python"]
            spec = tasks.TaskSpec(command=tasks.CommandPayload(arguments=arguments), node=strict)
            digest = hashlib.sha256(canonical(arguments, strict)).digest()
            spec.envelope = sealed(secret, cluster, strict, "py-1", digest)

            def run(spec, key):
                with grpc.secure_channel(edge, bearing) as channel:
                    stub = tasks_rpc.TasksStub(channel)
                    task = stub.Submit(tasks.SubmitRequest(spec=spec, key=key), timeout=20).task
                    states = [u.task for u in stub.Watch(tasks.WatchRequest(task=task.id), timeout=20) if u.HasField("task")]
                    return states[-1]

            task = run(spec, "py-1")
            outcome = task.attempts[-1].outcome
            checks.that("what Python signed runs on the node that wants it", task.state == "succeeded", outcome)
            checks.that("it printed what it should", outcome.stdout == b"signed in Python\n", outcome)
            checks.that("its result is attested", outcome.attestation.startswith(b"noizylab task result v1\n"))
            forged = tasks.TaskSpec()
            forged.CopyFrom(spec)
            forged.envelope = sealed(os.urandom(32), cluster, strict, "py-2", digest)
            task = run(forged, "py-2")
            checks.that("what a stranger signed does not", "UNKNOWN_SIGNER" in task.attempts[-1].outcome.error, task)
            changed = tasks.TaskSpec()
            changed.CopyFrom(spec)
            changed.command.arguments[2] = "echo changed"
            changed.envelope = sealed(secret, cluster, strict, "py-3", digest)
            checks.refused("a changed task is refused at the door", Code.INVALID_ARGUMENT, lambda: run(changed, "py-3"))

        for section in (older, newer, signed):
            checks.section(section)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
