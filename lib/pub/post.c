/*
 * From an input record to topic, key, time and body.
 *
 * A body in base64 is what cal-sub saw on the wire and could not put on a
 * line: if somebody can read it at all, it goes out as those bytes.
 */
#include "cli/object.h"
#include "codec/snappy.h"
#include "pub/post.h"

enum { TOPIC, KEY, BODY, TIME, MEMBERS };

static int
take_time(struct cal_post *post, const struct cal_member *member,
    struct cal_err *err)
{
	int rc;

	if (member->value.len == 0) {
		post->head.stamp = cal_stamp_now();
		return CAL_OK;
	}
	cal_buf_clear(&post->scratch);
	if ((rc = cal_member_put(&post->scratch, member, err)) != CAL_OK)
		return rc;
	rc = cal_stamp_read(&post->head.stamp, cal_buf_view(&post->scratch),
	    err);
	if (rc != CAL_OK)
		cal_err_prefix(err, "'%s'", member->name);
	return rc;
}

/* *encodedp: the body is wire bytes. */
static int
read_object(struct cal_post *post, const struct cal_pub_options *options,
    struct cal_slice record, bool *encodedp, struct cal_err *err)
{
	struct cal_member members[MEMBERS] = {
		[TOPIC] = { .name = "topic", .either = true },
		[KEY] = { .name = "key", .either = true },
		[BODY] = { .name = "body", .either = true },
		[TIME] = { .name = "ts" },
	};
	struct cal_slice topic;
	int rc;

	if ((rc = cal_object_read(members, MEMBERS, record, err)) != CAL_OK ||
	    (rc = cal_member_put_two(&post->names, &members[TOPIC],
	    &members[KEY], &topic, &post->head.key, err)) != CAL_OK ||
	    (options->keep_time && (rc = take_time(post, &members[TIME],
	    err)) != CAL_OK))
		return rc;
	if (members[TOPIC].value.len > 0)
		post->topic = topic;
	post->text = members[BODY].value;
	*encodedp = members[BODY].encoded;
	if (*encodedp) {
		cal_buf_clear(&post->bytes);
		rc = cal_member_put(&post->bytes, &members[BODY], err);
		post->text = cal_buf_view(&post->bytes);
	}
	return rc;
}

/* What is sent of post->text; it lends that, or post->scratch. */
static int
make_body(struct cal_post *post, const struct cal_pub_options *options,
    bool encoded, struct cal_err *err)
{
	const struct cal_shape *shape = &options->shape;
	struct cal_slice read;
	int rc = CAL_OK;

	post->body = post->text;
	if (encoded)
		rc = shape->body->to_text(&read, post->text, false,
		    &post->scratch, err);
	else if (!shape->raw || post->text.len == 0)
		rc = shape->body->to_wire(&post->body, post->text, shape->text,
		    &post->scratch, err);
	if (rc != CAL_OK)
		return rc;
	if (!shape->text)
		post->text = post->body;
	if (post->body.len > options->max_body)
		return cal_fail(err, CAL_EDATA,
		    "the body is larger than %llu bytes",
		    (unsigned long long)options->max_body);
	return CAL_OK;
}

static int
check_names(const struct cal_post *post, struct cal_err *err)
{
	if (post->topic.len > CAL_STREAMMSG_TOPIC_MAX)
		return cal_fail(err, CAL_EDATA,
		    "the topic has more than %d bytes",
		    CAL_STREAMMSG_TOPIC_MAX);
	if (post->head.key.len > CAL_STREAMMSG_KEY_MAX)
		return cal_fail(err, CAL_EDATA,
		    "the key has more than %d bytes", CAL_STREAMMSG_KEY_MAX);
	return CAL_OK;
}

static void
compress(struct cal_post *post)
{
	cal_buf_clear(&post->packed);
	cal_snappy_compress(&post->packed, post->body);
	post->body = cal_buf_view(&post->packed);
	post->head.flags = CAL_STREAMMSG_SNAPPY;
}

int
cal_post_read(struct cal_post *post, const struct cal_pub_options *options,
    struct cal_slice record, struct cal_err *err)
{
	const struct cal_okey_options *key = &options->key;
	bool encoded = false;
	int rc;

	post->head = (struct cal_streammsg){ .seq = 0 };
	post->text = record;
	post->topic = options->topic == NULL ? cal_slice_of(NULL, 0) :
	    cal_slice_text(options->topic);
	if (options->shape.mode == CAL_SHAPE_JSON &&
	    (rc = read_object(post, options, record, &encoded,
	    err)) != CAL_OK)
		return rc;
	if (key->fixed != NULL)
		post->head.key = cal_slice_text(key->fixed);
	if (key->delimiter != NULL)
		cal_okey_cut(key, &post->head.key, &post->text);
	if ((rc = make_body(post, options, encoded, err)) != CAL_OK ||
	    (key->pointer != NULL && (rc = cal_okey_find(key,
	    &post->head.key, post->body, options->shape.raw, &post->found,
	    err)) != CAL_OK) ||
	    (rc = check_names(post, err)) != CAL_OK)
		return rc;
	if (!options->keep_time)
		post->head.stamp = cal_stamp_now();
	if (options->compress)
		compress(post);
	return CAL_OK;
}

void
cal_post_release(struct cal_post *post)
{
	cal_buf_release(&post->names);
	cal_buf_release(&post->scratch);
	cal_buf_release(&post->bytes);
	cal_buf_release(&post->found);
	cal_buf_release(&post->packed);
}
