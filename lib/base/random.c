/* The kernel's random bytes; arc4random cannot fail and needs no setup. */
#include "base/random.h"

#include <stdlib.h>

void
cal_random_bytes(void *ptr, size_t len)
{
	arc4random_buf(ptr, len);
}

uint32_t
cal_random_u32(void)
{
	return arc4random();
}

double
cal_random_unit(void)
{
	return arc4random() / 4294967296.0;
}
