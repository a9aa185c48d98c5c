/* Names.  What a letter is does not depend on the locale. */
#include "base/name.h"

static bool
is_word(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '_';
}

bool
cal_name_is(struct cal_slice name, const char *more, size_t max)
{
	size_t i, len = strlen(more);

	if (name.len == 0 || name.len > max)
		return false;
	for (i = 0; i < name.len; i++)
		if (!is_word(name.ptr[i]) &&
		    (i == 0 || memchr(more, name.ptr[i], len) == NULL))
			return false;
	return true;
}

bool
cal_name_is_method(struct cal_slice name)
{
	return cal_name_is(name, ".:-", CAL_NAME_METHOD);
}
