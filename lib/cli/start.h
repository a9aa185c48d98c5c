/* What every program does first. */
#ifndef CAL_CLI_START_H
#define CAL_CLI_START_H

#include <stdbool.h>

struct ev_loop;

/*
 * Makes 0, 1 and 2 open, sets signals back that a parent may have ignored or
 * blocked, ignores SIGPIPE, and sets words up to be said as program.
 */
void cal_start_process(const char *program);

/* -v, -q, --log-format. */
void cal_start_words(const char *program, int verbose, bool quiet, bool json,
    bool patient);

/* A loop of our own; libev's default loop reaps children. */
struct ev_loop *cal_start_loop(void);

#endif
