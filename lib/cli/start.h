/* What every program does first. */
#ifndef CAL_CLI_START_H
#define CAL_CLI_START_H

struct ev_loop;

/*
 * Makes 0, 1 and 2 open, sets signals back that a parent may have ignored or
 * blocked, ignores SIGPIPE, and sets words up to be said as program.
 */
void cal_start_process(const char *program);

/* Calls fn from the loop for every signal of this number. */
void cal_start_signal(struct ev_loop *loop, int number,
    void (*fn)(void *arg, int number), void *arg);

/* From now on SIGTERM and SIGINT end the process without a word. */
void cal_start_mortal(struct ev_loop *loop);

/*
 * The same, but first they write words, a whole line that lives on, to stderr:
 * for what may take time and cannot be told to stop.
 */
void cal_start_last_words(struct ev_loop *loop, const char *words);

/*
 * As many descriptors as the system gives us; for programs that start no
 * commands, which would inherit that.
 */
void cal_start_descriptors(void);

/* A loop of our own; libev's default loop reaps children. */
struct ev_loop *cal_start_loop(void);

#endif
