/* --seq: a counter for each topic. */
#ifndef CAL_PUB_NUMBERS_H
#define CAL_PUB_NUMBERS_H

#include <stdint.h>

#include "base/buf.h"

struct cal_numbers;

enum { CAL_NUMBERS_TOPICS = 100000 };

struct cal_numbers *cal_numbers_new(void);
void cal_numbers_free(struct cal_numbers *numbers);

/* The next of the topic, from 1 on.  CAL_EDATA: there are too many topics. */
int cal_numbers_next(struct cal_numbers *numbers, struct cal_slice topic,
    uint64_t *numberp, struct cal_err *err);

#endif
