"""Bad input of our own making, by the rows of the list of bad input: name,
what a server of ours does with it, frames."""

import snappy

import wire

GOOD = wire.payload(b"1")
UPPER = b"UPPER"


def head(**change):
    values = {"type": 1, "meth": "echo", "okey": b"", "seq": 0, "zip": False}
    values.update(change)
    return wire.map_of(list(values.items()))


def upper(payload=GOOD, **change):
    return [UPPER, head(**change), payload]


def raw(text):
    return wire.Raw(bytes.fromhex(text))


def nested(depth, inner=b"\x01"):
    return wire.Raw(b"\x91" * depth + inner)


def body_map(*pairs):
    return wire.map_of(list(pairs))


def frames_rows():
    for count in (1, 2):
        yield "B01", "%d frames" % count, "ignored", [b"x"] * count
    yield "B01", "4 frames", "result", [b"x"] + upper()
    yield "B01", "10 frames", "result", [b"x"] * 7 + upper()
    yield "B01", "100 frames", "result|ignored", [b"x"] * 97 + upper()
    yield "B01", "100 frames of junk", "ignored", [b"x"] * 100
    for word in (b"", b"upper", b"UPPER2", b"PONGx", b"\x00" * 9,
                 b"A" * (1 << 20)):
        yield "B02", "first word %r" % word[:8], "ignored", [
            word, head(), GOOD]
    yield "B03", "PING with 1 KiB", "pong", [b"PING", b"h", b"x" * 1000]
    yield "B03", "PING with 1 MiB", "ignored", [
        b"PING", b"h", b"x" * (1 << 20)]
    yield "B03", "PING with a large header", "ignored", [
        b"PING", b"x" * (1 << 20), b""]
    yield "B03", "PONG to a server", "ignored", [b"PONG", b"", b""]


def header_rows():
    full = head()
    for length in range(len(full)):
        yield "B11", "cut at %d" % length, "ignored", [
            UPPER, full[:length], GOOD]
    yield "B11", "never used byte", "ignored", [UPPER, b"\xc1", GOOD]
    yield "B11", "trailing byte", "refused", [UPPER, full + b"\0", GOOD]
    for name, data in (("array", b"\x95\x01\xa4echo\xc4\x00\x00\xc2"),
                       ("int", b"\x05"), ("nil", b"\xc0"),
                       ("str", b"\xa4echo"), ("empty map", b"\x80")):
        yield "B12", name, "ignored", [UPPER, data, GOOD]
    for key in ("type", "meth", "okey", "seq", "zip"):
        values = {"type": 1, "meth": "echo", "okey": b"", "seq": 0,
                  "zip": False}
        del values[key]
        yield "B12", "no " + key, "refused", [
            UPPER, wire.map_of(list(values.items())), GOOD]
    for kind in (7, 99, -1, 1 << 63, "1", None, 1.5, raw("91")):
        yield "B13", "type %r" % (kind,), "refused", upper(type=kind)
    yield "B13", "type 0", "ignored", upper(type=0)
    yield "B13", "type 1.0", "result", upper(type=1.0)
    yield "B13", "type true", "result", upper(type=True)
    for seq in (-1, 1 << 32, (1 << 64) - 1, 1.5, "s", b"b", None, True):
        yield "B14", "seq %r" % (seq,), "result", upper(seq=seq)
    yield "B14", "seq map", "refused", upper(seq={"a": 1})
    yield "B14", "seq of 5000 bytes", "refused", upper(seq=b"s" * 5000)


NO_METHOD = "error:MethodNotFound|error:BadRequest"


def value_rows():
    for meth in ("", "no", "echo\0", "/bin/sh", "..", "../echo", "-x",
                 "echo\n", "\u202eohce", "ECHO", " echo", "*", "a" * 255,
                 "CAL_METHOD", "$(true)", "`true`", "echo;true"):
        yield "B15", "method %r" % meth[:12], NO_METHOD, upper(meth=meth)
    for meth in ("a" * 256, "a" * 65536):
        yield "B15", "method of %d" % len(meth), NO_METHOD + "|ignored", \
            upper(meth=meth)
    for meth in (b"echo", None, 5, raw("a46563ff6f"), raw("91a161")):
        yield "B15", "method %r" % (meth,), NO_METHOD + "|ignored", \
            upper(meth=meth)
    for okey in ("", b"", "k", b"k", "\u00fc", b"\xff", "\0", "\n"):
        yield "B16", "okey %r" % (okey,), "result", upper(okey=okey)
    yield "B16", "str in bin32", "result", upper(okey=raw("c6000000016b"))
    for okey in (None, 5, -5, True, 1.5, raw("91a161"), raw("d4057a")):
        yield "B17", "okey %r" % (okey,), "result", upper(okey=okey)
    yield "B17", "okey of 4000", "result", upper(okey=b"k" * 4000)
    for size in (5000, 10 << 20):
        yield "B17", "okey of %d" % size, "refused", upper(okey=b"k" * size)
    yield "B17", "okey map", "refused", upper(okey={"a": 1})
    pairs = [("type", 1), ("meth", "echo"), ("okey", b""), ("seq", 0),
             ("zip", False)]
    for pair in pairs:
        yield "B18", "twice " + pair[0], "refused", [
            UPPER, wire.map_of(pairs + [pair]), GOOD]
    yield "B19", "extra keys", "result", upper(
        extra=[1, {"a": b"b"}], dl=60000, idem="x", future=raw("d4057a"))
    yield "B19", "extra keys first", "result", [
        UPPER, wire.map_of([("z", None)] + pairs), GOOD]
    for name, data in (("array32 of 2^26", "dd04000000"),
                       ("map32 of 2^32-1", "dfffffffff"),
                       ("array32 of 2^32-1", "ddffffffff"),
                       ("str32 of 2^32-1", "dbffffffff"),
                       ("bin32 of 2^31", "c680000000")):
        yield "B20", name, "ignored", [UPPER, bytes.fromhex(data), GOOD]
        yield "B20", name + " as okey", "ignored", upper(okey=raw(data))
        yield "B20", name + " as payload", "error:BadRequest", \
            upper(bytes.fromhex(data))


def shape_rows():
    for depth in (33, 1000, 3000):
        yield "B21", "okey %d deep" % depth, "refused", upper(
            okey=nested(depth))
    for depth in (33, 1000, 100000):
        yield "B21", "extra key %d deep" % depth, "refused", upper(
            extra=nested(depth))
        yield "B21", "payload %d deep" % depth, "error:BadRequest", upper(
            body_map(("meta", b""), ("body", b"1"), ("x", nested(depth))))
    yield "B21", "5 deep", "result", upper(extra=nested(5))
    for value in (raw("d4057a"), raw("d6ff00000000"), raw("ca3fc00000")):
        yield "B22", "type %s" % value.hex(), "refused", upper(type=value)
        yield "B22", "body %s" % value.hex(), "error:BadRequest", upper(
            body_map(("meta", b""), ("body", value)))
        yield "B22", "meth %s" % value.hex(), NO_METHOD + "|ignored", upper(
            meth=value)
    yield "B23", "seq as uint64", "result", upper(
        seq=raw("cf0000000000000001"))
    yield "B23", "meth as str32", "result", upper(
        meth=raw("db000000046563686f"))
    yield "B23", "map32", "result", [
        UPPER, b"\xdf\0\0\0\5" + head()[1:], GOOD]
    yield "B23", "payload as map16", "result", upper(
        b"\xde\0\2" + GOOD[1:])


BAD = "error:BadRequest"


def payload_rows():
    for name, data, outcome in (
            ("no body", body_map(("meta", b"")), BAD),
            ("no meta", body_map(("body", b"1")), BAD),
            ("body nil", body_map(("meta", b""), ("body", None)), BAD),
            ("body int", body_map(("meta", b""), ("body", 5)), BAD),
            ("body map", body_map(("meta", b""), ("body", {"a": 1})), BAD),
            ("body empty", body_map(("meta", b""), ("body", b"")), BAD),
            ("body str", body_map(("meta", b""), ("body", "1")), "result"),
            ("meta nil", body_map(("meta", None), ("body", b"1")), "result"),
            ("meta empty str", body_map(("meta", ""), ("body", b"1")),
             "result"),
            ("meta false", body_map(("meta", False), ("body", b"1")),
             "result"),
            ("meta []", body_map(("meta", b"\x90"), ("body", b"1")),
             "result"),
            ("meta garbage", body_map(("meta", b"\xc1"), ("body", b"1")),
             BAD),
            ("meta int", body_map(("meta", 5), ("body", b"1")), BAD),
            ("meta twice", body_map(("meta", b""), ("body", b"1"),
                                    ("meta", b"")), BAD),
            ("body twice", body_map(("meta", b""), ("body", b"1"),
                                    ("body", b"1")), BAD),
            ("empty", b"", BAD), ("never used", b"\xc1", BAD),
            ("array", b"\x92\xc4\0\xc4\1\x31", BAD),
            ("trailing", GOOD + b"\0", BAD)):
        yield "B24", name, outcome, upper(data)
    for length in range(1, len(GOOD)):
        yield "B24", "cut at %d" % length, BAD, upper(GOOD[:length])
    block = snappy.compress(GOOD)
    for name, data, outcome in (
            ("good", block, "result"),
            ("empty", b"", BAD), ("one byte", b"\x05", BAD),
            ("varint over 32 bits", b"\xff\xff\xff\xff\xff\x01", BAD),
            ("unfinished varint", b"\xff\xff", BAD),
            ("4 GiB in 5 bytes", b"\xff\xff\xff\xff\x0f",
             BAD + "|error:TooLarge")):
        yield "B26", name, outcome, upper(data, zip=True)
    yield "B27", "cut", BAD, upper(block[:-2], zip=True)
    yield "B27", "corrupt", BAD, upper(
        block[:1] + b"\xff" + block[2:], zip=True)
    yield "B27", "longer than said", BAD, upper(
        b"\x05" + block[1:], zip=True)
    bomb = snappy.compress(wire.payload(b'"' + b"a" * (20 << 20) + b'"'))
    yield "B28", "20 MiB in %d KiB" % (len(bomb) >> 10), \
        "error:TooLarge", upper(bomb, zip=True)
    yield "B29", "zip 1", "result", upper(block, zip=1)
    yield "B29", "zip 'yes'", "result", upper(block, zip="yes")
    for value in (0, None, "", b"", raw("90"), raw("80")):
        yield "B29", "zip %r" % (value,), "result", upper(zip=value)
    yield "B29", "zip, plain data", BAD, upper(zip=True)
    for kind in (0, 2, 3, 4, 5, 6):
        yield "B29", "zip, type %d" % kind, "ignored", upper(
            snappy.compress(body_map(("meta", b"\x90"), ("body", None))),
            type=kind, zip=True)


def json_rows():
    def body(data):
        return upper(wire.payload(data))

    deep = 2049
    yield "B30", "2048 deep", "result", body(b"[" * 2048 + b"]" * 2048)
    for depth in (deep, 100000):
        yield "B30", "%d deep" % depth, BAD, body(
            b"[" * depth + b"]" * depth)
    yield "B31", "duplicate names", "result", body(b'{"a":1,"a":2}')
    for text in (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"[NaN]"):
        # What a peer wrote in Python's way is let in; cat gives it back,
        # and a server must not send it.
        outcome = "result" if text == b"1e400" else "FAILURE"
        yield "B32", text.decode(), outcome, body(text)
    for text in (b"9223372036854775808", b"1" * 30, b"-1" + b"0" * 40):
        yield "B33", text.decode()[:20], "result", body(text)
    yield "B34", "0.1", "result", body(b'[0.1,1.10,"\\u00fc"]')
    for text in (b'"\\u0000"', b'"\\ud800"', b"1", b'""', b"null", b"true"):
        yield "B35", repr(text), "result", body(text)
    for text in (b'"\xc0\x80"', b'"\xed\xa0\x80"', b'\xef\xbb\xbf1',
                 b'"\x01"', b'"\n"', b"1 2", b"1x", b"{", b"[1,]", b"01",
                 b"+1", b".5", b"1.", b"'a'", b"nul", b'"\\x"', b'"\xff"',
                 b'{"a" 1}', b"-", b'"', b"\0", b"1\0"):
        yield "B35", repr(text), BAD, body(text)


def cases():
    for rows in (frames_rows, header_rows, value_rows, shape_rows,
                 payload_rows, json_rows):
        yield from rows()
