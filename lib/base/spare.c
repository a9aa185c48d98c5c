/* A list through the first bytes of what is kept. */
#include "base/spare.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool
keeps(void)
{
#ifdef __SANITIZE_ADDRESS__
	return false;
#else
	static int known = -1;

	if (known == -1)
		known = getenv("CAL_NO_SPARES") == NULL;
	return known;
#endif
}

void *
cal_spare_take(struct cal_spares *spares, size_t size)
{
	void *ptr = spares->first;

	if (ptr == NULL)
		return cal_malloc(size < sizeof(void *) ? sizeof(void *) :
		    size);
	memcpy(&spares->first, ptr, sizeof(void *));
	spares->count--;
	return ptr;
}

void
cal_spare_give(struct cal_spares *spares, void *ptr)
{
	if (ptr == NULL || spares->count >= CAL_SPARES_MAX || !keeps()) {
		free(ptr);
		return;
	}
	memcpy(ptr, &spares->first, sizeof(void *));
	spares->first = ptr;
	spares->count++;
}

void
cal_spares_release(struct cal_spares *spares)
{
	void *ptr;

	while ((ptr = spares->first) != NULL) {
		memcpy(&spares->first, ptr, sizeof(void *));
		free(ptr);
	}
	spares->count = 0;
}
