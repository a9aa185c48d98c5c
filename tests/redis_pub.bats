#!/usr/bin/env bats
# cal-pub to a stream of Redis: what is in it then, and what is said of it.

load lib
load redis

# An object for each entry of the stream s, as python3-redis reads it.
entries() {
	"$PYTHON" "$TESTS/interop/entries.py" "$REDIS_SOCKET" s
}

# bodies [STREAM]
bodies() {
	"$PYTHON" "$TESTS/interop/entries.py" "$REDIS_SOCKET" "${1:-s}" bodies
}

# feed NAME: input of a cal-pub that stays open, on descriptor 9.
feed() {
	mkfifo "$1.in"
	exec 9<>"$1.in"
}

# tell NAME ARG...: a cal-pub in the background that prints ids.
tell() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	launch "$name" ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-pub" \
	    --print-id "$@"
}

@test "a body becomes an entry as the Python library has it" {
	start_redis
	spent expect 0 pub "${REDIS}s" '{"a": [1, 2]}'
	between 0 "$MS" 2000
	same "$out$err" ''
	expect 0 pub "${REDIS}s" -t 'a topic' -k 'a key' 2
	expect 0 pub "${REDIS}s" -n
	entries >all
	same "$(jq -c '[.fields, .topic, .key, .mid, .body]' all)" \
	    '[["hdr","msg"],null,null,null,"{\"a\": [1, 2]}"]
[["hdr","msg","topic"],"a topic","a key",null,"2"]
[["hdr","msg"],null,null,null,"null"]'
}

@test "bytes of all kinds arrive as they are" {
	start_redis
	head -c 100000 /dev/urandom >body
	expect 0 pub -s raw -t $'\xff\r\n' -d @body "${REDIS}s"
	bodies | head -c -1 | cmp - body
	same "$(entries | jq -r .topic)" '\xff'$'\r'
}

@test "100,000 lines arrive, all of them, in order, and nothing else" {
	start_redis
	seq 100000 >lines
	spent expect 0 pub -l "${REDIS}s" <lines
	same "$(rcli xlen s)" 100000
	bodies | cmp - lines

}

@test "several at once share a stream, each in its order" {
	local name
	start_redis
	for name in a b c; do
		seq 5000 | sed "s/.*/[\"$name\",&]/" >$name.in
		tell $name -l "${REDIS}s"
	done
	for name in a b c; do
		finish $name 30
		same "$STATUS" 0
	done
	bodies >all
	for name in a b c; do
		grep "$name" all | cmp - $name.in
	done
	sort -u -t- -k1n -k2n a.out b.out c.out | wc -l >count
	same "$(<count)" 15000
}

# option: cal-pub --print-id
@test "--print-id: the id of each message, when Redis has it" {
	start_redis
	feed p
	tell p -l -1 "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	same "$(<p.out)" "$(entries | jq -r .id)"
	contains p.err "$REDIS"
	printf '2\n3\n' >&9
	wait_for 10 has_line p.out 3
	exec 9>&-
	finish p
	same "$STATUS" 0
	same "$(<p.out)" "$(entries | jq -r .id)"
	expect 74 bash -c '"$0" --print-id "$1" 1 >/dev/full' \
	    "${BIN:-$CAL_BIN}/cal-pub" "${REDIS}s"
	# Whoever reads the ids is gone.
	tell q -l --interval 0.05 "${REDIS}s" -d 1 >/dev/null
	stop q
}

# option: cal-pub --maxlen
@test "--maxlen: old messages make room" {
	start_redis
	seq 3000 | expect 0 pub -l --maxlen 1000 "${REDIS}s"
	between 1000 "$(rcli xlen s)" 1200
	same "$(bodies | tail -n 1)" 3000
}

@test "-J: what was read from Redis or from others is published again" {
	start_redis
	cat >p.in <<-'END'
	{"topic":"t","key":"k","ts":"2020-01-02T03:04:05.000006Z","body":[1]}
	{"body_b64":"MiAz","id":"1-1"}
	END
	expect 0 pub -J -s raw --keep-time --seq --id "${REDIS}s" <p.in
	same "$(entries | jq -c '[.topic, .key, .seq, .body, (.mid | length)]')" \
	    '["t","k",1,"[1]",32]
[null,null,1,"2 3",32]'
}

# option: cal-pub --wait
@test "--wait: replicas have it, or it is 75 with the numbers" {
	start_redis_tcp
	expect 75 pub -l --wait 1:100 "${REDIS}s" < <(seq 2)
	like "$err" '*within 100 ms 0 of 1 replicas had the last 1 message, which Redis has*'
	launch replica redis-server --port 0 --unixsocket "$T/replica.sock" \
	    --save '' --dir "$T" --dbfilename replica.rdb \
	    --replicaof 127.0.0.1 "$REDIS_PORT"
	wait_for 30 replica_is_there
	expect 0 pub -l --print-id --wait 1:20000 "${REDIS}s" < <(seq 5000)
	same "$(wc -l <<<"$out")" 5000
	same "$(redis-cli -s replica.sock xlen s)" 5001
	expect 75 pub --wait 2:50 "${REDIS}s" 1
	like "$err" '*1 of 2 replicas*'
	same "$out" ''
}

replica_is_there() {
	[[ $(rcli info replication) == *state=online* ]]
}

# option: cal-pub --connect-timeout
@test "F66: no Redis there: 69, with what stands in the way" {
	REDIS="redis+unix://$T/none.sock?stream="
	spent expect 69 pub --connect-timeout 0.3 "${REDIS}s" 1
	between 300 "$MS" 3000
	like "$err" '*no connection to Redis within 0.3 s: cannot connect: No such file*'
	like "$err" '*1 message was not handed over*'
	# Without a message nobody has to be there.
	expect 0 pub -l "${REDIS}s"
}

@test "no Redis there yet: it is waited for" {
	REDIS_SOCKET=$T/redis.sock
	echo '"early"' >p.in
	tell p --connect-timeout 60 "redis+unix://$REDIS_SOCKET?stream=s"
	start_redis
	finish p
	same "$STATUS" 0
	same "$(bodies)" '"early"'
}

# refused STATUS WORDS ARG...: with a message that Redis does not take.
refused() {
	local status=$1 words=$2
	shift 2
	expect "$status" pub --connect-timeout 0.3 "$@" "${REDIS}s" 1
	like "$err" "*$words*"
	like "$err" '*1 message was not handed over*'
}

@test "F66: READONLY, OOM, NOREPLICAS, MISCONF, BUSY: 75, after it was tried" {
	local kind
	start_redis
	for kind in readonly oom noreplicas misconf busy; do
		redis_trouble $kind
		refused 75 " 0.3 s: ${kind^^} "
		redis_well $kind
	done
	same "$(rcli xlen s)" 0
	expect 0 pub "${REDIS}s" 1
}

# option: cal-pub --retry-delay
@test "--retry-delay: how often it is tried" {
	start_redis
	redis_trouble oom
	rcli config resetstat
	refused 75 OOM --retry-delay 60
	same "$(refusals)" 1
	refused 75 OOM --retry-delay 0.01
	(($(refusals) > 4))
}

refusals() {
	rcli info errorstats | tr -dc '[:print:]\n' |
	    sed -n 's/^errorstat_OOM:count=//p'
}

@test "F66: what is refused for the moment goes when the moment is over" {
	start_redis
	feed p
	tell p -l --connect-timeout 60 "${REDIS}s"
	seq 100 >&9
	wait_for 10 has_line p.out 100
	rcli replicaof 127.0.0.1 1
	seq 101 2000 >&9
	wait_for 10 contains p.err 'Redis takes no message for the moment: READONLY'
	rcli replicaof no one
	wait_for 10 has_line p.out 2000
	exec 9>&-
	finish p
	same "$STATUS" 0
	bodies | cmp - <(seq 2000)
	same "$(sort -u p.out | wc -l)" 2000
}

@test "F66: LOADING: 75, or it is waited for" {
	start_redis
	reload_redis_slowly
	expect 75 pub --connect-timeout 1 "${REDIS}s" 1
	like "$err" '*no connection to Redis within 1 s: LOADING*'
	like "$err" '*1 message was not handed over*'
	seq 1000 >p.in
	tell p -l --connect-timeout 60 "${REDIS}s"
	finish p 60
	same "$STATUS" 0
	bodies | cmp - <(seq 1000)
}

@test "F66, F74: NOAUTH, NOPERM: 77; WRONGTYPE: 78" {
	start_redis
	rcli set string 1
	rcli acl setuser guest on '>secret' '~other' +@all
	expect 78 pub "${REDIS}string" 1
	like "$err" '*WRONGTYPE*'
	like "$err" '*1 message was not handed over*'
	CAL_REDIS_PASSWORD=secret expect 77 pub \
	    "redis+unix://guest@$REDIS_SOCKET?stream=s" 1
	like "$err" '*NOPERM*'
	rcli config set requirepass hidden
	expect 77 pub "${REDIS}s" 1
	like "$err" '*NOAUTH*'
}

@test "F67: Redis stands still: 124, since nobody knows" {
	start_redis
	feed p
	tell p -l "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	freeze_redis
	printf '2\n3\n' >&9
	finish p 30
	same "$STATUS" 124
	contains p.err 'the connection to Redis was lost'
	contains p.err '2 messages may or may not be in Redis'
	thaw_redis
	# They are there in the end; without asking nobody could have known.
	wait_for 10 has_entries 3
	same "$(wc -l <p.out)" 1
}

has_entries() {
	[[ $(rcli xlen s) == "$1" ]]
}

@test "F70: the connection is lost before the answer: 124 and how many" {
	start_redis --appendonly yes
	feed p
	tell p -l "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	freeze_redis
	echo 2 >&9
	# It is in the socket, which Redis will never read.
	wait_for 10 is_on_its_way p 1
	kill_redis
	finish p
	same "$STATUS" 124
	contains p.err '1 message may or may not be in Redis'
	same "$(wc -l <p.out)" 1
}

# is_on_its_way NAME COUNT: so many may or may not be there.
is_on_its_way() {
	[[ $(counter "$1" unknown) == "$2" ]]
}

@test "a connection that ends between two messages costs nothing" {
	start_redis --appendonly yes
	feed p
	tell p -l -v --connect-timeout 60 "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	kill_redis
	wait_for 10 contains p.err 'lost the connection'
	echo 2 >&9
	restart_redis
	wait_for 10 has_line p.out 2
	exec 9>&-
	finish p
	same "$STATUS" 0
	same "$(bodies | tr '\n' ' ')" '1 2 '
}

# option: cal-pub --retry
@test "F70: --retry: it is sent again, with the same message id" {
	start_redis --appendonly yes
	feed p
	tell p -l --retry 3 --connect-timeout 60 "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	freeze_redis
	printf '2\n3\n' >&9
	wait_for 10 is_on_its_way p 2
	kill_redis
	restart_redis
	wait_for 20 has_line p.out 3
	contains p.err '2 messages are sent again, and may be there twice'
	exec 9>&-
	finish p
	same "$STATUS" 0
	entries >all
	same "$(jq -r .body all | uniq | tr '\n' ' ')" '1 2 3 '
	same "$(jq -r .mid all | sort -u | wc -l)" 3
	# Each id that was told is that of the message.
	jq -r .id all | grep -Fxc -f p.out >count
	same "$(<count)" 3
}

# Redis has it, but its answer is lost.
start_relay() {
	launch relay "$PYTHON" "$TESTS/interop/relay.py" "$T/relay.sock" \
	    "$REDIS_SOCKET"
	wait_for 10 has_line relay.out
	RELAY="redis+unix://$T/relay.sock?stream="
}

@test "F70: without --retry an answer that is lost is 124, and nothing goes twice" {
	start_redis
	start_relay
	feed p
	tell p -l "${RELAY}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	: >relay.sock.mute
	echo 2 >&9
	finish p
	same "$STATUS" 124
	contains p.err '1 message may or may not be in Redis'
	same "$(bodies | tr '\n' ' ')" '1 2 '
}

@test "F70: with --retry a message may be there twice, with one id of its own" {
	start_redis
	start_relay
	feed p
	tell p -l --retry 1 "${RELAY}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	: >relay.sock.mute
	echo 2 >&9
	wait_for 10 has_line p.out 2
	echo 3 >&9
	exec 9>&-
	finish p
	same "$STATUS" 0
	entries >all
	same "$(jq -r .body all | tr '\n' ' ')" '1 2 2 3 '
	same "$(jq -r .mid all | uniq -c | awk '{ printf "%s ", $1 }')" '1 2 1 '
	contains p.err '1 message is sent again, and may be there twice'
}

# All that was confirmed is there, whatever happens, and with --retry all else.
@test "kill -9 of Redis again and again: no message is lost" {
	local i before
	start_redis --appendonly yes
	seq 60000 >p.in
	tell p -l --rate 20000 --retry 100 --connect-timeout 60 "${REDIS}s"
	for i in 1 2 3; do
		before=$(count_lines p.out)
		wait_for 30 has_line p.out $((before + 5000))
		kill_redis
		restart_redis
	done
	finish p 60
	same "$STATUS" 0
	entries >all
	# In the order of the input, the first of each.
	jq -r '.mid + " " + .body' all | awk '!seen[$1]++ { print $2 }' |
	    cmp - p.in
	same "$(wc -l <p.out)" 60000
	jq -r .id all >ids
	same "$(sort p.out | comm -23 - <(sort ids) | wc -l)" 0
}

@test "kill -9 without --retry: what was confirmed is there, in order" {
	start_redis --appendonly yes
	seq 1000000 >p.in
	tell p -l "${REDIS}s"
	wait_for 30 has_line p.out 20000
	kill_redis
	finish p
	same "$STATUS" 124
	like "$(<p.err)" '*message*may or may not be in Redis*'
	restart_redis
	entries | jq -r .id >ids
	head -n "$(wc -l <p.out)" ids | cmp - p.out
	bodies | cmp - <(head -n "$(wc -l <ids)" p.in)
}

@test "cal-pub is killed: what it told is there, and all is in order" {
	local point
	need_faults
	for point in xadd-sent:1 xadd-sent:700 xadd-confirmed:1 \
	    xadd-confirmed:700; do
		start_redis
		seq 1000 >p.in
		CAL_CRASH=$point tell p -l "${REDIS}s"
		finish p
		same "$STATUS" 137
		entries | jq -r .id >ids
		head -n "$(wc -l <p.out)" ids | cmp - p.out
		bodies | cmp - <(head -n "$(wc -l <ids)" p.in)
		stop_redis
	done
}

@test "SIGINT: what is on its way is confirmed, the rest is told" {
	start_redis
	yes 1 | head -n 10000000 >p.in
	tell p -l "${REDIS}s"
	wait_for 30 has_line p.out 1000
	stop p INT
	same "$STATUS" 130
	same "$(rcli xlen s)" "$(wc -l <p.out)"
	not contains p.err 'may or may not'
	# And when nothing comes any more.
	feed q
	tell q -l "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line q.out
	freeze_redis
	echo 2 >&9
	wait_for 10 is_on_its_way q 1
	stop q INT
	same "$STATUS" 130
	contains q.err '1 message may or may not be in Redis'
}

# option: cal-pub --linger
@test "--linger: what is not confirmed in time is told" {
	start_redis
	feed p
	tell p -l --linger 0.2 "${REDIS}s"
	echo 1 >&9
	wait_for 10 has_line p.out
	freeze_redis
	echo 2 >&9
	wait_for 10 is_on_its_way p 1
	exec 9>&-
	spent finish p
	between 100 "$MS" 3000
	same "$STATUS" 124
}

@test "-T: what was confirmed is written, and nothing else" {
	start_redis
	rcli set string 1
	seq 10 >p.in
	expect 78 pub -l -T "${REDIS}string" <p.in
	same "$out" ''
	expect 0 pub -l -T "${REDIS}s" <p.in
	same "$out" "$(seq 10)"
}

@test "SIGUSR1: sent is what was confirmed" {
	start_redis
	feed p
	tell p -l "${REDIS}s"
	seq 3 >&9
	wait_for 10 has_line p.out 3
	freeze_redis
	echo 4 >&9
	wait_for 10 is_on_its_way p 1
	same "$(counters p | jq -c '[.read,.sent,.waiting,.unknown]')" \
	    '[4,3,0,1]'
	thaw_redis
	exec 9>&-
	finish p
	same "$STATUS" 0
}

@test "two addresses of Redis: each has every message" {
	start_redis
	expect 0 pub -l "${REDIS}a" -u "${REDIS}b" < <(seq 100)
	bodies a | cmp - <(seq 100)
	bodies b | cmp - <(seq 100)
}
