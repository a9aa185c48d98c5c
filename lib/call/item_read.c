/*
 * From an input record to method, key and body.  Everything that is found is
 * a slice of the item's own copy, or of its scratch buffers.
 */
#include "base/utf8.h"
#include "call/item.h"
#include "cli/object.h"
#include "codec/rpcmsg.h"

enum { METHOD, KEY, BODY, MEMBERS };

static int
read_object(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_slice *bodyp, struct cal_err *err)
{
	struct cal_member members[MEMBERS] = {
		[METHOD] = { .name = "method" },
		[KEY] = { .name = "key", .either = true },
		[BODY] = { .name = "body", .either = true },
	};
	int rc;

	if ((rc = cal_object_read(members, MEMBERS, record, err)) != CAL_OK ||
	    (rc = cal_member_put_two(&item->keys, &members[METHOD],
	    &members[KEY], &item->method, &item->key, err)) != CAL_OK)
		return rc;
	*bodyp = members[BODY].value;
	if (members[BODY].encoded) {
		if ((rc = cal_member_put(&item->scratch, &members[BODY],
		    err)) != CAL_OK)
			return rc;
		cal_buf_move(&item->text, &item->scratch);
		*bodyp = cal_buf_view(&item->text);
	}
	if (item->method.len == 0 && options->method == NULL)
		return cal_fail(err, CAL_EDATA, "no 'method'");
	return CAL_OK;
}

static int
check_names(const struct cal_item *item, struct cal_err *err)
{
	if (item->method.len == 0 ||
	    item->method.len > CAL_RPCMSG_METHOD_MAX ||
	    !cal_utf8_valid(item->method))
		return cal_fail(err, CAL_EDATA, "bad method: it is 1 to %d "
		    "bytes of UTF-8", CAL_RPCMSG_METHOD_MAX);
	if (item->key.len > CAL_OKEY_MAX)
		return cal_fail(err, CAL_EDATA, "the key is too long");
	return CAL_OK;
}

int
cal_item_read(struct cal_item *item, const struct cal_call_options *options,
    struct cal_slice record, struct cal_err *err)
{
	const struct cal_shape *shape = &options->shape;
	const struct cal_okey_options *key = &options->key;
	struct cal_slice text;
	int rc;

	cal_buf_put(&item->text, record.ptr, record.len);
	text = cal_buf_view(&item->text);
	if (shape->mode == CAL_SHAPE_JSON &&
	    (rc = read_object(item, options, text, &text, err)) != CAL_OK)
		return rc;
	if (options->method != NULL && item->method.len == 0)
		item->method = cal_slice_text(options->method);
	if (key->fixed != NULL)
		item->key = cal_slice_text(key->fixed);
	if (key->delimiter != NULL)
		cal_okey_cut(key, &item->key, &text);
	item->body = text;
	/* Of 0 bytes a plain peer goes deaf, so that even -r sends null. */
	if ((!shape->raw || text.len == 0) &&
	    (rc = shape->body->to_wire(&item->body, text, shape->text,
	    &item->scratch, err)) != CAL_OK)
		return rc;
	if (item->body.len > options->max_body)
		return cal_fail(err, CAL_EDATA,
		    "the body is larger than %llu bytes",
		    (unsigned long long)options->max_body);
	if (key->pointer != NULL && (rc = cal_okey_find(key, &item->key,
	    item->body, shape->raw, &item->found, err)) != CAL_OK)
		return rc;
	return check_names(item, err);
}

void
cal_item_release(struct cal_item *item)
{
	cal_buf_release(&item->text);
	cal_buf_release(&item->scratch);
	cal_buf_release(&item->keys);
	cal_buf_release(&item->found);
	cal_buf_release(&item->record);
	cal_buf_release(&item->words);
}
