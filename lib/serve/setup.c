/* Options, row by row, into what is built of them. */
#include "serve/setup.h"

int
cal_setup_methods(struct cal_methods **methodsp,
    const struct cal_serve_options *o, struct cal_reaper *reaper,
    struct ev_loop *loop, char *const *env, struct cal_err *err)
{
	struct cal_methods_conf conf = {
		.command = {
			.reaper = reaper,
			.env = (const char *const *)env,
			.kill_after = o->kill_after,
			.no_traceback = o->no_traceback,
			.loop = loop,
		},
		.dialect = o->dialect,
		.processes = o->jobs,
		.depth = o->depth,
		.max_answer = o->max_body,
	};
	int rc = CAL_OK;
	size_t i;

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
	conf->order = (enum cal_order_kind)o->order;
	conf->jobs = o->jobs;
	conf->max_queue = o->max_queue;
	conf->count = o->count;
	conf->timeout = o->timeout;
	return cal_service_open(servicep, conf, err);
}
