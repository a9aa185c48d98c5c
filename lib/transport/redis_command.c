/* Commands: words of any bytes, and how Redis wants to be told them. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "transport/redis_socket.h"

void
cal_redis_begin(struct cal_redis_words *words, const char *name)
{
	cal_buf_clear(&words->bytes);
	words->count = 0;
	cal_redis_add_text(words, name);
}

void
cal_redis_add(struct cal_redis_words *words, struct cal_slice word)
{
	assert(words->count < CAL_REDIS_WORDS);
	if (words->count == words->room) {
		words->room = words->room == 0 ? 16 : words->room * 2;
		words->ends = cal_realloc(words->ends,
		    words->room * sizeof(*words->ends));
	}
	cal_buf_put(&words->bytes, word.ptr, word.len);
	words->ends[words->count++] = words->bytes.len;
}

void
cal_redis_add_text(struct cal_redis_words *words, const char *word)
{
	cal_redis_add(words, cal_slice_text(word));
}

void
cal_redis_add_number(struct cal_redis_words *words, uint64_t number)
{
	char text[CAL_NUM_TEXT];

	cal_num_text(text, number);
	cal_redis_add_text(words, text);
}

void
cal_redis_add_frames(struct cal_redis_words *words, struct cal_slice hdr,
    struct cal_slice msg)
{
	cal_redis_add_text(words, "hdr");
	cal_redis_add(words, hdr);
	cal_redis_add_text(words, "msg");
	cal_redis_add(words, msg);
}

void
cal_redis_words_release(struct cal_redis_words *words)
{
	cal_buf_release(&words->bytes);
	free(words->ends);
	*words = (struct cal_redis_words){ .count = 0 };
}

/* "*3\r\n" or "$12\r\n". */
static void
put_head(struct cal_buf *out, char kind, size_t number)
{
	char text[CAL_NUM_TEXT];

	cal_num_text(text, number);
	cal_buf_put_byte(out, (uint8_t)kind);
	cal_buf_put_text(out, text);
	cal_buf_put(out, "\r\n", 2);
}

void
cal_redis_words_write(const struct cal_redis_words *words, struct cal_buf *out)
{
	size_t i, begin = 0;

	put_head(out, '*', words->count);
	for (i = 0; i < words->count; i++) {
		put_head(out, '$', words->ends[i] - begin);
		cal_buf_put(out, words->bytes.ptr + begin,
		    words->ends[i] - begin);
		cal_buf_put(out, "\r\n", 2);
		begin = words->ends[i];
	}
}
