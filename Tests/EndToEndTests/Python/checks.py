"""The little harness of the client's checks: one line per sentence, and a count at the end."""

import statistics
import sys
import threading
import time
import traceback

import grpc


class Checks:
    """Collects what held and what did not. A failed check never stops the others."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, sentence, holds, seen=None):
        if holds:
            self.passed += 1
            print(f"ok   {sentence}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL {sentence}" + (f"  [seen: {seen!r}]" if seen is not None else ""), flush=True)
        return bool(holds)

    def section(self, function, *arguments):
        """Runs one method's checks; an exception is one failed check."""
        print(f"--   {function.__name__.replace('_', ' ')}", flush=True)
        try:
            function(self, *arguments)
        except grpc.RpcError as error:
            status = f"{error.code().name}: {error.details()}" if hasattr(error, "code") else str(error)
            self.that(f"{function.__name__} runs to its end", False, status)
            traceback.print_exc(limit=3, file=sys.stdout)
        except Exception as error:  # noqa: BLE001 - reported as a failed check
            self.that(f"{function.__name__} runs to its end", False, repr(error))
            traceback.print_exc(limit=3, file=sys.stdout)

    def refused(self, sentence, codes, call):
        """Checks that `call` ends with one of the status codes; gives the error back for a closer look."""
        codes = codes if isinstance(codes, tuple) else (codes,)
        try:
            answer = call()
        except grpc.RpcError as error:
            self.that(sentence, error.code() in codes, f"{error.code().name}: {error.details()}")
            return error
        self.that(sentence, False, f"accepted: {answer}")
        return None

    def finish(self):
        print(f"{self.passed} checks held, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


class Incoming:
    """Reads a response stream on a thread, so that a test can wait for what it expects with a deadline."""

    def __init__(self, responses):
        self.items = []
        self.times = []
        self.error = None
        self.ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(responses,), daemon=True)
        self._thread.start()

    def _read(self, responses):
        try:
            for item in responses:
                with self._changed:
                    self.items.append(item)
                    self.times.append(time.monotonic())
                    self._changed.notify_all()
        except grpc.RpcError as error:
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait(self, condition, seconds):
        """Waits until condition(self) is true; gives whether it became so in time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not condition(self):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def median_gap_ms(self):
        gaps = [(after - before) * 1000 for before, after in zip(self.times, self.times[1:])]
        return statistics.median(gaps) if gaps else None


class Outgoing:
    """A request stream that is written to and closed by hand."""

    def __init__(self, *first):
        self._items = list(first)
        self._closed = False
        self._changed = threading.Condition()

    def __iter__(self):
        return self

    def __next__(self):
        with self._changed:
            while not self._items and not self._closed:
                self._changed.wait(0.5)
            if self._items:
                return self._items.pop(0)
        raise StopIteration

    def send(self, item):
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify_all()
