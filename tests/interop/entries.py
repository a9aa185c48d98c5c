"""What is in a stream of Redis, read by python3-redis and msgpack alone.

    entries.py SOCKET STREAM          a JSON object for each entry
    entries.py SOCKET STREAM bodies   the body of each, a line each

An entry is as the Python library writes and reads it: the field hdr is a
msgpack array that begins with the time, msg is the body.
"""
import json
import sys

import msgpack
import redis


def show(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


def describe(entry_id, fields):
    header = msgpack.unpackb(fields[b"hdr"])
    assert isinstance(header, list) and header, header
    assert isinstance(header[0], bytes), header
    header += [None] * (5 - len(header))
    return {
        "id": entry_id.decode(),
        "fields": sorted(name.decode() for name in fields),
        "seq": header[1],
        "mid": header[2].hex() if header[2] else None,
        "key": show(header[3]),
        "topic": show(fields.get(b"topic")),
        "body": show(fields[b"msg"]),
    }


def main():
    path, stream = sys.argv[1:3]
    server = redis.Redis(unix_socket_path=path)
    for entry_id, fields in server.xrange(stream):
        if sys.argv[3:] == ["bodies"]:
            sys.stdout.buffer.write(fields[b"msg"] + b"\n")
        else:
            print(json.dumps(describe(entry_id, fields)))


main()
