/* The table of cal-keygen's options, and what must fit together. */
#include <string.h>

#include "auth/keyfile.h"
#include "cli/choice.h"
#include "keygen/options.h"

static const char *const forms[] = {
	"[options] NAME",
	"[options] --public FILE",
	"[options] --fingerprint FILE",
	"[options] --check FILE",
	NULL,
};

static const char *const formats[] = {
	[CAL_KEYFILE_PLAIN] = "plain",
	[CAL_KEYFILE_CERTIFICATE] = "cert",
	NULL,
};

static const char notes[] =
    "NAME.key is the secret key, for its owner alone; NAME.pub is the public "
    "one, to be given away.  With --format cert they are NAME.key_secret and "
    "NAME.key, as CZMQ and pyzmq call them.  FILE is of either kind, secret "
    "or public, at most 4096 bytes.  A secret key is never printed.";

static int
parse(struct cal_keygen_options *o, int argc, char **argv,
    struct cal_args *args, bool *donep, struct cal_err *err)
{
	const struct cal_opt opts[] = {
		{ .name = "format", .kind = CAL_OPT_CHOICE, .value = "KIND",
		    .dest = &o->format, .choices = formats, .help = "files "
		    "to write: plain, or cert for CZMQ and pyzmq (plain)" },
		{ .name = "force", .kind = CAL_OPT_FLAG, .dest = &o->force,
		    .help = "replace a pair that is there" },
		{ .name = "public", .kind = CAL_OPT_TEXT, .value = "FILE",
		    .dest = &o->public, .help = "print the public key of a "
		    "secret or public one" },
		{ .name = "fingerprint", .kind = CAL_OPT_TEXT,
		    .value = "FILE", .dest = &o->fingerprint,
		    .help = "print the fingerprint of the public key" },
		{ .name = "check", .kind = CAL_OPT_TEXT, .value = "FILE",
		    .dest = &o->check,
		    .help = "say what is wrong with a key file, if anything" },
		{ .name = "output", .letter = 'o', .kind = CAL_OPT_TEXT,
		    .value = "FILE", .dest = &o->output, .help = "write "
		    "public key, fingerprint and files as one JSON object "
		    "to a new FILE; '-': print it" },
		CAL_WORDS_ROWS(&o->words, "say what was written"),
		{ .name = NULL },
	};
	const struct cal_usage usage = {
		.program = "cal-keygen",
		.forms = forms,
		.summary = "Make and look at keys for encryption and "
		    "authentication (CURVE).",
		.opts = opts,
		.notes = notes,
	};

	return cal_opt_parse(&usage, argc, argv, args, donep, err);
}

/* At most one of the options that name a file. */
static int
choose_action(struct cal_keygen_options *o, struct cal_err *err)
{
	const char *const paths[] = {
		[CAL_KEYGEN_PUBLIC] = o->public,
		[CAL_KEYGEN_FINGERPRINT] = o->fingerprint,
		[CAL_KEYGEN_CHECK] = o->check,
	};
	const struct cal_choice choices[] = {
		{ "--public", o->public != NULL },
		{ "--fingerprint", o->fingerprint != NULL },
		{ "--check", o->check != NULL },
	};
	enum cal_keygen_action action;

	o->action = CAL_KEYGEN_MAKE;
	for (action = CAL_KEYGEN_PUBLIC; action <= CAL_KEYGEN_CHECK;
	    action++) {
		if (paths[action] == NULL)
			continue;
		o->action = action;
		o->path = paths[action];
	}
	return CAL_CHOICE_CHECK(choices, err);
}

static int
check_name(const char *name, struct cal_err *err)
{
	size_t len = strlen(name);

	if (len == 0)
		return cal_fail(err, CAL_EUSAGE, "NAME is empty");
	if (name[len - 1] == '/')
		return cal_fail(err, CAL_EUSAGE,
		    "'%s' is a folder, and no NAME in it", name);
	return CAL_OK;
}

/* What goes with making a pair, and what does not go without it. */
static int
check_making(struct cal_keygen_options *o, const struct cal_args *args,
    struct cal_err *err)
{
	if (o->action == CAL_KEYGEN_MAKE) {
		if (args->count == 0)
			return cal_fail(err, CAL_EUSAGE,
			    "no NAME (see --help)");
		o->path = args->words[0];
		return check_name(o->path, err);
	}
	if (args->count > 0)
		return cal_fail(err, CAL_EUSAGE,
		    "unexpected argument '%s'", args->words[0]);
	if (o->force || o->format >= 0)
		return cal_fail(err, CAL_EUSAGE, "--%s has no meaning where "
		    "no pair is made", o->force ? "force" : "format");
	if (o->output != NULL && o->action != CAL_KEYGEN_PUBLIC)
		return cal_fail(err, CAL_EUSAGE, "--output has no meaning "
		    "with --fingerprint or --check");
	return CAL_OK;
}

int
cal_keygen_options_read(struct cal_keygen_options *options, int argc,
    char **argv, bool *donep, struct cal_err *err)
{
	struct cal_args args;
	int rc;

	memset(options, 0, sizeof(*options));
	options->format = -1;
	if ((rc = parse(options, argc, argv, &args, donep, err)) != CAL_OK ||
	    *donep)
		return rc;
	if (args.count > 1)
		return cal_fail(err, CAL_EUSAGE, "unexpected argument '%s'",
		    args.words[1]);
	if (args.dashes)
		return cal_fail(err, CAL_EUSAGE, "unexpected '--'");
	if (options->output != NULL && *options->output == '\0')
		return cal_fail(err, CAL_EUSAGE, "--output is empty");
	if ((rc = choose_action(options, err)) != CAL_OK ||
	    (rc = check_making(options, &args, err)) != CAL_OK)
		return rc;
	if (options->format < 0)
		options->format = CAL_KEYFILE_PLAIN;
	return CAL_OK;
}
