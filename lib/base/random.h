/* Random bytes that nobody can foresee, and jitter. */
#ifndef CAL_BASE_RANDOM_H
#define CAL_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void cal_random_bytes(void *ptr, size_t len);
uint32_t cal_random_u32(void);

/* A number between 0 and 1. */
double cal_random_unit(void);

#endif
