/*
 * A bare one-shot caller: PING and FUNCTION in one burst, PONG and RESULT
 * awaited, the body printed, and out by the shortest way.
 */
#include <unistd.h>

#include "rig.h"

int
main(int argc, char **argv)
{
	uint8_t header[512], *payload;
	size_t header_len, payload_len, len;
	const uint8_t *body, *type;
	zmq_msg_t frames[3];
	void *sock;
	int i;

	if (argc != 4 || strlen(argv[2]) > 255) {
		fprintf(stderr, "usage: rawclient URL METHOD BODY\n");
		return 64;
	}
	sock = rig_socket(ZMQ_DEALER, argv[1]);
	(void)rig_header(header, argv[2], &header_len);
	payload = rig_payload(argv[3], strlen(argv[3]), &payload_len);
	rig_ping(sock);
	rig_send(sock, "UPPER", 5, ZMQ_SNDMORE);
	rig_send(sock, header, header_len, ZMQ_SNDMORE);
	rig_send(sock, payload, payload_len, 0);
	for (i = 0; i < 3; i++)
		zmq_msg_init(&frames[i]);
	do {
		rig_receive(sock, NULL, frames);
	} while (!rig_is(&frames[0], "UPPER"));
	type = zmq_msg_data(&frames[1]);
	if (type[RIG_TYPE_AT] != RIG_RESULT) {
		fprintf(stderr, "not a result\n");
		return 1;
	}
	body = rig_body(&frames[2], &len);
	if (fwrite(body, 1, len, stdout) != len || putchar('\n') == EOF ||
	    fflush(stdout) != 0)
		die("stdout");
	_exit(0);
}
