/*
 * Checking JSON.  One pass over the bytes: a loop instead of recursion, one
 * bit for each open array or object, and many bytes at a time inside strings.
 * Positions are pointers; a function that finds no more of what it looks for
 * keeps the problem and returns NULL.
 */
#include "codec/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"

enum { WORD = 64 };

struct scan {
	struct cal_slice text;
	const uint8_t *end;
	enum cal_json_flavour flavour;
	const char *problem;    /* NULL: an unexpected byte, or the end */
	const uint8_t *place;   /* of the problem */
	size_t depth;
	size_t max_depth;
	uint64_t objects[CAL_JSON_DEPTH / WORD + 1];    /* a bit a level */
};

enum class { PLAIN, SPECIAL };

/* In a string everything is plain but quotes, escapes, controls and UTF-8. */
static const uint8_t string_class[256] = {
	[0x00 ... 0x1f] = SPECIAL,
	['"'] = SPECIAL,
	['\\'] = SPECIAL,
	[0x80 ... 0xff] = SPECIAL,
};

static bool
is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static bool
is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_hex(uint8_t byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'f') ||
	    (byte >= 'A' && byte <= 'F');
}

struct cal_slice
cal_json_trim(struct cal_slice text)
{
	while (text.len > 0 && is_space(text.ptr[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_space(*text.ptr)) {
		text.ptr++;
		text.len--;
	}
	return text;
}

static const uint8_t *
refuse(struct scan *s, const uint8_t *place, const char *problem)
{
	s->place = place;
	s->problem = problem;
	return NULL;
}

static const uint8_t *
skip_space(const struct scan *s, const uint8_t *p)
{
	while (p < s->end && is_space(*p))
		p++;
	return p;
}

static const uint8_t *
skip_digits(struct scan *s, const uint8_t *p)
{
	if (p == s->end || !is_digit(*p))
		return refuse(s, p, NULL);
	while (p < s->end && is_digit(*p))
		p++;
	return p;
}

static const uint8_t *
skip_word(struct scan *s, const uint8_t *p, const char *word)
{
	for (; *word != '\0'; word++, p++)
		if (p == s->end || *p != (uint8_t)*word)
			return refuse(s, p, NULL);
	return p;
}

/* NaN and the infinities, which only Python writes; p is at the letter. */
static const uint8_t *
skip_constant(struct scan *s, const uint8_t *p)
{
	const uint8_t *end;

	end = skip_word(s, p, *p == 'N' ? "NaN" : "Infinity");
	if (end != NULL && (s->flavour & CAL_JSON_PYTHON) == 0)
		return refuse(s, p, "NaN and Infinity are not allowed");
	return end;
}

static const uint8_t *
skip_number(struct scan *s, const uint8_t *p)
{
	if (*p == '-' && ++p < s->end && *p == 'I')
		return skip_constant(s, p);
	if (p < s->end && *p == '0')
		p++;
	else if ((p = skip_digits(s, p)) == NULL)
		return NULL;
	if (p < s->end && *p == '.' && (p = skip_digits(s, p + 1)) == NULL)
		return NULL;
	if (p == s->end || (*p | 0x20) != 'e')
		return p;
	if (++p < s->end && (*p == '+' || *p == '-'))
		p++;
	return skip_digits(s, p);
}

static const uint8_t *
skip_escape(struct scan *s, const uint8_t *p)
{
	static const char simple[] = "\"\\/bfnrt";
	int i;

	if (++p == s->end)
		return refuse(s, p, NULL);
	if (*p != 'u')
		return *p != '\0' && strchr(simple, *p) != NULL ? p + 1 :
		    refuse(s, p, "bad escape");
	for (i = 0; i < 4; i++)
		if (++p == s->end || !is_hex(*p))
			return refuse(s, p, p == s->end ? NULL : "bad escape");
	return p + 1;
}

/*
 * How far the bytes before end are plain, in steps of a whole word: where a
 * special one is in the next, or where less than a word is left.  Nearly all
 * of a body is in strings, so that this is most of what checking costs.
 */
#ifdef __SSE2__
static const uint8_t *
skip_words(const uint8_t *p, const uint8_t *end)
{
	const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');
	__m128i word, special;
	int mask;

	for (; end - p >= (ptrdiff_t)sizeof(word); p += sizeof(word)) {
		word = _mm_loadu_si128((const __m128i *)(const void *)p);
		special = _mm_or_si128(_mm_cmpeq_epi8(word, quote),
		    _mm_cmpeq_epi8(word, escape));
		/* Signed: what is above 0x7f is below a space, too. */
		special = _mm_or_si128(special, _mm_cmplt_epi8(word, space));
		mask = _mm_movemask_epi8(special);
		if (mask != 0)
			return p + __builtin_ctz((unsigned)mask);
	}
	return p;
}
#else
/* Is one of eight bytes special in a string? */
static bool
has_special(uint64_t word)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
	uint64_t quote = word ^ ones * '"', escape = word ^ ones * '\\';

	return ((word | (word - ones * 0x20) | (quote - ones) |
	    (escape - ones)) & tops) != 0;
}

static const uint8_t *
skip_words(const uint8_t *p, const uint8_t *end)
{
	uint64_t word;

	for (; end - p >= (ptrdiff_t)sizeof(word); p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		if (has_special(word))
			break;
	}
	return p;
}
#endif

static const uint8_t *
skip_plain(const struct scan *s, const uint8_t *p)
{
	p = skip_words(p, s->end);
	while (p < s->end && string_class[*p] == PLAIN)
		p++;
	return p;
}

/* A string; p is at its first quote. */
static const uint8_t *
skip_string(struct scan *s, const uint8_t *p)
{
	uint32_t point;
	size_t n;

	for (p++;;) {
		p = skip_plain(s, p);
		if (p == s->end)
			return refuse(s, p, NULL);
		if (*p == '"')
			return p + 1;
		if (*p < 0x20)
			return refuse(s, p, "control character in a string");
		if (*p == '\\') {
			if ((p = skip_escape(s, p)) == NULL)
				return NULL;
			continue;
		}
		n = cal_utf8_next(cal_slice_of(p, (size_t)(s->end - p)),
		    &point);
		if (n == 0)
			return refuse(s, p, "not UTF-8");
		p += n;
	}
}

static const uint8_t *
skip_scalar(struct scan *s, const uint8_t *p)
{
	switch (*p) {
	case '"':
		return skip_string(s, p);
	case 't':
		return skip_word(s, p, "true");
	case 'f':
		return skip_word(s, p, "false");
	case 'n':
		return skip_word(s, p, "null");
	case 'N':
	case 'I':
		return skip_constant(s, p);
	default:
		if (*p == '-' || is_digit(*p))
			return skip_number(s, p);
		return refuse(s, p, NULL);
	}
}

/* A name and its colon. */
static const uint8_t *
skip_name(struct scan *s, const uint8_t *p)
{
	p = skip_space(s, p);
	if (p == s->end || *p != '"')
		return refuse(s, p, NULL);
	if ((p = skip_string(s, p)) == NULL)
		return NULL;
	p = skip_space(s, p);
	if (p == s->end || *p != ':')
		return refuse(s, p, NULL);
	return p + 1;
}

static bool
in_object(const struct scan *s)
{
	size_t level = s->depth - 1;

	return (s->objects[level / WORD] >> level % WORD & 1) != 0;
}

static const uint8_t *
enter(struct scan *s, const uint8_t *p)
{
	uint64_t bit = UINT64_C(1) << s->depth % WORD;

	if (s->depth == s->max_depth)
		return refuse(s, p, "nested too deep");
	if (*p == '{')
		s->objects[s->depth / WORD] |= bit;
	else
		s->objects[s->depth / WORD] &= ~bit;
	s->depth++;
	return p + 1;
}

/*
 * What follows a value: the ends of what holds it, and the comma and name
 * before the next.  At the end of the text *overp is set.
 */
static const uint8_t *
skip_after(struct scan *s, const uint8_t *p, bool *overp)
{
	for (;;) {
		p = skip_space(s, p);
		if (s->depth == 0) {
			*overp = true;
			return p == s->end ? p : refuse(s, p, NULL);
		}
		if (p == s->end)
			return refuse(s, p, NULL);
		if (*p == ',')
			return in_object(s) ? skip_name(s, p + 1) : p + 1;
		if (*p != (in_object(s) ? '}' : ']'))
			return refuse(s, p, NULL);
		p++;
		s->depth--;
	}
}

static bool
check(struct scan *s)
{
	const uint8_t *p = s->text.ptr;
	bool over = false;

	while (p != NULL && !over) {
		p = skip_space(s, p);
		if (p == s->end) {
			p = refuse(s, p, NULL);
		} else if (*p != '[' && *p != '{') {
			if ((p = skip_scalar(s, p)) != NULL)
				p = skip_after(s, p, &over);
		} else if ((p = enter(s, p)) != NULL) {
			p = skip_space(s, p);
			if (p < s->end && *p == (in_object(s) ? '}' : ']'))
				p = skip_after(s, p, &over);
			else if (in_object(s))
				p = skip_name(s, p);
		}
	}
	return p != NULL;
}

/* Texts of other encodings, which Python's reader takes, begin like this. */
static const char *
encoding_problem(struct cal_slice text)
{
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		return "begins with a byte order mark";
	if (text.len >= 2 && (text.ptr[0] == 0 || text.ptr[1] == 0 ||
	    memcmp(text.ptr, "\xff\xfe", 2) == 0 ||
	    memcmp(text.ptr, "\xfe\xff", 2) == 0))
		return "is UTF-16 or UTF-32, where only UTF-8 is taken";
	return NULL;
}

static int
fail(const struct scan *s, struct cal_err *err)
{
	const char *problem = encoding_problem(s->text);
	size_t place = (size_t)(s->place - s->text.ptr) + 1;

	if (cal_json_trim(s->text).len == 0)
		return cal_fail(err, CAL_EDATA, "not JSON: empty");
	if (problem != NULL)
		return cal_fail(err, CAL_EDATA, "not JSON: %s", problem);
	if (s->problem != NULL)
		return cal_fail(err, CAL_EDATA, "not JSON: %s at byte %zu",
		    s->problem, place);
	if (s->place == s->end)
		return cal_fail(err, CAL_EDATA, "not JSON: ends too early");
	if (*s->place < 0x20 || *s->place > 0x7e)
		return cal_fail(err, CAL_EDATA,
		    "not JSON: unexpected \\x%02x at byte %zu", *s->place,
		    place);
	return cal_fail(err, CAL_EDATA,
	    "not JSON: unexpected '%c' at byte %zu", *s->place, place);
}

int
cal_json_check(struct cal_slice text, enum cal_json_flavour flavour,
    struct cal_err *err)
{
	struct scan s;

	if (text.len == 0)
		return cal_fail(err, CAL_EDATA, "not JSON: empty");
	s.text = text;
	s.end = text.ptr + text.len;
	s.flavour = flavour;
	s.max_depth = CAL_JSON_DEPTH + ((flavour & CAL_JSON_WRAPPED) != 0);
	s.problem = NULL;
	s.place = text.ptr;
	s.depth = 0;            /* levels are set when they are entered */
	return check(&s) ? CAL_OK : fail(&s, err);
}
