"""Celery with a real redis-server as broker and result backend.

`--keep default`: both as they come. `--keep durable`: Redis appends every write and syncs it (appendfsync always), Celery
acknowledges late, so an accepted task survives a crash as a durable task of the grid does."""

import collections
import os
import shutil
import sys
import tempfile
import time
import urllib.parse

from harness import TEXT, Measurement, Server, adopt_descendants, flags, free_port

import celery

# The worker imports this file and finds the address that the program chose; the address has to be there first.
ADDRESS = os.environ.setdefault("BENCH_REDIS", f"redis://127.0.0.1:{free_port()}/0")
app = celery.Celery("celery_peer", broker=ADDRESS, backend=ADDRESS)
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
if os.environ.get("BENCH_KEEP") == "durable":
    app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)


@app.task(name="echo")
def echo(text):
    return text


def measure(options):
    measurement = Measurement(options)
    assert echo.delay(TEXT).get(timeout=60) == TEXT
    if options.warm_up == 0:
        measurement.enter()
    living = collections.deque()
    while not measurement.is_over:
        while len(living) < options.in_flight:
            started = time.perf_counter()
            living.append((started, echo.delay(TEXT)))
        started, result = living.popleft()
        assert result.get(timeout=60) == TEXT
        measurement.record(started, time.perf_counter())
    for _, result in living:
        result.get(timeout=60)
    return measurement


def main():
    options = flags(keep=["default", "durable"])
    adopt_descendants()
    folder, port = tempfile.mkdtemp(prefix="redis-", dir=os.environ.get("BENCH_FOLDER")), urllib.parse.urlsplit(ADDRESS).port
    here = os.path.dirname(os.path.abspath(__file__))
    environment = {**os.environ, "BENCH_KEEP": options.keep, "PYTHONPATH": here}
    redis = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--loglevel", "warning"]
    if options.keep == "durable":
        redis += ["--appendonly", "yes", "--appendfsync", "always"]
    worker = [sys.executable, "-W", "ignore", "-m", "celery", "-q", "-A", "celery_peer", "worker", "--loglevel", "ERROR",
              "--concurrency", str(os.cpu_count())]
    try:
        with Server(*redis, port=port), Server(*worker, env=environment, cwd=folder):
            measured = measure(options)
        measured.print(f"celery-{options.keep}", version=celery.__version__)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
