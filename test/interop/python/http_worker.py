"""HTTP endpoints on the unmodified iii-sdk from PyPI: whole answers, written ones, request bodies, middleware, conditions."""

import asyncio
import hashlib
import json
import sys

from iii import InitOptions, register_worker
from iii_helpers.http import HttpResponse, http
from iii_helpers.observability.reconnection import ReconnectionConfig

PIECE = 100_000

iii = register_worker(
    sys.argv[1],
    InitOptions(
        worker_name="python-http",
        enable_metrics_reporting=False,
        otel={"enabled": False},
        reconnection_config=ReconnectionConfig(initial_delay_ms=50, max_delay_ms=200),
    ),
)


async def echo(request):
    return {
        "status_code": 201,
        "headers": {"x-made-by": "python"},
        "body": {name: request[name] for name in ("path_params", "query_params", "method", "body")},
    }


async def boom(_request):
    raise ValueError("boom from Python")


async def upload(request):
    content = await request["request_body"].read_all()
    return {"body": {"length": len(content), "digest": hashlib.sha256(content).hexdigest()}}


async def written(request, response):
    await response.status(206)
    await response.headers({"content-type": "text/plain", "x-asked-by": request.method})
    for number in range(3):
        await response.writer.write(f"{number} ".encode())
    await response.writer.close_async()


async def returned(request, _response):
    content = await request.request_body.read_all()
    return HttpResponse(status_code=202, body={"text": content.decode()}, headers={"content-type": "application/json"})


async def download(_request, response):
    await response.headers({"content-type": "application/octet-stream"})
    for number in range(20):
        await response.writer.write(bytes([number]) * PIECE)
    await response.writer.close_async()


answers = asyncio.Queue()


async def events(_request, response):
    """One event for each call of `py::emit`, until that says that it is the last."""
    await response.headers({"content-type": "text/event-stream"})
    while True:
        event = await answers.get()
        if event is None:
            break
        await response.writer.write(f"data: {json.dumps(event)}\n\n".encode())
    await response.writer.close_async()


async def emit(data):
    await answers.put(data.get("event"))


async def auth(data):
    if data["request"]["headers"].get("authorization") == "Bearer tok":
        return {"action": "continue"}
    return {"action": "respond", "response": {"status_code": 401, "body": {"error": "who are you?"}}}


async def condition(request):
    return request["query_params"].get("ok") == "yes"


def route(method, path, handler, **config):
    function_id = f"py::http {method} {path}"
    iii.register_function(function_id, handler)
    iii.register_trigger(
        {"type": "http", "function_id": function_id, "config": {"http_method": method, "api_path": path, **config}}
    )


iii.register_function("py::emit", emit)
iii.register_function("py::auth", auth)
iii.register_function("py::condition", condition)
route("POST", "/py/echo/:id", echo)
route("GET", "/py/boom", boom)
route("PUT", "/py/upload", upload)
route("GET", "/py/written", http(written))
route("POST", "/py/returned", http(returned))
route("GET", "/py/download", http(download))
route("GET", "/py/events", http(events))
route(
    "GET", "/py/private/:id", echo, middleware_function_ids=["py::auth"], condition_function_id="py::condition"
)
route("GET", "/py/ready", echo)

# Until its standard input ends, so that nothing is left behind when the test is gone.
sys.stdin.read()
iii.shutdown()
