# A Redis of the test's own, for the tests that have one: on a Unix socket in
# the test's folder, and nowhere else.

# start_redis ARG...: further words of its command line (--appendonly yes); it
# answers when this returns.  $REDIS is the URL up to the name of the stream.
start_redis() {
	REDIS_SOCKET=$T/redis.sock
	REDIS_ARGS=("$@")
	# shellcheck disable=SC2034 # for the tests
	REDIS="redis+unix://$REDIS_SOCKET?stream="
	restart_redis
}

# start_redis_tcp ARG...: the same, and on a port of 127.0.0.1 as well: $REDIS
# is redis://127.0.0.1:PORT?stream=, $REDIS_PORT the port.
start_redis_tcp() {
	local try
	for try in 1 2 3; do
		REDIS_PORT=$("$PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
		if start_redis --port "$REDIS_PORT" --bind 127.0.0.1 "$@"; then
			REDIS="redis://127.0.0.1:$REDIS_PORT?stream="
			return
		fi
	done
	echo "no free port after $try attempts"
	return 1
}

# After kill_redis or stop_redis: as it was, with what it kept.
restart_redis() {
	launch redis redis-server --port 0 --unixsocket "$REDIS_SOCKET" \
	    --save '' --daemonize no --dir "$T" "${REDIS_ARGS[@]}"
	wait_for 20 redis_answers_or_gone
	running "${pids[redis]}" && return
	echo "redis-server ended:"
	tail -n 5 "$T/redis.out"
	unset 'pids[redis]'
	return 1
}

# rcli WORD...: redis-cli on it.
rcli() {
	redis-cli -s "$REDIS_SOCKET" --raw "$@"
}

# A stranger is answered, too, if only that he is one.
redis_answers() {
	[[ $(rcli ping 2>&1) =~ ^(PONG|NOAUTH) ]]
}

redis_answers_or_gone() {
	redis_answers || gone "${pids[redis]}"
}

stop_redis() {
	stop redis
}

# As a crash ends it.
kill_redis() {
	kill -KILL "${pids[redis]}"
	finish redis || :
}

# It is there and does nothing; thaw_redis goes on.
freeze_redis() {
	kill -STOP "${pids[redis]}"
	wait_for 5 stopped "${pids[redis]}"
}

thaw_redis() {
	kill -CONT "${pids[redis]}"
}
