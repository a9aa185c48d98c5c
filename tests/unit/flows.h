/*
 * A flow over a publisher that does as it is told, with input from a file, and
 * how it ended.
 */
#ifndef CAL_TESTS_FLOWS_H
#define CAL_TESTS_FLOWS_H

#include "base/log.h"
#include "false_publisher.h"
#include "folder.h"
#include "pub/flow.h"

static struct cal_pub_options options;
static struct cal_flow *flow;
static struct cal_err err;
static bool done;

static inline void
on_done(void *arg)
{
	(void)arg;
	assert_false(done);
	done = true;
}

/* With options of a command line like "-l -c 3". */
static inline void
begin_at(char *url, const char *words)
{
	static char program[] = "cal-pub", line[200];
	char *argv[20] = { program, url }, *rest = line;
	struct cal_flow_conf conf = {
		.loop = loop, .options = &options, .done = on_done,
	};
	int argc = 2;
	bool over;

	free(options.more_urls.items);
	(void)snprintf(line, sizeof(line), "%s", words);
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	assert_int_equal(cal_pub_options_read(&options, argc, argv, &over,
	    &err), CAL_OK);
	done = false;
	publisher_reset();
	ev_now_update(loop);
	assert_int_equal(cal_flow_open(&flow, &conf, &err), CAL_OK);
}

static inline void
begin(const char *words)
{
	static char url[] = "ipc://a";

	begin_at(url, words);
}

static inline void
start(void)
{
	assert_int_equal(cal_flow_start(flow, &err), CAL_OK);
}

static inline void
input(const char *text)
{
	folder_write("in", cal_slice_text(text), 0600);
	assert_non_null(freopen("in", "r", stdin));
}

static inline int
end(void)
{
	int status;

	cal_flow_end(flow, 0);
	cal_flow_close(flow, true, &status);
	return status;
}

static inline bool
seen(const char *want)
{
	return cal_slice_is(cal_buf_view(&publisher.seen), want);
}

static inline int
open_flows(void **state)
{
	const struct cal_log_conf conf = {
		.program = "flow", .level = CAL_LOG_FAILURE,
	};

	cal_log_setup(&conf);
	return folder_enter(state) != 0 || open_loop(state) != 0;
}

static inline int
close_flows(void **state)
{
	cal_buf_release(&publisher.seen);
	return close_loop(state) != 0 || folder_leave(state) != 0;
}

#endif
