/*
 * msgpack, as much as the maps around a body need: a reader that allocates
 * nothing and lends slices of its input, and a writer.
 *
 * The reader keeps its first error; after it every call returns nothing and
 * the position stays.  Lengths and counts from the wire are compared with the
 * bytes left before they are used.  Nesting is limited to CAL_MP_DEPTH.
 */
#ifndef CAL_CODEC_MP_H
#define CAL_CODEC_MP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { CAL_MP_DEPTH = 32 };

enum cal_mp_kind {
	CAL_MP_NONE,            /* the end, or an error */
	CAL_MP_NIL, CAL_MP_BOOL, CAL_MP_UINT, CAL_MP_INT /* below 0 */,
	CAL_MP_FLOAT, CAL_MP_STR, CAL_MP_BIN, CAL_MP_ARRAY, CAL_MP_MAP,
	CAL_MP_EXT,
};

struct cal_mp_reader {
	const uint8_t *pos;
	const uint8_t *end;
	const char *problem;    /* the first error, static; NULL: none */
};

/* One value.  raw is all its bytes; of an array or map too. */
struct cal_mp_value {
	enum cal_mp_kind kind;
	struct cal_slice raw;
	union {
		bool truth;
		uint64_t u;
		int64_t i;
		double f;
		struct cal_slice bytes; /* str (valid UTF-8), bin, ext */
		uint32_t count;                 /* array: items, map: pairs */
	};
};

void cal_mp_reader_init(struct cal_mp_reader *rd, struct cal_slice bytes);

/* Reads a whole value, contents of arrays and maps included. */
bool cal_mp_read(struct cal_mp_reader *rd, struct cal_mp_value *value);

/* Reads the head of a map or array; its items follow.  False if it is none. */
bool cal_mp_read_map(struct cal_mp_reader *rd, uint32_t *pairsp);
bool cal_mp_read_array(struct cal_mp_reader *rd, uint32_t *itemsp);

/*
 * Reads a whole map: the value under the key names[i] to values[i], whose kind
 * is CAL_MP_NONE when there is none.  Other keys are ignored; a key that is
 * neither str nor bin, or one of names twice, is an error.
 */
bool cal_mp_read_fields(struct cal_mp_reader *rd,
    const struct cal_slice *names, size_t count, struct cal_mp_value *values);

/* Sets the first error. */
void cal_mp_reader_refuse(struct cal_mp_reader *rd, const char *problem);

/* True when all was read, without an error, to the last byte. */
bool cal_mp_reader_done(struct cal_mp_reader *rd);

/* Shortest forms, to the end of out.  Text and bytes: less than 4 GiB. */
void cal_mp_put_nil(struct cal_buf *out);
void cal_mp_put_bool(struct cal_buf *out, bool truth);
void cal_mp_put_uint(struct cal_buf *out, uint64_t number);
void cal_mp_put_int(struct cal_buf *out, int64_t number);
void cal_mp_put_str_head(struct cal_buf *out, uint32_t len);
void cal_mp_put_str(struct cal_buf *out, struct cal_slice text);
void cal_mp_put_bin(struct cal_buf *out, struct cal_slice bytes);
void cal_mp_put_bin_head(struct cal_buf *out, uint32_t len);
/* As str where it is UTF-8 and not empty, else as bin. */
void cal_mp_put_key(struct cal_buf *out, struct cal_slice key);
void cal_mp_put_array(struct cal_buf *out, uint32_t items);
void cal_mp_put_map(struct cal_buf *out, uint32_t pairs);

#endif
