#!/usr/bin/env bats
# Peers in crowds, peers that hang up, and users in a hurry.

load lib

# crowds URL METHOD ROUNDS: rounds of 100 callers that ask for METHOD with one
# key and go away, so that descriptors are used again while ends are heard of.
crowds() {
	PYTHONPATH=$TESTS/interop timeout -s KILL 60 "$PYTHON" - "$@" <<-'END'
	import sys
	import zmq
	import wire
	url, method, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
	context = zmq.Context()
	for _ in range(rounds):
	    crowd = [context.socket(zmq.DEALER) for _ in range(100)]
	    for seq, caller in enumerate(crowd):
	        caller.linger = 0
	        caller.connect(url)
	        caller.send_multipart(wire.function(method, b"1", b"k", seq))
	        caller.send_multipart([b"PING", b"", b""])
	    for caller in crowd:
	        caller.poll(5000)
	    for caller in crowd:
	        caller.close()
	END
}

@test "crowds that come and go take what they asked for with them" {
	make_gate
	serve s "$ANY" -m "hold=read -r x <$T/gate; echo 1" -j 1
	expect 0 crowds "$URL" hold 10
	# One runs; nobody is there any more for the others.
	wait_for 10 queued s 0
	release
	wait_for 10 counter_reaches s undeliverable 1
	same "$(counter s running)" 0
}

@test "a server that hangs up at once is not taken for nobody" {
	cat >"$T/hangup.py" <<-'END'
	import socket
	server = socket.socket()
	server.bind(("127.0.0.1", 0))
	server.listen(50)
	print("tcp://127.0.0.1:%d" % server.getsockname()[1], flush=True)
	while True:
	    server.accept()[0].close()
	END
	launch h "$PYTHON" "$T/hangup.py"
	wait_for 10 has_line "$T/h.out"
	expect 69 call --connect-timeout 0.5 "$(<"$T/h.out")" m 1
	like "$err" '*something*, but*nothing was executed*'
	stop h KILL
	expect 69 call --connect-timeout 0.5 "$(<"$T/h.out")" m 1
	like "$err" '*nobody listens there*'
}

@test "a failure without a name or reason is said to be one" {
	cat >"$T/mute.py" <<-'END'
	import sys
	import zmq
	import wire
	socket = zmq.Context().socket(zmq.ROUTER)
	port = socket.bind_to_random_port("tcp://127.0.0.1")
	print("tcp://127.0.0.1:%d" % port, flush=True)
	words = [("", "", ""), ("E", "one\ncal-call: line 9: all is well", "")]
	while True:
	    frames = socket.recv_multipart()
	    if frames[1] != b"UPPER":
	        continue
	    raw = wire.raw_map(frames[2])
	    header = wire.header(wire.FAILURE, wire.Raw(raw["meth"]),
	                         wire.Raw(raw["okey"]), wire.Raw(raw["seq"]))
	    meta = wire.pack(list(words.pop(0)))
	    socket.send_multipart([frames[0], b"UPPER", header,
	                           wire.payload(None, meta)])
	END
	PYTHONPATH=$TESTS/interop launch m "$PYTHON" "$T/mute.py"
	wait_for 10 has_line "$T/m.out"
	expect 1 call "$(<"$T/m.out")" m 1
	same "$err" 'cal-call: the handler failed and gave no reason'
	# What they say stays on the line that says that it is theirs.
	expect 1 call "$(<"$T/m.out")" m 1
	same "$err" 'cal-call: E: one\x0acal-call: line 9: all is well'
	stop m KILL
}

@test "Ctrl-C twice in a row: CANCEL gets there all the same" {
	# shellcheck disable=SC2016
	serve s "$ANY" -m 'hang=echo >>started; exec sleep 100'
	local n
	for n in 1 2 3 4 5; do
		call_later c "$URL" hang 1
		wait_for 10 has_line started "$n"
		kill -INT "${pids[c]}"
		kill -INT "${pids[c]}" 2>/dev/null || :
		finish c
		same "$STATUS" 130
	done
	assert_no_children "${pids[s]}"
}

@test "too few descriptors are said to be too few" {
	local n
	for n in 8 9 10 11 12; do
		expect 71 bash -c "ulimit -n $n; exec \"\$@\"" - \
		    "$CAL_BIN/cal-serve" "$ANY" -m a=cat
		like "$err" '*Too many open files*'
	done
}

@test "lost output is told once" {
	serve s "$ANY" -m a=cat
	expect 74 bash -c 'exec "$@" >/dev/full' - \
	    "$CAL_BIN/cal-call" "$URL" a 1
	same "$(count_lines "$T/expect.err")" 1
}
