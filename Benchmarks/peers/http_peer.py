"""FastAPI and uvicorn over mutual TLS, driven by httpx or by aiohttp's client. One worker process with uvloop."""

import asyncio
import ssl
import sys

from harness import TEXT, TLS, Server, adopt_descendants, closed_loop, flags, free_port

TASK = {"task_type": "echo", "payload": TEXT}


def serve(port):
    import fastapi
    import pydantic
    import uvicorn

    class ExecuteTask(pydantic.BaseModel):
        task_type: str
        payload: str
        task_id: str = ""

    app = fastapi.FastAPI()

    @app.post("/tasks")
    async def execute(task: ExecuteTask):
        return {"task_id": task.task_id, "success": True, "result": task.payload}

    uvicorn.run(
        app, host="127.0.0.1", port=port, timeout_keep_alive=120, access_log=False, log_level="error", loop="uvloop", http="httptools",
        ssl_keyfile=str(TLS / "server.key"), ssl_certfile=str(TLS / "server.pem"), ssl_ca_certs=str(TLS / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_REQUIRED)


def client_context():
    context = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
    context.load_cert_chain(TLS / "client.pem", TLS / "client.key")
    return context


async def with_httpx(options, url):
    import httpx

    limits = httpx.Limits(max_connections=options.in_flight, max_keepalive_connections=options.in_flight)
    async with httpx.AsyncClient(verify=client_context(), limits=limits, timeout=60) as client:

        async def call():
            response = await client.post(url, json=TASK)
            assert response.json()["result"] == TEXT

        return await closed_loop(options, call), httpx.__version__


async def with_aiohttp(options, url):
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=client_context(), limit=options.in_flight)
    async with aiohttp.ClientSession(connector=connector) as client:

        async def call():
            async with client.post(url, json=TASK) as response:
                assert (await response.json())["result"] == TEXT

        return await closed_loop(options, call), aiohttp.__version__


def main():
    options = flags(client=["httpx", "aiohttp"])
    if options.serve:
        serve(options.serve)
        return
    adopt_descendants()
    port = free_port()
    with Server(sys.executable, __file__, "--serve", str(port), port=port):
        import uvloop

        driver = with_httpx if options.client == "httpx" else with_aiohttp
        measured, version = uvloop.run(driver(options, f"https://localhost:{port}/tasks"))
    measured.print(f"fastapi-{options.client}", version=version)


main()
