"""Messages that no publisher should send, by name: what a consumer must drop,
or make the best of, and go on."""

import snappy

import stamp
import wire

TIME = stamp.pack(1768491781123456)
PLAIN = wire.pack([TIME])
ZIPPED = wire.pack([TIME, None, None, None, 1])
BODY = b'{"bad": true}'
BOMB = b"\xff\xff\xff\xff\x0f" + b"\xfe\x01\x00" * 1000


def upper(header=PLAIN, body=BODY):
    return [b"UPPER", header, body]


# These are no stream messages, and nobody should show them.
DROPPED = {
    "one_frame": [b"UPPER"],
    "two_frames": [b"UPPER", PLAIN],
    "all_empty": [b"", b"", b""],
    "lower": [b"upper", PLAIN, BODY],
    "ping": [b"PING", b"", b""],
    "pong": [b"PONG", b"cal1", b""],
    "trailing_frame": upper() + [b"x"],
    "many_frames": [b"f"] * 100 + [b"x", PLAIN, BODY],
    "header_empty": upper(b""),
    "header_c1": upper(b"\xc1"),
    "header_map": upper(wire.header(wire.FUNCTION)),
    "header_no_time": upper(b"\x90"),
    "header_trailing": upper(PLAIN + b"\0"),
    "header_cut": upper(PLAIN[:-1]),
    "header_giant": upper(b"\xdd\xff\xff\xff\xff" + PLAIN[1:]),
    "header_deep": upper(b"\x92" + PLAIN[1:] + b"\x91" * 1000 + b"\xc0"),
    "header_long": upper(wire.pack([TIME, b"x" * 20000])),
    "zip_garbage": upper(ZIPPED, b"\xff\xff garbage"),
    "zip_empty": upper(ZIPPED, b""),
    "zip_plain": upper(ZIPPED, BODY),
    "zip_cut": upper(ZIPPED, snappy.compress(bytes(1000))[:-1]),
    "zip_bomb": upper(ZIPPED, BOMB),
}

# These have something that cannot be read, and are shown without it.
KEPT = {
    "time_nil": upper(wire.pack([None])),
    "time_text": upper(wire.pack(["now"])),
    "time_empty": upper(wire.pack([b""])),
    "time_month_13": upper(wire.pack([bytes.fromhex("ebf5639f5820000300")])),
    "time_garbage": upper(wire.pack([b"\xff" * 9])),
    "foreign": upper(wire.pack([TIME, "x", {"y": [1, None]}])),
}

KINDS = {**DROPPED, **KEPT}
