/*
 * Answers, from a server to Redis.
 *
 * They wait here until Redis has confirmed them, and are sent again over the
 * next connection when it did not: the second of two goes to a caller who does
 * not wait for it any more.
 */
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "transport/redis_serve.h"

enum { TAKE_BYTES = 65536 };    /* from here on a copy costs more */

static size_t
bytes_of(const struct cal_redis_answer *answer)
{
	return answer->hdr.len + answer->msg.len;
}

static void
answer_free(struct cal_redis_answer *answer)
{
	struct cal_redis_server *rs = answer->rs;

	TAILQ_REMOVE(&rs->answers, answer, next);
	rs->answers_count--;
	rs->answers_bytes -= bytes_of(answer);
	if (answer->request != NULL) {
		cal_redis_request_forget(answer->request);
		cal_redis_request_free(answer->request);
	}
	cal_buf_release(&answer->hdr);
	cal_buf_release(&answer->msg);
	free(answer);
}

/* Redis will not have it, now or later. */
static void
give_up(struct cal_redis_answer *answer, const struct cal_err *why)
{
	struct cal_redis_server *rs = answer->rs;

	rs->conn.counts.undeliverable++;
	cal_log_gated(&rs->later_gate, CAL_LOG_WARNING,
	    "Redis does not take an answer: %s", why->text);
}

static void answer_write(struct cal_redis_answer *answer);

/* It ran, and is not to run again, whoever is told of it. */
static void
on_refused(struct cal_redis_answer *answer, const struct cal_err *why)
{
	bool again = answer->request != NULL && answer->key[0] != '\0';

	if (answer->key[0] != '\0')
		give_up(answer, why);
	if (!again) {
		answer_free(answer);
		return;
	}
	answer->key[0] = '\0';
	answer_write(answer);
}

static void
on_written(void *arg, enum cal_redis_kind kind, const redisReply *reply,
    const struct cal_err *why)
{
	struct cal_redis_answer *answer = arg;
	struct cal_redis_server *rs = answer->rs;
	struct cal_err refusal;

	answer->sent = false;
	switch (kind) {
	case CAL_REDIS_OK:
		if (answer->request != NULL)
			CAL_FAULT("acked");
		if (answer->key[0] != '\0' && reply->elements > 0 &&
		    cal_redis_kind(reply->element[0], &refusal) !=
		    CAL_REDIS_OK)
			give_up(answer, &refusal);
		answer_free(answer);
		break;
	case CAL_REDIS_GONE:
	case CAL_REDIS_EXISTS:
	case CAL_REDIS_LATER:
		cal_redis_serve_rest(rs, why);
		break;
	case CAL_REDIS_REFUSED:
		on_refused(answer, why);
		break;
	case CAL_REDIS_LOST:
		break;
	}
}

static void
add_answer(struct cal_redis_multi *multi, const struct cal_redis_answer *answer)
{
	struct cal_redis_words *words = &answer->rs->words;

	cal_redis_begin(words, "XADD");
	cal_redis_add_text(words, answer->key);
	if (!answer->own) {
		cal_redis_add_text(words, "MAXLEN");
		cal_redis_add_text(words, "~");
		cal_redis_add_number(words, CAL_REDIS_KEPT_COUNT);
	}
	cal_redis_add_text(words, "*");
	cal_redis_add_frames(words, cal_buf_view(&answer->hdr),
	    cal_buf_view(&answer->msg));
	cal_redis_multi_add(multi, words);
	if (!answer->own)
		return;
	cal_redis_begin(words, "EXPIRE");
	cal_redis_add_text(words, answer->key);
	cal_redis_add_number(words, CAL_REDIS_KEPT);
	cal_redis_multi_add(multi, words);
}

static void
add_request(struct cal_redis_multi *multi,
    const struct cal_redis_request *request)
{
	struct cal_redis_server *rs = request->rs;
	struct cal_redis_words *words = &rs->words;

	cal_redis_acks_say(multi, request);
	cal_redis_begin(words, "XDEL");
	cal_redis_add_text(words, rs->keys.bind);
	cal_redis_add_text(words, request->id);
	cal_redis_multi_add(multi, words);
}

static void
answer_write(struct cal_redis_answer *answer)
{
	struct cal_redis_multi *multi;

	if (!cal_redis_session_is_up(answer->rs->writer) ||
	    ev_is_active(&answer->rs->rest))
		return;
	answer->sent = true;
	multi = cal_redis_multi_begin(answer->rs->writer, on_written, answer);
	if (answer->key[0] != '\0')
		add_answer(multi, answer);
	if (answer->request != NULL)
		add_request(multi, answer->request);
	cal_redis_multi_end(multi);
}

void
cal_redis_answers_flush(struct cal_redis_server *rs)
{
	struct cal_redis_answer *answer;

	TAILQ_FOREACH(answer, &rs->answers, next)
		if (!answer->sent)
			answer_write(answer);
}

/* A new one, the last in the list; request's way ends with it. */
static struct cal_redis_answer *
answer_new(struct cal_redis_server *rs, struct cal_redis_request *request)
{
	struct cal_redis_answer *answer;

	CAL_NEW(answer);
	answer->rs = rs;
	TAILQ_INSERT_TAIL(&rs->answers, answer, next);
	rs->answers_count++;
	if (request == NULL)
		return answer;
	cal_redis_request_over(request);
	if (request->claim != 0)
		answer->request = request;
	else
		cal_redis_request_free(request);
	return answer;
}

static void
keep(struct cal_redis_answer *answer, const struct cal_frames *frames,
    struct cal_buf *own)
{
	cal_buf_put(&answer->hdr, frames->header.ptr, frames->header.len);
	if (own == NULL)
		cal_buf_put(&answer->msg, frames->payload.ptr,
		    frames->payload.len);
	else if (own->len >= TAKE_BYTES)
		cal_buf_move(&answer->msg, own);
	else
		cal_buf_put(&answer->msg, own->ptr, own->len);
	answer->rs->answers_bytes += bytes_of(answer);
}

int
cal_redis_answer_send(struct cal_conn *conn, struct cal_link *link,
    const struct cal_frames *frames, struct cal_buf *own)
{
	struct cal_redis_server *rs = (struct cal_redis_server *)conn;
	struct cal_redis_caller *caller = (struct cal_redis_caller *)link;
	struct cal_redis_request *request =
	    (struct cal_redis_request *)(uintptr_t)frames->receipt;
	struct cal_redis_answer *answer;

	if (frames->word != CAL_WORD_UPPER)
		return CAL_EGONE;       /* nobody would hear it */
	if (rs->answers_count >= CAL_CONN_QUEUE || (rs->answers_count > 0 &&
	    rs->answers_bytes > 4 * conn->conf.max_body))
		return CAL_EAGAIN;
	answer = answer_new(rs, request);
	answer->own = caller != rs->anybody;
	if (answer->own)
		cal_redis_keys_answers(&rs->keys, cal_slice_of(caller->cid,
		    sizeof(caller->cid)), answer->key);
	else
		memcpy(answer->key, rs->keys.conn, sizeof(answer->key));
	keep(answer, frames, own);
	answer_write(answer);
	cal_redis_serve_read(rs);
	return CAL_OK;
}

void
cal_redis_answer_none(struct cal_redis_request *request)
{
	struct cal_redis_server *rs = request->rs;

	if (request->claim != 0) {
		answer_write(answer_new(rs, request));
	} else {
		cal_redis_request_over(request);
		cal_redis_request_free(request);
	}
	cal_redis_serve_read(rs);
}

void
cal_redis_answers_lost(struct cal_redis_server *rs)
{
	struct cal_redis_answer *answer;

	TAILQ_FOREACH(answer, &rs->answers, next)
		answer->sent = false;
}

void
cal_redis_answers_release(struct cal_redis_server *rs)
{
	struct cal_redis_answer *answer;

	while ((answer = TAILQ_FIRST(&rs->answers)) != NULL)
		answer_free(answer);
}
