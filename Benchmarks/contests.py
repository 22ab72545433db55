"""Who runs against whom, and with what in hand."""

import dataclasses

PARALLEL = 4
STREAM_BYTES = 1 << 30
NAMES = ["latency", "throughput", "unary", "offered", "stream", "result", "processes", "size", "scale"]


@dataclasses.dataclass
class Contestant:
    name: str
    arguments: list
    is_grid: bool = False
    needs_lab: bool = True
    program: str = ""
    patience: float = 240

    def command(self, here, build):
        if self.program.endswith(".py"):
            return [str(build / "venv" / "bin" / "python"), str(here / "peers" / self.program), *self.arguments]
        return [str(build / "cpp" / self.program), *self.arguments]


@dataclasses.dataclass
class Contest:
    name: str
    title: str
    contestants: list
    rounds: int = 0
    is_long: bool = False


def grid(name, *arguments, needs_lab=True, patience=240):
    return Contestant(f"noizylab {name}", [str(a) for a in arguments], is_grid=True, needs_lab=needs_lab,
                      patience=patience)


def peer(name, program, *arguments):
    return Contestant(name, [str(a) for a in arguments], program=program)


def every(seconds, with_peers):
    limit = ["--seconds", seconds]

    def load(in_flight, warm_up, *more):
        return ["--in-flight", in_flight, "--count", 1_000_000, "--warm-up", warm_up, *limit, *more]

    def python_peers(in_flight, warm_up):
        return [
            peer(f"FastAPI, httpx ×{in_flight}", "http_peer.py", *load(in_flight, warm_up, "--client", "httpx")),
            peer(f"FastAPI, aiohttp ×{in_flight}", "http_peer.py", *load(in_flight, warm_up, "--client", "aiohttp")),
            peer(f"Ray task ×{in_flight}", "ray_peer.py", *load(in_flight, warm_up, "--kind", "task")),
        ]

    def celery(in_flight, warm_up):
        return [
            peer(f"Celery, {keep} ×{in_flight}", "celery_peer.py", *load(in_flight, warm_up, "--keep", keep))
            for keep in ("default", "durable")]

    def grpcio(in_flight, warm_up):
        return [
            peer(f"grpcio, {api} ×{in_flight}", "grpcio_peer.py", *load(in_flight, warm_up, "--api", api))
            for api in ("aio", "threads")]

    def cpp(in_flight, warm_up):
        return peer(f"C++ gRPC ×{in_flight}", "cpp_peer.py", *load(in_flight, warm_up))

    many = ["--tasks", 10_000_000, "--warm-up", 5_000, *limit]
    contests = [
        Contest("latency", "One no-op task (or call) at a time, from submission to its result", [
            grid("ephemeral", "latency", "--durability", "ephemeral", "--count", 1_000_000, *limit),
            grid("durable", "latency", "--durability", "durable", "--count", 1_000_000, *limit),
            grid("ExecuteTask", "unary", "--in-flight", 1, "--count", 1_000_000, "--warm-up", 300, *limit),
            *grpcio(1, 300), *python_peers(1, 200),
            peer("Ray actor ×1", "ray_peer.py", *load(1, 200, "--kind", "actor")), *celery(1, 100), cpp(1, 300)]),
        Contest("throughput", "No-op tasks, many in flight", [
            grid("durable ×256", "throughput", "--durability", "durable", "--in-flight", 256, *many),
            grid("ephemeral ×256", "throughput", "--durability", "ephemeral", "--in-flight", 256, *many),
            grid("durable ×64", "throughput", "--durability", "durable", "--in-flight", 64, *many),
            grid("durable ×1024", "throughput", "--durability", "durable", "--in-flight", 1024, *many),
            *python_peers(256, 256), *python_peers(64, 128), *celery(256, 256), *celery(64, 128)]),
        Contest("unary", "Unary calls, 64 in flight: the grid runs a durable task for each, the others answer", [
            grid("ExecuteTask ×64", "unary", "--in-flight", 64, "--count", 1_000_000, *limit),
            *grpcio(64, 500), cpp(64, 500)]),
        Contest("offered", "Durable tasks at a given rate, timed from when each was due", [
            grid(f"{rate}/s", "throughput", "--rate", rate, "--tasks", int(rate * seconds), "--warm-up", rate, *limit)
            for rate in (100, 1_000, 5_000, 10_000)]),
        Contest("stream", "1 GiB of output to one reader", [
            grid("stream", "stream", "--bytes", STREAM_BYTES),
            peer("C++ gRPC, 64 KiB messages", "cpp_peer.py", "--stream", STREAM_BYTES)]),
        Contest("result", "1 MB printed by a task, from submission to its last byte", [grid("1 MB", "result")]),
        Contest("processes", f"500 × /bin/true, {PARALLEL} at a time", [
            grid("processes", "processes", "--count", 500, "--parallel", PARALLEL),
            peer("posix_spawn in C", "spawn_floor", 500, PARALLEL)]),
        Contest("size", "A lab of a coordinator and three agents at rest", [
            grid("size", "size", "--start", needs_lab=False)]),
        Contest("scale", "1,000 simulated agents, 1,000,000 finished tasks", [
            grid("scale", "scale", needs_lab=False, patience=3_000)], rounds=1, is_long=True),
    ]
    if not with_peers:
        for contest in contests:
            contest.contestants = [one for one in contest.contestants if one.is_grid]
    for contest in contests:
        for one in contest.contestants:
            one.patience += 3 * seconds
    return contests
