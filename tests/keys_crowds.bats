#!/usr/bin/env bats
# Crowds in front of a server, with keys and without: whoever has not shaken
# hands costs little, and is closed when the time for it is over.

load lib
load keys

# crowd NAME KIND COUNT [ARG...]: connections to $URL, when they are there.
crowd() {
	local name=$1
	shift
	launch "$name" "$PYTHON" "$TESTS/interop/crowd.py" "$1" "$2" "$URL" \
	    "${@:3}"
	wait_for 20 has_line "$T/$name.out"
}

# closed NAME: the third and fourth word of its last line: how soon the last of
# them was closed, and the bytes that were sent.
closed() {
	finish "$1" 40
	same "$STATUS" 0
	read -r _ _ LAST SENT < <(tail -n 1 "$T/$1.out")
	echo "the last was closed after $LAST ms, $SENT bytes sent"
}

# A good client beside them, and one that comes again and again.
is_served() {
	local n
	for n in 1 2 3; do
		spent expect 0 "$@" --connect-timeout "$(slow 5)" "$URL" \
		    echo "$n"
		same "$out" "$n"
		between 0 "$MS" 2500
	done
}

# stands KIND COUNT CALL...: served while they are there, and at most so many
# kibibytes a connection; all are closed, and no descriptor is lost.
stands() {
	local kind=$1 count=$2 fds memory
	shift 2
	ulimit -Sn "$((count + 500))"
	expect 0 "$@" "$URL" echo 1
	assert_no_children "${pids[s]}"
	fds=$(fds "${pids[s]}")
	memory=$(rss "${pids[s]}")
	crowd c "$kind" "$count"
	is_served "$@"
	memory=$((($(rss "${pids[s]}") - memory) * 1024 / count))
	echo "$memory bytes a connection"
	asan || ((memory < 16384))
	closed c
	between 0 "$LAST" 9000
	assert_fds "${pids[s]}" "$((fds + 1))"
	is_served "$@"
	# Nothing of it is worth a line each.
	(($(wc -c <s.err) < 1000))
}

enough_descriptors() {
	ulimit -Sn 5000 2>/dev/null || skip "not enough descriptors"
}

@test "1500 junk connections keep no good client out: keys" {
	enough_descriptors
	make_keys server alice
	allow alice
	serve_keys s "$ANY" echo -- cat
	stands junk 1500 as alice
}

@test "1500 junk connections keep no good client out: no keys" {
	enough_descriptors
	serve s "$ANY" echo -- cat
	stands junk 1500 call
}

@test "3000 idle connections keep no good client out: keys" {
	enough_descriptors
	make_keys server alice
	allow alice
	serve_keys s "$ANY" echo -- cat
	stands idle 3000 as alice
}

@test "3000 idle connections keep no good client out: no keys" {
	enough_descriptors
	serve s "$ANY" echo -- cat
	stands idle 3000 call
}

# is_cut KIND MECHANISM: whoever says so much before a handshake is over is cut
# before the server has taken much of it.
is_cut() {
	local memory
	expect 0 as alice "$URL" echo 1
	memory=$(rss "${pids[s]}")
	crowd c "$1" 10 --mechanism "$2" --seconds 10
	closed c
	between 0 "$LAST" 2000
	# What the kernel takes on the way is in it, for ten of them.
	echo "$(rss "${pids[s]}") KiB, $memory before"
	((SENT < 100000000))
	asan || (($(rss "${pids[s]}") < memory + 20000))
	expect 0 as alice "$URL" echo 2
}

@test "B07: a command of 2 GiB before the handshake is cut at once" {
	make_keys server alice
	allow alice
	serve_keys s "$ANY" echo -- cat
	is_cut giant CURVE
	is_cut giant NULL
}

@test "B07: endless small commands before the handshake are cut at once" {
	make_keys server alice
	allow alice
	serve_keys s "$ANY" echo -- cat
	is_cut small CURVE
	is_cut small NULL
}

# Whose stderr nobody reads, so that no line on them can hold the server up.
@test "F57: 500 clients with unknown keys, and nobody reads of it" {
	make_keys server alice
	allow alice
	mkfifo words
	exec 9<>words
	# shellcheck disable=SC2086
	$CAL_WRAP "$CAL_BIN/cal-serve" -vv -i server.key -A list "ipc://$T/s" \
	    echo -- cat 2>words 3>&- 9>&- &
	pids[s]=$!
	URL=ipc://$T/s
	expect 0 as alice "$URL" echo 1
	cat >strangers.py <<-'END'
	import sys
	import zmq
	context = zmq.Context()
	context.set(zmq.MAX_SOCKETS, 2000)
	with open("server.pub", "rb") as file:
	    server = file.read().split(b"\n")[-2]
	crowd, over = [], zmq.Poller()
	for n in range(500):
	    stranger = context.socket(zmq.DEALER)
	    stranger.linger = 0
	    stranger.curve_publickey, stranger.curve_secretkey = \
	        zmq.curve_keypair()
	    stranger.curve_serverkey = server
	    over.register(stranger.get_monitor_socket(
	        zmq.EVENT_HANDSHAKE_FAILED_AUTH), zmq.POLLIN)
	    stranger.connect(sys.argv[1])
	    crowd.append(stranger)
	print("open", flush=True)
	refused = 0
	while refused < 500:
	    ready = over.poll(20000)
	    if not ready:
	        sys.exit("only %d were refused" % refused)
	    for monitor, _ in ready:
	        monitor.recv_multipart()
	        refused += 1
	END
	launch c "$PYTHON" strangers.py "$URL"
	wait_for 20 has_line c.out
	is_served as alice
	finish c 40
	same "$STATUS" 0
	is_served as alice
	stop s
	same "$STATUS" 0
	exec 9>&-
}
