/* Options, row by row, into what is built of them. */
#include "serve/setup.h"

int
cal_setup_methods(struct cal_methods **methodsp,
    const struct cal_serve_options *o, const struct cal_jobs *jobs,
    struct cal_err *err)
{
	struct cal_methods_conf conf = {
		.command = cal_jobs_command(jobs, &o->work),
		.dialect = o->work.dialect,
		.processes = o->work.jobs,
		.depth = o->work.depth,
		.max_answer = o->max_body,
	};
	int rc = CAL_OK;
	size_t i;

	conf.command.no_traceback = o->no_traceback;
	*methodsp = cal_methods_new(&conf);
	if (o->method != NULL)
		rc = cal_methods_add(*methodsp, o->method, o->command, err);
	for (i = 0; i < o->shell_methods.count && rc == CAL_OK; i++)
		rc = cal_methods_add_shell(*methodsp,
		    o->shell_methods.items[i], err);
	if (o->dir != NULL && rc == CAL_OK)
		rc = cal_methods_load(*methodsp, o->dir, false, err);
	return rc;
}

int
cal_setup_service(struct cal_service **servicep,
    const struct cal_serve_options *o, struct cal_service_conf *conf,
    struct cal_err *err)
{
	conf->body = o->body;
	conf->url = o->url;
	conf->bind = o->bind;
	conf->insecure = o->keys.insecure;
	conf->compress = o->compress;
	conf->text = o->text;
	conf->log_json = o->words.format == 1;
	conf->max_body = o->max_body;
	conf->redis = &o->redis.conn;
	conf->order = (enum cal_order_kind)o->order;
	conf->jobs = o->work.jobs;
	conf->max_queue = o->max_queue;
	conf->count = o->count;
	conf->timeout = o->timeout;
	return cal_service_open(servicep, conf, err);
}
