/*
 * Inside a table of methods: what methods.c and methods_dir.c (folders) share.
 * Nobody else includes this.
 */
#ifndef CAL_SERVE_METHODS_PARTS_H
#define CAL_SERVE_METHODS_PARTS_H

#include <sys/stat.h>

#include "base/map.h"
#include "serve/methods.h"

struct cal_method {
	struct cal_handler *handler;
	struct cal_slots slots;         /* if the handler has a capacity */
	char *name;
	unsigned users;
	bool from_dir;
	struct stat file;               /* if it is from there */
	bool seen;                      /* while the folder is read again */
};

struct cal_methods {
	struct cal_methods_conf conf;
	uint64_t deaths;
	struct cal_method *recent;      /* found last; NULL: look it up */
	struct cal_map *table;
	struct cal_buf list;            /* empty: to be written anew */
	struct cal_buf user_list;       /* of one who may not call all */
};

/* CAL_EUSAGE for what is no name of a method. */
int cal_method_check_name(const char *name, struct cal_err *err);

/*
 * Puts a method in, in place of what had its name.  file: NULL, or what stat
 * said of the file in a folder.
 */
int cal_methods_put(struct cal_methods *methods, const char *name,
    char *const *argv, const struct stat *file, struct cal_err *err);

/* The table has changed: what was remembered of it is no longer true. */
void cal_methods_forget(struct cal_methods *methods);

#endif
