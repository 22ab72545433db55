"""Python grpcio: the same contract (`ExecuteTask`, echo) over mutual TLS, with asyncio or with threads."""

import asyncio
import concurrent.futures
import sys
import threading
import time

from harness import BUILD, TEXT, TLS, Measurement, Server, adopt_descendants, closed_loop, flags, free_port

sys.path.insert(0, str(BUILD / "python"))
import grpc  # noqa: E402
import grpc.aio  # noqa: E402
import noizylab_grid_pb2 as wire  # noqa: E402
import noizylab_grid_pb2_grpc as rpc  # noqa: E402


def read(name):
    return (TLS / name).read_bytes()


def server_credentials():
    return grpc.ssl_server_credentials([(read("server.key"), read("server.pem"))], read("ca.pem"), True)


def client_credentials():
    return grpc.ssl_channel_credentials(read("ca.pem"), read("client.key"), read("client.pem"))


def answer(request):
    return wire.ExecuteTaskResponse(task_id=request.task_id, success=True, result=request.payload)


class AsyncGrid(rpc.NoizyGridRPCServicer):
    async def ExecuteTask(self, request, context):
        return answer(request)


class Grid(rpc.NoizyGridRPCServicer):
    def ExecuteTask(self, request, context):
        return answer(request)


async def serve_async(port):
    server = grpc.aio.server()
    rpc.add_NoizyGridRPCServicer_to_server(AsyncGrid(), server)
    server.add_secure_port(f"127.0.0.1:{port}", server_credentials())
    await server.start()
    await server.wait_for_termination()


def serve_threads(port):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=8))
    rpc.add_NoizyGridRPCServicer_to_server(Grid(), server)
    server.add_secure_port(f"127.0.0.1:{port}", server_credentials())
    server.start()
    server.wait_for_termination()


def request():
    return wire.ExecuteTaskRequest(task_type="echo", payload=TEXT)


async def measure_async(options, port):
    async with grpc.aio.secure_channel(f"localhost:{port}", client_credentials()) as channel:
        grid = rpc.NoizyGridRPCStub(channel)

        async def call():
            response = await grid.ExecuteTask(request())
            assert response.result == TEXT

        return await closed_loop(options, call)


def measure_threads(options, port):
    measurement, lock = Measurement(options), threading.Lock()
    with grpc.secure_channel(f"localhost:{port}", client_credentials()) as channel:
        grid = rpc.NoizyGridRPCStub(channel)

        def worker():
            while not measurement.is_over:
                started = time.perf_counter()
                response = grid.ExecuteTask(request())
                ended = time.perf_counter()
                assert response.result == TEXT
                with lock:
                    measurement.record(started, ended)

        if options.warm_up == 0:
            measurement.enter()
        threads = [threading.Thread(target=worker) for _ in range(options.in_flight)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return measurement


def main():
    options = flags(api=["aio", "threads"])
    if options.serve:
        asyncio.run(serve_async(options.serve)) if options.api == "aio" else serve_threads(options.serve)
        return
    adopt_descendants()
    port = free_port()
    with Server(sys.executable, __file__, "--serve", str(port), "--api", options.api, port=port):
        measured = asyncio.run(measure_async(options, port)) if options.api == "aio" else measure_threads(options, port)
    measured.print(f"grpcio-{options.api}", version=grpc.__version__)


main()
