#!/usr/bin/env bats
# --coprocess: restarts, queues, callers that do not listen; what stays flat.

load lib

WORKER="exec '$PYTHON' '$TESTS/interop/worker.py'"

steps() {
	jq -cn '{do: $ARGS.positional}' --args "$@"
}

# kill_workers NAME: all at once.
kill_workers() {
	local pid
	for pid in $(children "${pids[$1]}"); do
		kill -KILL "$pid" || :
	done
}

is_busy() {
	call "$URL" f 1 >busy.out 2>busy.err
	[[ $? == 75 && $(<busy.err) == *Busy* ]]
}

@test "a command that dies at once: started again, ever later; then Busy" {
	local start
	start=$(milliseconds)
	serve s --coprocess lines -j 1 "$ANY" -m 'f=echo >>starts
	    [ -e ok ] && exec cat; echo no luck >&2; exit 3' -m e='exec cat'
	# 0.1, 0.2, 0.4 and 0.8 s lie between five starts.
	wait_for 10 has_line starts 5
	between 1400 "$(($(milliseconds) - start))" 4000
	wait_for 10 is_busy
	contains busy.err 'exit status 3'
	contains s.err "a worker of 'f' ended: exit status 3"
	contains s.err 'no luck'
	(($(count_lines starts) <= 7))
	# Others are not affected.
	expect 0 call "$URL" e 1
	touch ok
	wait_for 30 call -q "$URL" f 1
	(($(count_lines starts) <= 9))
	# Now that it was of use, its next end costs little.
	start=$(milliseconds)
	kill -KILL "$(newest_worker)"
	expect 0 call "$URL" f 2
	between 0 "$(($(milliseconds) - start))" 1500
}

newest_worker() {
	children "${pids[s]}" | tr ' ' '\n' | sort -n | tail -n 1
}

@test "while the next start is near, requests wait for it" {
	serve s --coprocess lines -j 1 "$ANY" \
	    -m 'f=[ -e second ] && exec cat; >second; exit 1'
	seq 20 | expect 0 call -l -j 20 "$URL" f
	same "$out" "$(seq 20)"
	same "$(counter s worker_deaths)" 1
}

@test "a flood on stderr or stdout: other methods are served" {
	serve s --coprocess lines -j 1 "$ANY" -m 'err=yes >&2 & exec cat' \
	    -m 'out=exec yes' -m 'f=exec cat'
	seq 2000 | spent expect 0 call -l -j 20 "$URL" f
	same "$out" "$(seq 2000)"
	between 0 "$MS" 3000
	expect 0 call "$URL" err 1
	(($(rss "${pids[s]}") < 30000)) || asan
	(($(count_lines s.err) < 1000))
}

@test "a command that goes away: Busy until it is there again" {
	[[ -z ${CAL_WRAP-} ]] ||
		skip "valgrind makes a fork of vfork: a failed exec is not told"
	printf '#!/bin/sh\nexec cat\n' >cmd
	chmod 755 cmd
	serve s --coprocess lines -j 2 "$ANY" f -- ./cmd
	expect 0 call "$URL" f 1
	mv cmd away
	kill_workers s
	wait_for 10 is_busy
	mv away cmd
	wait_for 30 call -q "$URL" f 1
	expect 0 call "$URL" f 2
}

@test "a method that --dir lost while its workers die: what waited is Busy" {
	mkdir d
	printf '#!/bin/sh\necho >>starts\nexit 3\n' >d/f
	printf '#!/bin/sh\nexec cat\n' >d/g
	chmod 755 d/f d/g
	serve s --coprocess lines -j 1 --dir d "$ANY"
	# The fifth start is 0.8 s away, and the sixth too far.
	wait_for 5 has_line starts 4
	wait_for 5 counter_reaches s worker_deaths 4
	call_later c "$URL" f 1
	wait_for 5 counter_reaches s running 1
	rm d/f
	kill -HUP "${pids[s]}"
	finish c
	same "$STATUS" 75
	expect 0 call "$URL" g 1
	expect 3 call "$URL" f 1
}

@test "more workers than descriptors: as many as fit, or 71" {
	[[ -z ${CAL_WRAP-} ]] || skip "valgrind keeps descriptors for itself"
	local n
	for n in 64 65 66; do
		rm -f s.out
		launch s prlimit --nofile=$n:$n "$CAL_BIN/cal-serve" -1 \
		    --coprocess lines -j 50 "$ANY" f -- cat
		wait_for 10 ready s
		if gone "${pids[s]}"; then
			finish s
			like "$STATUS" '@(64|71)'
		else
			expect 0 call -W 20 --connect-timeout 10 "$(<s.out)" f 1
			stop s
		fi
	done
}

@test "no process to be had just now: the worker is started later" {
	need_ptrace
	serve s --coprocess lines -j 1 "$ANY" f -- cat
	expect 0 call "$URL" f 1
	local before
	before=$(fds "${pids[s]}")
	launch t strace -f -o trace -p "${pids[s]}" \
	    -e trace=clone,clone3,vfork,fork \
	    -e inject=clone,clone3,vfork,fork:error=EAGAIN
	wait_for 5 contains t.err attached
	kill_workers s
	wait_for 10 is_busy
	stop t INT
	wait_for 30 call -q "$URL" f 1
	assert_fds "${pids[s]}" "$before"
}

@test "kill -9 of the server when a worker was asked: 124, never twice" {
	need_faults
	local kind
	for kind in lines jsonrpc; do
		rm -f log s.out
		CAL_CRASH=worker-asked:1 serve s --coprocess "$kind" -j 1 \
		    "ipc://$T/s" -m "f=$WORKER --log log $kind"
		expect 124 call -W 20 "$URL" f 1
		finish s
		wait_for 5 no_leftovers
		rm s.out
		serve s --coprocess "$kind" -j 1 "ipc://$T/s" \
		    -m "f=$WORKER --log log $kind"
		expect 0 call "$URL" f 2
		(($(grep -c read log) <= 2))
		stop s
	done
}

no_leftovers() {
	[[ -z $(leftovers) ]]
}

# option: cal-serve --count --coprocess
@test "-c N: so many are asked, then all workers end" {
	serve s --coprocess lines -c 3 -j 1 --depth 5 "$ANY" \
	    -m "f=$WORKER --log log lines"
	seq 5 >c.in
	call_later c -E -l -j 5 "$URL" f
	finish s
	same "$STATUS" 0
	finish c
	same "$STATUS $(grep -c Busy c.err)" "75 2"
	same "$(grep -c read log) $(tail -n 1 log)" "3 end"
}

@test "workers start with fresh signals, our limits and three descriptors" {
	[[ -z ${CAL_WRAP-} ]] || skip "valgrind opens descriptors of its own"
	ulimit -Sn 256
	WRAP="env --ignore-signal=PIPE,CHLD,INT,TERM,HUP
	    --block-signal=TERM,CHLD,INT,USR1" serve s --text \
	    --coprocess lines -j 2 "$ANY" -m 'f=while read -r x; do
	    echo $(grep -E "^Sig(Blk|Ign)" /proc/$$/status) $(ulimit -n) \
	    $(ls /proc/$$/fd); done'
	expect 0 call --text "$URL" f x
	# 32 and 33 are the C library's own; 3 is the pipe from ls.
	like "$out" 'SigBlk: 0000000000000000 SigIgn: 0000000@(0|1)@(0|8)0000000*'
	like "$out" '* 256 0 1 2@(| 3)'
}

# Queues.

HOLD='while read -r n; do echo "$n" >>log; read x <gate; echo "$n"; done'

@test "--max-queue: what is too much is Busy, and no worker sees it" {
	make_gate
	serve s --coprocess lines -j 1 --max-queue 2 "$ANY" -m "f=$HOLD"
	seq 6 >c.in
	call_later c -E -l -j 6 "$URL" f
	wait_for 5 has_line log
	wait_for 5 counter_reaches s busy 3
	release 6
	finish c
	same "$STATUS $(count_lines c.out) $(grep -c Busy c.err)" "75 6 3"
	same "$(count_lines log)" 3
}

@test "one caller's thousand does not make another wait for them" {
	make_gate
	serve s --coprocess lines -j 1 "$ANY" -m "f=$HOLD"
	seq 1000 >c.in
	call_later c -l -j 1000 "$URL" f
	wait_for 5 has_line log
	wait_for 10 queued s 999
	call_later d "$URL" f 5000
	wait_for 5 queued s 1000
	release 3
	finish d
	same "$STATUS $(<d.out)" "0 5000"
	sed -n 1,3p log | grep -qx 5000
	release
	stop c INT
}

@test "a method whose workers are full holds up no other" {
	make_gate
	serve s --coprocess lines -j 1 "$ANY" -m "f=$HOLD" -m g='exec cat'
	seq 500 >c.in
	call_later c -l -j 500 "$URL" f
	wait_for 5 has_line log
	wait_for 10 queued s 499
	spent expect 0 call "$URL" g 1
	between 0 "$MS" 1000
	# Nor its own caller.
	raw_calls() {
		printf 'call:f:1::%s ' {1..100}
		echo call:g:7::999 recv
	}
	# shellcheck disable=SC2046
	expect 0 raw "$URL" $(raw_calls)
	like "$out" 'RESULT *seq=999 *body=bin:7'
	stop c INT
}

@test "a caller that does not read its answers: others are served" {
	serve s --coprocess lines -j 1 --depth 10 --max-queue 10000 "$ANY" \
	    -m f='exec cat' -m 'big=x=$(head -c 100000 /dev/zero | tr "\0" 1)
	    while read -r n; do echo "$x"; done'
	local calls
	calls=$(printf 'call:big:1::%s ' {1..3000})
	# One stands, the other is there and takes nothing.
	# shellcheck disable=SC2086
	launch r "$PYTHON" "$TESTS/interop/raw.py" "$URL" $calls mark:sent \
	    wait:never
	wait_for 20 test -e sent
	local pid=${pids[r]} n
	kill -STOP "$pid"
	# shellcheck disable=SC2086
	launch q "$PYTHON" "$TESTS/interop/raw.py" "$URL" $calls mark:more \
	    wait:never
	wait_for 20 test -e more
	for ((n = 0; n < 5; n++)); do
		seq 500 | expect 0 call -l -j 50 "$URL" f
		same "$out" "$(seq 500)"
	done
	wait_for 60 is_idle s
	spent expect 0 call "$URL" big 1
	between 0 "$MS" 1500
	# The rest was dropped, and counted; as what never ran, if the heartbeat
	# was faster than the worker.
	(($(counter s undeliverable) + $(counter s dropped) >= 1000))
	(($(rss "${pids[s]}") < 400000)) || asan
	kill -KILL "$pid" "${pids[q]}"
	finish r
	finish q
	expect 0 call "$URL" f 1
}

is_idle() {
	[[ $(counter "$1" running) == 0 && $(counter "$1" waiting) == 0 ]]
}

@test "a caller that sends more than the workers read: memory is bounded" {
	serve s --coprocess lines -j 1 --depth 1000 --max-queue 10000 \
	    --max-body 1M "$ANY" -m 'f=exec sleep 1000'
	printf '"%s"\n' "$(head -c 1000000 /dev/zero | tr '\0' x)" >line
	local n
	for ((n = 0; n < 200; n++)); do
		cat line
	done >c.in
	call_later c -E -l -j 200 -W 0 "$URL" f
	# 64 bodies wait, what came after them is refused.
	wait_for 60 counter_reaches s busy 120
	(($(rss "${pids[s]}") < 120000)) || asan
	expect 75 call -d @line "$URL" f
	stop c INT
	stop s INT
}

# Over thousands of calls.

@test "20,000 calls of each kind: descriptors and memory stay as they are" {
	local kind fds_before rss_before
	for kind in lines framed jsonrpc; do
		serve "$kind" --coprocess "$kind" -j 2 --depth 20 "$ANY" \
		    -m "f=$WORKER $kind"
		seq 10000 | call -l -j 200 "$URL" f >/dev/null
		fds_before=$(fds "${pids[$kind]}")
		rss_before=$(rss "${pids[$kind]}")
		seq 20000 >want
		call -l -j 200 "$URL" f <want >got
		cmp want got
		assert_fds "${pids[$kind]}" "$fds_before"
		asan || (($(rss "${pids[$kind]}") <= rss_before + 2048))
		same "$(counter "$kind" worker_deaths)" 0
		stop "$kind"
	done
}

@test "100 deaths leave no descriptor, no process, no memory behind" {
	serve s --coprocess lines -j 2 "$ANY" -m 'f=while read -r x; do
	    [ "$x" = 0 ] && kill -9 $$; echo "$x"; done'
	local fds_before rss_before n
	deaths() {
		for ((n = 0; n < $1; n++)); do
			call "$URL" f 0 2>/dev/null || :
			expect 0 call "$URL" f 1
			expect 0 call "$URL" f 2
		done
	}
	deaths 20
	wait_for 5 two_workers
	fds_before=$(fds "${pids[s]}")
	rss_before=$(rss "${pids[s]}")
	deaths 100
	same "$(counter s worker_deaths)" 120
	wait_for 5 two_workers
	assert_fds "${pids[s]}" "$fds_before"
	asan || (($(rss "${pids[s]}") <= rss_before + 1024))
}

two_workers() {
	[[ $(children "${pids[s]}" | wc -w) == 2 ]]
}
