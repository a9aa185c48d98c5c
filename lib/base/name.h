/*
 * Names that people give and that end up in logs, files and environments:
 * ASCII, without anything that a shell or a terminal would act on.
 */
#ifndef CAL_BASE_NAME_H
#define CAL_BASE_NAME_H

#include <stdbool.h>

#include "base/buf.h"

enum { CAL_NAME_METHOD = 128 };         /* bytes of a method's name */

/*
 * Is it 1 to max letters, digits and "_", and behind the first also bytes of
 * more?
 */
bool cal_name_is(struct cal_slice name, const char *more, size_t max);

/* Can a method of cal-serve be called so?  "*" is no name. */
bool cal_name_is_method(struct cal_slice name);

#endif
