#!/usr/bin/env bats
# Calls over Redis: what is answered, what is left, who gets which answer.

load lib
load redis

HANG='echo >>started; trap "echo >>stopped; exit 0" TERM; sleep 100 & wait'

# What is in Redis of the service svc.
left_keys() {
	rcli --raw keys 'svc*' | sort
}

rpeer() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/redis_peer.py" \
	    "$REDIS_SOCKET" "$@"
}

is_left() {
	[[ $(left_keys) == "$1" ]]
}

pending() {
	rcli xpending svc.bind cal | head -n 1
}

@test "an answer, a failure with its words, no such method, a bad body" {
	start_redis
	serve s "${REDIS}svc" echo -m 'fail=echo bad >&2; exit 3' -- cat
	same "$URL" "${REDIS}svc&group=cal"
	expect 0 call "${REDIS}svc" echo '{"a": 1}'
	same "$out" '{"a": 1}'
	expect 1 call "${REDIS}svc" fail 1
	like "$err" $'cal-call: HandlerExit: exit status 3\nbad'
	expect 3 call --exit-remote "${REDIS}svc" fail 1
	expect 3 call "${REDIS}svc" nope 1
	like "$err" '*MethodNotFound*'
	expect 65 call "${REDIS}svc" echo '{'
	head -c 3000000 /dev/zero | tr '\0' 7 >big
	expect 0 call "${REDIS}svc" echo -d @big
	same "$(wc -c <expect.out)" 3000001
}

@test "nothing is left but an empty stream, without consumers or leases" {
	start_redis
	serve s "${REDIS}svc" echo -- cat
	seq 1000 >in
	expect 0 call -l -j 50 "${REDIS}svc" echo <in
	cmp in expect.out
	same "$(left_keys)" svc.bind
	same "$(rcli xlen svc.bind)" 0
	same "$(pending)" 0
	stop s
	same "$STATUS" 0
	same "$(rcli xinfo consumers svc.bind cal)" ''
	same "$(left_keys)" svc.bind
}

@test "Ctrl-C: the command over there ends, 130" {
	start_redis
	serve s "${REDIS}svc" -m "hang=$HANG"
	call_later c "${REDIS}svc" hang -n
	wait_for 5 has_line started
	spent stop c INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	wait_for 3 has_line stopped
	assert_no_children "${pids[s]}"
	like "$(rcli ttl svc.cancel)" '3[56][0-9][0-9]'
}

@test "a CANCEL reaches the server that runs the request, and no other" {
	start_redis
	local i
	for i in 1 2 3; do
		serve "s$i" -j 1 "${REDIS}svc" -m "hang=echo $i >>ran; $HANG"
	done
	for i in 1 2 3; do
		call_later "c$i" "${REDIS}svc" hang -n
	done
	wait_for 5 has_line ran 3
	wait_for 5 has_line started 3
	same "$(sort ran | tr '\n' ' ')" '1 2 3 '
	stop c2 INT
	wait_for 3 has_line stopped
	# The one that is free again runs the next, which is stopped, too.
	expect 124 call -W "$(slow 0.5)" "${REDIS}svc" hang -n
	wait_for 3 has_line stopped 2
	running "${pids[c1]}"
	running "${pids[c3]}"
	stop c1 INT
	stop c3 INT
	wait_for 3 has_line stopped 4
}

@test "-W: 124, and the command over there is stopped" {
	start_redis
	serve s "${REDIS}svc" -m "hang=$HANG"
	spent expect 124 call -W "$(slow 0.5)" "${REDIS}svc" hang -n
	like "$err" '*may or may not have run*'
	not contains expect.err PONG
	wait_for 3 has_line stopped
}

@test "a request that waits for a server runs; what is too old does not" {
	start_redis
	call_later c "${REDIS}svc" f '"early"'
	wait_for 5 exists svc.bind
	rpeer add svc f '"stale"' --dl 1
	rpeer add svc f '"timeless"'
	serve s "${REDIS}svc" -m 'f=read -r x; echo "$x" >>ran; echo "$x"'
	finish c
	same "$STATUS:$(<c.out)" '0:"early"'
	wait_for 5 has_line ran 2
	same "$(sort ran | tr '\n' ' ')" '"early" "timeless" '
	same "$(counter s stale)" 1
	same "$(rcli xlen svc.bind)" 0
}

exists() {
	[[ $(rcli exists "$1") == 1 ]]
}

@test "a request that was cancelled before it was read never runs" {
	start_redis
	local cid=000102030405060708090a0b0c0d0e0f
	rpeer add svc f '"no"' --cid "$cid" --seq 7
	rpeer add svc f '"yes"' --cid "$cid" --seq 8
	rpeer add svc f --cid "$cid" --seq 7 --cancel
	serve s "${REDIS}svc" -m 'f=read -r x; echo "$x" >>ran'
	wait_for 5 has_line ran
	same "$(<ran)" '"yes"'
	same "$(counter s stale)" 1
}

@test "a request that waits behind others: its CANCEL is heard before it" {
	start_redis
	serve s -j 1 "${REDIS}svc" -m "hang=$HANG" -m 'f=echo >>ran'
	call_later a "${REDIS}svc" hang -n
	wait_for 5 has_line started
	call_later b "${REDIS}svc" f -n
	wait_for 5 entries 1
	stop b INT
	same "$STATUS" 130
	stop a INT
	wait_for 5 counter_reaches s stale 1
	[[ ! -e ran ]]
}

entries() {
	[[ $(rcli xlen svc.bind) == "$1" ]]
}

@test "8 callers, 3 servers, 20,000 calls: each answer is its call's" {
	start_redis
	local i
	for i in 1 2 3; do
		serve "s$i" --coprocess jsonrpc -j 1 --depth 50 "${REDIS}svc" \
		    echo -- "$PYTHON" "$TESTS/interop/worker.py" jsonrpc
	done
	for i in {1..8}; do
		seq "$((i * 10000))" "$((i * 10000 + 2499))" >"c$i.in"
		call_later "c$i" -l -j 50 "${REDIS}svc" echo
	done
	for i in {1..8}; do
		finish "c$i" 90
		same "$STATUS" 0
		cmp "c$i.in" "c$i.out"
	done
	for i in 1 2 3; do
		# Each has its share, if not the same.
		(($(counter "s$i" requests) >= 1000))
	done
	same "$(left_keys)" svc.bind
	same "$(rcli xlen svc.bind):$(pending)" 0:0
}

@test "F76: callers with the same numbers get no other's answer" {
	start_redis
	serve s "${REDIS}svc" echo -- cat
	# Answers to strangers, to every number there might be, stand in the
	# stream that belongs to nobody.
	local i
	for i in 1 2; do
		seq "$((i * 10000))" "$((i * 10000 + 999))" >"c$i.in"
		call_later "c$i" -l -j 20 "${REDIS}svc" echo
	done
	rpeer call svc echo '"mine"' >peer.out
	like "$(<peer.out)" 'RESULT *seq=0 *body=bin:"mine"'
	for i in 1 2; do
		finish "c$i" 30
		cmp "c$i.in" "c$i.out"
	done
}

@test "an answer with another's cid, or a number nobody asked, is nobody's" {
	start_redis
	call_later c "${REDIS}svc" f '"x"'
	wait_for 5 entries 1
	rpeer forge svc
	same "$(rcli keys 'svc.conn*' | wc -l)" 2
	rcli xadd svc.conn '*' hdr garbage msg garbage
	rcli xadd svc.conn '*' meta create-stream
	serve s "${REDIS}svc" -m 'f=cat'
	finish c
	same "$STATUS:$(<c.out)" '0:"x"'
}

@test "rto: no key but the caller's own; others are dropped and counted" {
	start_redis
	local cid=000102030405060708090a0b0c0d0e0f
	serve s "${REDIS}svc" -m 'f=read -r x; echo "$x" >>ran; echo "$x"'
	rpeer add svc f '"1"' --cid "$cid" --rto svc.conn
	rpeer add svc f '"2"' --cid "$cid" --rto victim
	rpeer add svc f '"3"' --cid "$cid" --rto "svc.conn.${cid}x"
	rpeer add svc f '"4"' --cid "$cid" --rto "svc.conn.${cid/0f/0e}"
	rpeer add svc f '"5"' --rto "svc.conn.$cid"
	rpeer add svc f '"6"' --cid "$cid" --rto "svc.conn.${cid^^}"
	rpeer add svc f '"good"' --cid "$cid" --rto "svc.conn.$cid"
	wait_for 5 has_line ran
	wait_for 5 exists "svc.conn.$cid"
	same "$(<ran)" '"good"'
	same "$(counter s malformed)" 6
	like "$(<s.err)" "*a stream that is not its caller's*"
	same "$(left_keys)" "$(printf '%s\n' svc.bind "svc.conn.$cid")"
	same "$(rcli xlen svc.bind):$(pending)" 0:0
	like "$(rcli ttl "svc.conn.$cid")" '3[56][0-9][0-9]'
}

@test "B39: entries that are no requests are skipped, and gone" {
	start_redis
	serve s "${REDIS}svc" echo -- cat
	rcli xadd svc.bind '*' meta create-stream
	rcli xadd svc.bind '*' msg only
	rcli xadd svc.bind '*' hdr only
	rcli xadd svc.bind '*' hdr '' msg ''
	rcli xadd svc.bind '*' foo bar
	head -c 2000000 /dev/zero | rcli -x xadd svc.bind '*' hdr x msg
	expect 0 call "${REDIS}svc" echo 1
	same "$(counter s malformed)" 5
	same "$(rcli xlen svc.bind):$(pending)" 0:0
}

# The library's own layout.

@test "a Python caller: an answer, a failure, a CANCEL" {
	start_redis
	serve s "${REDIS}svc" echo -m 'fail=echo tb >&2; exit 2' \
	    -m "hang=$HANG" -- cat
	expect 0 rpeer call svc echo '{"a": [1]}' --seq 3
	like "$out" 'RESULT meth=str:echo okey=bin: seq=3 *body=bin:{"a":%20\[1\]}'
	rcli del svc.conn
	expect 0 rpeer call svc fail 1
	like "$out" 'FAILURE *name=HandlerExit*traceback=tb*'
	rcli del svc.conn
	expect 0 rpeer call svc hang 1 --cancel-after 0.5
	like "$out" 'CANCELLED *'
	has_line stopped
	same "$(rcli xlen svc.bind)" 0
}

@test "a Python server: as far as it goes, which is one batch" {
	start_redis
	launch p "$PYTHON" "$TESTS/interop/redis_peer.py" "$REDIS_SOCKET" \
	    serve svc
	wait_for 20 has_line p.out
	expect 0 call "${REDIS}svc" echo '"hi"'
	same "$out" '"hi"'
	expect 124 call -W "$(slow 0.5)" "${REDIS}svc" echo '"deaf"'
}

@test "a Python server that is not deaf: what it answers" {
	start_redis
	launch p "$PYTHON" "$TESTS/interop/redis_peer.py" "$REDIS_SOCKET" \
	    serve svc --batches 0
	wait_for 20 has_line p.out
	seq 200 >in
	expect 0 call -l -j 10 "${REDIS}svc" echo <in
	cmp in expect.out
	expect 1 call "${REDIS}svc" fail 1
	like "$err" '*ValueError*'
	# It did not say that it is one of ours: its words mean nothing to us.
	expect 3 call "${REDIS}svc" refuse '"Busy"'
	expect 76 call "${REDIS}svc" intbody 1
}
