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
			# shellcheck disable=SC2034
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

# A stranger is answered, too, if only that he is one; and so is who comes
# while it loads.
redis_answers() {
	[[ $(rcli ping 2>&1) =~ ^(PONG|NOAUTH|LOADING|MISCONF|MASTERDOWN) ]]
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

# redis_trouble KIND: it does not do what it is told, until redis_well KIND.
#   readonly    READONLY: a replica of nobody
#   oom         OOM: its memory is full
#   noreplicas  NOREPLICAS: it has not enough of them
#   misconf     MISCONF: it cannot write its dump
#   busy        BUSY: a script runs for ever
redis_trouble() {
	case $1 in
	readonly)	rcli replicaof 127.0.0.1 1 ;;
	oom)	rcli config set maxmemory 1 ;;
	noreplicas)	rcli config set min-replicas-to-write 1 ;;
	misconf)
		rm -rf "$T/dump.rdb"
		mkdir "$T/dump.rdb"
		rcli config set save '3600 1000000'
		rcli bgsave
		wait_for 10 redis_complains MISCONF set k v
		;;
	busy)
		rcli config set busy-reply-threshold 1
		launch busy redis-cli -s "$REDIS_SOCKET" eval \
		    'while true do end' 0
		wait_for 10 redis_complains BUSY ping
		;;
	esac
}

redis_well() {
	case $1 in
	readonly)	rcli replicaof no one ;;
	oom)	rcli config set maxmemory 0 ;;
	noreplicas)	rcli config set min-replicas-to-write 0 ;;
	misconf)
		rmdir "$T/dump.rdb"
		rcli config set save ''
		;;
	busy)
		rcli script kill
		finish busy
		;;
	esac
}

# redis_complains WORD COMMAND...: the answer begins with this word.
redis_complains() {
	local word=$1
	shift
	[[ $(rcli "$@" 2>&1) == "$word"* ]]
}

# Killed and started again, it loads for some seconds, and says LOADING.
reload_redis_slowly() {
	local body
	body=$(printf '%01000d' 0)
	rcli eval 'for i = 1, 200 do redis.call("set", "filler:" .. i, ARGV[1])
	    end' 0 "$body"
	rcli save
	kill_redis
	REDIS_ARGS+=(--key-load-delay 20000
	    --loading-process-events-interval-bytes 1024 --appendonly no)
	restart_redis
}

# kill_clients: all connections but the one that says so are cut.
kill_clients() {
	rcli client kill type normal skipme yes
}
