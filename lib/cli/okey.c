/* The key of a message: given, cut from its front, or found in its body. */
#include <string.h>

#include "cli/choice.h"
#include "cli/okey.h"
#include "codec/json.h"

int
cal_okey_check(const struct cal_okey_options *okey,
    const struct cal_shape *shape, struct cal_err *err)
{
	const struct cal_choice keys[] = {
		{ "-k", okey->fixed != NULL },
		{ "-K", okey->delimiter != NULL },
		{ "--key-from", okey->pointer != NULL },
	};
	int rc;

	if ((rc = CAL_CHOICE_CHECK(keys, err)) != CAL_OK)
		return rc;
	if (okey->fixed != NULL && strlen(okey->fixed) > CAL_OKEY_MAX)
		return cal_fail(err, CAL_EUSAGE, "the key is too long");
	if (okey->delimiter != NULL && (shape->mode != CAL_SHAPE_PIECES ||
	    okey->delimiter[0] == '\0'))
		return cal_fail(err, CAL_EUSAGE, "-K needs -l, -0 or -D, and "
		    "a delimiter that is not empty");
	if (okey->pointer == NULL)
		return CAL_OK;
	if (!shape->body->json)
		return cal_fail(err, CAL_EUSAGE,
		    "--key-from has no meaning with -s %s",
		    shape->body->name);
	return cal_json_pointer_check(okey->pointer, err);
}

void
cal_okey_cut(const struct cal_okey_options *okey, struct cal_slice *keyp,
    struct cal_slice *textp)
{
	size_t len = strlen(okey->delimiter), before;
	const uint8_t *at = textp->len == 0 ? NULL :
	    memmem(textp->ptr, textp->len, okey->delimiter, len);

	if (at == NULL)
		return;
	before = (size_t)(at - textp->ptr);
	*keyp = cal_slice_of(textp->ptr, before);
	textp->ptr += before + len;
	textp->len -= before + len;
}

int
cal_okey_find(const struct cal_okey_options *okey, struct cal_slice *keyp,
    struct cal_slice body, bool unchecked, struct cal_buf *scratch,
    struct cal_err *err)
{
	struct cal_slice found;
	int rc;

	if (unchecked && (rc = cal_json_check(body, CAL_JSON_PYTHON,
	    err)) != CAL_OK)
		return rc;
	if (!cal_json_find(body, okey->pointer, &found))
		return CAL_OK;
	switch (cal_json_kind(found)) {
	case CAL_JSON_STRING:
		cal_buf_clear(scratch);
		cal_json_unquote(scratch, found);
		*keyp = cal_buf_view(scratch);
		return CAL_OK;
	case CAL_JSON_NUMBER:
		*keyp = found;
		return CAL_OK;
	case CAL_JSON_NULL:
	case CAL_JSON_BOOL:
	case CAL_JSON_ARRAY:
	case CAL_JSON_OBJECT:
		break;
	}
	return cal_fail(err, CAL_EDATA, "the key at '%s' is no string and no "
	    "number", okey->pointer);
}
