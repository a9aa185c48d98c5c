/* What the options of cal-serve come to: its methods and its service. */
#ifndef CAL_SERVE_SETUP_H
#define CAL_SERVE_SETUP_H

#include "serve/options.h"
#include "serve/service.h"

/*
 * The methods that the options name, their workers started.  jobs live as long
 * as they do.  Codes as of cal_methods_add and cal_methods_load; *methodsp is
 * the caller's also when it fails.
 */
int cal_setup_methods(struct cal_methods **methodsp,
    const struct cal_serve_options *options, const struct cal_jobs *jobs,
    struct cal_err *err);

/* Opens a service; what the options say is filled into conf. */
int cal_setup_service(struct cal_service **servicep,
    const struct cal_serve_options *options, struct cal_service_conf *conf,
    struct cal_err *err);

#endif
