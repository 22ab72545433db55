"""Ray: a no-op task (or a call of an actor) from submission to its result. Ray keeps nothing and uses no TLS here."""

import logging
import os
import time

from harness import TEXT, Measurement, adopt_descendants, flags

os.environ.update(
    RAY_USAGE_STATS_ENABLED="0", RAY_DEDUP_LOGS="0", RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO="0", GLOG_minloglevel="3")
import ray  # noqa: E402


@ray.remote
def echo(text):
    return text


@ray.remote
class Echo:
    def echo(self, text):
        return text


def main():
    options = flags(kind=["task", "actor"])
    adopt_descendants()
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    submit = echo.remote if options.kind == "task" else Echo.remote().echo.remote
    measurement = Measurement(options)
    ray.get([submit(TEXT) for _ in range(64)])  # its workers are started by the first tasks
    if options.warm_up == 0:
        measurement.enter()
    if options.in_flight == 1:
        while not measurement.is_over:
            started = time.perf_counter()
            assert ray.get(submit(TEXT)) == TEXT
            measurement.record(started, time.perf_counter())
    else:
        # Half of what is in flight is waited for at once: asking for one at a time would measure ray.wait's cost.
        half, started = max(1, options.in_flight // 2), {}
        while not measurement.is_over:
            while len(started) < options.in_flight:
                moment = time.perf_counter()
                started[submit(TEXT)] = moment
            done, _ = ray.wait(list(started), num_returns=half)
            ray.get(done)
            ended = time.perf_counter()
            for reference in done:
                measurement.record(started.pop(reference), ended)
        ray.wait(list(started), num_returns=len(started), timeout=30)
    measurement.print(f"ray-{options.kind}", version=ray.__version__)
    ray.shutdown()


main()
