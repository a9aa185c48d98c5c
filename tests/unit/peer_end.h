/* A peer whose events a test keeps, and calls whose answers it keeps. */
#ifndef CAL_TESTS_PEER_END_H
#define CAL_TESTS_PEER_END_H

#include "raw_side.h"
#include "rpc/call.h"
#include "rpc/request.h"

enum { END_KEPT = 16 };

struct end {
	struct cal_peer *peer;
	struct cal_request *reqs[END_KEPT];
	size_t count;                           /* of reqs */
	struct cal_request *cancelled[END_KEPT];
	size_t cancels;
	size_t gone, ups;
	struct cal_slice methods;               /* told in the hello */
	struct cal_peer_conf conf;              /* before end_open */
};

struct errand {
	struct cal_call *call;
	bool done;
	struct cal_answer answer;               /* without lent slices */
	struct cal_buf body, error[3], why;
};

static inline void
on_end_request(void *arg, struct cal_request *req)
{
	struct end *end = arg;

	assert_in_range(end->count, 0, END_KEPT - 1);
	assert_non_null(req->caller);
	end->reqs[end->count++] = req;
}

static inline void
on_end_cancel(void *arg, struct cal_request *req)
{
	struct end *end = arg;

	assert_in_range(end->cancels, 0, END_KEPT - 1);
	end->cancelled[end->cancels++] = req;
}

static inline void
on_end_gone(void *arg, struct cal_caller *caller)
{
	struct end *end = arg;

	assert_non_null(caller);
	end->gone++;
}

static inline void
on_end_up(void *arg)
{
	struct end *end = arg;

	end->ups++;
}

static inline void
on_end_methods(void *arg, const struct cal_user *user,
    struct cal_slice *methodsp)
{
	struct end *end = arg;

	assert_null(user);
	*methodsp = end->methods;
}

static const struct cal_peer_events end_events = {
	.request = on_end_request,
	.cancel = on_end_cancel,
	.gone = on_end_gone,
	.up = on_end_up,
	.methods = on_end_methods,
};

/* Fields of end->conf that were set before stay. */
static inline void
end_open(struct end *end, const char *name, bool bind)
{
	struct cal_peer_conf *conf = &end->conf;
	struct cal_err err;

	conf->loop = loop;
	conf->bind = bind;
	conf->url.scheme = CAL_LOOPBACK;
	(void)snprintf(conf->url.path, sizeof(conf->url.path), "%s", name);
	if (conf->max_body == 0)
		conf->max_body = 10 << 20;
	if (conf->events == NULL)
		conf->events = &end_events;
	conf->arg = end;
	assert_int_equal(cal_peer_open(&end->peer, conf, &err), CAL_OK);
}

static inline void
end_answer(struct end *end, size_t i, const char *body)
{
	struct cal_outcome outcome = { .verdict = CAL_VERDICT_RESULT };

	assert_non_null(end->reqs[i]);
	cal_buf_put_text(&outcome.body, body);
	(void)cal_request_answer(end->reqs[i], &outcome);
	end->reqs[i] = NULL;
}

/* Requests that were not answered are answered in vain. */
static inline void
end_close(struct end *end)
{
	size_t i;

	for (i = 0; i < end->count; i++)
		if (end->reqs[i] != NULL)
			end_answer(end, i, "");
	assert_true(cal_peer_close(end->peer, 0));
	memset(end, 0, sizeof(*end));
}

static inline void
keep(struct cal_buf *buf, struct cal_slice bytes)
{
	if (bytes.len > 0)
		cal_buf_put(buf, bytes.ptr, bytes.len);
}

static inline void
on_answer(void *arg, const struct cal_answer *answer)
{
	struct errand *errand = arg;
	size_t i;

	assert_false(errand->done);
	errand->done = true;
	errand->call = NULL;
	errand->answer = *answer;
	keep(&errand->body, answer->body);
	keep(&errand->why, answer->why);
	for (i = 0; i < 3; i++)
		keep(&errand->error[i], answer->error[i]);
}

static inline void
call_with(struct errand *errand, struct end *end,
    const struct cal_call_conf *conf)
{
	memset(errand, 0, sizeof(*errand));
	ev_now_update(loop);
	cal_call_start(&errand->call, end->peer, conf, on_answer, errand);
	assert_false(errand->done);
}

static inline void
call(struct errand *errand, struct end *end, const char *method,
    const char *body)
{
	struct cal_call_conf conf = {
		.method = cal_slice_text(method),
		.body = cal_slice_text(body),
	};

	call_with(errand, end, &conf);
}

static inline void
errand_release(struct errand *errand)
{
	size_t i;

	cal_buf_release(&errand->body);
	cal_buf_release(&errand->why);
	for (i = 0; i < 3; i++)
		cal_buf_release(&errand->error[i]);
}

static inline struct cal_peer_counts
end_counts(const struct end *end)
{
	struct cal_peer_counts counts;

	cal_peer_counts(end->peer, &counts);
	return counts;
}

#endif
