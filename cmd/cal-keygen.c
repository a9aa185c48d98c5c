/*
 * cal-keygen: makes and looks at keys.
 *
 * Wiring only.  Whatever it does, a secret may be in memory: this is guarded
 * first.
 */
#include <signal.h>

#include "base/secret.h"
#include "cli/die.h"
#include "cli/start.h"
#include "keygen/keygen.h"

int
main(int argc, char **argv)
{
	struct cal_keygen_options options;
	struct cal_err err;
	bool done;
	int rc;

	cal_start_process("cal-keygen");
	cal_secret_guard();
	cal_die_unless(cal_keygen_options_read(&options, argc, argv, &done,
	    &err), &err);
	if (done)
		return 0;
	cal_words_setup("cal-keygen", &options.words, true);
	rc = cal_keygen_run(&options, &err);
	if (rc == CAL_EGONE)
		cal_die_signal(SIGPIPE);
	cal_die_unless(rc, &err);
	return 0;
}
