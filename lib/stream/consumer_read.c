/* From the frames of a message to what is handed up of it. */
#include "codec/snappy.h"
#include "stream/consumer_parts.h"

static int
read_topic(struct cal_slice *topicp, const struct cal_message *message,
    const struct cal_consumer_conf *conf, struct cal_err *err)
{
	if (message->word != CAL_WORD_UPPER || message->pre_count > 1)
		return cal_fail(err, CAL_EPROTO,
		    "its frames are not those of a stream");
	if (message->pre_count == 0)
		*topicp = cal_slice_of(NULL, 0);
	else
		*topicp = message->pre[0];
	if (topicp->len > CAL_STREAMMSG_TOPIC_MAX)
		return cal_fail(err, CAL_EPROTO, "its topic is too long");
	/*
	 * A subscription is a prefix of the first frame, whatever that is: a
	 * message without a topic begins with "UPPER".  Only who wants
	 * everything wants that.
	 */
	if (!cal_topic_is_wanted(conf->topics, conf->topics_count, *topicp))
		return cal_fail(err, CAL_EPROTO,
		    "nobody asked for its topic");
	return CAL_OK;
}

static int
read_body(struct cal_delivery *delivery, const struct cal_message *message,
    size_t max_body, struct cal_buf *expanded, struct cal_err *err)
{
	int rc;

	delivery->body = message->payload;
	delivery->expanded = NULL;
	if ((delivery->head.flags & CAL_STREAMMSG_SNAPPY) != 0) {
		rc = cal_snappy_expand(expanded, message->payload, max_body,
		    err);
		if (rc != CAL_OK)
			return rc;
		delivery->body = cal_buf_view(expanded);
		delivery->expanded = expanded;
	}
	if (delivery->body.len > max_body)
		return cal_fail(err, CAL_EDATA,
		    "its body is larger than %zu bytes", max_body);
	return CAL_OK;
}

int
cal_delivery_read(struct cal_delivery *delivery, struct cal_message *message,
    const struct cal_consumer_conf *conf, struct cal_buf *expanded,
    struct cal_err *err)
{
	int rc;

	delivery->message = message;
	if ((rc = read_topic(&delivery->topic, message, conf,
	    err)) != CAL_OK ||
	    (rc = cal_streammsg_read(&delivery->head, message->header,
	    err)) != CAL_OK)
		return rc;
	return read_body(delivery, message, conf->max_body, expanded, err);
}
