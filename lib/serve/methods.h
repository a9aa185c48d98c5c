/*
 * What a server serves: names, and the command behind each.
 *
 * A name comes from, in this order: "-m NAME=SHELL-COMMAND" or
 * "NAME -- COMMAND", an executable file in a folder, and "*", which answers
 * what nothing else answers.  The folder can be read again while requests run:
 * a method lives until nobody uses it.
 */
#ifndef CAL_SERVE_METHODS_H
#define CAL_SERVE_METHODS_H

#include <stdbool.h>

#include "auth/allow.h"
#include "exec/pool.h"
#include "work/order.h"

struct cal_methods;
struct cal_method;

struct cal_methods_conf {
	struct cal_command_conf command;        /* of each, without argv; its
	                                           pointers live as long */
	const struct cal_dialect *dialect;      /* NULL: a process per job */
	size_t processes, depth;        /* of a method; with a dialect */
	size_t max_answer;              /* bytes */
};

struct cal_methods *cal_methods_new(const struct cal_methods_conf *conf);
void cal_methods_free(struct cal_methods *methods);

/* Takes all methods out; workers end in their time. */
void cal_methods_clear(struct cal_methods *methods);

/*
 * Adds a method: argv is executed, or text is given to sh -c.  CAL_EUSAGE for
 * a bad or a known name, or "*" where workers could not know the method's;
 * CAL_ENOCMD and CAL_ENOEXEC for the command.
 */
int cal_methods_add(struct cal_methods *methods, const char *name,
    char *const *argv, struct cal_err *err);
int cal_methods_add_shell(struct cal_methods *methods, const char *spec,
    struct cal_err *err);

/*
 * Reads a folder: regular executable files that are no dot files, owned by us
 * or root and not writable by others, the folder likewise.  The first time
 * anything else that is executable is CAL_ECONFIG; when it is read again it is
 * skipped with a warning, files that are gone are taken out, and one that has
 * not changed keeps its workers.
 */
int cal_methods_load(struct cal_methods *methods, const char *dir, bool again,
    struct cal_err *err);

/* The method that answers to name, or NULL. */
struct cal_method *cal_methods_find(struct cal_methods *methods,
    struct cal_slice name);

size_t cal_methods_count(const struct cal_methods *methods);

/* All names as a msgpack array of str; valid until the next change. */
struct cal_slice cal_methods_list(struct cal_methods *methods);

/*
 * The same of what user (NULL: not known) may call; "*" answers to the names
 * that he may use, and stands for nothing else then.
 */
struct cal_slice cal_methods_list_for(struct cal_methods *methods,
    const struct cal_user *user);

/* Workers that ended before their method did, so far. */
uint64_t cal_methods_deaths(const struct cal_methods *methods);

/*
 * A use of a method by a request; its handler, and its slots, are valid
 * between the two.  slots are NULL where jobs share those of the service.
 */
void cal_method_use(struct cal_method *method);
struct cal_handler *cal_method_handler(const struct cal_method *method);
struct cal_slots *cal_method_slots(struct cal_method *method);
void cal_method_unuse(struct cal_method *method);

#endif
