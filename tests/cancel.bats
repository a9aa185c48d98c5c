#!/usr/bin/env bats
# CANCEL, deadlines, Ctrl-C.

load lib

HANG='echo >>started; trap "echo >>stopped; exit 0" TERM; sleep 100 & wait'

@test "CANCEL of a running request: TERM to the group, CANCELLED" {
	serve s "$ANY" -m "hang=$HANG"
	expect 0 peer call --cancel-after 0.3 "$URL" hang
	like "$out" 'CANCELLED *why=str:caller*'
	has_line stopped
	assert_no_children "${pids[s]}"
}

@test "CANCEL of a queued request: it never runs" {
	serve s -j 1 "$ANY" -m "hang=$HANG" -m 'f=echo >>ran'
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	expect 0 raw "$URL" call:f::k:5 cancel:f:k:5 recv
	like "$out" 'CANCELLED *seq=5 *'
	stop c INT
	[[ ! -e ran ]]
}

@test "CANCEL of a finished, an unknown, another caller's request" {
	serve s "$ANY" echo -m "hang=$HANG" -- cat
	expect 0 raw "$URL" call:echo:1::7 recv cancel:echo::7 quiet:0.2 \
	    cancel:echo::8 cancel:nope::9 quiet:0.2 call:echo:2::9 recv
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	expect 0 raw "$URL" cancel:hang::0 cancel:hang::1 quiet:0.2
	[[ ! -e stopped ]]
	stop c INT
}

@test "a second CANCEL hurries nobody else, and is answered once" {
	serve s "$ANY" -m "hang=$HANG"
	expect 0 raw "$URL" call:hang::a:1 wait:started cancel:hang:a:1 \
	    cancel:hang:a:1 recv quiet:0.3
	same "$(grep -c CANCELLED expect.out)" 1
}

@test "the same triple twice: both run, both are answered" {
	serve s "$ANY" echo -- cat
	expect 0 raw "$URL" call:echo:1::3 call:echo:1::3 recv:2
	same "$(grep -c RESULT expect.out)" 2
}

@test "Ctrl-C: CANCEL, then 130, and the command over there is gone" {
	serve s "$ANY" -m "hang=$HANG"
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	spent stop c INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	wait_for 3 has_line stopped
	assert_no_children "${pids[s]}"
}

@test "TERM to cal-call: CANCEL, 143" {
	serve s "$ANY" -m "hang=$HANG"
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	stop c TERM
	same "$STATUS" 143
	wait_for 3 has_line stopped
}

@test "Ctrl-C does not wait for a server that does not answer" {
	serve_peer p "$ANY"
	call_later c "$URL" silent -n
	wait_for 5 contains p.log 'meth=str:silent'
	spent stop c INT
	same "$STATUS" 130
	between 0 "$MS" 1200
	wait_for 5 contains p.log CANCEL
	call_later c "$URL" silent -n
	wait_for 5 contains p.log 'FUNCTION meth=str:silent' 2
	kill -INT "${pids[c]}"
	kill -INT "${pids[c]}" 2>/dev/null || :
	finish c 2
	same "$STATUS" 130
}

@test "Ctrl-C with many in flight cancels them all" {
	serve s "$ANY" -m "hang=$HANG"
	seq 20 >c.in
	call_later c -l -j 20 "$URL" hang
	wait_for 10 has_line started 20
	stop c INT
	same "$STATUS" 130
	wait_for 5 has_line stopped 20
	assert_no_children "${pids[s]}"
}

@test "the deadline travels: dl cancels over there, and drops what is late" {
	serve s -j 1 "$ANY" -m "hang=$HANG" -m 'f=echo >>ran; echo 1'
	expect 0 peer call --dl 300 "$URL" hang
	like "$out" 'CANCELLED *why=str:deadline*'
	has_line stopped
	rm started
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	launch q "$PYTHON" "$TESTS/interop/peer.py" call --dl 200 "$URL" f
	finish q
	like "$(<q.out)" 'CANCELLED *why=str:deadline*'
	stop c INT
	[[ ! -e ran ]]
}

@test "max: an answer that the caller cannot take is TooLarge" {
	serve s "$ANY" echo -- cat
	expect 0 peer call --max 5 "$URL" echo '"123456789"'
	like "$out" 'ERROR *name=TooLarge *'
	expect 0 peer call --max 500 --cid 000102030405060708090a0b0c0d0e0f \
	    "$URL" echo '"123456789"'
	like "$out" 'RESULT *cid=bin:%00%01*'
}

@test "a caller that listens sends CANCEL to the worker that has the call" {
	make_gate
	mkfifo c.in
	exec 9<>c.in
	call_later c --bind -E -W 3 -l -j 4 "ipc://$T/c" hang
	for name in a b; do
		serve "$name" --connect "ipc://$T/c" -m "hang=echo >>$name.started
		    trap 'echo >>$name.stopped; exit' TERM; sleep 100 & wait"
	done
	seq 4 >&9
	wait_for 10 has_line a.started 2
	wait_for 10 has_line b.started 2
	stop c INT
	same "$STATUS" 130
	wait_for 5 has_line a.stopped 2
	wait_for 5 has_line b.stopped 2
	exec 9>&-
}

@test "after a timeout a deaf server is called deaf" {
	serve_peer p "$ANY"
	expect 124 call -W "$(slow 0.3)" "$URL" deaf -n
	like "$err" '*deaf*'
	serve_peer q "$ANY"
	expect 124 call -W "$(slow 0.3)" "$URL" silent -n
	not contains expect.err deaf
}

@test "a server that is gone after a timeout is not called deaf" {
	serve_peer p "$ANY"
	seq 2 >c.in
	call_later c -E -l -W "$(slow 1)" --connect-timeout 0.2 "$URL" silent
	wait_for 5 contains c.err 'line 1: no answer'
	stop p KILL
	finish c
	same "$STATUS" 124
	contains c.err 'line 2: the connection was lost'
	contains c.err 'after the time-out: no connection'
	not contains c.err deaf
}

@test "a late answer is never given to another call" {
	serve_peer p "$ANY"
	printf '"a"\n"b"\n' >c.in
	expect 124 call -E -W 1 -l "$URL" slow <<<'1.5
0.1'
	same "$(sed -n 1p expect.out)$(sed -n 2p expect.out)" 0.1
	expect 0 call "$URL" echo '"x"'
	same "$out" '"x"'
}
