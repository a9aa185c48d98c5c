/* What cal-keygen does. */
#ifndef CAL_KEYGEN_KEYGEN_H
#define CAL_KEYGEN_KEYGEN_H

#include "keygen/options.h"

/*
 * Does what the options say.  CAL_EGONE when nobody reads standard output,
 * otherwise a status of the program in err.
 */
int cal_keygen_run(const struct cal_keygen_options *options,
    struct cal_err *err);

#endif
