#!/usr/bin/env bats
# Keys between our programs and the library's way of CURVE, in the hands of an
# independent peer: allowed, another key, no key, the wrong key of the server,
# in both directions, with the same files.

load lib
load keys

setup_keys() {
	make_keys server alice bob
	allow alice
}

# A Python server that lets alice in.
serve_python() {
	setup_keys
	serve_peer p "$@" "$ANY"
}

curve() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/curve.py" "$@"
}

@test "Z85 keys of ours are those of libzmq" {
	make_keys alice
	same "$("$PYTHON" -c 'import zmq; key = input().encode()
print(zmq.curve_public(key).decode())' <<<"$(secret_of alice)")" \
	    "$(key_of alice)"
}

@test "cal-call to a Python server: an allowed key" {
	serve_python --secret server.key --allow alice.pub
	expect 0 as alice "$URL" echo '{"a": 1}'
	same "$out" '{"a": 1}'
	expect 1 as alice "$URL" fail -n
	expect 0 as alice --ping "$URL"
	seq 300 >in
	expect 0 as alice -l -j 20 "$URL" echo <in
	same "$out" "$(<in)"
}

@test "cal-call to a Python server: another key, or a made-up one" {
	serve_python --secret server.key --allow alice.pub
	spent expect 77 as bob "$URL" echo 1
	between 0 "$MS" 3000
	like "$err" '*it does not know its key'
	expect 77 call -S server.pub "$URL" echo 1
	like "$err" '*it does not know its key'
	not contains p.log FUNCTION
}

@test "cal-call to a Python server: no key" {
	serve_python --secret server.key --allow alice.pub
	spent expect 77 call "$URL" echo 1
	between 0 "$MS" 5000
	like "$err" '*encryption mismatch*'
	not contains p.log FUNCTION
}

@test "cal-call to a Python server: the wrong key of the server" {
	serve_python --secret server.key --allow alice.pub
	spent expect 77 as alice -S bob.pub "$URL" echo 1
	between 0 "$MS" 5000
	like "$err" "*the server's key is not the one that was given*"
	not contains p.log FUNCTION
}

@test "cal-call with keys to a Python server without" {
	serve_python
	spent expect 77 as alice "$URL" echo 1
	between 0 "$MS" 5000
	like "$err" '*encryption mismatch: the server does not encrypt'
	not contains p.log FUNCTION
}

@test "cal-serve --connect at a Python caller that listens" {
	setup_keys
	launch p "$PYTHON" "$TESTS/interop/peer.py" call --bind --secret \
	    server.key --allow alice.pub --timeout 30 "$ANY" echo 5
	wait_for 10 has_line p.out
	url=$(head -n 1 p.out)
	expect 77 cal_serve --connect -i bob.key -S server.pub "$url" \
	    echo -- cat
	launch w "$CAL_BIN/cal-serve" --connect -i alice.key -S server.pub \
	    "$url" echo -- cat
	finish p
	same "$STATUS" 0
	like "$(sed -n 3p p.out)" 'RESULT *body=bin:5'
}

@test "a Python caller at cal-serve: an allowed key" {
	setup_keys
	serve_keys s "$ANY" echo -- cat
	expect 0 peer call --secret alice.key --server-key server.pub "$URL" \
	    echo '[1]'
	like "$out" 'RESULT meth=str:echo *body=bin:[[]1]'
	# Its own domain has no effect.
	expect 0 peer call --secret alice.key --server-key server.pub \
	    --domain other "$URL" echo 2
	wait_for 5 contains s.err 'user=alice status=result' 2
	expect 0 curve --secret alice.key --server-key server.pub "$URL"
	not contains expect.out FAILED
}

@test "a Python worker at a cal-call that listens" {
	setup_keys
	call_later c --bind -1 -i server.key -A list "$ANY" echo '[7]'
	wait_for 5 has_line c.err
	launch p "$PYTHON" "$TESTS/interop/peer.py" serve --connect \
	    --secret alice.key --server-key server.pub "$(head -n 1 c.err)"
	finish c
	same "$STATUS $(<c.out)" '0 [7]'
}

@test "a Python caller at cal-serve: another key, 400 and no second try" {
	setup_keys
	serve_keys s "$ANY" echo -- cat
	expect 0 curve --secret bob.key --server-key server.pub \
	    --until HANDSHAKE_FAILED_AUTH --quiet 1 "$URL"
	contains expect.out 'HANDSHAKE_FAILED_AUTH 400'
	contains expect.out DISCONNECTED
	not contains expect.out CONNECT_RETRIED
	expect 0 curve --server-key server.pub \
	    --until HANDSHAKE_FAILED_AUTH --quiet 1 "$URL"
	expect 1 peer call --timeout 1 --secret bob.key \
	    --server-key server.pub "$URL" echo 1
}

@test "a Python caller at cal-serve: no key, a mismatch and no more tries" {
	setup_keys
	serve_keys s "$ANY" echo -- cat
	expect 0 curve --until HANDSHAKE_FAILED_PROTOCOL --quiet 1 "$URL"
	# Of mechanisms: 0x11000002.
	contains expect.out 'HANDSHAKE_FAILED_PROTOCOL 285212674'
}

@test "a Python caller at cal-serve: the wrong key, again and again" {
	setup_keys
	serve_keys s "$ANY" echo -- cat
	expect 0 curve --secret alice.key --server-key bob.pub \
	    --until HANDSHAKE_FAILED_NO_DETAIL --count 4 "$URL"
	contains expect.out 'HANDSHAKE_FAILED_NO_DETAIL 32' 4
	contains expect.out CONNECT_RETRIED 3
	not contains expect.out HANDSHAKE_FAILED_AUTH
	# The server has heard nothing of a key, and serves others.
	not contains s.err 'not let in'
	expect 0 as alice "$URL" echo 1
}

@test "a Python caller with keys at a cal-serve without: a mismatch" {
	make_keys server alice
	serve s "$ANY" echo -- cat
	expect 0 curve --secret alice.key --server-key server.pub \
	    --until HANDSHAKE_FAILED_PROTOCOL --quiet 1 "$URL"
	contains expect.out 'HANDSHAKE_FAILED_PROTOCOL 285212674'
}
