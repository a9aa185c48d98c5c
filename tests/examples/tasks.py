#!/usr/bin/python3
"""A worker for `cal-serve --coprocess jsonrpc`, with asyncio.

A method is a coroutine that takes a body and returns the answer's; add yours
to METHODS.  What it raises is the caller's failure, and a caller who gives up
cancels it.
"""
import asyncio
import functools
import json
import sys
import traceback

LINE_MAX = 64 << 20     # bytes; --max-body has to be smaller

# A body may be nested 2048 levels deep, and have numbers of any length.
sys.setrecursionlimit(20000)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

both = asyncio.Barrier(2)
stopped = asyncio.Queue()


async def add(body):
    return sum(body)


async def divide(body):
    return body[0] / body[1]


async def meet(body):
    """Returns when two calls of it are here."""
    await both.wait()
    return body


async def nap(body):
    try:
        await asyncio.sleep(body)
    except asyncio.CancelledError:
        stopped.put_nowait(f"a nap of {body} s")
        raise


async def given_up(body):
    """Returns the nap that was given up, as soon as there is one."""
    return await stopped.get()


METHODS = {f.__name__: f for f in (add, divide, meet, nap, given_up)}

running = {}            # the id of a request, and its task


async def run(request):
    """The result as JSON, so that what JSON cannot say is a failure, too."""
    method = METHODS[request["method"]]
    result = await method(request["params"]["body"])
    return json.dumps(result, allow_nan=False)


def say(number, member, text):
    """One line, in one piece, at once."""
    sys.stdout.write('{"jsonrpc":"2.0","id":%d,"%s":%s}\n'
                     % (number, member, text))
    sys.stdout.flush()


def fail(number, code, message, **data):
    say(number, "error", json.dumps(
        {"code": code, "message": message, "data": data}))


def finish(number, task):
    """Every request is answered, also one that was cancelled."""
    del running[number]
    if task.cancelled():
        fail(number, -32800, "cancelled", name="Cancelled")
    elif error := task.exception():
        fail(number, -32000, str(error), name=type(error).__name__,
             traceback="".join(traceback.format_exception(error)))
    else:
        say(number, "result", task.result())


def take(message):
    if "id" in message and message["method"] not in METHODS:
        fail(message["id"], -32601, "there is no method " + message["method"],
             name="LookupError")
    elif "id" in message:
        task = asyncio.create_task(run(message))
        running[message["id"]] = task
        task.add_done_callback(functools.partial(finish, message["id"]))
    elif message["method"] == "$/cancelRequest":
        task = running.get(message["params"]["id"])
        if task is not None:
            task.cancel()


async def main():
    lines = asyncio.StreamReader(limit=LINE_MAX)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        take(json.loads(line))


asyncio.run(main())
