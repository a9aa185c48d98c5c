/*
 * Serializers.  JSON is checked and its bytes are passed on, so that numbers,
 * the order of keys and escapes survive; raw bytes are passed on unseen.
 */
#include "codec/body.h"

#include "codec/json.h"

static int
json_to_wire(struct cal_slice *wire, struct cal_slice text, bool raw_text,
    struct cal_buf *scratch, struct cal_err *err)
{
	struct cal_slice trimmed = cal_json_trim(text);
	int rc;

	*wire = cal_slice_of(NULL, 0);
	if (raw_text) {
		cal_buf_clear(scratch);
		rc = cal_json_quote(scratch, text, err);
		if (rc == CAL_OK)
			*wire = cal_buf_view(scratch);
		return rc;
	}
	if (trimmed.len == 0) {
		*wire = cal_slice_text("null");
		return CAL_OK;
	}
	rc = cal_json_check(text, CAL_JSON_STRICT, err);
	if (rc == CAL_OK)
		*wire = trimmed;
	return rc;
}

static int
json_to_text(struct cal_slice *text, struct cal_slice wire, bool raw_text,
    struct cal_buf *scratch, struct cal_err *err)
{
	int rc;

	*text = cal_slice_of(NULL, 0);
	rc = cal_json_check(wire, CAL_JSON_PYTHON, err);
	if (rc != CAL_OK)
		return rc;
	*text = cal_json_trim(wire);
	if (raw_text && cal_json_kind(*text) == CAL_JSON_STRING) {
		cal_buf_clear(scratch);
		cal_json_unquote(scratch, *text);
		*text = cal_buf_view(scratch);
	}
	return CAL_OK;
}

/* Bytes are what they are, both ways. */
static int
raw_pass(struct cal_slice *out, struct cal_slice in, bool raw_text,
    struct cal_buf *scratch, struct cal_err *err)
{
	(void)raw_text;
	(void)scratch;
	(void)err;
	*out = in;
	return CAL_OK;
}

static const struct cal_body bodies[] = {
	{
		.name = "json",
		.to_wire = json_to_wire,
		.to_text = json_to_text,
		.takes_raw_text = true,
		.json = true,
	},
	{
		.name = "raw",
		.to_wire = raw_pass,
		.to_text = raw_pass,
	},
};

int
cal_body_find(const struct cal_body **bodyp, const char *name,
    struct cal_err *err)
{
	size_t i;

	*bodyp = NULL;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		if (strcmp(bodies[i].name, name) != 0)
			continue;
		*bodyp = &bodies[i];
		return CAL_OK;
	}
	return cal_fail(err, CAL_EUSAGE,
	    "unknown serializer '%s' (known: json, raw)", name);
}
