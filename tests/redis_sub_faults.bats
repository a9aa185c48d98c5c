#!/usr/bin/env bats
# cal-sub over Redis when something goes wrong: with Redis, with the stream,
# with whoever reads what is printed.

load lib
load redis

# add STREAM BODY: one entry; its id is on stdout.
add() {
	rcli XADD "$1" '*' hdr $'\x91\xc0' msg "$2"
}

add_many() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/redis_pub.py" \
	    "$REDIS_SOCKET" "$@"
}

is_blocked() {
	[[ $(rcli INFO clients | sed -n 's/^blocked_clients:\([0-9]*\).*/\1/p') \
	    == "$1" ]]
}

# answer GROUPS_MEMBER: of the first group of a stream.
of_group() {
	rcli XINFO GROUPS "$1" | awk -v name="$2" \
	    '$0 == name { getline; print; exit }'
}

lines_are() {
	[[ $(cat "${@:2}" 2>/dev/null | wc -l) == "$1" ]]
}

# freeze NAME, thaw NAME: a program of the test, not Redis.
freeze() {
	kill -STOP "${pids[$1]}"
	wait_for 5 stopped "${pids[$1]}"
}

thaw() {
	kill -CONT "${pids[$1]}"
}

# both OPTION...: a reader with a group and one without, both blocked.
both() {
	subscribe g -v -G g "$@" "${REDIS}s"
	subscribe a -v "$@" "${REDIS}s"
	wait_for 10 is_blocked 2
}

both_have() {
	same "$(<a.out)" "$1"
	same "$(<g.out)" "$1"
}

@test "F64: Redis is killed and comes again, while a read waits" {
	start_redis --appendonly yes --appendfsync always
	both
	add s 1
	wait_for 10 lines_are 2 a.out g.out
	kill_redis
	wait_for 10 contains g.err 'lost the connection'
	restart_redis
	wait_for 20 is_blocked 2
	add s 2
	wait_for 10 lines_are 4 a.out g.out
	both_have '1
2'
	stop a
	stop g
	same "$(of_group s pending) $(of_group s consumers)" '0 0'
}

@test "F64: after it own history comes first" {
	start_redis --appendonly yes --appendfsync always
	subscribe s -G g -J "${REDIS}s&consumer=c"
	wait_for 10 is_blocked 1
	freeze s
	kill_redis
	restart_redis
	add s 1
	add s 2
	# As an answer that was lost with its connection.
	rcli XREADGROUP GROUP g c COUNT 2 STREAMS s '>' >rest
	same "$(of_group s pending)" 2
	add s 3
	thaw s
	wait_for 20 lines_are 3 s.out
	same "$(jq .body s.out | tr '\n' ' ')" '1 2 3 '
	same "$(of_group s pending)" 0
	stop s
}

@test "a reader that is started again takes its own history first" {
	start_redis
	rcli XGROUP CREATE s g 0 MKSTREAM >rest
	add_many s -n 250
	rcli XREADGROUP GROUP g c COUNT 220 STREAMS s '>' >rest
	expect 0 cal_sub -G g -c 3 "${REDIS}s"
	same "$(jq .n expect.out | tr '\n' ' ')" '220 221 222 '
	expect 0 cal_sub -e "${REDIS}s&group=g&consumer=c"
	diff <(jq .n expect.out) <(seq 0 219; seq 223 249)
	same "$(of_group s pending) $(of_group s consumers)" '0 0'
}

@test "connections that are cut again and again cost a group nothing" {
	start_redis
	local n
	subscribe a -G g "${REDIS}s"
	subscribe b -G g "${REDIS}s"
	for n in 1 2 3 4 5; do
		wait_for 10 is_blocked 2
		kill_clients
		add_many s -n 200
	done
	wait_for 30 lines_are 1000 a.out b.out
	same "$(jq .n a.out b.out | sort | uniq -c | awk '{ print $1 }' |
	    sort -u)" 5
	stop a
	stop b
}

@test "F65: FLUSHALL, DEL and XGROUP DESTROY, while a read waits" {
	start_redis
	both
	local n=0 words
	for words in FLUSHALL 'DEL s' 'XGROUP DESTROY s g' 'FLUSHDB' \
	    'RENAME s t'; do
		add s $((++n))
		wait_for 10 lines_are $((2 * n)) a.out g.out
		wait_for 10 is_blocked 2
		# shellcheck disable=SC2086
		rcli $words >rest
		wait_for 10 is_blocked 2
	done
	add s $((++n))
	wait_for 10 lines_are $((2 * n)) a.out g.out
	both_have "$(seq "$n")"
	contains g.err "stream 's' or its group 'g' was removed"
	stop a
	stop g
}

@test "F65: messages that come before the group is there again are read" {
	start_redis
	subscribe s -G g "${REDIS}s"
	add_many s -n 3
	wait_for 10 lines_are 3 s.out
	freeze s
	rcli XGROUP DESTROY s g >rest
	add s 4
	add s 5
	thaw s
	wait_for 10 lines_are 5 s.out
	freeze s
	rcli DEL s >rest
	add s 6
	add s 7
	thaw s
	wait_for 10 lines_are 7 s.out
	same "$(tail -n 4 s.out | tr '\n' ' ')" '4 5 6 7 '
	stop s
}

@test "F65: who has read nothing yet does not read again what others had" {
	start_redis
	add_many s -n 3
	expect 0 cal_sub -G g -e "${REDIS}s"
	subscribe s -G g "${REDIS}s"
	wait_for 10 is_blocked 1
	rcli XGROUP DESTROY s g >rest
	wait_for 10 is_blocked 1
	add s 4
	wait_for 10 has_line s.out
	same "$(<s.out)" 4
	stop s
}

@test "F65: something else stands there: 78" {
	start_redis
	both
	rcli SET s x >rest
	finish g
	same "$STATUS" 78
	contains g.err WRONGTYPE
	# Without a group it is looked at with the next read.
	finish a
	same "$STATUS" 78
	expect 78 cal_sub "${REDIS}s"
	expect 78 cal_sub -G g "${REDIS}s"
	like "$err" 'cal-sub: WRONGTYPE *'
}

@test "a read that is cut short by somebody else is asked again" {
	start_redis
	both
	local id
	for id in $(rcli CLIENT LIST | sed -n 's/^id=\([0-9]*\) .*cmd=xread.*/\1/p')
	do
		rcli CLIENT UNBLOCK "$id" ERROR >rest
	done
	wait_for 10 is_blocked 2
	add s 1
	wait_for 10 lines_are 2 a.out g.out
	stop a
	stop g
}

@test "F67: Redis that stands still is left, and found again" {
	start_redis
	both
	freeze_redis
	wait_for 20 contains g.err 'lost the connection'
	wait_for 20 contains a.err 'lost the connection'
	thaw_redis
	wait_for 20 is_blocked 2
	add s 1
	wait_for 10 lines_are 2 a.out g.out
	both_have 1
	stop a
	stop g
}

@test "F66: a Redis in trouble is waited for" {
	start_redis
	both
	reload_redis_slowly
	add_loaded s 1
	wait_for 20 lines_are 2 a.out g.out
	wait_for 10 is_blocked 2
	redis_trouble readonly
	wait_for 10 gone_off g
	redis_well readonly
	wait_for 20 is_blocked 2
	add s 2
	wait_for 10 lines_are 4 a.out g.out
	local kind
	for kind in oom noreplicas misconf; do
		redis_trouble "$kind"
		running "${pids[g]}"
		redis_well "$kind"
		wait_for 20 is_blocked 2
	done
	add s 3
	wait_for 10 lines_are 6 a.out g.out
	both_have '1
2
3'
	stop a
	stop g
}

# When it does not load any more.
add_loaded() {
	wait_for 30 loaded
	add "$@"
}

loaded() {
	[[ $(rcli ping) == PONG ]]
}

gone_off() {
	contains "$1.err" READONLY || ! is_blocked 2
}

@test "F66: never ready in time: 69, with what stands in the way" {
	start_redis
	redis_trouble readonly
	expect 69 cal_sub -G g --connect-timeout 1 "${REDIS}s"
	like "$err" 'cal-sub: no connection to *within 1 s: READONLY *'
	redis_well readonly
	reload_redis_slowly
	expect 69 cal_sub --connect-timeout 1 "${REDIS}s"
	like "$err" 'cal-sub: no connection to *within 1 s: LOADING *'
	kill_redis
	expect 69 cal_sub --connect-timeout 0.5 "${REDIS}s"
	like "$err" 'cal-sub: no connection to *within 0.5 s: cannot connect: *'
	freeze_and_refuse
}

# It listens, and never says anything.
freeze_and_refuse() {
	REDIS_ARGS=()
	restart_redis
	freeze_redis
	expect 69 cal_sub --connect-timeout 0.5 "${REDIS}s"
	like "$err" '*within 0.5 s: *'
	thaw_redis
}

@test "not let in: 77" {
	start_redis --requirepass secret
	expect 77 cal_sub "${REDIS}s"
	like "$err" 'cal-sub: NOAUTH *'
	CAL_REDIS_PASSWORD=wrong expect 77 cal_sub "${REDIS}s"
	REDISCLI_AUTH=secret rcli ACL SETUSER ann on '>pw' '~s' \
	    +xread +xinfo +ping +client
	CAL_REDIS_PASSWORD=pw expect 0 cal_sub -o beginning -e \
	    "redis+unix://ann@$REDIS_SOCKET?stream=s" || :
	CAL_REDIS_PASSWORD=pw expect 77 cal_sub -G g \
	    "redis+unix://ann@$REDIS_SOCKET?stream=s"
	like "$err" 'cal-sub: NOPERM *xgroup*'
	CAL_REDIS_PASSWORD=pw expect 77 cal_sub -o beginning \
	    "redis+unix://ann@$REDIS_SOCKET?stream=t"
	like "$err" 'cal-sub: NOPERM *'
}

@test "who may do little else reads all the same" {
	start_redis
	rcli ACL SETUSER ann on nopass '~s' +xread +ping >rest
	rcli ACL SETUSER bob on nopass '~s' +xreadgroup '+xgroup|create' +xack \
	    +ping >rest
	add s 1
	expect 0 cal_sub -o beginning -c 1 \
	    "redis+unix://ann:x@$REDIS_SOCKET?stream=s"
	same "$out" 1
	expect 0 cal_sub -G g -c 1 "redis+unix://bob:x@$REDIS_SOCKET?stream=s"
	same "$out" 1
}

@test "F73: a cluster is refused: 65" {
	launch r "$PYTHON" "$TESTS/interop/redis_says.py" "$T/r" \
	    '-MOVED 1234 127.0.0.1:1'
	wait_for 10 ready r
	expect 65 cal_sub -o beginning "redis+unix://$T/r?stream=s"
	like "$err" 'cal-sub: this Redis is part of a cluster*'
	expect 65 cal_sub -G g "redis+unix://$T/r?stream=s"
}

@test "what is no answer of a stream: 76, and no crash" {
	local entry='*1\r\n*2\r\n$1\r\ns\r\n*1\r\n'
	local said n=0
	for said in "$entry"'*2\r\n$1\r\nx\r\n*0' "$entry"':1' \
	    "$entry"'*0' "$entry"'*1\r\n$3\r\n1-1' '-ERR \x1b[2J'; do
		n=$((n + 1))
		launch "r$n" "$PYTHON" "$TESTS/interop/redis_says.py" \
		    "$T/r$n" "$said"
		wait_for 10 ready "r$n"
		expect 76 cal_sub -o beginning "redis+unix://$T/r$n?stream=s"
		not grep -q $'\x1b' expect.err
	done
}

# option: cal-sub --strict
@test "F69: what is trimmed before it is read is missing" {
	start_redis
	subscribe s --strict "${REDIS}s"
	wait_for 10 is_blocked 1
	add_many s -n 10
	wait_for 10 lines_are 10 s.out
	freeze s
	add_many s -n 500
	rcli XTRIM s MAXLEN 100 >rest
	thaw s
	wait_for 10 contains s.out '"n": 499}'
	wait_for 10 contains s.err missing
	same "$(($(missing s) + $(count_lines s.out)))" 510
	same "$(($(missing s) >= 300))" 1
	stop s
	same "$STATUS" 143
	expect 0 cal_sub -o beginning -e --strict "${REDIS}s"
	same "$(count_lines expect.out)" 100
}

missing() {
	sed -n 's/^cal-sub: missing \([0-9]*\) message.*/\1/p' "$1.err" |
	    awk '{ sum += $1 } END { print sum + 0 }'
}

@test "F69: what is trimmed while Redis is away is missing, too: 76" {
	start_redis --appendonly yes --appendfsync always
	subscribe s --strict -c 20 "${REDIS}s"
	add_many s -n 10
	wait_for 10 lines_are 10 s.out
	freeze s
	kill_redis
	restart_redis
	add_many s -n 1000 --maxlen 10
	thaw s
	finish s 20
	same "$STATUS" 76
	same "$(missing s)" 990
	same "$(jq .n s.out | tail -n 10 | tr '\n' ' ')" \
	    "$(seq 990 999 | tr '\n' ' ')"
}

@test "F69: what is trimmed while it is pending is missing: 76" {
	start_redis
	rcli XGROUP CREATE s g 0 MKSTREAM >rest
	add_many s -n 10
	rcli XREADGROUP GROUP g c COUNT 5 STREAMS s '>' >rest
	rcli XTRIM s MAXLEN 7 >rest
	expect 76 cal_sub --strict -e "${REDIS}s&group=g&consumer=c"
	same "$(jq .n expect.out | tr '\n' ' ')" '3 4 5 6 7 8 9 '
	like "$err" '*missing 3 messages*'
	same "$(of_group s pending)" 0
}

@test "the reader of stdout is gone: it leaves at once, and the group" {
	start_redis
	mkfifo out
	"$CAL_BIN/cal-sub" -G g "${REDIS}s" >out 2>s.err 3>&- &
	pids[s]=$!
	exec 7<out
	wait_for 10 is_blocked 1
	exec 7<&-
	spent finish s
	same "$STATUS" 141
	between 0 "$MS" 2000
	same "$(of_group s consumers)" 0
}

@test "SIGTERM and SIGINT: at once, and nothing that was taken is lost" {
	start_redis
	local name signal n=0
	mkfifo p.in
	exec 9<>p.in
	add_many s -n 40000 &
	pids[p]=$!
	for signal in TERM INT TERM INT; do
		name=s$((++n))
		subscribe "$name" -G g "${REDIS}s"
		wait_for 10 has_line "$name.out" 200
		spent stop "$name" "$signal"
		between 0 "$MS" 2000
	done
	finish p 60
	expect 0 cal_sub -G g -e "${REDIS}s"
	same "$(jq .n s?.out expect.out | sort -n | uniq | wc -l)" 40000
	same "$(cat s?.out expect.out | wc -l)" 40000
	same "$(of_group s pending) $(of_group s consumers)" '0 0'
	exec 9>&-
}

@test "it ends when Redis is away, too" {
	start_redis
	subscribe s -G g "${REDIS}s"
	freeze_redis
	spent stop s
	same "$STATUS" 143
	between 0 "$MS" 2000
	thaw_redis
	subscribe s -G g -v "${REDIS}s"
	kill_redis
	wait_for 10 contains s.err 'lost the connection'
	spent stop s
	between 0 "$MS" 2000
}

@test "nothing of a reader is kept open by its commands" {
	start_redis
	add s 1
	# shellcheck disable=SC2016
	expect 0 cal_sub -G g -c 1 "${REDIS}s" -- sh -c 'ls /proc/self/fd | wc -l'
	same "$out" 4
}
