#!/usr/bin/env bats
# Peers in crowds, peers that hang up, peers that ask for much, and users in a
# hurry.

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

# Freed memory is overwritten, so that a log that reads it is seen in a build
# without sanitizers as well.
@test "the request log of a caller that is gone" {
	make_gate
	GLIBC_TUNABLES=glibc.malloc.tcache_count=0 MALLOC_PERTURB_=85 \
	    serve s -v -j 1 "$ANY" \
	    -m 'hold=echo >>started; read -r x <gate; echo 1' -m ok=cat
	seq 2 >c.in
	call_later c -l -j 2 "$URL" hold
	wait_for 5 has_line started
	wait_for 5 queued s 1
	kill -KILL "${pids[c]}"
	finish c
	# Only then has the server forgotten the caller.
	wait_for 5 counter_reaches s dropped 1
	release
	wait_for 5 contains s.err 'request method=hold'
	grep -aE "$(logged hold false)" s.err
	expect 0 call "$URL" ok 1
	wait_for 5 contains s.err 'method=ok'
	grep -aE "$(logged ok true)" s.err
	stop s
	same "$STATUS" 0
}

# logged METHOD DELIVERED: what a line of the request log is like.
logged() {
	echo "request method=$1 seq=[0-9]+ peer=[0-9a-f]{8}-[0-9]+" \
	    "status=result .*delivered=$2\$"
}

@test "a full send queue is no lost connection" {
	make_gate
	mkfifo c.in
	exec 9<>c.in
	serve s -j 1 --max-queue 1 "ipc://$T/s" \
	    -m 'hold=echo >>started; read -r x <gate; echo 1'
	# No more than 6,000 bytes wait in the queue below the calls.
	call_later c -l -j 3000 -E --max-body 1500 \
	    --connect-timeout "$(slow 0.4)" "$URL" hold
	echo 1 >&9
	wait_for 5 has_line started
	kill -STOP "${pids[s]}"
	head -c 1000 /dev/zero | tr '\0' 1 >line
	yes "$(<line)" | head -n 2000 >&9
	exec 9>&-
	# Whoever comes now is given up, those that were there are not.
	expect 69 call --connect-timeout "$(slow 0.6)" "$URL" hold 1
	kill -CONT "${pids[s]}"
	wait_for 10 counter_reaches s busy 1999
	release 2
	finish c
	same "$STATUS" 75
	same "$(count_lines c.out)" 2001
	same "$(grep -vc Busy c.err)" 0
}

@test "TERM ends a call whose output nobody reads" {
	# shellcheck disable=SC2016
	serve s --text "$ANY" -m 'big=head -c 1000000 /dev/zero | tr "\0" x'
	mkfifo c.out
	exec 9<>c.out
	call_later c --text -n "$URL" big
	same "$(head -c 1 <&9)" x
	stop c TERM 5
	same "$STATUS" 143
	exec 9>&-
}

@test "a folder of 1,000 long names: --ping and calls work" {
	local n name
	mkdir d
	for n in {1000..1999}; do
		printf -v name '%s%0100d' m "$n"
		printf '#!/bin/sh\ncat\n' >"d/$name"
	done
	chmod 755 d d/*
	serve s "$ANY" --dir d
	expect 0 call --ping "$URL"
	expect 0 call "$URL" "$name" 1
	same "$out" 1
	expect 3 call "$URL" none 1
}

@test "what waits is counted with its padding" {
	make_gate
	serve s --max-body 1024 -j 1 "$ANY" -m "hold=read -r x <$T/gate"
	local n steps=() pad
	printf -v pad '%1000s' ''
	for ((n = 0; n < 100; n++)); do
		steps+=("call:hold:${pad}1::$n")
	done
	expect 0 raw "$URL" ping recv "${steps[@]}" recv:30
	same "$(grep -c 'ERROR .*name=Busy .*bytes' expect.out)" 30
	wait_for 5 queued s 0
	release
}

@test "the request log stays JSON whatever the key" {
	serve s -v --log-format json "$ANY" -m ok=cat
	local key
	# shellcheck disable=SC1003 # one backslash
	for key in x '"' '\' é $'\x01' $'\xff'; do
		printf -v key '%.0s'"${key/\\/\\\\}" {1..2000}
		expect 0 call -k "$key" "$URL" ok 1
		expect 0 call -k "y$key" "$URL" ok 1
	done
	stop s
	same "$(jq -r 'select(.event == "request") | .method' <s.err |
	    wc -l)" 12
	same "$(jq -r type <s.err | sort -u)" object
}

# libzmq aborts when it makes up a routing id that a peer has chosen.  These are
# those that it would come to if nobody seeded its numbers.
@test "nobody knows which routing ids come next" {
	serve s "$ANY" echo -- cat
	PYTHONPATH=$TESTS/interop expect 0 timeout -s KILL 60 "$PYTHON" - \
	    "$URL" <<-'END'
	import sys
	import zmq
	context = zmq.Context()
	def ask(identity=None):
	    socket = context.socket(zmq.DEALER)
	    socket.linger = 0
	    if identity:
	        socket.setsockopt(zmq.IDENTITY, identity)
	    socket.connect(sys.argv[1])
	    socket.send_multipart([b"PING", b"", b""])
	    if not socket.poll(5000):
	        sys.exit("no answer")
	    return socket
	chosen = [ask((0x6b8b4567 + n).to_bytes(5, "big")) for n in range(1, 40)]
	others = [ask() for n in range(80)]
	END
	expect 0 call "$URL" echo 1
	stop s
	same "$STATUS" 0
}
