"""A client that keeps asking: many tasks with keys, repeated after every failure until each is answered.

Usage: storm.py HOST:PORT IDENTITY SCRATCH COUNT SEED
Prints one JSON line for every answered task, then asks for all of them a second time and prints what came.
"""

import concurrent.futures
import json
import os
import random
import sys
import tempfile
import threading
import time

import grpc

import client

SECONDS_IN_ALL = 400
printing = threading.Lock()


def script(side_effects, number, pause):
    """Writes down when it began and ended, as which attempt; prints a result that names both."""
    return (
        f"echo begin $NOIZYLAB_ATTEMPT $$ >> {side_effects}; echo result {number} $NOIZYLAB_ATTEMPT; sleep {pause:.2f}; "
        f"seq 30; echo end $NOIZYLAB_ATTEMPT $$ >> {side_effects}"
    )


def say(**members):
    with printing:
        print(json.dumps(members), flush=True)


def ask(stub, wire, request, deadline):
    """Calls until there is an answer. Gives it, and how often it had to ask."""
    asked = 0
    while time.monotonic() < deadline:
        asked += 1
        try:
            return stub.ExecuteTask(request, timeout=30), asked
        except grpc.RpcError as error:
            if error.code() not in (
                grpc.StatusCode.UNAVAILABLE,
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.CANCELLED,
                grpc.StatusCode.INTERNAL,
                grpc.StatusCode.UNKNOWN,
                grpc.StatusCode.RESOURCE_EXHAUSTED,
            ):
                say(task=request.task_id, error=f"{error.code().name}: {error.details()}")
                return None, asked
            time.sleep(0.2)
    say(task=request.task_id, error="not answered in time")
    return None, asked


def main():
    address, identity, scratch, count, seed = sys.argv[1:6]
    chance = random.Random(int(seed))
    deadline = time.monotonic() + SECONDS_IN_ALL
    with tempfile.TemporaryDirectory() as generated:
        wire, wire_grpc, _ = client.make_stubs(generated)
        requests = [
            wire.ExecuteTaskRequest(
                task_id=f"storm-{number}",
                task_type="shell",
                payload=script(os.path.join(scratch, f"storm-{number}"), number, chance.uniform(0.0, 1.2)),
                metadata={"retries": "50"},
            )
            for number in range(int(count))
        ]
        with client.channel(address, identity) as channel, concurrent.futures.ThreadPoolExecutor(12) as pool:
            stub = wire_grpc.NoizyGridRPCStub(channel)

            def first(request):
                answer, asked = ask(stub, wire, request, deadline)
                if answer is not None:
                    say(
                        task=request.task_id,
                        success=answer.success,
                        result=answer.result,
                        error=answer.error_message,
                        asked=asked,
                        attempts=answer.metrics.get("attempts", ""),
                    )

            list(pool.map(first, requests))
            say(phase="answered")
            sys.stdin.readline()  # The test ends its faults first.

            def second(request):
                answer, _ = ask(stub, wire, request, deadline)
                if answer is not None:
                    say(again=request.task_id, success=answer.success, result=answer.result)

            list(pool.map(second, requests))


if __name__ == "__main__":
    main()
