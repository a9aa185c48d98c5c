#!/usr/bin/env bats
# Users who are let in and mean no good: they cost others nothing, and hear
# nothing that is meant for others.

load lib
load keys

serve_both() {
	make_keys server alice bob
	allow alice bob
	serve_keys s "$ANY" "$@"
}

is_served() {
	local n
	for n in 1 2 3; do
		spent expect 0 as bob "$URL" echo "$n"
		same "$out" "$n"
		between 0 "$MS" 2500
	done
}

# Steps of raw.py for alice in the background; those after "wait:done" when
# that file is there.
alice_does() {
	launch a "$PYTHON" "$TESTS/interop/raw.py" --keys alice \
	    --server server.pub "$URL" "$@"
}

@test "a flood of PINGs that reads no answer" {
	serve_both echo -- cat
	is_served
	local before
	before=$(rss "${pids[s]}")
	alice_does ping recv flood:60000 mark:sent wait:done
	wait_for 20 has_line a.out
	is_served
	wait_for 20 test -e sent
	is_served
	: >done
	asan || (($(rss "${pids[s]}") < before + 100000))
	finish a
	is_served
}

@test "a flood of requests takes its turns, and no more" {
	serve_both -j 2 --max-queue 50 echo -- cat
	local n steps=()
	for n in {1..1000}; do
		steps+=("call:echo:1::$n")
	done
	alice_does "${steps[@]}" mark:sent wait:done
	is_served
	wait_for 20 test -e sent
	is_served
	: >done
	finish a
}

@test "methods of any length: refused in a few words, or dropped" {
	serve_both echo -- cat
	local name long
	printf -v name '%0255d' 0
	printf -v long '%060000d' 0
	raw_as alice "$URL" "call:$name" recv "call:$long" "cancel:$long" \
	    quiet:0.2 call:echo:1 recv >a.out
	like "$(<a.out)" "*ERROR meth=str:$name * name=MethodNotFound *RESULT *"
	same "$(count_lines a.out)" 2
	same "$(counter s malformed)" 2
	is_served
}

@test "who chose a routing id is not heard, and it is said" {
	serve_both echo -- sh -c 'echo >>ran; exec cat'
	expect 0 raw_as alice --identity mine "$URL" ping call:echo:1 quiet:0.5
	like "$(<s.err)" '*chose its own routing id*'
	[[ ! -e ran ]]
	expect 0 raw_as alice "$URL" ping recv call:echo:1 recv
	is_served
}

@test "two users with one routing id at once: neither is heard" {
	serve_both echo -- sh -c 'echo >>ran; exec cat'
	launch b "$PYTHON" "$TESTS/interop/raw.py" --identity same --keys alice \
	    --server server.pub "$URL" ping call:echo:1 mark:there quiet:2
	wait_for 10 test -e there
	expect 0 raw_as bob --identity same "$URL" ping call:echo:2 quiet:0.5
	finish b
	same "$STATUS" 0
	[[ ! -e ran ]]
	is_served
}

# Alice asks for what takes its time, and leaves; bob tries before and after to
# have her routing id, and asks for nothing.
@test "nobody takes over the answers of another user" {
	# Nobody holds it open: a writer lets all through that wait there.
	mkfifo gate
	serve_both -j 100 echo -m "hold=echo >>held; read -r x <$T/gate; echo 7" \
	    -- cat
	cat >taker.py <<-'END'
	import sys
	import time
	import zmq
	import wire
	from raw import read_key
	url, rounds = sys.argv[1], 8
	context = zmq.Context()
	def dealer(user, identity=None):
	    socket = context.socket(zmq.DEALER)
	    socket.linger = 0
	    socket.curve_publickey = read_key(user + ".pub")
	    socket.curve_secretkey = read_key(user + ".key")
	    socket.curve_serverkey = read_key("server.pub")
	    if identity:
	        socket.setsockopt(zmq.IDENTITY, identity)
	    socket.connect(url)
	    return socket
	def lines():
	    try:
	        with open("held") as file:
	            return len(file.read().split("\n")) - 1
	    except FileNotFoundError:
	        return 0
	# Those that libzmq would make up if its numbers were not seeded, and
	# one that alice chose.
	names = [(0x6b8b4567 + n).to_bytes(5, "big") for n in range(60)]
	names.append(b"alice")
	for n in range(rounds):
	    asking, chosen = dealer("alice"), dealer("alice", b"alice")
	    asking.send_multipart(wire.function("hold", b"1", b"", n))
	    chosen.send_multipart(wire.function("hold", b"1", b"", n))
	    end = time.monotonic() + 20
	    while lines() <= n and time.monotonic() < end:
	        asking.poll(10)
	    takers = [(dealer("bob", name), name)
	              for name in names[n * 3:n * 3 + 3] + names[-1:]]
	    # Who comes while an id is in use may take it later, by a message that
	    # names it; who comes then has it at once.  One more message would
	    # tell whose it is.
	    for turn in range(6):
	        for taker, name in takers:
	            if turn < 4:
	                taker.send(name)
	            if taker.poll(5):
	                sys.exit("bob got %r" % taker.recv_multipart())
	        if turn == 3:
	            asking.close()
	            chosen.close()
	            takers += [(dealer("bob", name), name) for _, name in takers]
	    with open("gate", "wb", 0) as gate:
	        gate.write(b"\n\n\n")
	    for taker, _ in takers:
	        if taker.poll(30):
	            sys.exit("bob got %r" % taker.recv_multipart())
	        taker.close()
	END
	PYTHONPATH=$TESTS/interop expect 0 timeout -s KILL 100 "$PYTHON" \
	    taker.py "$URL"
	# What alice asked for by a routing id of her own was not done at all.
	same "$(count_lines held)" 8
	wait_for 10 counter_reaches s undeliverable 8
	is_served
}

refused() {
	local rc=0
	as "$1" -q "$URL" echo 0 || rc=$?
	[[ $rc == 77 ]]
}

@test "a user who is removed gets nothing more, whatever he sends" {
	make_gate
	serve_both echo -m "hold=echo >>held; read -r x <$T/gate; echo 7" \
	    -- sh -c 'echo >>ran; exec cat'
	alice_does call:echo:1::1 recv call:hold:1:k:2 call:hold:1:k:3 \
	    wait:removed recv:2 call:echo:1::4 recv call:hold:1::5 recv \
	    cancel:hold:k:2 flood:1000 mark:over wait:back quiet:0.2 \
	    call:echo:2::6 recv
	wait_for 10 has_line held
	reload s bob
	wait_for 10 refused alice
	: >removed
	wait_for 10 test -e over
	is_served
	# One for alice, while she was let in, and three for bob.
	same "$(count_lines ran)" 4
	same "$(grep -c 'ERROR .* name=Forbidden ' a.out)" 4
	reload s alice bob
	wait_for 10 as alice -q "$URL" echo 0
	: >back
	finish a
	same "$STATUS" 0
	same "$(cut -d ' ' -f 1 a.out | tr '\n' ' ')" \
	    'RESULT ERROR ERROR ERROR ERROR RESULT '
	# What ran for her was ended, and nobody opened the gate for it.
	assert_no_children "${pids[s]}"
}
