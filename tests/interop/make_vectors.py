#!/usr/bin/python3
"""Golden vectors of our own extensions, written by python3-msgpack:

make_vectors.py >tests/vectors/extensions.json

header: the frame of a header.  decoded: what a reader must find in it;
a missing name means that nothing is there; a number from 2^63 on is text,
since readers of JSON differ there.  again: writing what was decoded
gives the same bytes.
hello: the payload frame of a PONG, decoded or null where it is to be refused.
"""

import json

import wire

CID = bytes(range(16))
RTO = "jobs.conn." + CID.hex()


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and value >= 1 << 63:
        return str(value)
    return value


def header(name, kind=wire.FUNCTION, again=True, expect=None, **extra):
    decoded = dict(extra) if expect is None else expect
    return {"name": name, "kind": "header",
            "frame": wire.header(kind, seq=7, **extra).hex(),
            "decoded": {key: plain(decoded[key]) for key in decoded},
            "again": again}


def headers():
    yield header("none")
    for dl in (0, 1, 127, 128, 60000, 1 << 32, (1 << 64) - 1):
        yield header("dl_%d" % dl, dl=dl)
    for limit in (0, 10485760, (1 << 64) - 1):
        yield header("max_%d" % limit, max=limit)
    yield header("cid", cid=CID)
    yield header("cid_zeros", cid=bytes(16))
    yield header("rto", cid=CID, rto=RTO)
    yield header("all_of_a_caller", dl=59999, cid=CID, max=1048576, rto=RTO)
    for why in ("caller", "deadline", "shutdown"):
        yield header("why_" + why, wire.CANCELLED, why=why)
    for st in (0, 1, 127, 128, 255, -1, -9, -15, -32, -33, -64):
        yield header("st_%d" % st, wire.FAILURE, st=st)
    yield header("echoed_cid", wire.RESULT, cid=CID)
    yield header("another_order", again=False, max=5, cid=CID, dl=3)
    yield header("unknown_key", again=False, expect={"dl": 5}, idem="once",
                 future={"a": [1, b"x", None]}, dl=5)
    # Of the wrong kind: as if it were not there.
    for name, extra in (
            ("dl_negative", {"dl": -1}), ("dl_text", {"dl": "5"}),
            ("dl_float", {"dl": 5.0}), ("dl_nil", {"dl": None}),
            ("dl_true", {"dl": True}), ("max_negative", {"max": -1}),
            ("max_text", {"max": "1"}), ("cid_text", {"cid": "a" * 16}),
            ("cid_short", {"cid": CID[:15]}),
            ("cid_long", {"cid": CID + b"x"}), ("cid_map", {"cid": {}}),
            ("rto_bin", {"rto": b"jobs"}), ("why_int", {"why": 1}),
            ("why_bin", {"why": b"caller"}), ("st_text", {"st": "1"}),
            ("st_float", {"st": 1.0}), ("st_huge", {"st": 1 << 63})):
        yield header(name, again=False, expect={}, **extra)


def hello(name, payload, decoded, again=True):
    return {"name": name, "kind": "hello", "frame": payload.hex(),
            "decoded": decoded, "again": again and decoded is not None}


FULL = {"version": "1.2.3", "methods": ["echo", "add", "\u00e9t\u00e9"],
        "order": "key", "serializer": "json", "max_body": 10485760,
        "ext": ["dl", "cid", "max"]}


def hellos():
    yield hello("full", wire.pack(FULL), FULL)
    for key, value in FULL.items():
        yield hello("only_" + key, wire.pack({key: value}), {key: value})
        rest = {k: v for k, v in FULL.items() if k != key}
        yield hello("without_" + key, wire.pack(rest), rest)
    yield hello("empty_map", wire.pack({}), {})
    yield hello("any_method", wire.pack({"methods": ["*"]}),
                {"methods": ["*"]})
    yield hello("no_method", wire.pack({"methods": []}), {"methods": []})
    many = ["m%04d" % i for i in range(300)]
    yield hello("many_methods", wire.pack({"methods": many}),
                {"methods": many})
    yield hello("unknown_keys", wire.pack(dict(FULL, color="red", x=[1])),
                FULL, again=False)
    for name, payload in (
            ("empty", b""), ("nil", b"\xc0"), ("array", b"\x90"),
            ("cut", wire.pack(FULL)[:-1]),
            ("trailing", wire.pack(FULL) + b"\0"),
            ("version_int", wire.pack({"version": 1})),
            ("order_nil", wire.pack({"order": None})),
            ("max_body_negative", wire.pack({"max_body": -1})),
            ("max_body_text", wire.pack({"max_body": "1"})),
            ("methods_text", wire.pack({"methods": "echo"})),
            ("methods_bin", wire.pack({"methods": [b"echo"]})),
            ("ext_map", wire.pack({"ext": {"a": 1}})),
            ("int_key", b"\x81\1\2"),
            ("twice", b"\x82" + wire.pack("order") * 4)):
        yield hello("refused_" + name, payload, None)


def main():
    cases = list(headers()) + list(hellos())
    print('{"format": 1, "cases": [')
    print(",\n".join(json.dumps(case) for case in cases))
    print("]}")


if __name__ == "__main__":
    main()
