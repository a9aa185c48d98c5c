/*
 * Memory for objects of one size that come and go by the thousand: the last
 * few that were given back are kept for the next.
 *
 * Whoever looks for misuse of memory wants each object to be new and to be
 * gone: with sanitizers, or CAL_NO_SPARES in the environment, nothing is kept.
 */
#ifndef CAL_BASE_SPARE_H
#define CAL_BASE_SPARE_H

#include <stddef.h>

/* Zeros are an empty one. */
struct cal_spares {
	void *first;
	size_t count;
};

enum { CAL_SPARES_MAX = 256 };          /* objects that are kept */

/* Memory of size bytes, the same for all of one struct cal_spares; not
 * zeroed. */
void *cal_spare_take(struct cal_spares *spares, size_t size);

/* Gives it back; ptr may be NULL. */
void cal_spare_give(struct cal_spares *spares, void *ptr);

/* Frees what is kept. */
void cal_spares_release(struct cal_spares *spares);

#endif
