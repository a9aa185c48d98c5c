"""The wire of the Callosum library, as observed: written from its description
alone, on python3-msgpack and python3-snappy.  Nothing here is shared with the
C code, so that the two can disagree."""

import base64
import io
import json
import os
import urllib.parse
import zlib

import msgpack
import snappy

NULL, FUNCTION, RESULT, FAILURE, ERROR, CANCEL, CANCELLED = range(7)
NAMES = ["NULL", "FUNCTION", "RESULT", "FAILURE", "ERROR", "CANCEL",
         "CANCELLED"]
NO_META = b"\x90"


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def unpack(data):
    return msgpack.unpackb(data, raw=False, use_list=False,
                           strict_map_key=False)


def raw_map(data):
    """The values of a map as raw msgpack bytes, by key."""
    unpacker = msgpack.Unpacker(io.BytesIO(data), raw=False,
                                strict_map_key=False)
    out = {}
    for _ in range(unpacker.read_map_header()):
        key = unpacker.unpack()
        start = unpacker.tell()
        unpacker.skip()
        out[key] = data[start:unpacker.tell()]
    if unpacker.tell() != len(data):
        raise ValueError("trailing bytes")
    return out


def header(kind, meth="echo", okey=b"", seq=0, zipped=False, **extra):
    """A header frame.  Values that are bytes subclass Raw go in as they are."""
    pairs = [("type", kind), ("meth", meth), ("okey", okey), ("seq", seq),
             ("zip", zipped)] + list(extra.items())
    return map_of(pairs)


class Raw(bytes):
    """msgpack bytes that are written as they stand."""


def map_of(pairs):
    out = msgpack.Packer().pack_map_header(len(pairs))
    for key, value in pairs:
        for item in (key, value):
            out += bytes(item) if isinstance(item, Raw) else pack(item)
    return out


def payload(body, meta=b"", zipped=False):
    data = map_of([("meta", meta), ("body", body)])
    return snappy.compress(data) if zipped else data


def function(meth="echo", body=b"null", okey=b"", seq=0, zipped=False,
             **extra):
    return [b"UPPER", header(FUNCTION, meth, okey, seq, zipped, **extra),
            payload(body, b"", zipped)]


def cancel(meth="echo", okey=b"", seq=0):
    return [b"UPPER", header(CANCEL, meth, okey, seq),
            payload(None, NO_META)]


def reply(raw, kind, body=None, error=None, zipped=False, **extra):
    """An answer to the request with this raw header map."""
    meta = pack(list(error)) if error is not None else NO_META
    return [b"UPPER",
            header(kind, Raw(raw["meth"]), Raw(raw["okey"]),
                   Raw(raw["seq"]), zipped, **extra),
            payload(body, meta, zipped)]


class Message:
    """An UPPER message that was received, decoded."""

    def __init__(self, frames):
        self.frames = frames
        self.raw = raw_map(frames[-2])
        self.header = unpack(frames[-2])
        self.kind = self.header["type"]
        data = frames[-1]
        if self.header["zip"]:
            data = snappy.uncompress(data)
        self.payload = unpack(data)
        self.body = self.payload["body"]
        self.error = ()
        if self.kind in (FAILURE, ERROR):
            self.error = unpack(self.payload["meta"])

    def triple(self):
        return (self.raw["meth"], self.raw["okey"], self.raw["seq"])

    def line(self):
        """One line for shells: every value percent-encoded, by its kind."""
        words = [NAMES[self.kind]]
        for key, value in self.header.items():
            if key != "type":
                words.append("%s=%s" % (key, word(value)))
        words.append("body=" + word(self.body))
        if self.error:
            words += ["%s=%s" % (name, quoted(text)) for name, text in
                      zip(("name", "repr", "traceback"), self.error)]
        return " ".join(words)


def quoted(text):
    return urllib.parse.quote(text, safe="'\"()[]{},:;!*+@$&=<>|?^~/")


def word(value):
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return "str:" + quoted(value)
    if isinstance(value, bytes):
        return "bin:" + quoted(value)
    return quoted(repr(value))


def show(frames):
    """A received message as one line."""
    if frames and frames[0] == b"PONG":
        try:
            told = unpack(frames[2]) if len(frames) == 3 else None
        except Exception:
            told = None
        if frames[1:2] == [b"cal1"] and told:
            return "PONG cal1 " + json.dumps(told)
        return "PONG " + frames_hex(frames[1:])
    if len(frames) >= 3 and frames[-3] == b"UPPER":
        try:
            return Message(frames).line()
        except Exception as problem:
            return "BROKEN %r %s" % (problem, frames_hex(frames))
    return "FRAMES " + frames_hex(frames)


def frames_hex(frames):
    return ",".join(frame.hex() for frame in frames)


def vectors():
    """The golden cases, by name; the giants among them are kept compressed."""
    here = os.path.dirname(os.path.abspath(__file__))
    cases = {}
    for name in ("vectors.json", "giants.json"):
        path = os.path.join(here, "..", "vectors", name)
        with open(path, encoding="ascii") as file:
            for case in json.load(file)["cases"]:
                cases[case["name"]] = case
    return cases


def case_frames(case):
    if "frames_zlib" in case:
        return [zlib.decompress(base64.b64decode(frame))
                for frame in case["frames_zlib"]]
    return [bytes.fromhex(frame) for frame in case["frames"]]
