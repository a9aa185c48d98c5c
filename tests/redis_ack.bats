#!/usr/bin/env bats
# Acknowledged streams: cal-sub --ack.  What becomes of messages whose commands
# fail, whose consumers die, freeze and leave; and a ledger of it all at once.

load lib
load redis

# handler: $T/handler does as the script on stdin says, with the body in $n.  It
# writes a line to $T/ledger when it begins, and "done" when it ends well.
handler() {
	cat >"$T/script"
	cat >"$T/handler" <<-EOT
		#!/bin/bash
		read -r n
		# Whoever gave it to us was killed first.
		[[ \$n ]] || exit 75
		echo "start \$n \$CAL_DELIVERY" >>"$T/ledger"
		( . "$T/script" ) || exit
		echo "done \$n" >>"$T/ledger"
		EOT
	chmod +x "$T/handler"
	: >"$T/ledger"
}

# acked NAME ARG...: a cal-sub --ack of group g and stream s, with the handler.
acked() {
	local name=$1
	shift
	subscribe "$name" --ack -G g --pass-env PARENT "$@" "${REDIS}s" -- \
	    "$T/handler"
}

pending() {
	rcli XPENDING "${1:-s}" g | head -n 1
}

has_pending() {
	[[ $(pending) == "$1" ]]
}

settled() {
	has_pending 0
}

consumers() {
	rcli XINFO CONSUMERS s g | grep -c ^name || :
}

# ledger TEXT [TIMES]: in so many lines at least.
ledger() {
	contains "$T/ledger" "$@"
}

is_dead() {
	[[ $(rcli XLEN s.dead) == "$1" ]]
}

dead() {
	"$CAL_BIN/cal-sub" -J -o beginning -e "${REDIS}s.dead"
}

# option: cal-sub --ack --group
@test "a message is acknowledged when it is done, not when it is read" {
	start_redis
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	same "$(pending)" 1
	touch go
	wait_for 5 settled
	ledger 'done 1'
	stop a
	# Nothing is left behind of one who has nothing.
	same "$(consumers)" 0
}

@test "without a command it is done when it was written" {
	start_redis
	pub -l "${REDIS}s" <<<$'1\n2\n3'
	expect 0 cal_sub --ack -G g -e "${REDIS}s"
	same "$out" $'1\n2\n3'
	same "$(pending)" 0
	pub "${REDIS}s" 4
	expect 74 bash -c 'cal-sub --ack -G g -e "$1" >/dev/full' - "${REDIS}s"
	same "$(pending)" 1
	# What was given back is there at once for whoever comes.
	expect 0 cal_sub --ack -G g -c 1 -J "${REDIS}s"
	same "$(jq .body <<<"$out")" 4
	same "$(pending)" 0
}

# F83
# option: cal-sub --lease
@test "what a dead consumer left is claimed, and counted" {
	start_redis
	handler <<<'[ "$CAL_DELIVERY" -gt 1 ] || until [ -e go ]; do sleep 0.02
	    done'
	acked a --lease 1
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	kill -KILL "${pids[a]}"
	finish a
	acked b --lease 1
	wait_for 10 ledger 'start 1 2'
	wait_for 5 settled
	stop b
	touch go
	wait_for 5 ledger 'done 1' 2
}

# F84
# option: cal-sub --max-deliver
@test "a poisonous message is put away whole, and can be put back" {
	start_redis
	handler <<<'[ -e good ] || [ "$n" = 2 ]'
	acked a --max-deliver 2
	pub -J "${REDIS}s" <<<'{"topic":"t","key":"k","body":1}'
	pub "${REDIS}s" 2
	wait_for 10 is_dead 1
	wait_for 10 settled
	ledger 'start 1 2'
	ledger 'done 2'
	stop a
	dead >dead
	same "$(jq -c '[.topic,.key,.body,.dead.reason,.dead.deliveries,
	    .dead.group]' dead)" \
	    '["t","k",1,"HandlerExit: exit status 1",2,"g"]'
	same "$(jq -r .dead.id dead)" "$(rcli XRANGE s - + COUNT 1 | head -n 1)"
	same "$(rcli XRANGE s.dead - + | sed -n 2p)" orig-id

	touch good
	pub -J "${REDIS}s" <dead
	acked a -e
	finish a
	same "$STATUS" 0
	ledger 'done 1'
}

@test "65 is never again; 75 and a signal are later" {
	start_redis
	handler <<-'EOT'
		case $n in
		1) exit 65 ;;
		2) [ "$CAL_DELIVERY" = 2 ] || exit 75 ;;
		3) [ "$CAL_DELIVERY" = 2 ] || kill -KILL $$ ;;
		esac
		EOT
	pub -l "${REDIS}s" <<<$'1\n2\n3\n4'
	expect 1 cal_sub --ack -G g -e "${REDIS}s" -- "$T/handler"
	same "$(grep done ledger | head -n 1)" 'done 4'
	same "$(grep done ledger | sort)" $'done 2\ndone 3\ndone 4'
	same "$(dead | jq -c '[.body,.dead.deliveries]')" '[1,1]'
	same "$(pending)" 0
	like "$err" *'message 2 is tried again in 1 s'*
}

@test "the order of a key holds across a retry; others go on" {
	start_redis
	cat >"$T/handler" <<-'EOT'
		#!/bin/bash
		read -r b
		echo "$b" >>ledger
		[[ $b != *'"n":1'* || $CAL_DELIVERY == 2 ]]
		EOT
	chmod +x "$T/handler"
	pub -l "${REDIS}s" <<-'EOT'
		{"k":"a","n":1}
		{"k":"a","n":2}
		{"k":"b","n":3}
		{"k":"a","n":4}
		EOT
	expect 0 cal_sub --ack -G g -e -j 4 --key-from /k "${REDIS}s" -- \
	    "$T/handler"
	same "$(jq -c 'select(.k == "a").n' ledger)" $'1\n1\n2\n4'
	same "$(jq -c .n ledger | sed -n '$p')" 4
	same "$(jq -c .n ledger | head -n 2 | sort)" $'1\n3'
}

# F85
@test "one who was frozen for longer than his lease acknowledges nothing" {
	start_redis
	handler <<-'EOT'
		echo "by $PARENT" >>ledger
		until [ -e "$PARENT" ]; do sleep 0.02; done
		EOT
	PARENT=a acked a --lease 1
	pub "${REDIS}s" 1
	wait_for 5 ledger 'by a'
	PARENT=b acked b --lease 1
	kill -STOP "${pids[a]}"
	wait_for 10 ledger 'by b'
	ledger 'start 1 2'
	touch a
	wait_for 5 ledger 'done 1'
	kill -CONT "${pids[a]}"
	wait_for 10 contains a.err 'lost lease'
	same "$(pending)" 1
	like "$(rcli XPENDING s g - + 1)" *"${pids[b]}"*
	touch b
	wait_for 5 settled
	stop a
	stop b
}

# F86
@test "a consumer's name is one process' only" {
	start_redis
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a --lease 60 "${REDIS}other&consumer=w"
	pub "${REDIS}other" 1
	wait_for 5 ledger 'start 1 1'
	launch b cal-sub --ack -G g "${REDIS}other&consumer=w"
	wait_for 5 contains b.err \
	    "another process is consumer 'w' of group 'g', or was until now"
	same "$(cat b.out)" ''
	touch go
	finish b
	same "$STATUS" 75
	contains b.err "cal-sub: another process is consumer 'w' of group 'g'" 2
	stop a
	same "$(rcli EXISTS other.lock.g.w)" 0

	# Its own history comes back to a name.
	rm go
	acked a "${REDIS}other&consumer=w"
	pub "${REDIS}other" 2
	wait_for 5 ledger 'start 2 1'
	kill -KILL "${pids[a]}"
	finish a
	acked a "${REDIS}other&consumer=w"
	wait_for 5 ledger 'start 2 2'
	touch go
	wait_for 5 ledger 'done 2' 2
	stop a
}

# F87
@test "who leaves with something pending stays known; others may have it" {
	start_redis
	handler <<<'[ -e go ] || sleep 60'
	acked a --grace 0.2
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	stop a
	contains a.err 'message 1: it was cut short'
	same "$(pending)" 1
	same "$(consumers)" 1
	touch go
	# At once, however long the lease is.
	acked b
	wait_for 5 settled
	ledger 'start 1 2'
	stop b
}

@test "SIGTERM: what runs may end, and is settled" {
	start_redis
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a -j 2
	pub -l "${REDIS}s" <<<$'1\n2\n3'
	wait_for 5 ledger start 2
	kill -TERM "${pids[a]}"
	touch go
	finish a
	same "$STATUS" 143
	same "$(grep -c done ledger)" "$(grep -c start ledger)"
	same "$(pending)" 0
}

@test "a group that is taken away is made again, and what runs is not lost" {
	start_redis
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a --lease 1
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	rcli XGROUP DESTROY s g
	wait_for 10 has_pending 1
	touch go
	wait_for 5 settled
	pub "${REDIS}s" 2
	wait_for 5 ledger 'done 2'
	same "$(grep -c start ledger)" 2
	stop a
}

@test "trimmed while it was pending: said, and with --strict a failure" {
	start_redis
	handler <<<:
	pub -l "${REDIS}s" <<<$'1\n2\n3'
	rcli XGROUP CREATE s g 0
	rcli XREADGROUP GROUP g ghost COUNT 2 STREAMS s '>'
	rcli XTRIM s MAXLEN 1
	acked a --lease 0.2 --strict -c 2
	wait_for 10 contains a.err 'missing 2 messages'
	wait_for 5 settled
	pub "${REDIS}s" 4
	finish a
	same "$STATUS" 76
	same "$(grep done ledger)" $'done 3\ndone 4'
}

@test "Redis refuses for a while: it is settled when it takes it" {
	start_redis
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	redis_trouble readonly
	touch go
	wait_for 10 contains a.err 'READONLY'
	redis_well readonly
	wait_for 10 settled
	same "$(grep -c start ledger)" 1
	stop a
}

@test "Redis is gone when we leave: what was done may be done again, and 75" {
	start_redis --appendonly yes --appendfsync always
	handler <<<'until [ -e go ]; do sleep 0.02; done'
	acked a -c 1
	pub "${REDIS}s" 1
	wait_for 5 ledger 'start 1 1'
	kill_redis
	touch go
	finish a 30
	same "$STATUS" 75
	contains a.err 'Redis does not confirm'
	restart_redis
	same "$(pending)" 1
}

# The ledger: everything at once.

# consumer NAME: one of those that are killed, each time another one.
consumer() {
	launch "$1" "$CAL_BIN/cal-sub" -q --ack -G g --lease 1 -j 3 \
	    --max-deliver 4 --connect-timeout 0 "${REDIS}s" -- "$T/handler"
}

published() {
	[[ $(rcli XLEN s 2>/dev/null) == "$1" ]]
}

all_over() {
	published "$1" && settled &&
	    [[ $(rcli XINFO GROUPS s | grep -A 1 ^lag | tail -n 1) == 0 ]]
}

@test "F68, F71: a Redis that may forget what it has is told of" {
	handler </dev/null
	start_redis --maxmemory-policy allkeys-lru
	acked a
	wait_for 10 contains a.err 'keeps no append-only file'
	wait_for 10 contains a.err 'makes room by removing any keys'
	stop a
	serve s --at-least-once "${REDIS}svc" echo -- cat
	wait_for 10 contains s.err 'keeps no append-only file'
	stop s
	stop_redis
	start_redis --appendonly yes
	acked b
	rcli XADD s '*' hdr $'\x91\xc0' msg 1 >/dev/null
	wait_for 10 ledger 'done 1'
	wait_for 10 settled
	not contains b.err Redis
}

@test "ledger: kill -9, freezes and a restart of Redis lose nothing" {
	local count=300 i name victim
	start_redis --appendonly yes --appendfsync always
	# 7: never; 13: in vain; 66: kills whoever runs it, the first times.
	handler <<-'EOT'
		case $n in
		*7) exit 65 ;;
		*13) exit 1 ;;
		166) [ "$CAL_DELIVERY" -gt 2 ] || kill -KILL "$PPID" ;;
		esac
		sleep 0.0$((RANDOM % 9))
		EOT
	launch watch "$PYTHON" "$TESTS/interop/redis_ledger.py" \
	    "$REDIS_SOCKET" s g "$T/ledger"
	wait_for 10 has_line watch.out
	seq "$count" >many
	cp many pub.in
	launch pub "$CAL_BIN/cal-pub" -l --rate 40 --retry 100 "${REDIS}s"
	for name in c0 c1 c2; do
		consumer "$name"
	done
	for ((i = 0; i < 24; i++)); do
		read -rt "0.$((1 + RANDOM % 4))" <>"$T/tick" || :
		victim=c$((RANDOM % 3))
		case $i in
		8)
			kill_redis
			restart_redis
			;;
		14)
			# It may be one that was just killed.
			kill -STOP "${pids[c0]}" || :
			read -rt 1.6 <>"$T/tick" || :
			kill -CONT "${pids[c0]}" || :
			;;
		*)
			kill -KILL "${pids[$victim]}" || :
			finish "$victim"
			consumer "$victim"
			;;
		esac
		# Those that were killed by what they ran come back, too.
		for name in c0 c1 c2; do
			if gone "${pids[$name]}"; then
				finish "$name" || :
				consumer "$name"
			fi
		done
	done
	finish pub 60
	same "$STATUS" 0
	for ((i = 0; i < 600; i++)); do
		for name in c0 c1 c2; do
			if gone "${pids[$name]}"; then
				finish "$name" || :
				consumer "$name"
			fi
		done
		! all_over "$count" || break
		read -rt 0.1 <>"$T/tick" || :
	done
	all_over "$count"
	for name in c0 c1 c2; do
		stop "$name"
	done
	kill -TERM "${pids[watch]}"
	finish watch
	same "$STATUS" 0

	grep -o 'done .*' ledger | cut -d ' ' -f 2 | sort -n -u >finished
	grep -vE '(7|13)$' <(seq "$count") | diff - finished
	dead | jq .body | sort -n -u >buried
	grep -E '(7|13)$' <(seq "$count") | diff - buried
}
