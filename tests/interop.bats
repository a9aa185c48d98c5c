#!/usr/bin/env bats
# The independent peer in Python against both programs, and the golden cases.

load lib

@test "golden: what a caller sends, into cal-serve" {
	serve s "$ANY" '*' -- cat
	"$PYTHON" "$TESTS/interop/feed.py" vectors "$URL" \
	    "$TESTS/vectors.txt" handshake
	"$PYTHON" "$TESTS/interop/feed.py" vectors "$URL" \
	    "$TESTS/vectors.txt" rpc
}

@test "golden: what a server sends, into cal-call" {
	"$PYTHON" "$TESTS/interop/replies.py" "$CAL_WRAP $CAL_BIN/cal-call" \
	    "$TESTS/vectors.txt"
}

@test "golden: the extensions are as python3-msgpack writes them" {
	"$PYTHON" -c 'import msgpack, snappy' ||
	    skip "no python3-msgpack or python3-snappy"
	"$PYTHON" "$TESTS/interop/make_vectors.py" >extensions.json
	cmp extensions.json "$TESTS/vectors/extensions.json"
}

@test "golden: stream messages, read by the Python peer" {
	stream p push --vectors --wait 1 "$ANY"
	stream s pull "$URL"
	finish p 30
	same "$STATUS" 0
	wait_for 20 has_line s.out \
	    $((1 + $(sed -n 's/^sent //p' p.out)))
	stop s
	sed 1d s.out >shown
	"$PYTHON" "$TESTS/interop/captured.py" "$TESTS/vectors.txt" shown
	grep -v stream_4094 "$TESTS/vectors.txt" >short.txt
	expect 1 "$PYTHON" "$TESTS/interop/captured.py" short.txt shown
	same "$(grep -c 'no row' expect.out)" 1
	sed 's/T15:43/T15:44/' shown >wrong
	expect 1 "$PYTHON" "$TESTS/interop/captured.py" \
	    "$TESTS/vectors.txt" wrong
}

@test "cal-call to a Python server: all seven types" {
	serve_peer p "$ANY"
	expect 0 call "$URL" echo '{"a": 1}'
	same "$out" '{"a": 1}'
	expect 1 call "$URL" fail -n
	like "$err" "*ValueError*no*Traceback*"
	expect 3 call "$URL" error -n
	like "$err" '*TypeError*'
	expect 4 call "$URL" cancelled -n
	expect 0 call "$URL" null 1
	expect 124 call -W "$(slow 0.3)" "$URL" wait -n
	wait_for 5 contains p.log 'CANCEL meth=str:wait'
	expect 0 call -r "$URL" bin -n
	same "$(wc -c <expect.out)" 256
}

@test "cal-call begins with PING and the request together" {
	serve_peer p "$ANY"
	expect 0 call -k key "$URL" echo 1
	same "$(sed -n 1p p.log | cut -d ' ' -f 3-)" 'FRAMES 50494e47,63616c31,'
	like "$(sed -n 2p p.log)" \
	    '* FUNCTION meth=str:echo okey=str:key seq=* zip=false *body=bin:1'
	expect 0 call "$URL" echo 1
	like "$(tail -n 1 p.log)" '*okey=bin: *'
	expect 0 call -k $'\xff' "$URL" echo 1
	like "$(tail -n 1 p.log)" '*okey=bin:%FF *'
	expect 0 call -k ü "$URL" echo 1
	like "$(tail -n 1 p.log)" '*okey=str:%C3%BC *'
}

@test "a Python caller at cal-serve: keys, bodies, snappy, CANCEL" {
	serve s "$ANY" echo -m 'fail=echo x >&2; exit 2' \
	    -m 'hang=sleep 100' -- cat
	expect 0 peer call "$URL" echo '[1]'
	same "$out" 'RESULT meth=str:echo okey=bin: seq=0 zip=false body=bin:[1]'
	expect 0 peer call --key k --seq 4294967295 --str "$URL" echo '"s"'
	like "$out" 'RESULT * okey=str:k seq=4294967295 zip=false body=bin:"s"'
	expect 0 peer call --key-hex 00ff --zip "$URL" echo '"z"'
	same "$out" 'RESULT meth=str:echo okey=bin:%00%FF seq=0 zip=false body=bin:"z"'
	expect 0 peer call "$URL" fail
	like "$out" 'FAILURE *name=HandlerExit repr=exit%20status%202 traceback=x*'
	expect 0 peer call "$URL" nope
	like "$out" 'ERROR *name=MethodNotFound *'
	expect 0 peer call "$URL" echo '{nope'
	like "$out" 'ERROR *name=BadRequest *'
	expect 0 peer call --cancel-after 0.2 "$URL" hang
	like "$out" 'CANCELLED *'
	expect 0 peer call --no-ping "$URL" echo 1
	like "$out" 'RESULT *'
}

@test "PING: plain, with anything in it, with a question, at any time" {
	serve s "$ANY" echo -m 'hang=sleep 100' -- cat
	expect 0 raw "$URL" ping recv hex:50494e47,6864,00ff recv hello recv \
	    call:hang ping recv cancel:hang recv
	same "$(sed -n 1p expect.out)" 'PONG ,'
	same "$(sed -n 2p expect.out)" 'PONG 6864,00ff'
	same "$(sed -n 4p expect.out)" 'PONG ,'
	sed -n 's/^PONG cal1 //p' expect.out | jq -e '.version and
	    (.methods | sort) == ["echo", "hang"] and .order == "key" and
	    .serializer == "json" and .max_body == 10485760 and
	    (.ext | type) == "array"'
}

@test "a REQ socket's empty frame: the call runs, PONG goes back" {
	serve s "$ANY" echo -- cat
	expect 0 raw "$URL" hex:,50494e47,, recv
	same "$out" 'FRAMES ,504f4e47,,'
}

@test "many Python callers at once" {
	serve s "$ANY" echo -- cat
	for n in 1 2 3 4 5; do
		launch "p$n" "$PYTHON" "$TESTS/interop/raw.py" "$URL" \
		    ping recv "call:echo:$n" "call:echo:$n" "call:echo:$n" recv:3
	done
	for n in 1 2 3 4 5; do
		finish "p$n"
		same "$STATUS $(grep -c "body=bin:$n" "p$n.out")" "0 3"
	done
}

@test "cal-serve --connect at a Python caller that listens" {
	launch p "$PYTHON" "$TESTS/interop/peer.py" call --bind "$ANY" echo 5
	wait_for 10 has_line p.out
	launch w "$CAL_BIN/cal-serve" --connect "$(head -n 1 p.out)" \
	    echo -- cat
	finish p
	same "$STATUS" 0
	like "$(sed -n 2p p.out)" 'FRAMES 50494e47,63616c31,'
	like "$(sed -n 3p p.out)" 'RESULT *body=bin:5'
}

@test "cal-call --bind with a Python worker that dials out" {
	launch p "$PYTHON" "$TESTS/interop/peer.py" serve --connect \
	    "ipc://$T/c"
	expect 0 call --bind "ipc://$T/c" echo '[7]'
	same "$out" '[7]'
}

@test "a server that says it is ours: its refusals have their own status" {
	serve_peer p --hello "$ANY"
	expect 75 call "$URL" refuse '"Busy"'
	expect 65 call "$URL" refuse '"TooLarge"'
	expect 77 call "$URL" refuse '"Forbidden"'
	expect 3 call "$URL" refuse '"CannotRun"'
	serve_peer q "$ANY"
	for name in Busy TooLarge Forbidden; do
		expect 3 call "$URL" refuse "\"$name\""
	done
}
