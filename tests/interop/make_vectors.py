#!/usr/bin/python3
"""Golden vectors of our own extensions, written by python3-msgpack:

make_vectors.py >tests/vectors/extensions.json

header: the frame of a header.  decoded: what a reader must find in it;
a missing name means that nothing is there; a number from 2^63 on is text,
since readers of JSON differ there.  again: writing what was decoded
gives the same bytes.
hello: the payload frame of a PONG, decoded or null where it is to be refused.
stream: the frames of a stream message.  decoded: the time as text (- where it
is not known); in hex, where there is one, topic, mid, key and the body as a
reader hands it on; seq and flags.  null where its header is to be refused.
"""

import json

import stamp
import wire

CID = bytes(range(16))
NOW = 1768491781123456          # 2026-01-15T15:43:01.123456Z
TIME = stamp.pack(NOW)
BODY = b'{"n": 1}'
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


def block(data):
    """Raw snappy of few bytes, as any version of it reads them."""
    return bytes([len(data)]) + (bytes([(len(data) - 1) << 2]) + data
                                 if data else b"")


def zeros_block(count):
    """Raw snappy of 1 + 64 N zero bytes: one, and copies of what it made."""
    return (bytes([count & 127 | 128, count >> 7, 0, 0]) +
            b"\xfe\1\0" * (count // 64))


def stream(name, elements, decoded, topic=None, wire_body=BODY, body=BODY,
           again=True):
    """elements: of the header array, or the bytes of the header."""
    header_frame = elements if isinstance(elements, bytes) \
        else wire.pack(elements)
    frames = ([] if topic is None else [topic]) + [b"UPPER", header_frame,
                                                   wire_body]
    if decoded is not None:
        decoded = dict({"time": stamp.text(NOW)}, body=body, **decoded)
        if topic:
            decoded["topic"] = topic
        decoded = {key: plain(decoded[key]) for key in decoded}
    return {"name": name, "kind": "stream",
            "frames": [frame.hex() for frame in frames],
            "decoded": decoded, "again": again and decoded is not None}


def own_streams():
    """Messages as our programs write them."""
    yield stream("stream_plain", [TIME], {})
    for name, topic in (("stream_topic", b"news"),
                        ("stream_topic_utf8", "n\u00fc/\u2713".encode()),
                        ("stream_topic_bytes", b"\x00\xff\n"),
                        ("stream_topic_upper", b"UPPER"),
                        ("stream_topic_ping", b"PING"),
                        ("stream_topic_256", b"t" * 256)):
        yield stream(name, [TIME], {}, topic)
    for seq in (0, 1, 127, 128, 255, 256, 65535, 65536, (1 << 32) - 1,
                1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        yield stream("stream_seq_%d" % seq, [TIME, seq], {"seq": seq})
    yield stream("stream_mid", [TIME, None, CID], {"mid": CID})
    yield stream("stream_mid_zeros", [TIME, 5, bytes(16)],
                 {"seq": 5, "mid": bytes(16)})
    for length in (1, 31, 32, 255, 256, 4096):
        yield stream("stream_key_%d" % length,
                     [TIME, None, None, "k" * length],
                     {"key": b"k" * length})
    yield stream("stream_key_utf8", [TIME, None, None, "cl\u00e9"],
                 {"key": "cl\u00e9".encode()})
    yield stream("stream_key_bin", [TIME, None, None, b"\xff\x00\n"],
                 {"key": b"\xff\x00\n"})
    yield stream("stream_key_bin_255", [TIME, None, None, b"\xff" * 255],
                 {"key": b"\xff" * 255})
    yield stream("stream_compressed", [TIME, None, None, None, 1],
                 {"flags": 1}, None, block(BODY))
    yield stream("stream_compressed_zeros", [TIME, None, None, None, 1],
                 {"flags": 1}, None, zeros_block(1025), bytes(1025))
    yield stream("stream_compressed_nothing", [TIME, None, None, None, 1],
                 {"flags": 1}, None, block(b""), b"")
    yield stream("stream_all", [TIME, 7, CID, "k", 1],
                 {"seq": 7, "mid": CID, "key": b"k", "flags": 1}, b"news",
                 block(BODY))
    yield stream("stream_no_seq", [TIME, None, CID, "k"],
                 {"mid": CID, "key": b"k"}, b"news")
    for name, us in (("first", stamp.FIRST), ("last", stamp.LAST),
                     ("1969", -1), ("0001", -62135596800000000)):
        yield stream("stream_time_" + name, [stamp.pack(us)],
                     {"time": stamp.text(us)})
    yield stream("stream_no_time", [None], {"time": "-"})
    yield stream("stream_no_time_seq", [None, 3], {"time": "-", "seq": 3})


def other_streams():
    """What only others write, or nobody: it is read all the same."""
    def other(name, elements, decoded, *more):
        return stream("stream_other_" + name, elements, decoded, *more,
                      again=False)

    yield other("topic_empty", [TIME], {}, b"")
    for count in range(1, 5):
        yield other("nils_%d" % count, [TIME] + [None] * count, {})
    yield other("key_str_empty", [TIME, None, None, ""], {})
    yield other("key_bin_empty", [TIME, None, None, b"", 2], {"flags": 2})
    yield other("key_bin_text", [TIME, None, None, b"k"], {"key": b"k"})
    yield other("flags_0", [TIME, 1, None, None, 0], {"seq": 1})
    yield stream("stream_flags_unknown", [TIME, None, None, None, 6],
                 {"flags": 6})
    yield other("six", [TIME, 1, CID, "k", 2, "future"],
                {"seq": 1, "mid": CID, "key": b"k", "flags": 2})
    yield other("six_nils", [TIME, None, None, None, None, None, {}], {})
    yield other("array16", b"\xdc\x00\x02" + wire.pack(TIME) + b"\x07",
                {"seq": 7})
    yield other("array32", b"\xdd\x00\x00\x00\x01" + wire.pack(TIME), {})
    yield other("long_forms", b"\x92\xc6\x00\x00\x00\x09" + TIME +
                b"\xcf" + bytes(7) + b"\x07", {"seq": 7})
    # From the first that is not ours on, nothing counts.
    for name, element in (
            ("text", "extra"), ("negative", -1), ("float", 1.0),
            ("true", True), ("bin", b"x"), ("array", [1]), ("map", {"a": 1}),
            ("ext", wire.msgpack.ExtType(5, b"x"))):
        yield other("seq_" + name, [TIME, element, CID, "k", 2], {})
    for name, element in (
            ("short", CID[:15]), ("long", CID + b"x"), ("empty", b""),
            ("text", "a" * 16), ("int", 5), ("map", {})):
        yield other("mid_" + name, [TIME, 4, element, "k", 2], {"seq": 4})
    for name, element in (
            ("int", 5), ("float", 0.5), ("false", False), ("array", ["k"]),
            ("map", {"k": 1}), ("ext", wire.msgpack.ExtType(1, b"k")),
            ("long", "k" * 4097)):
        yield other("key_" + name, [TIME, 4, CID, element, 2],
                    {"seq": 4, "mid": CID})
    for name, element in (("negative", -1), ("true", True), ("text", "1"),
                          ("bin", b"\1")):
        yield other("flags_" + name, [TIME, 4, CID, "k", element],
                    {"seq": 4, "mid": CID, "key": b"k"})
    yield other("deep", b"\x92" + wire.pack(TIME) + b"\x91" * 32 + b"\xc0",
                {})


def times():
    """Times that are none: the message is kept."""
    usual = (2026, 0, 14, 15, 43, 1)
    for name, value in (
            ("empty", b""), ("one_byte", TIME[:1]), ("short", TIME[:8]),
            ("long", TIME + b"\0"), ("date", b"\x8f\xd4\x0e"),
            ("time", b"\xa0\x10\x83"), ("no_tag", b"\xa2" + bytes(8)),
            ("ones", b"\xff" * 9), ("ones_10", b"\xff" * 10),
            ("padding", stamp.build("DTSZ us", usual, 1)[:-1] + b"\x01"),
            ("year_4095", stamp.build("DTSZ us", (4095,) + usual[1:], 1)),
            ("month_15", stamp.build("DTSZ us", (2026, 15) + usual[2:], 1)),
            ("february_31", stamp.build("DTSZ us", (2026, 1, 30, 0, 0, 0))),
            ("february_29", stamp.build("DTSZ us", (2026, 1, 28, 0, 0, 0))),
            ("hour_24", stamp.build("DTSZ us", usual[:3] + (24, 0, 0))),
            ("minute_60", stamp.build("DTSZ us", usual[:4] + (60, 0))),
            ("second_60", stamp.build("DTSZ us", usual[:5] + (60,))),
            ("second_63", stamp.build("DTSZ us", usual[:5] + (63,))),
            ("ns_10^9", stamp.build("DTSZ ns", usual, 10 ** 9)),
            ("us_10^6", stamp.build("DTSZ us", usual, 10 ** 6)),
            ("ms_1000", stamp.build("DTSZ ms", usual, 1000)),
            ("zone_126", stamp.build("DTSZ us", usual, 1, 126)),
            ("zone_127", stamp.build("DTSZ us", usual, 1, 127)),
            ("too_early", stamp.build("DTZ", (0, 0, 0, 0, 0, 0), 0, 65)),
            ("too_late", stamp.build("DTZ", (4094, 11, 30, 23, 59, 59), 0,
                                     63)),
            ("int", 1768491781), ("float", 1768491781.5),
            ("text", "2026-01-15T15:43:01Z"), ("array", [TIME]),
            ("map", {"t": TIME}),
            ("timestamp", wire.msgpack.Timestamp(1768491781, 0))):
        yield stream("stream_time_bad_" + name, [value, 9],
                     {"time": "-", "seq": 9}, again=False)
    for form in stamp.FORMS:
        for zone, offset in ((64, 0), (100, 540), (50, -210)):
            us = stamp.instant(2026, 1, 15, 15, 43, 1, 0, offset)
            if stamp.FORMS[form][3] or not offset:
                yield stream("stream_time_%s_%d" % (form.replace(" ", "_"),
                                                    offset),
                             [stamp.build(form, usual, 0, zone)],
                             {"time": stamp.text(us, offset)},
                             again=form == "DTSZ us" and not offset)


def refused_streams():
    time = wire.pack(TIME)
    for name, data in (
            ("empty", b""), ("nil", b"\xc0"), ("no_array", time),
            ("map", b"\x81\0" + time), ("no_time", b"\x90"),
            ("c1", b"\xc1"), ("cut", b"\x91" + time[:-1]),
            ("too_few", b"\x92" + time), ("trailing", b"\x91" + time + b"\0"),
            ("giant_16", b"\xdc\xff\xff" + time),
            ("giant_32", b"\xdd\xff\xff\xff\xff" + time),
            ("giant_inside", b"\x92" + time + b"\xdd\xff\xff\xff\xff"),
            ("giant_map", b"\x92" + time + b"\xdf\xff\xff\xff\xff"),
            ("giant_bin", b"\x91\xc6\xff\xff\xff\xff" + TIME),
            ("giant_key", b"\x94" + time + b"\xc0\xc0\xdb\xff\xff\xff\xff"),
            ("deep", b"\x92" + time + b"\x91" * 33 + b"\xc0"),
            ("raw_time", b"\x91\xa9" + TIME),
            ("key_not_utf8", b"\x94" + time + b"\xc0\xc0\xa1\xff")):
        yield stream("stream_refused_" + name, data, None)


def main():
    cases = (list(headers()) + list(hellos()) + list(own_streams()) +
             list(other_streams()) + list(times()) + list(refused_streams()))
    print('{"format": 1, "cases": [')
    print(",\n".join(json.dumps(case) for case in cases))
    print("]}")


if __name__ == "__main__":
    main()
