/* From options to what is said on stderr. */
#include "base/log.h"
#include "cli/words.h"

const char *const cal_words_formats[] = { "text", "json", NULL };

void
cal_words_setup(const char *program, const struct cal_words *words,
    bool patient)
{
	struct cal_log_conf conf = {
		.program = program,
		.level = CAL_LOG_WARNING,
		.json = words->format == 1,
		.patient = patient,
	};

	if (words->quiet)
		conf.level = CAL_LOG_FAILURE;
	else if (words->verbose > 0)
		conf.level = words->verbose > 1 ? CAL_LOG_DEBUG : CAL_LOG_INFO;
	cal_log_setup(&conf);
}
