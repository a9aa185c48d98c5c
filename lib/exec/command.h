/*
 * The handler kind "command": one process per job.  Body on stdin, answer on
 * stdout, the values of the job in CAL_* variables.
 *
 * The variables are CAL_METHOD, CAL_SEQ and CAL_PEER of a request, CAL_SEQ of a
 * stream's message that is counted, and CAL_KEY, CAL_USER, CAL_TOPIC, CAL_TS,
 * CAL_ID and CAL_TIMEOUT_MS where the job has them.
 *
 * Outcomes: exit 0 is a RESULT with the output as it is; exit n is FAILURE
 * HandlerExit ("exit status n"), a signal FAILURE HandlerSignal ("SIGSEGV"),
 * each with the tail of stderr as traceback and the status; output above the
 * job's max_answer is ERROR TooLarge; a stop gives what enum cal_stop says.
 */
#ifndef CAL_EXEC_COMMAND_H
#define CAL_EXEC_COMMAND_H

#include "exec/child.h"
#include "work/job.h"

enum { CAL_COMMAND_TAIL = 65536 };      /* bytes of stderr that are kept */

struct cal_command_conf {
	struct cal_reaper *reaper;
	char *const *argv;              /* copied */
	const char *const *env;         /* base environment, lent; see below */
	double kill_after;
	bool no_traceback;              /* send no stderr */
	bool keep_words;                /* whatever the outcome, the tail of
	                                   stderr is in its traceback */
	struct ev_loop *loop;           /* for CAL_TIMEOUT_MS */
};

/*
 * Finds argv[0] (in PATH, unless it has a slash) and checks that it can be
 * executed, an interpreter line included: CAL_ENOCMD or CAL_ENOEXEC, in words.
 */
int cal_command_new(struct cal_handler **handlerp,
    const struct cal_command_conf *conf, struct cal_err *err);

/* Where argv[0] would be executed from; the caller frees.  Codes as above. */
int cal_command_locate(char **pathp, const char *name, struct cal_err *err);

/*
 * The base environment of commands: PATH, HOME, LANG, LC_*, TZ, TMPDIR and
 * the names in the comma-separated list (which may be NULL; "*": all), but
 * never CAL_*, REDISCLI_AUTH, NOTIFY_SOCKET, CREDENTIALS_DIRECTORY.  Entries
 * are new memory.  CAL_EUSAGE for a list that is none.
 */
int cal_command_env(char ***envp, const char *list, struct cal_err *err);
void cal_command_env_free(char **env);

/* A list of words that ends with NULL, in new memory. */
char **cal_argv_copy(char *const *argv);
void cal_argv_free(char **argv);

#endif
