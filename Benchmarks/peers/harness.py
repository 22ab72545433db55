"""What every peer written in Python shares: its flags, the closed loop, the processor time of all its processes, and the
one JSON line it prints."""

import argparse
import asyncio
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

BUILD = pathlib.Path(__file__).resolve().parent.parent / ".build"
TLS = BUILD / "tls"
TEXT = "hello"
TICKS = os.sysconf("SC_CLK_TCK")


def flags(**extra):
    parser = argparse.ArgumentParser()
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000, help="operations to measure, at most")
    parser.add_argument("--warm-up", type=int, default=100, help="operations before measuring")
    parser.add_argument("--seconds", type=float, default=20, help="measure no longer than this")
    parser.add_argument("--serve", type=int, metavar="PORT", help="be the server")
    for name, choices in extra.items():
        parser.add_argument(f"--{name}", choices=choices, default=choices[0])
    return parser.parse_args()


def adopt_descendants():
    """Daemons that leave their parents come back to us, so that their processor time is counted."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tree_cpu_seconds():
    """utime + stime of this process and all below it, those that ended and were waited for included."""
    parents, times = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(entry)] = int(fields[1])
        times[int(entry)] = sum(int(field) for field in fields[11:15])
    total = 0
    for pid in times:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid():
            total += times[pid]
    return total / TICKS


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A child process for the length of a `with`; ended and waited for at its end."""

    def __init__(self, *command, port=None, **options):
        self.process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True, **options)
        if port is not None:
            self.wait_for(port)

    def wait_for(self, port, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        self.end()
        sys.exit("the server did not come up")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Measurement:
    """Durations in seconds of the operations that ended while measuring."""

    def __init__(self, options):
        self.options, self.took, self.done = options, [], 0
        self.begin = self.end = None

    def enter(self):
        self.cpu = tree_cpu_seconds()
        self.begin = time.perf_counter()

    def leave(self):
        self.end = time.perf_counter()
        self.cpu = tree_cpu_seconds() - self.cpu

    @property
    def is_over(self):
        return self.end is not None

    def record(self, started, ended):
        """Counts one operation; enters and leaves the measured part by itself."""
        if self.is_over:
            return
        if self.begin is None:
            self.done += 1
            if self.done >= self.options.warm_up:
                self.enter()
            return
        self.took.append(ended - started)
        if len(self.took) >= self.options.count or ended - self.begin > self.options.seconds:
            self.leave()

    def print(self, peer, **more):
        took = sorted(self.took)
        count, wall = len(took), self.end - self.begin

        def at(share):
            return round(took[min(count - 1, int(count * share))] * 1e6, 1)

        print(json.dumps({
            "peer": peer, "in_flight": self.options.in_flight, "count": count, "p50_us": at(0.5), "p90_us": at(0.9),
            "p99_us": at(0.99), "max_us": at(1), "rate": round(count / wall, 1),
            "cpu_us_per_op": round(self.cpu / count * 1e6, 1), "wall_s": round(wall, 4), **more}))


async def closed_loop(options, call):
    """`call` by as many coroutines as are to be in flight, each starting anew when its answer is there."""
    measurement = Measurement(options)

    async def worker():
        while not measurement.is_over:
            started = time.perf_counter()
            await call()
            measurement.record(started, time.perf_counter())

    if options.warm_up == 0:
        measurement.enter()
    await asyncio.gather(*(worker() for _ in range(options.in_flight)))
    return measurement
