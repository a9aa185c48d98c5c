#include "base/hex.h"

void
cal_hex_text(char *text, struct cal_slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		*text++ = digits[bytes.ptr[i] >> 4];
		*text++ = digits[bytes.ptr[i] & 15];
	}
	*text = '\0';
}
