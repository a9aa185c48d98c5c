"""Times as stream messages have them: temporenc, and RFC 3339 as the programs
write it.  Written from the description of the format alone, on the calendar of
Python; nothing here is shared with the C code."""

import datetime

# Python has no year 0; the calendar is the same 400 years later.
LATER, LATER_DAYS = 400, 146097
EPOCH = datetime.date(1970, 1, 1).toordinal()
DAY = 86400 * 1000000
MINUTE = 60 * 1000000
FIRST, LAST = -62167219200000000, 67058582399999999     # 0 to 4094

# Tag, bits of the fraction and digits of it, whether there is a zone.
FORMS = {
    "DT": ("00", 0, 0, False),
    "DTZ": ("110", 0, 0, True),
    "DTS ms": ("0100", 10, 3, False),
    "DTS us": ("0101", 20, 6, False),
    "DTS ns": ("0110", 30, 9, False),
    "DTS": ("0111", 0, 0, False),
    "DTSZ ms": ("11100", 10, 3, True),
    "DTSZ us": ("11101", 20, 6, True),
    "DTSZ ns": ("11110", 30, 9, True),
    "DTSZ": ("11111", 0, 0, True),
}
WIDTHS = (12, 4, 5, 5, 6, 6)            # year, ..., second


def instant(year, month, day, hour, minute, second, us=0, offset=0):
    """Microseconds since 1970 in UTC; ValueError where there is no such
    time."""
    if not 0 <= year <= 4094 or not 0 <= us <= 999999:
        raise ValueError("no such year or microsecond")
    date = datetime.date(year + LATER, month, day)
    time = datetime.time(hour, minute, second)
    days = date.toordinal() - LATER_DAYS - EPOCH
    seconds = time.hour * 3600 + time.minute * 60 + time.second
    utc = days * DAY + seconds * 1000000 + us - offset * MINUTE
    if not FIRST <= utc <= LAST:
        raise ValueError("in UTC it is another year")
    return utc


def split(us, offset=0):
    """Year, month, day, hour, minute, second, microsecond."""
    days, rest = divmod(us + offset * MINUTE, DAY)
    date = datetime.date.fromordinal(days + EPOCH + LATER_DAYS)
    seconds, us = divmod(rest, 1000000)
    return (date.year - LATER, date.month, date.day, seconds // 3600,
            seconds // 60 % 60, seconds % 60, us)


def text(us, offset=0):
    year, month, day, hour, minute, second, us = split(us, offset)
    zone = "Z"
    if offset:
        zone = "%s%02d:%02d" % ("-" if offset < 0 else "+",
                                abs(offset) // 60, abs(offset) % 60)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06d%s" % (
        year, month, day, hour, minute, second, us, zone)


def build(form, fields, fraction=0, zone=64):
    """A value of any form from its raw fields, which may be impossible."""
    tag, width, _, has_zone = FORMS[form]
    bits = tag + "".join(format(field, "0%db" % bits)
                         for field, bits in zip(fields, WIDTHS))
    if width:
        bits += format(fraction, "0%db" % width)
    if has_zone:
        bits += format(zone, "07b")
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def pack(us):
    """As the library writes it."""
    year, month, day, hour, minute, second, us = split(us)
    bits = (0xe8 << 64 | year << 55 | (month - 1) << 51 | (day - 1) << 46 |
            hour << 41 | minute << 35 | second << 29 | us << 9 | 64 << 2)
    return bits.to_bytes(9, "big")


def unpack(data):
    """The instant and its offset; ValueError where the library refuses."""
    bits = format(int.from_bytes(data, "big"), "0%db" % (8 * len(data)))
    for tag, width, digits, has_zone in FORMS.values():
        if bits.startswith(tag):
            break
    else:
        raise ValueError("not a date with a time")
    whole = len(tag) + sum(WIDTHS) + width + (7 if has_zone else 0)
    if len(data) != (whole + 7) // 8 or "1" in bits[whole:]:
        raise ValueError("bad length or padding")
    at, values = len(tag), []
    for size in WIDTHS + (width, 7 if has_zone else 0):
        values.append(int(bits[at:at + size] or "0", 2))
        at += size
    year, month0, day0, hour, minute, second, fraction, zone = values
    if zone > 125:
        raise ValueError("no offset")
    if fraction >= 10 ** digits and width:
        raise ValueError("no such fraction")
    us = int(format(fraction, "0%dd" % digits).ljust(6, "0")[:6]) \
        if width else 0
    offset = (zone - 64) * 15 if has_zone else 0
    return instant(year, month0 + 1, day0 + 1, hour, minute, second, us,
                   offset), offset


def shown(data):
    """The time in a header as the programs show it."""
    try:
        return text(*unpack(data)) if isinstance(data, bytes) else "-"
    except ValueError:
        return "-"
