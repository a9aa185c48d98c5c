/* From a message to what a command sees of it. */
#include "codec/json.h"
#include "sub/errand.h"

/* The body as the command gets it. */
static int
read_body(struct cal_errand *errand, struct cal_slice wire,
    struct cal_err *err)
{
	const struct cal_shape *shape = &errand->intake->conf.options->shape;

	errand->job.json = shape->body->json && !shape->text && !shape->raw;
	if (cal_shape_text(shape, &errand->job.body, wire, &errand->text,
	    err) == CAL_OK)
		return CAL_OK;
	cal_err_prefix(err, "bad body");
	return err->code = CAL_EPROTO;
}

static int
read_key(struct cal_errand *errand, struct cal_slice wire,
    struct cal_err *err)
{
	const struct cal_sub_options *o = errand->intake->conf.options;
	struct cal_slice *keyp = &errand->job.key;

	*keyp = errand->head.key;
	if (o->key.fixed != NULL)
		*keyp = cal_slice_text(o->key.fixed);
	if (o->key.pointer == NULL)
		return CAL_OK;
	*keyp = cal_slice_of(NULL, 0);
	return cal_okey_find(&o->key, keyp, cal_json_trim(wire), o->shape.raw,
	    &errand->key, err);
}

static void
read_head(struct cal_errand *errand, const struct cal_delivery *delivery)
{
	const struct cal_streammsg *head = &errand->head;
	struct cal_job *job = &errand->job;

	if (head->has_seq) {
		cal_num_text(errand->seq, head->seq);
		job->seq = cal_slice_text(errand->seq);
	}
	cal_stamp_put(&errand->stamp, &head->stamp);
	job->stamp = cal_buf_view(&errand->stamp);
	cal_sub_id_text(errand->id, delivery);
	job->id = cal_slice_text(errand->id);
	job->deliveries = delivery->message->deliveries;
}

int
cal_errand_read(struct cal_errand *errand,
    const struct cal_delivery *delivery, struct cal_err *err)
{
	int rc;

	if ((rc = read_body(errand, delivery->body, err)) != CAL_OK ||
	    (rc = read_key(errand, delivery->body, err)) != CAL_OK)
		return rc;
	read_head(errand, delivery);
	return CAL_OK;
}
