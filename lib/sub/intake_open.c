/* What an intake is made of, from options, and its end. */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/counters.h"
#include "cli/die.h"
#include "exec/pool.h"
#include "sub/errand.h"

static void
on_ready(void *arg)
{
	struct cal_intake *intake = arg;

	intake->conf.ready(intake->conf.arg);
}

static void
on_room(void *arg)
{
	cal_settle_written(arg);
	cal_intake_go_on(arg);
}

static void
on_gone(void *arg)
{
	struct cal_intake *intake = arg;

	intake->reader_gone = true;
	cal_intake_end(intake, 0);
}

static void
on_lost_output(void *arg, const struct cal_err *err)
{
	struct cal_intake *intake = arg;

	cal_log(CAL_LOG_FAILURE, "%s", err->text);
	cal_intake_worsen(intake, cal_exit_status(err->code));
	cal_intake_end(intake, 0);
}

static int
open_handler(struct cal_intake *intake, struct cal_err *err)
{
	const struct cal_sub_options *o = intake->conf.options;
	struct cal_pool_conf conf = {
		.command = cal_jobs_command(intake->conf.jobs, &o->work),
		.name = o->command[0],
		.dialect = o->work.dialect,
		.processes = o->work.jobs,
		.depth = o->work.depth,
		.max_answer = o->max_body,
		.deaths = &intake->deaths,
	};
	int rc;

	conf.command.argv = o->command;
	conf.command.keep_words = true;
	if (conf.dialect == NULL)
		return cal_command_new(&intake->handler, &conf.command, err);
	if ((rc = cal_pool_check_room(conf.processes, err)) != CAL_OK)
		return rc;
	return cal_pool_new(&intake->handler, &conf, err);
}

static int
open_commands(struct cal_intake *intake, struct cal_err *err)
{
	static const struct cal_slice nobody;
	int rc;

	if ((rc = open_handler(intake, err)) != CAL_OK)
		return rc;
	intake->order = cal_order_new(CAL_ORDER_KEY, CAL_SUB_WAITING);
	intake->queue = cal_order_join(intake->order, nobody);
	cal_slots_init(&intake->slots, intake->handler->capacity > 0 ?
	    intake->handler->capacity : intake->conf.options->work.jobs);
	return CAL_OK;
}

static int
open_consumer(struct cal_intake *intake, struct cal_err *err)
{
	const struct cal_sub_options *o = intake->conf.options;
	const struct cal_consumer_conf conf = {
		.loop = intake->conf.loop,
		.urls = o->urls,
		.urls_count = o->urls_count,
		.bind = o->bind,
		.distribute = o->distribute,
		.insecure = o->keys.insecure,
		.topics = o->topics,
		.topics_count = o->topic_list.count,
		.keys = intake->conf.keys,
		.redis = &o->redis.conn,
		.max_body = o->max_body,
		.connect_timeout = o->connect_timeout,
		.ready = on_ready,
		.message = cal_intake_on_message,
		.gap = cal_intake_on_gap,
		.failed = cal_intake_on_failed,
		.ended = cal_intake_on_ended,
		.left = cal_intake_on_left,
		.arg = intake,
	};

	return cal_consumer_open(&intake->consumer, &conf, err);
}

int
cal_intake_open(struct cal_intake **intakep,
    const struct cal_intake_conf *conf, struct cal_err *err)
{
	struct cal_out_conf out = {
		.loop = conf->loop,
		.fd = STDOUT_FILENO,
		.gone = on_gone,
		.failed = on_lost_output,
		.room = on_room,
	};
	struct cal_intake *intake;
	int rc = CAL_OK;

	*intakep = NULL;
	CAL_NEW(intake);
	intake->conf = *conf;
	intake->printer.shape = &conf->options->shape;
	cal_missing_init(&intake->missing, conf->loop);
	cal_intake_init(intake);
	out.arg = intake;
	intake->out = cal_out_open(&out);
	if (conf->options->command != NULL)
		rc = open_commands(intake, err);
	if (rc == CAL_OK)
		rc = open_consumer(intake, err);
	if (rc != CAL_OK) {
		(void)cal_intake_close(intake);
		return rc;
	}
	if (conf->options->timeout > 0)
		ev_timer_start(conf->loop, &intake->time);
	cal_intake_go_on(intake);       /* how much it wants */
	*intakep = intake;
	return CAL_OK;
}

char *
cal_intake_addresses(const struct cal_intake *intake)
{
	struct cal_buf all = { .max = 0 };
	size_t i, len;
	char *url;

	for (i = 0; i < intake->conf.options->urls_count; i++) {
		url = cal_consumer_address(intake->consumer, i);
		cal_buf_printf(&all, "%s%s", i > 0 ? "\n" : "", url);
		free(url);
	}
	(void)cal_buf_text(&all);
	return (char *)cal_buf_take(&all, &len);
}

bool
cal_intake_reader_gone(const struct cal_intake *intake)
{
	return intake->reader_gone;
}

void
cal_intake_recheck(struct cal_intake *intake)
{
	cal_consumer_recheck(intake->consumer);
}

static struct cal_consumer_counts
counts_of(const struct cal_intake *intake)
{
	struct cal_consumer_counts counts;

	cal_consumer_counts(intake->consumer, &counts);
	return counts;
}

void
cal_intake_say(const struct cal_intake *intake)
{
	const struct cal_consumer_counts counts = counts_of(intake);
	bool works = intake->handler != NULL;
	const struct cal_counter counters[] = {
		{ "messages", counts.messages },
		{ "done", intake->done },
		{ "failed", intake->failed },
		{ "tried_again", intake->tried_again },
		{ "malformed", counts.malformed },
		{ "missing", counts.missing },
		{ "waiting", works ? cal_order_waiting(intake->order) : 0 },
		{ "running", works ? cal_order_running(intake->order) : 0 },
		{ "worker_deaths", intake->deaths },
		{ "left_behind", works ? cal_reaper_left_behind(
		    intake->conf.jobs->reaper) : 0 },
		{ "log_lost", cal_log_lost() },
	};

	CAL_COUNTERS_SAY(counters);
}

static void
close_commands(struct cal_intake *intake)
{
	if (intake->queue != NULL)
		cal_order_leave(intake->order, intake->queue);
	cal_slots_release(&intake->slots);
	cal_order_free(intake->order);
	if (intake->handler != NULL)
		intake->handler->ops->free(intake->handler);
	cal_spares_release(&intake->spare_errands);
}

int
cal_intake_close(struct cal_intake *intake)
{
	struct ev_loop *loop;
	int status;

	if (intake == NULL)
		return 0;
	loop = intake->conf.loop;
	status = intake->status;
	cal_consumer_close(intake->consumer);
	ev_clear_pending(loop, &intake->turn);
	ev_timer_stop(loop, &intake->time);
	ev_timer_stop(loop, &intake->grace);
	ev_timer_stop(loop, &intake->patience);
	ev_timer_stop(loop, &intake->leave);
	close_commands(intake);
	cal_missing_release(&intake->missing);
	cal_printer_release(&intake->printer);
	cal_settle_forget(intake);
	(void)cal_out_close(intake->out, NULL); /* nothing is left to write */
	free(intake);
	return status;
}
