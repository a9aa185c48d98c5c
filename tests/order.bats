#!/usr/bin/env bats
# When a request may start, and when its answer may leave.

load lib

# Commands that tell when they start and end, and stand at the gate.
HOLD='read -r n; echo "start $n" >>log; read x <gate
    echo "end $n" >>log; echo "$n"'

# option: cal-serve --order
@test "key (default): one queue a key, everything else together" {
	make_gate
	serve s "$ANY" -m "a=$HOLD" -m "b=$HOLD"
	call_later c1 -k K "$URL" a 1
	wait_for 5 has_line log
	call_later c2 -k K "$URL" b 2
	call_later c3 -k other "$URL" a 3
	call_later c4 "$URL" a 4
	call_later c5 "$URL" a 5
	wait_for 5 has_line log 4
	expect 0 call --ping "$URL"
	not contains log "start 2"
	release 4
	wait_for 5 contains log "start 2"
	release
	for name in c1 c2 c3 c4 c5; do
		finish "$name"
		same "$STATUS" 0
	done
	# 2 began after 1 ended.
	same "$(grep -E ' [12]$' log)" $'start 1\nend 1\nstart 2\nend 2'
}

@test "str and bin of the same bytes are one key; no key is none" {
	make_gate
	serve s "$ANY" -m "a=$HOLD"
	launch p1 "$PYTHON" "$TESTS/interop/peer.py" call --key K "$URL" a 1
	wait_for 10 has_line log
	launch p2 "$PYTHON" "$TESTS/interop/peer.py" call --key-hex 4b \
	    "$URL" a 2
	launch p3 "$PYTHON" "$TESTS/interop/peer.py" call --key '' "$URL" a 3
	launch p4 "$PYTHON" "$TESTS/interop/peer.py" call "$URL" a 4
	wait_for 10 has_line log 3
	not contains log "start 2"
	release 3
	wait_for 5 contains log "start 2"
	release
	for name in p1 p2 p3 p4; do
		finish "$name"
		like "$(<"$name.out")" "RESULT *"
	done
	like "$(<p1.out)" '*okey=str:K *'
	like "$(<p2.out)" '*okey=bin:K *'
	like "$(<p3.out)" '*okey=str: *'
	like "$(<p4.out)" '*okey=bin: *'
}

@test "exit: no constraint" {
	make_gate
	serve s --order exit "$ANY" -m "a=$HOLD"
	seq 3 >c.in
	call_later c -k K -l -j 3 "$URL" a
	wait_for 5 has_line log 3
	release 3
	finish c
	same "$STATUS" 0
}

@test "reply: all run, answers of a key leave in order" {
	serve s --order reply "$ANY" -m 'a=read -r n; echo "$n" >>log
	    [ "$n" = 1 ] && until [ -e go ]; do sleep 0.02; done
	    [ "$n" = 2 ] && exit 1; echo "$n"'
	seq 4 >c.in
	call_later c -E -k K -l -j 4 --unordered "$URL" a
	wait_for 5 has_line log 4
	expect 0 call "$URL" a 5
	same "$(grep -c . c.out)" 0
	touch go
	finish c
	same "$(grep . c.out)" $'1\n3\n4'
}

# True when only the first request still runs and others wait to be started.
only_first_runs() {
	(($(counter s running) == 1 && $(counter s waiting) > 0))
}

# Answers are 60 kB each; as many are held back as are 4 MiB, and what runs.
@test "reply: answers that are held back are bounded by their bytes" {
	local before
	serve s --order reply --max-body 64k "$ANY" -m 'a=read -r n
	    if [ "$n" = 1 ]; then until [ -e go ]; do sleep 0.02; done; fi
	    printf "\"%60000d\"" "$n"'
	before=$(rss "${pids[s]}")
	seq 400 >c.in
	call_later c -k K -l -j 400 "$URL" a
	wait_for "$(slow 20)" only_first_runs
	asan || (($(rss "${pids[s]}") < before + 20480))
	touch go
	finish c
	same "$STATUS" 0
	same "$(tr -d ' "' <c.out)" "$(seq 400)"
}

@test "a failed, timed-out or cancelled head frees its key" {
	serve s -W 0.3 "$ANY" -m 'a=read -r n; echo "$n" >>log
	    case $n in 1) sleep 100;; 2) exit 1;; 3) kill -9 $$;; esac; echo 4'
	seq 4 >c.in
	call_later c -E -k K -l -j 4 "$URL" a
	finish c
	same "$(tail -n 1 c.out)" 4
	same "$(<log)" $'1\n2\n3\n4'
}

@test "a hanging key: others run on, a waiter can be cancelled" {
	serve s "$ANY" echo -m 'hang=echo >>started; sleep 100' -- cat
	call_later h -k K "$URL" hang -n
	wait_for 5 has_line started
	call_later w -k K "$URL" hang -n
	expect 0 call -k other "$URL" echo 1
	expect 124 call -W "$(slow 0.3)" -k K "$URL" echo 2
	stop w INT
	same "$STATUS" 130
	stop h INT
	same "$STATUS" 130
	expect 0 call -k K "$URL" echo 3
	same "$(count_lines started)" 1
}

@test "turns go round the callers" {
	make_gate
	serve s -j 1 "$ANY" -m "a=$HOLD"
	seq 100 >c.in
	call_later c -l -j 100 "$URL" a
	wait_for 5 has_line log
	wait_for 5 queued s 99
	call_later d "$URL" a 500
	wait_for 5 queued s 100
	release 4
	wait_for 5 contains log "end 500"
	stop c INT
	stop d INT
}

@test "a caller that is gone: its queue is dropped, what runs finishes" {
	make_gate
	serve s -j 1 "$ANY" -m "a=$HOLD"
	seq 10 >c.in
	call_later c -l -j 10 "$URL" a
	wait_for 5 has_line log
	wait_for 5 queued s 9
	kill -KILL "${pids[c]}"
	finish c
	wait_for 30 counter_reaches s dropped 9
	release
	wait_for 5 contains log "end 1"
	wait_for 5 counter_reaches s undeliverable 1
	release
	expect 0 call "$URL" a 77
	same "$(grep -c start log)" 2
}
