#!/usr/bin/env bats
# Calls over Redis when servers, callers or Redis itself go away.

load lib
load redis

# A command that writes down what it executed, in one write.
LEDGER='read -r id; echo "$id" >>ledger; echo "$id"'

count_id() {
	[[ -e ledger ]] || : >ledger
	grep -cx "$1" ledger || :
}

no_commands() {
	local pid
	for pid in $(leftovers); do
		[[ $(</proc/$pid/comm) == redis-server ]] && continue
		[[ " ${pids[*]} " == *" $pid "* ]] || return 1
	done 2>/dev/null
}

pending() {
	rcli xpending svc.bind cal | head -n 1
}

nothing_pending() {
	[[ $(pending) == 0 && $(rcli xlen svc.bind) == 0 ]]
}

ledger_has() {
	(($(count_id "$1") >= 1))
}

# crash_at POINT: a server dies there, under one call; the next one runs
# nothing of it.
crash_at() {
	local point=$1 id="\"$1\"" ran
	rm -f ledger
	CAL_CRASH=$point:1 serve s "${REDIS}svc" f -- sh -c "$LEDGER"
	call_later c -W "$(slow 1)" "${REDIS}svc" f "$id"
	wait_for 10 gone "${pids[s]}"
	finish c 10
	finish s
	wait_for 5 no_commands
	ran=$(count_id "$id")
	echo "$point: status of the call $STATUS, ran $ran"
	serve s "${REDIS}svc" f -- sh -c "$LEDGER"
	expect 0 call "${REDIS}svc" f '"next"'
	stop s
	same "$(count_id "$id")" "$ran"
	((ran <= 1))
}

@test "F02: at most once: kill -9 at every stage, 124, and nothing runs again" {
	need_faults
	start_redis
	local point
	for point in read acked recv decoded queued spawned body-written \
	    first-output exited encoded sent; do
		crash_at "$point"
		wait_for 1 like "$STATUS" '@(0|124)'
	done
	# What was read and not acknowledged has a lease, and nothing else.
	same "$(pending)" 1
}

# again_at POINT: a server dies there, and what it did not answer is done by
# the other one.
again_at() {
	local point=$1 id="\"$1\""
	rm -f ledger
	CAL_CRASH=$point:1 serve s --at-least-once --lease 0.5 "${REDIS}svc" \
	    f -- sh -c "$LEDGER"
	call_later c -W "$(slow 20)" "${REDIS}svc" f "$id"
	wait_for 10 gone "${pids[s]}"
	finish s
	serve t --at-least-once --lease 0.5 "${REDIS}svc" \
	    f -- sh -c "$LEDGER"
	finish c 30
	echo "$point: status of the call $STATUS, ran $(count_id "$id")"
	same "$STATUS:$(<c.out)" "0:$id"
	ledger_has "$id"
	wait_for 5 nothing_pending
	stop t
	same "$STATUS" 0
}

# option: cal-serve --at-least-once
# option: cal-serve --lease
@test "F03: at least once: kill -9 at every stage, and another does it" {
	need_faults
	start_redis
	local point
	for point in read recv decoded queued spawned body-written \
	    first-output exited encoded sent acked; do
		again_at "$point"
	done
	# Whoever died is still in the group; whoever left is not.
	(($(rcli xinfo consumers svc.bind cal | grep -c '^name$') <= 11))
}

@test "at least once: a request that runs longer than its lease stays its own" {
	start_redis
	local i
	for i in 1 2; do
		serve "s$i" --at-least-once --lease 0.3 "${REDIS}svc" \
		    -m "f=$LEDGER; read -r x <gate"
	done
	make_gate
	call_later c "${REDIS}svc" f '"x"'
	wait_for 5 ledger_has '"x"'
	# The other one looks for what is left several times meanwhile.
	expect 124 call -W "$(slow 1.5)" "${REDIS}svc" f '"y"'
	release 9
	finish c
	same "$STATUS" 0
	same "$(count_id '"x"')" 1
	wait_for 5 nothing_pending
}

@test "at least once: a server that is frozen longer than its lease" {
	start_redis
	make_gate
	serve s1 --at-least-once --lease 0.5 "${REDIS}svc" \
	    -m "f=$LEDGER; read -r x <gate"
	call_later c "${REDIS}svc" f '"x"'
	wait_for 5 ledger_has '"x"'
	kill -STOP "${pids[s1]}"
	serve s2 --at-least-once --lease 0.5 "${REDIS}svc" -m "f=$LEDGER"
	finish c
	same "$STATUS:$(<c.out)" '0:"x"'
	same "$(count_id '"x"')" 2
	kill -CONT "${pids[s1]}"
	release 9
	wait_for 5 nothing_pending
	expect 0 call "${REDIS}svc" f '"y"'
}

@test "Redis is killed and comes back while a command runs: it is answered" {
	start_redis --appendonly yes --appendfsync always
	make_gate
	serve s "${REDIS}svc" -m "f=$LEDGER; read -r x <gate"
	call_later c "${REDIS}svc" f '"x"'
	wait_for 5 ledger_has '"x"'
	kill_redis
	release 9
	# Neither of them gives up.
	expect 69 call --connect-timeout 0.3 "${REDIS}svc" f '"y"'
	like "$err" '*no connection to *nothing was executed*'
	restart_redis
	finish c
	same "$STATUS:$(<c.out)" '0:"x"'
	same "$(count_id '"x"')" 1
	like "$(<s.err)" '*lost the connection to Redis*'
	expect 0 call "${REDIS}svc" f '"z"'
	wait_for 5 nothing_pending
}

# storm MODE...: Redis is killed and comes back twice under 3 callers and 2
# servers; each answer is its call's, and the status of each call is true.
storm() {
	local i
	start_redis --appendonly yes --appendfsync always
	for i in 1 2; do
		serve "s$i" "$@" "${REDIS}svc" -m "f=$LEDGER"
	done
	for i in 1 2 3; do
		seq "$((i * 10000))" "$((i * 10000 + 299))" |
		    jq -c '{body: .}' >"c$i.in"
		call_later "c$i" -E -J -j 10 -W "$(slow 6)" "${REDIS}svc" f
	done
	wait_for 20 has_line ledger 100
	kill_redis
	restart_redis
	wait_for 20 has_line ledger 400
	kill_redis
	restart_redis
	for i in 1 2 3; do
		finish "c$i" 60
		like "$STATUS" '@(0|124)'
		same "$(count_lines "c$i.out")" 300
		paste -d ' ' "c$i.in" "c$i.out" |
		    jq -rs '[range(0; length; 2) as $n | .[$n:$n + 2]][] |
		        select(.[1].status == "result") |
		        select(.[0].body != .[1].body)' >wrong
		same "$(<wrong)" ''
		jq -r 'select(.status == "result") | .body' "c$i.out" >>done
		jq -r 'select(.status != "result") | .status' "c$i.out" |
		    sort -u >others
		like "$(<others)" '@(|timeout)'
	done
	# What was answered was executed.
	same "$(sort -u done | comm -23 - <(sort -u ledger))" ''
}

@test "Redis is killed and comes back in the middle: nothing runs twice" {
	storm
	same "$(sort ledger | uniq -d)" ''
	wait_for 5 nothing_pending
}

@test "the same, at least once: whatever Redis had is answered" {
	storm --at-least-once --lease 1
	wait_for 20 nothing_pending
	# A request that Redis may not have got is not sent again by itself.
	(($(sort -u done | wc -l) >= 850))
}

@test "Redis is frozen: calls wait; what it answers then is taken" {
	start_redis
	serve s "${REDIS}svc" f -- cat
	expect 0 call "${REDIS}svc" f 1
	freeze_redis
	expect 69 call --connect-timeout 0.3 "${REDIS}svc" f 2
	like "$err" '*nothing was executed*'
	call_later c -W 20 --connect-timeout 20 "${REDIS}svc" f 3
	thaw_redis
	finish c
	same "$STATUS:$(<c.out)" 0:3
}

@test "never there: 69 with what stands in the way; a server waits" {
	expect 69 call --connect-timeout 0.3 \
	    "redis+unix://$T/none?stream=svc" f 1
	like "$err" '*within 0.3 s: *nothing was executed'
	expect 69 call --connect-timeout 0.3 \
	    "redis://127.0.0.1:1?stream=svc" f 1
	like "$err" '*refused*'
	expect 68 call "redis://no.such.host.invalid?stream=svc" f 1
	REDIS_SOCKET=$T/redis.sock
	REDIS_ARGS=()
	REDIS="redis+unix://$REDIS_SOCKET?stream="
	launch s "$CAL_BIN/cal-serve" -1 "${REDIS}svc" f -- cat
	wait_for 10 contains s.err 'waiting for Redis'
	[[ ! -s s.out ]]
	restart_redis
	wait_for 15 has_line s.out
	expect 0 call "${REDIS}svc" f 1
}

@test "F66: what Redis does not take: 75 or 77 or 78, and was not executed" {
	start_redis
	serve s "${REDIS}svc" -m "f=$LEDGER"
	rcli config set maxmemory 1
	expect 75 call "${REDIS}svc" f '"oom"'
	like "$err" '*OOM*'
	call_later c --retry 100 --retry-delay 0.1 "${REDIS}svc" f '"later"'
	rcli config set maxmemory 0
	finish c 20
	same "$STATUS:$(<c.out)" '0:"later"'
	rcli config set min-replicas-to-write 1
	expect 75 call "${REDIS}svc" f '"replicas"'
	rcli config set min-replicas-to-write 0
	same "$(sort -u ledger)" '"later"'
	rcli set wrong.bind 1
	expect 78 call "${REDIS}wrong" f 1
	expect 78 cal_serve "${REDIS}wrong" f -- cat
	like "$err" '*WRONGTYPE*'
	rcli acl setuser ann on '>secret' '~*' '&*' +@all -xadd
	CAL_REDIS_PASSWORD=secret expect 77 call \
	    "${REDIS/unix:\/\//unix://ann@}svc" f 1
	like "$err" '*NOPERM*'
	rcli config set requirepass other
	expect 77 call "${REDIS}svc" f 1
	expect 77 cal_serve "${REDIS}svc" f -- cat
}

@test "F65: the stream or the group goes away: it is made again" {
	start_redis
	serve s "${REDIS}svc" -m "f=$LEDGER"
	expect 0 call "${REDIS}svc" f 1
	rcli flushall
	expect 0 call "${REDIS}svc" f 2
	rcli del svc.bind
	expect 0 call "${REDIS}svc" f 3
	rcli xgroup destroy svc.bind cal
	expect 0 call "${REDIS}svc" f 4
	like "$(<s.err)" '*was removed: it is made again*'
	same "$(<ledger)" $'1\n2\n3\n4'
	rcli set svc.bind x
	wait_for 10 gone "${pids[s]}"
	finish s
	same "$STATUS" 78
}

@test "SIGTERM: what runs is finished, what comes goes to others" {
	start_redis
	make_gate
	serve s1 "${REDIS}svc" -m "f=$LEDGER; read -r x <gate"
	call_later c1 "${REDIS}svc" f '"one"'
	wait_for 5 ledger_has '"one"'
	kill -TERM "${pids[s1]}"
	# Nobody reads it now; the server that comes does.
	call_later c2 "${REDIS}svc" f '"two"'
	wait_for 5 waits 1
	serve s2 "${REDIS}svc" -m "f=$LEDGER"
	finish c2
	same "$STATUS:$(<c2.out)" '0:"two"'
	release
	finish c1
	same "$STATUS:$(<c1.out)" '0:"one"'
	finish s1
	same "$STATUS" 0
	same "$(rcli xinfo consumers svc.bind cal | grep -c '^name$')" 1
}

waits() {
	[[ $(rcli xlen svc.bind) == "$1" ]]
}

@test "SIGTERM: what has not begun is Busy, and safe to repeat" {
	start_redis
	make_gate
	serve s1 -j 2 "${REDIS}svc" -m "f=$LEDGER; read -r x <gate"
	call_later c1 -k k "${REDIS}svc" f '"one"'
	wait_for 5 ledger_has '"one"'
	call_later c2 -k k "${REDIS}svc" f '"two"'
	wait_for 5 queued s1 1
	kill -TERM "${pids[s1]}"
	finish c2
	same "$STATUS" 75
	release
	finish c1
	same "$STATUS" 0
	finish s1
	same "$(count_id '"two"')" 0
}

@test "a second signal: what runs is stopped, its caller is told" {
	start_redis
	serve s "${REDIS}svc" -m 'f=echo >>started; exec sleep 100'
	call_later c "${REDIS}svc" f -n
	wait_for 5 has_line started
	kill -TERM "${pids[s]}"
	spent stop s
	same "$STATUS" 143
	between 0 "$MS" 2000
	finish c
	same "$STATUS" 4
	same "$(rcli xinfo consumers svc.bind cal)" ''
}

@test "kill -9 of a caller: its command ends by its deadline, and no later" {
	start_redis
	serve s "${REDIS}svc" -m 'f=echo >>started; exec sleep 100'
	call_later c -W "$(slow 1)" "${REDIS}svc" f -n
	wait_for 5 has_line started
	kill -KILL "${pids[c]}"
	finish c
	wait_for 5 has_no_children "${pids[s]}"
	# The answer that nobody reads is kept for an hour.
	wait_for 5 late_answer
}

late_answer() {
	local key
	key=$(rcli keys 'svc.conn.*')
	[[ -n $key ]] && (($(rcli ttl "$key") > 3500))
}
