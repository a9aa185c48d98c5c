#!/usr/bin/env bats
# What a crash, a stall, a silent machine leave behind.  The builds with
# FAULTS=1 crash and stall at named points.

load lib

# A command that writes down what it executed, in one write.
LEDGER='read -r id; echo "$id" >>ledger; echo "$id"'

count_id() {
	[[ -e ledger ]] || : >ledger
	grep -cx "$1" ledger || :
}

# Commands that outlived a server killed by -9 are this test's to end.
sweep() {
	local pid
	for pid in $(leftovers); do
		running "$pid" && kill -KILL "$pid" 2>/dev/null
	done
	return 0
}

# crash_at POINT TIMES: a server that dies there, under one call.
crash_at() {
	local point=$1 id="\"$1-$2\""
	rm -f ledger
	CAL_CRASH=$point:$2 serve s "ipc://$T/s" f -- sh -c "$LEDGER"
	call_later c -W 20 "$URL" f "$id"
	wait_for 10 gone "${pids[s]}"
	spent finish c 5
	echo "$point:$2: status $STATUS after $MS ms, ran $(count_id "$id")"
	like "$STATUS" '@(124|69)' || [[ $point:$STATUS == sent:0 ]]
	between 0 "$MS" 1000
	like "$(<c.err)" '*cal-call: *' || [[ $STATUS == 0 ]]
	finish s
	wait_for 5 no_commands
	# Nothing of it runs again at the next server.
	serve s "ipc://$T/s" f -- sh -c "$LEDGER"
	expect 0 call "$URL" f '"next"'
	stop s
	local ran
	ran=$(count_id "$id")
	((ran <= 1))
	[[ $STATUS != 69 || $ran == 0 ]]
}

no_commands() {
	[[ -z $(leftovers) ]]
}

@test "every row of faults.md names tests that exist, and none is missing" {
	local row what words entry file
	for row in 0{1..9} {10..87}; do
		grep -q "^| F$row |" "$TESTS/faults.md" || {
			echo "no row F$row"
			return 1
		}
	done
	grep '^| F' "$TESTS/faults.md" | while IFS='|' read -r _ row what words _
	do
		while [[ -n ${words// /} ]]; do
			entry=${words%%;*}
			[[ $words == *\;* ]] && words=${words#*;} || words=
			file=${entry%%:*}
			file=${file// /}
			entry=${entry#*: }
			entry=${entry% }
			grep '^@test' "$TESTS/$file" | grep -qF -- "$entry" || {
				echo "$row: no test '$entry' in $file"
				return 1
			}
		done
	done
}

@test "F01: kill -9 of the server at every stage: 124 or 69, never twice" {
	need_faults
	local point
	for point in recv:1 decoded:1 queued:1 spawned:1 \
	    body-written:1 first-output:1 exited:1 encoded:1 sent:1; do
		crash_at "${point%:*}" "${point#*:}"
	done
}

@test "F01: with --retry, what may have run is not sent again" {
	need_faults
	local point
	for point in decoded queued spawned exited encoded; do
		rm -f ledger
		CAL_CRASH=$point:1 serve s "ipc://$T/s" f -- sh -c "$LEDGER"
		call_later c -W 20 --retry 5 --retry-delay 0.1 "$URL" f '"r"'
		wait_for 10 gone "${pids[s]}"
		finish s
		serve s "ipc://$T/s" f -- sh -c "$LEDGER"
		finish c
		like "$STATUS" '@(124|69|0)'
		stop s
		(($(count_id '"r"') <= 1))
	done
}

@test "kill -9 of the caller at every stage leaves the server whole" {
	need_faults
	serve s "$ANY" f -- sh -c "$LEDGER"
	expect 0 call "$URL" f '"0"'
	assert_no_children "${pids[s]}"
	local point before
	before=$(fds "${pids[s]}")
	for point in connected sent reply-recv stdout-written; do
		CAL_CRASH=$point:1 expect 137 call "$URL" f "\"$point\""
		expect 0 call "$URL" f '"next"'
		(($(count_id "\"$point\"") <= 1))
	done
	CAL_CRASH=cancel-sent:1 expect 137 call -W "$(slow 0.2)" "$URL" f <<<'"x"' ||
	    [[ $(<expect.out) == '"x"' ]]
	expect 0 call "$URL" f '"last"'
	assert_no_children "${pids[s]}"
	assert_fds "${pids[s]}" "$before"
}

@test "F22, F23: an answer after the deadline is dropped and said to be late" {
	need_faults
	CAL_STALL=encoded:$((700 * SLOW)) serve s "$ANY" f -- sh -c "$LEDGER"
	expect 124 call -W "$(slow 0.3)" "$URL" f '"slow"'
	mkfifo c.in
	exec 9<>c.in
	call_later c -E -W "$(slow 0.5)" -l "$URL" f
	printf '"a"\n"b"\n"c"\n' >&9
	wait_for 20 has_line c.out 3
	exec 9>&-
	stop c INT
	# Late or lost, but never under another line.
	local n
	for n in 1:a 2:b 3:c; do
		like "$(sed -n "${n%:*}p" c.out)" "@(|\"${n#*:}\")"
	done
}

@test "stall points stop only the process that has them" {
	need_faults
	CAL_STALL=decoded:300 serve s "$ANY" f -- cat
	spent expect 0 call -W 10 "$URL" f 1
	((MS >= 300))
	CAL_STALL=connected:300 spent expect 0 call -W 10 "$URL" f 1
	((MS >= 600))
}

@test "crash and stall points are in no other build" {
	need_faults
	[[ $CAL_BIN != "$CAL_FAULTS_BIN" ]] || skip "this is a FAULTS build"
	local name
	for name in cal-serve cal-call; do
		grep -qa CAL_CRASH "$CAL_FAULTS_BIN/$name"
		not grep -qa -e CAL_CRASH -e CAL_STALL "$CAL_BIN/$name"
	done
}

@test "F13, F14: nobody there, no such host: at once, and it ends" {
	spent expect 69 call --connect-timeout 0.5 tcp://127.0.0.1:1 m 1
	between 450 "$MS" 2500
	like "$err" 'cal-call: *'
	spent expect 68 call tcp://x.invalid:1 m 1
	between 0 "$MS" 4000
}

@test "F19, F20: Ctrl-C once, and twice" {
	serve s --kill-after 30 "$ANY" f -- \
	    sh -c 'trap "" TERM INT; echo >>started; sleep 100; sleep 100'
	call_later c "$URL" f -n
	wait_for 5 has_line started
	spent stop c INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	call_later d "$URL" f -n
	wait_for 5 has_line started 2
	kill -INT "${pids[d]}"
	kill -INT "${pids[d]}" 2>/dev/null || :
	spent finish d
	same "$STATUS" 130
	between 0 "$MS" 1000
	kill -KILL "${pids[s]}"
	finish s
	sweep
}

@test "F24, F25: the reader is gone; the disk is full" {
	serve s "$ANY" echo -m 'f=echo >>started; exec sleep 100' -- cat
	mkfifo out
	"$CAL_BIN/cal-call" "$URL" f -n >out 2>c.err 3>&- &
	pids[c]=$!
	exec 9<out
	wait_for 5 has_line started
	exec 9<&-
	finish c
	same "$STATUS" 141
	assert_no_children "${pids[s]}"
	expect 74 sh -c "'$CAL_BIN/cal-call' '$URL' echo 1 >/dev/full"
	expect 0 sh -c "'$CAL_BIN/cal-call' '$URL' echo 1 >/dev/null"
}

@test "F31: another request's answer, twice, unknown: see call.bats" {
	serve_peer p "$ANY"
	expect 0 call "$URL" other -n
	expect 0 call "$URL" twice -n
	expect 124 call -W "$(slow 0.5)" "$URL" type9 -n ||
	    expect 76 call -W "$(slow 0.5)" "$URL" type9 -n
}

@test "F32: numbers wrap at 2^32" {
	serve s "$ANY" f -- sh -c 'echo "$CAL_SEQ"'
	local n words=()
	for n in 4294967293 4294967294 4294967295 0 1 2; do
		words+=("call:f:1:k:$n")
	done
	expect 0 raw "$URL" "${words[@]}" recv:6
	same "$(grep -o 'seq=[0-9]*' expect.out | tr '\n' ' ')" \
	    'seq=4294967293 seq=4294967294 seq=4294967295 seq=0 seq=1 seq=2 '
}

@test "F59: out of memory: the process says so and ends, nobody hangs" {
	asan && skip "the address sanitizer needs all the addresses"
	[[ -z $CAL_WRAP ]] || skip "not under $CAL_WRAP"
	WRAP='prlimit --as=400000000' serve s --max-body 1G "$ANY" \
	    echo -- cat
	expect 0 call "$URL" echo 1
	head -c 300000000 /dev/zero | tr "\0" 1 >big
	local rc=0
	call --max-body 1G -W 20 -d @big "$URL" echo >/dev/null \
	    2>c.err || rc=$?
	like "$rc" '@(1|65|69|75|124)'
	if gone "${pids[s]}"; then
		finish s
		like "$STATUS" '@(71|134)'
		[[ -s s.err ]]
	else
		expect 0 call "$URL" echo 1
	fi
	rm big
}

@test "F60: no process to be had just now: Busy, then on as before" {
	need_ptrace
	serve s "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
	assert_no_children "${pids[s]}"
	local before
	before=$(fds "${pids[s]}")
	launch t strace -f -o trace -p "${pids[s]}" \
	    -e trace=clone,clone3,vfork,fork \
	    -e inject=clone,clone3,vfork,fork:error=EAGAIN
	wait_for 5 contains t.err attached
	expect 75 call "$URL" echo 1
	like "$err" '*Busy*'
	stop t INT
	expect 0 call "$URL" echo 1
	assert_fds "${pids[s]}" "$before"
}

@test "F60: no descriptor to be had just now: Busy, then on as before" {
	need_ptrace
	serve s "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
	launch t strace -f -o trace -p "${pids[s]}" -e trace=pipe2,pipe \
	    -e inject=pipe2,pipe:error=EMFILE
	wait_for 5 contains t.err attached
	expect 75 call "$URL" echo 1
	stop t INT
	expect 0 call "$URL" echo 1
}

@test "F11-like: a reload that fails leaves the methods as they were" {
	mkdir d
	printf '#!/bin/sh\necho 1\n' >d/one
	chmod 755 d/one
	serve s "$ANY" --dir d
	expect 0 call "$URL" one -n
	mv d elsewhere
	kill -HUP "${pids[s]}"
	wait_for 5 contains s.err "cal-serve: "
	expect 3 call "$URL" two -n
	running "${pids[s]}"
	mv elsewhere d
	kill -HUP "${pids[s]}"
	wait_for 5 call -q "$URL" one -n
}

# A namespace of its own for the server, and a line to it that can be cut.
make_net() {
	[[ $(id -u) == 0 ]] || skip "network namespaces need root"
	NET=cal$$
	ip netns add "$NET" 2>/dev/null || skip "no network namespaces here"
	# Entering one mounts, which a chroot does not allow.
	ip netns exec "$NET" true 2>/dev/null ||
	    { ip netns del "$NET"; skip "no network namespaces here"; }
	ip link add "h$NET" type veth peer name "g$NET" ||
	    { ip netns del "$NET"; skip "no veth here"; }
	ip link set "g$NET" netns "$NET"
	ip addr add 10.213.77.1/24 dev "h$NET"
	ip link set "h$NET" up
	ip -n "$NET" addr add 10.213.77.2/24 dev "g$NET"
	ip -n "$NET" link set "g$NET" up
	ip -n "$NET" link set lo up
}

drop_net() {
	[[ -n $NET ]] || return 0
	ip link del "h$NET" 2>/dev/null
	ip netns del "$NET"
}

# All silent machines in one test, since each takes as long as the heartbeat.
@test "F04, F28-F30: stopped, cut off, half open: noticed by heartbeat" {
	make_net
	make_gate
	serve s --grace 0.1 "$ANY" f -- \
	    sh -c 'echo >>started; exec sleep 100'
	local stopped=$URL
	WRAP="ip netns exec $NET $CAL_WRAP" serve n --grace 0.1 --insecure \
	    'tcp://10.213.77.2:*' f -m 'echo=cat' \
	    -m 'hold=echo >>held; read x <gate; echo 1' -- \
	    sh -c 'echo >>started; exec sleep 100'
	local cut=$URL start
	call_later c1 -W 60 "$stopped" f -n
	call_later c2 -W 60 "$cut" f -n
	# With one key the second line waits in the server for the first.
	printf '1\n2\n' >c3.in
	call_later c3 -W 60 -k one -l -j 2 "$cut" hold
	wait_for 10 has_line started 2
	wait_for 10 has_line held
	wait_for 10 queued n 1
	start=$(milliseconds)
	kill -STOP "${pids[s]}"
	ip -n "$NET" link set "g$NET" down
	finish c1 40
	same "$STATUS" 124
	finish c2 40
	same "$STATUS" 124
	finish c3 40
	same "$STATUS" 124
	between 0 "$(($(milliseconds) - start))" 30000
	like "$(<c1.err)" 'cal-call: *'
	# The server notices, too: it drops what waited for this caller, and
	# then the answer to what runs is undeliverable.
	wait_for 30 counter_reaches n dropped 1
	same "$(counter n undeliverable)" 0
	release
	wait_for 30 counter_reaches n undeliverable 1
	kill -CONT "${pids[s]}"
	ip -n "$NET" link set "g$NET" up
	# Short cuts are healed by TCP.
	expect 0 call -W 20 --connect-timeout 20 "$cut" echo 1
	call_later c4 -W 30 "$cut" hold -n
	wait_for 10 has_line held 2
	ip -n "$NET" link set "g$NET" down
	release
	read -rt 2 <>tick || :
	ip -n "$NET" link set "g$NET" up
	finish c4 30
	same "$STATUS $(<c4.out)" "0 1"
}

teardown() {
	local rc=0
	cal_teardown || rc=1
	drop_net
	return $rc
}
