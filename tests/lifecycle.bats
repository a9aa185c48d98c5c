#!/usr/bin/env bats
# Starts, stops, restarts; strange parents and surroundings; commands that
# misbehave.

load lib

@test "F05: SIGTERM with requests running: each gets its answer or CANCELLED" {
	make_gate
	serve s --grace 1 "$ANY" -m 'ok=echo >>started; read x <gate; echo 1' \
	    -m 'long=echo >>started; sleep 100'
	seq 3 >a.in
	call_later a -E -l -j 3 "$URL" ok
	seq 2 >b.in
	call_later b -E -l -j 2 "$URL" long
	wait_for 5 has_line started 5
	kill -TERM "${pids[s]}"
	release 3
	finish a
	same "$STATUS $(grep -c 1 a.out)" "0 3"
	finish b
	same "$STATUS $(grep -c cancelled b.err)" \
	    "4 2"
	finish s
	same "$STATUS" 75
}

@test "F06: a second signal during grace: at once, with CANCELLED" {
	serve s --grace 30 "$ANY" -m 'long=trap "" TERM; echo >>started
	    sleep 100; sleep 100'
	call_later c "$URL" long -n
	wait_for 5 has_line started
	kill -INT "${pids[s]}"
	wait_for 5 draining
	spent stop s INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	finish c
	like "$STATUS" '@(4|124)'
}

draining() {
	call -W 2 --connect-timeout 0.5 "$URL" long -n 2>drain.err
	[[ $? == 75 ]]
}

@test "F07: a request that waited for a server is not run after its time" {
	serve s "ipc://$T/s" f -- sh -c 'echo >>ran; echo 1'
	mkfifo c.in
	exec 9<>c.in
	call_later c -E -W 1 --connect-timeout 1 -l "ipc://$T/s" f
	echo 1 >&9
	wait_for 5 has_line c.out 1
	stop s
	echo 2 >&9
	wait_for 5 has_line c.out 2
	serve t "ipc://$T/s" f -- sh -c 'echo >>ran; echo 1'
	expect 0 call "$URL" f -n
	same "$(count_lines ran)" 2
	echo 3 >&9
	wait_for 10 has_line c.out 3
	same "$(sed -n 3p c.out)" 1
	exec 9>&-
	stop c INT
}

@test "F08: the address is taken: nothing half started" {
	serve s "$ANY" echo -- cat
	expect 71 cal_serve -1 "$URL" echo -- cat
	same "$out" ""
	expect 0 call "$URL" echo 1
}

@test "F09, F10: ipc paths: a live server, a file, a dead socket" {
	serve s "ipc://$T/s" echo -- cat
	expect 71 cal_serve "ipc://$T/s" echo -- cat ||
	    expect 78 cal_serve "ipc://$T/s" echo -- cat
	expect 0 call "$URL" echo 1
	kill -KILL "${pids[s]}"
	finish s
	# Both are left behind, and in nobody's way.
	[[ -S s && -f s.lock ]]
	serve t "ipc://$T/s" echo -- cat
	expect 0 call "$URL" echo 2
	stop t
	[[ ! -e s && ! -e s.lock ]]
}

@test "F21: kill -9 of the caller: its command ends, the answer is counted" {
	make_gate
	serve s "$ANY" -m 'hold=echo >>started; read x <gate; echo >>over'
	# The second one is dropped as soon as the server hears of the end.
	seq 2 >c.in
	call_later c -k K -l -j 2 "$URL" hold
	wait_for 5 has_line started
	wait_for 5 queued s 1
	kill -KILL "${pids[c]}"
	finish c
	wait_for 10 counter_reaches s dropped 1
	release
	wait_for 5 has_line over
	wait_for 5 counter_reaches s undeliverable 1
}

@test "F26: input is refused before it is sent" {
	serve s "$ANY" f -- sh -c 'echo >>ran'
	head -c 11000000 /dev/zero | tr '\0' 1 >big
	expect 65 call -d @big "$URL" f
	expect 65 call "$URL" f <big
	tr '\0' 1 </dev/zero | expect 65 call "$URL" f
	[[ ! -e ran ]]
}

@test "F27: the server dies midway: one outcome a line" {
	serve s "$ANY" f -- cat
	seq 10000 >c.in
	call_later c -E -l -j 500 --connect-timeout 0.2 "$URL" f
	wait_for 20 has_line c.out 200
	kill -KILL "${pids[s]}"
	finish c 60
	like "$STATUS" '@(69|124)'
	same "$(count_lines c.out)" 10000
	same "$(($(grep -c . c.out) + $(grep -c 'line [0-9]*:' c.err)))" 10000
	finish s
	for pid in $(leftovers); do
		kill -KILL "$pid" || :
	done
}

@test "F35: a command that goes away after the start" {
	[[ -z ${CAL_WRAP-} ]] ||
		skip "valgrind makes a fork of vfork: a failed exec is not told"
	printf '#!/bin/sh\necho 1\n' >cmd
	chmod 755 cmd
	serve s "$ANY" f -m echo=cat -- ./cmd
	expect 0 call "$URL" f -n
	rm cmd
	expect 3 call "$URL" f -n
	like "$err" '*CannotRun*'
	mkdir cmd
	expect 3 call "$URL" f -n
	like "$err" '*CannotRun*'
	rmdir cmd
	echo '#!/no/such/interpreter' >cmd
	chmod 755 cmd
	expect 3 call "$URL" f -n
	expect 0 call "$URL" echo 1
}

@test "F36, F37: every exit status and many signals" {
	serve s --text "$ANY" -m 'e=read -r n || :; exit "$n"' \
	    -m 'k=read -r n || :; kill -"$n" $$'
	local n
	for n in 1 2 3 65 125 126 127 255; do
		expect 1 call --text "$URL" e "$n"
		like "$err" "*exit status $n*"
	done
	for n in KILL TERM SEGV PIPE ABRT HUP; do
		expect 1 call --text "$URL" k "$n"
		like "$err" "*HandlerSignal*SIG$n*"
	done
}

@test "F38: a command that ignores TERM is killed, and its place is free" {
	serve s -j 1 --kill-after 0.3 "$ANY" -m 'deaf=trap "" TERM INT HUP
	    echo >>started; while :; do sleep 100; done' -m echo=cat
	call_later c -W 1 "$URL" deaf -n
	finish c
	same "$STATUS" 124
	expect 0 call -W 5 "$URL" echo 1
	assert_no_children "${pids[s]}"
}

@test "F39: a stopped command ends like any other" {
	serve s -W 0.4 --kill-after 0.3 "$ANY" -m 'stop=kill -STOP $$; echo 1'
	expect 1 call "$URL" stop -n
	like "$err" '*HandlerTimeout*'
	assert_no_children "${pids[s]}"
}

@test "F40: a daemon that keeps the pipe open keeps nobody waiting" {
	serve s "$ANY" -m 'd=sleep 3 & echo 1' \
	    -m 's=setsid sleep 3 & echo 2' \
	    -m 'h=setsid sleep 100 & echo >>started; sleep 100'
	spent expect 0 call "$URL" d -n
	same "$out" 1
	between 0 "$MS" 1500
	spent expect 0 call "$URL" s -n
	same "$out" 2
	between 0 "$MS" 1500
	call_later c "$URL" h -n
	wait_for 5 has_line started
	stop c INT
	wait_for 5 no_sleep 100
	stop s
	wait_for 5 no_sleep 3
}

no_sleep() {
	local pid
	for pid in $(leftovers); do
		[[ $(describe "$pid") == "$pid sleep $1 " ]] && return 1
	done
	return 0
}

@test "F41: stdout closed early: the exit counts" {
	serve s "$ANY" -m 'c=echo 5; exec >&-; sleep 0.2; echo >>ended' \
	    -m 'f=echo 5; exec >&- 2>&-; exit 4'
	expect 0 call "$URL" c -n
	same "$out" 5
	has_line ended
	expect 1 call "$URL" f -n
}

@test "F46: output that is no JSON is BadOutput, never a RESULT" {
	serve s "$ANY" -m 'a=echo nope' -m 'b=echo 1 2' -m 'c=printf "\\377"' \
	    -m 'd=echo NaN' -m 'e=true' -m 'f=printf "\\n 1 \\n"'
	local name
	for name in a b c d; do
		expect 1 call "$URL" "$name" -n
		like "$err" '*BadOutput*'
	done
	expect 0 call "$URL" e -n
	same "$out" null
	expect 0 peer call "$URL" f
	like "$out" 'RESULT *body=bin:1'
}

@test "F47: no process to be had: Busy, and the server lives on" {
	[[ $(id -u) == 0 ]] || skip "needs root to become somebody else"
	local dir
	dir=$(mktemp -d /tmp/cal-XXXXXX)
	chmod 777 "$dir"
	WRAP='prlimit --nproc=12 setpriv --reuid 4242 --regid 4242
	    --clear-groups' serve s "ipc://$dir/s" echo \
	    -m 'bomb=f() { f | f & }; f; sleep 0.2; exit 3' -- cat
	local n
	for n in 1 2 3; do
		call -W 5 "$URL" bomb -n 2>/dev/null || :
	done
	wait_for 20 call -q -W 5 "$URL" echo 1
	running "${pids[s]}"
	stop s
	rm -r "$dir"
	local pid
	for pid in $(leftovers); do
		kill -KILL "$pid" || :
	done
}

@test "F48: limits of the machine are told as what they are" {
	serve s "$ANY" -m 'x=ulimit -f 1; exec head -c 100000 /dev/zero >big' \
	    -m 'c=ulimit -t 1; while :; do :; done'
	expect 1 call "$URL" x -n
	like "$err" '*SIGXFSZ*'
	expect 1 call "$URL" c -n
	like "$err" '*SIG@(XCPU|KILL)*'
}

@test "F56: stderr on a full disk" {
	# shellcheck disable=SC2086
	$CAL_WRAP "$CAL_BIN/cal-serve" -vv "ipc://$T/s" echo -- cat \
	    2>/dev/full 3>&- &
	pids[s]=$!
	expect 0 call "ipc://$T/s" echo 1
	seq 100 | expect 0 call -l -j 10 "ipc://$T/s" echo
	expect 0 call "ipc://$T/s" echo 2
	stop s
	same "$STATUS" 0
}

@test "F57: stderr is a pipe that nobody reads" {
	mkfifo words
	exec 9<>words
	# shellcheck disable=SC2086
	$CAL_WRAP "$CAL_BIN/cal-serve" -vv "ipc://$T/s" echo \
	    -m 'x=seq 10000 >&2; exit 1' -- cat 2>words 3>&- 9>&- &
	pids[s]=$!
	expect 0 call "ipc://$T/s" echo 1
	seq 2000 | expect 0 call -l -j 10 "ipc://$T/s" echo
	expect 1 call "ipc://$T/s" x -n
	expect 0 call "ipc://$T/s" echo 2
	stop s
	same "$STATUS" 0
	exec 9>&-
}

@test "F58: idle connections use up the descriptors, and are let go" {
	ulimit -Sn 1024
	WRAP="${CAL_WRAP:+$CAL_WRAP }" # prlimit comes first
	WRAP="prlimit --nofile=64:64 $WRAP" serve s "$ANY" echo -- cat
	local port=${URL##*:} n
	for ((n = 20; n < 100; n++)); do
		eval "exec $n<>/dev/tcp/127.0.0.1/$port" || :
	done 2>/dev/null
	wait_for 30 call -q -W 3 --connect-timeout 3 "$URL" echo 1
	for ((n = 20; n < 100; n++)); do
		eval "exec $n>&-"
	done
	expect 0 call "$URL" echo 2
}

@test "F61: the working folder is gone" {
	mkdir gone
	cd gone
	serve s "ipc://$T/s" echo -- cat
	rmdir "$T/gone"
	expect 0 call "$URL" echo 1
	cd "$T"
}

@test "F62: started with 0, 1 and 2 closed" {
	[[ -z ${CAL_WRAP-} ]] || skip "valgrind opens descriptors of its own"
	# shellcheck disable=SC2086
	$CAL_WRAP "$CAL_BIN/cal-serve" "ipc://$T/s" -m echo=cat \
	    -m 'f=echo x >&2; exit 1' <&- >&- 2>&- 3>&- &
	pids[s]=$!
	expect 0 call "ipc://$T/s" echo 1
	expect 1 call "ipc://$T/s" f 1
	like "$err" '*x*'
	local n
	for n in 0 1 2; do
		same "$(readlink "/proc/${pids[s]}/fd/$n")" /dev/null
	done
	call "ipc://$T/s" echo 1 <&- >&- 2>&- || like "$?" '@(0|74)'
	expect 0 call "ipc://$T/s" echo 1 <&-
}

@test "F63: a parent that ignores or blocks signals" {
	WRAP="env --ignore-signal=PIPE,CHLD,INT,TERM,HUP
	    --block-signal=TERM,CHLD,INT,USR1 $CAL_WRAP" serve s "$ANY" echo \
	    -m 'hang=echo >>started; exec sleep 100' \
	    -m 'sig=grep -E "^Sig(Blk|Ign)" /proc/self/status >&2; exit 1' \
	    -- cat
	expect 0 call "$URL" echo 1
	expect 1 call "$URL" sig -n
	# 32 and 33 are the C library's own, which posix_spawn ignores.
	like "$err" '*SigBlk:*0000000000000000*SigIgn:*000000@(0|1)@(0|8)0000000*'
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	spent stop c INT
	same "$STATUS" 130
	assert_no_children "${pids[s]}" 3
	stop s TERM
	same "$STATUS" 0
}

@test "commands get the limits that we were started with" {
	[[ -z ${CAL_WRAP-} ]] || skip "valgrind keeps descriptors for itself"
	ulimit -Sn 256
	serve s "$ANY" n -- sh -c 'ulimit -Sn'
	expect 0 call "$URL" n -n
	same "$out" 256
	serve t "$ANY" fds -- sh -c 'ls /proc/self/fd | wc -l'
	expect 0 call "$URL" fds -n
	same "$out" 4
}

@test "F33: the wall clock jumps" {
	command -v faketime || skip "no faketime"
	asan && skip "faketime and the address sanitizer do not mix"
	[[ -z $CAL_WRAP ]] || skip "not under $CAL_WRAP"
	local lib
	for lib in /usr/lib/*/faketime/libfaketime.so.1; do :; done
	echo '+0' >when
	export FAKETIME_TIMESTAMP_FILE=$T/when FAKETIME_NO_CACHE=1
	export FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1
	make_gate
	LD_PRELOAD=$lib serve s "$ANY" echo \
	    -m 'hold=echo >>started; read x <gate; echo 1' -- cat
	LD_PRELOAD=$lib call_later c -W 20 "$URL" hold -n
	wait_for 5 has_line started
	echo '+3600' >when
	expect 0 call "$URL" echo 1
	echo '-3600' >when
	expect 0 call "$URL" echo 1
	running "${pids[c]}"
	release
	finish c
	same "$STATUS $(<c.out)" "0 1"
}

@test "F34: stopped for a while, then on: no burst, nobody is lost" {
	make_gate
	serve s "$ANY" echo -m 'hold=echo >>started; read x <gate; echo 1' -- cat
	call_later c -W 30 "$URL" hold -n
	wait_for 5 has_line started
	kill -STOP "${pids[s]}"
	call_later d -W 30 "$URL" echo 5
	read -rt 2 <>tick || :
	kill -CONT "${pids[s]}"
	finish d
	same "$STATUS $(<d.out)" "0 5"
	kill -STOP "${pids[c]}"
	read -rt 1 <>tick || :
	release
	kill -CONT "${pids[c]}"
	finish c
	same "$STATUS $(<c.out)" "0 1"
}

@test "-c N, then SIGTERM: the grace applies" {
	serve s -c 1 --grace 0.3 --kill-after 0.3 "$ANY" \
	    -m 'hang=echo >>started; exec sleep 100'
	call_later c "$URL" hang -n
	wait_for 5 has_line started
	spent stop s TERM
	same "$STATUS" 75
	between 300 "$MS" 3000
	finish c
}

@test "ipc: a caller that listens leaves no socket and no lock" {
	call_later c --bind "ipc://$T/b" echo 1
	wait_for 5 test -S b
	launch s "$CAL_BIN/cal-serve" --connect "ipc://$T/b" echo -- cat
	finish c
	same "$STATUS" 0
	same "$(<c.out)" 1
	stop s
	same "$(compgen -G 'b*')" ''
}

@test "ipc: a server that is refused leaves what was there, and no lock" {
	echo hi >y
	expect 78 cal_serve "ipc://$T/y" echo -- cat
	same "$(compgen -G 'y*')" y
	same "$(<y)" hi
}
