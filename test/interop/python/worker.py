"""A worker on the unmodified iii-sdk from PyPI. Its functions are called from Node and call Node's in turn."""

import asyncio
import json
import sys
import uuid

from iii import InitOptions, InvocationError, IStream, TriggerAction, register_worker
from iii.helpers import create_channel, create_stream
from iii.types import HttpInvocationConfig
from iii_helpers.observability.reconnection import ReconnectionConfig
from iii_helpers.stream import StreamDeleteResult, StreamSetResult

CHANNEL_BYTES = 200_000
LONG_CHANNEL_BYTES = 1 << 20
PIECES = 8

url = sys.argv[1]
iii = register_worker(
    url,
    InitOptions(
        worker_name="python-worker",
        enable_metrics_reporting=False,
        otel={"enabled": False},
        reconnection_config=ReconnectionConfig(initial_delay_ms=50, max_delay_ms=200),
    ),
)


def call(function_id, payload, **rest):
    return iii.trigger_async({"function_id": function_id, "payload": payload, **rest})


async def add(data):
    return {"sum": data["a"] + data["b"]}


async def echo(data):
    return data.get("value")


async def through_node(data):
    return await call("node::double", {"n": data["n"]})


async def through(data):
    """The length of what a function gives, or what it fails with."""
    try:
        return len(await call(data["function_id"], {}))
    except Exception as error:
        return f"{getattr(error, 'code', '')} {error}"


async def boom(_data):
    raise ValueError("boom from Python")


async def node_error(data):
    """What a Python caller sees of an error."""
    try:
        await call(data["function_id"], {})
    except InvocationError as error:
        return {"code": error.code, "message": str(error)}
    return {"code": None}


async def state(data):
    scope = data["scope"]
    seen = [await call("state::get", {"scope": scope, "key": "k"})]
    seen.append(await call("state::set", {"scope": scope, "key": "k", "value": {"n": 1, "text": "é✓"}}))
    seen.append(
        await call("state::update", {"scope": scope, "key": "k", "ops": [{"type": "increment", "path": "n", "by": 2}]})
    )
    seen.append(await call("state::list", {"scope": scope}))
    seen.append(await call("state::delete", {"scope": scope, "key": "k"}))
    return seen


async def stream(data):
    group = {"stream_name": "python-items", "group_id": data["group"]}
    item = {**group, "item_id": "i"}
    seen = [await call("stream::get", item)]
    seen.append(await call("stream::set", {**item, "data": {"n": 1, "text": "é✓"}}))
    seen.append(await call("stream::update", {**item, "ops": [{"type": "increment", "path": "n", "by": 2}]}))
    seen.append(await call("stream::send", {**group, "type": "wave", "data": [1]}))
    seen.append(await call("stream::list", group))
    seen.append(await call("stream::list_groups", {"stream_name": "python-items"}))
    seen.append(await call("stream::delete", item))
    return seen


class Board(IStream):
    """A stream that this worker stores itself."""

    def __init__(self):
        self.items = {}

    async def get(self, input):
        return self.items.get((input.group_id, input.item_id))

    async def set(self, input):
        old = self.items.get((input.group_id, input.item_id))
        self.items[(input.group_id, input.item_id)] = input.data
        return StreamSetResult(old_value=old, new_value=input.data)

    async def delete(self, input):
        return StreamDeleteResult(old_value=self.items.pop((input.group_id, input.item_id), None))

    async def list(self, input):
        return [value for (group, _), value in self.items.items() if group == input.group_id]

    async def list_groups(self, input):
        return sorted({group for group, _ in self.items})

    async def update(self, input):
        return None


create_stream(iii, "python-board", Board())

events = []


async def on_event(data):
    events.append(data)


async def seen_events(_data):
    return events


iii.register_function("py::on_event", on_event)
iii.register_trigger({"type": "state", "function_id": "py::on_event", "config": {"scope": "watched-by-python"}})
iii.register_trigger({"type": "stream", "function_id": "py::on_event", "config": {"stream_name": "python-items"}})

noted = []


async def note(data):
    noted.append(data["n"])


async def notes(_data):
    return noted


async def void_to_node(data):
    return await call("node::note", {"n": data["n"]}, action=TriggerAction.Void())


def content():
    return bytes(index % 251 for index in range(CHANNEL_BYTES))


async def send_channel(_data):
    """Hands a reader to Node and writes to it: Python to Node."""
    channel = await asyncio.to_thread(create_channel, iii)
    taken = asyncio.ensure_future(call("node::take", {"reader": channel.reader_ref.model_dump()}))
    await channel.writer.send_message_async('{"kind":"metadata"}')
    await channel.writer.write(content())
    await channel.writer.close_async()
    return await taken


async def take_channel(data):
    """Reads what Node writes to the channel: Node to Python."""
    received = await data["reader"].read_all()
    return {"length": len(received), "equal": received == content()}


def long_content():
    return bytes(index % 251 for index in range(LONG_CHANNEL_BYTES))


async def send(data):
    """Fills a channel that somebody else made, a message before each piece."""
    content = long_content()
    size = LONG_CHANNEL_BYTES // PIECES
    for piece in range(PIECES):
        await data["writer"].send_message_async(json.dumps({"piece": piece}, separators=(",", ":")))
        await data["writer"].write(content[piece * size : (piece + 1) * size])
    await data["writer"].close_async()
    return LONG_CHANNEL_BYTES


async def take(data):
    messages = []
    data["reader"].on_message(messages.append)
    received = await data["reader"].read_all()
    return {"length": len(received), "equal": received == long_content(), "messages": messages}


jobs = []
failures = {}


async def job(data, metadata=None):
    """Fails as often as its payload says, then works."""
    jobs.append({"data": data, "metadata": metadata})
    left = failures.setdefault(data["id"], data.get("fails", 0))
    if left > 0:
        failures[data["id"]] = left - 1
        raise RuntimeError(f"not yet, {left} to go")


async def seen_jobs(data):
    return [each for each in jobs if each["data"]["id"] == data["id"]]


async def enqueue(data):
    action = TriggerAction.Enqueue(queue=data["queue"])
    try:
        return await call("py::job", data["payload"], action=action)
    except InvocationError as error:
        return {"code": error.code, "message": str(error)}


async def enqueue_with(data):
    """Delay, priority and deduplication: the action of this SDK takes nothing but the name of the queue."""
    job = {"queue": data["queue"], "function_id": "py::job", "data": data["payload"], **data["more"]}
    return await call("engine::queue::enqueue", {**job, "messageReceiptId": str(uuid.uuid4())})


async def publish(data):
    return await call("iii::durable::publish", {"topic": "python-orders", "data": data["order"]})


iii.register_function("py::job", job)
iii.register_trigger(
    {
        "type": "durable:subscriber",
        "function_id": "py::job",
        "config": {"topic": "python-orders", "queue_config": {"maxRetries": 2, "backoffDelayMs": 1}},
    }
)


async def redrive(data):
    """What a program does that looks after its dead letters."""
    dead = await call("engine::queue::dlq_messages", {"topic": data["queue"]})
    return [dead, await call("iii::queue::redrive", {"queue": data["queue"]})]


async def not_a_number(_data):
    """Python's json writes NaN, which no other client can parse."""
    return {"n": float("nan")}


async def register_endpoint(data):
    iii.register_function("py::endpoint", HttpInvocationConfig(url=data["url"], headers={"x-from": "python"}))


for function_id, handler in {
    "py::register_endpoint": register_endpoint,
    "py::add": add,
    "py::echo": echo,
    "py::through_node": through_node,
    "py::through": through,
    "py::boom": boom,
    "py::node_error": node_error,
    "py::state": state,
    "py::stream": stream,
    "py::seen_events": seen_events,
    "py::note": note,
    "py::notes": notes,
    "py::void_to_node": void_to_node,
    "py::send_channel": send_channel,
    "py::take_channel": take_channel,
    "py::send": send,
    "py::take": take,
    "py::not_a_number": not_a_number,
    "py::enqueue": enqueue,
    "py::enqueue_with": enqueue_with,
    "py::publish": publish,
    "py::redrive": redrive,
    "py::seen_jobs": seen_jobs,
}.items():
    iii.register_function(function_id, handler)

print("ready", flush=True)
# Until its standard input ends, so that nothing is left behind when the test is gone.
sys.stdin.read()
iii.shutdown()
