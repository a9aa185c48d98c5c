#!/usr/bin/env bats
# cal-sub over Redis: reading streams and groups that are there.  What stands in
# them comes from redis-cli and from an independent publisher
# (interop/redis_pub.py).

load lib
load redis

# add STREAM BODY [FIELD VALUE]...: one entry; its id is on stdout.
add() {
	local stream=$1 body=$2
	shift 2
	rcli XADD "$stream" '*' hdr $'\x91\xc0' msg "$body" "$@"
}

# add_many STREAM WORD...: the independent publisher.
add_many() {
	timeout -s KILL 60 "$PYTHON" "$TESTS/interop/redis_pub.py" \
	    "$REDIS_SOCKET" "$@"
}

# numbers FILE...: the n of bodies, in order of n.
numbers() {
	cat "$@" | jq .n | sort -n
}

# all_of COUNT FILE...: each number once.
all_of() {
	local count=$1
	shift
	diff <(numbers "$@") <(seq 0 $((count - 1)))
}

# is_blocked COUNT: so many connections wait for messages.
is_blocked() {
	[[ $(rcli INFO clients | sed -n 's/^blocked_clients:\([0-9]*\).*/\1/p') \
	    == "$1" ]]
}

consumers() {
	rcli XINFO GROUPS "$1" | awk '$0 == "consumers" { getline; print }'
}

pending() {
	rcli XPENDING "$1" "$2" | head -n 1
}

lines_are() {
	[[ $(cat "${@:2}" 2>/dev/null | wc -l) == "$1" ]]
}

# option: cal-sub --offset --exit-at-end
@test "-o and -e: from where, and up to what is the end" {
	start_redis
	local second
	add s 1
	second=$(add s 2)
	add s 3
	expect 0 cal_sub -o beginning -e "${REDIS}s"
	same "$out" '1
2
3'
	expect 0 cal_sub -o "$second" -e "${REDIS}s"
	same "$out" 3
	expect 0 cal_sub -o "s@${second%-*}" -e "${REDIS}s"
	same "$(head -n 1 <<<"$out")" 2
	expect 0 cal_sub -o end -e "${REDIS}s"
	same "$out" ''
	expect 0 cal_sub -e "${REDIS}s"
	same "$out" ''
	# No stream is one without messages.
	expect 0 cal_sub -o beginning -e "${REDIS}none"
	same "$out" ''
	same "$(rcli EXISTS none)" 0
	expect 0 cal_sub -o beginning -e -c 2 "${REDIS}s"
	same "$out" '1
2'
}

@test "-e leaves behind what comes later, and waits for commands" {
	start_redis
	make_gate
	add s 1
	add s 2
	launch s "$CAL_BIN/cal-sub" -o beginning -e -j 2 "${REDIS}s" -- \
	    sh -c 'read -r x <gate; cat'
	wait_for 10 lines_are 1 <(rcli CLIENT LIST | grep -c 'cmd=xread') || :
	add s 3
	release 3
	finish s
	same "$STATUS" 0
	same "$(sort s.out)" '1
2'
}

@test "without a group each reader gets all, from the moment it is ready" {
	start_redis
	add s 0
	subscribe a "${REDIS}s"
	subscribe b "${REDIS}s"
	same "$URL" "${REDIS}s"
	add_many s -n 1000
	wait_for 20 lines_are 1000 a.out
	wait_for 20 lines_are 1000 b.out
	all_of 1000 a.out
	all_of 1000 b.out
	same "$(rcli XINFO GROUPS s)" ''
	stop a INT
	same "$STATUS" 130
	stop b
	same "$STATUS" 143
}

# option: cal-sub --group
@test "a group shares 20,000 messages, without loss or doubling" {
	start_redis
	subscribe a -G g -c 12000 "${REDIS}s"
	subscribe b -G g "${REDIS}s"
	wait_for 10 is_blocked 2
	add_many s -n 20000
	wait_for 60 lines_are 20000 a.out b.out
	all_of 20000 a.out b.out
	has_line a.out 100
	has_line b.out 100
	same "$(pending s g)" 0
	stop a
	stop b
	# Nothing stays behind of those who left.
	same "$(consumers s)" 0
}

@test "-c takes no more out of a group than it prints" {
	start_redis
	add_many s -n 100 --open
	expect 0 cal_sub -G g -c 1 "${REDIS}s"
	same "$out" '{"n": 0}'
	expect 0 cal_sub -G g -c 40 "${REDIS}s"
	cp expect.out rest
	expect 0 cal_sub -G g -e "${REDIS}s"
	same "$(count_lines rest) $(count_lines expect.out)" '40 59'
	same "$(jq .n rest expect.out | tr '\n' ' ')" \
	    "$(seq 1 99 | tr '\n' ' ')"
	same "$(pending s g) $(consumers s)" '0 0'
}

@test "what a command cannot begin stays for others of the group" {
	start_redis
	make_gate
	subscribe a -G g -j 2 "${REDIS}s" -- sh -c 'read -r x <gate; cat'
	wait_for 10 is_blocked 1
	add_many s -n 10
	wait_for 10 has_line a.out 0 || :
	wait_for 10 children_are 2 a
	expect 0 cal_sub -G g -c 8 "${REDIS}s"
	same "$(jq .n expect.out | tr '\n' ' ')" '2 3 4 5 6 7 8 9 '
	release 2
	wait_for 10 lines_are 2 a.out
	stop a
}

children_are() {
	[[ $(children "${pids[$2]}" | wc -w) == "$1" ]]
}

@test "a group begins at its beginning, or where -o says; then it is its own" {
	start_redis
	local first
	first=$(add s 1)
	add s 2
	expect 0 cal_sub -G a -e "${REDIS}s"
	same "$out" '1
2'
	expect 0 cal_sub -G b -o end -e "${REDIS}s"
	same "$out" ''
	expect 0 cal_sub -G c -o "$first" -e "${REDIS}s"
	same "$out" 2
	add s 3
	expect 0 cal_sub -G b -o beginning -e "${REDIS}s"
	same "$out" 3
	expect 0 cal_sub -e "${REDIS}s&group=a"
	same "$out" 3
}

@test "-J, -f and CAL_ID: the id of the entry; CAL_DELIVERY in a group" {
	start_redis
	local id
	id=$(add s '{"a": 1.0}' topic 't"' other field)
	expect 0 cal_sub -o beginning -e -J "${REDIS}s"
	same "$out" "{\"id\":\"$id\",\"ts\":\"-\",\"topic\":\"t\\\"\",\"body\":{\"a\": 1.0}}"
	expect 0 cal_sub -o beginning -e -f '%o %t %s\n' "${REDIS}s"
	same "$out" "$id t\" {\"a\": 1.0}"
	# shellcheck disable=SC2016
	expect 0 cal_sub -G g -e "${REDIS}s" -- \
	    sh -c 'echo $CAL_ID $CAL_DELIVERY $CAL_TOPIC'
	same "$out" "$id 1 t\""
	# shellcheck disable=SC2016
	expect 0 cal_sub -o beginning -e "${REDIS}s" -- \
	    sh -c 'echo $CAL_ID ${CAL_DELIVERY-none}'
	same "$out" "$id none"
}

@test "-t: other topics are passed over, and acknowledged in a group" {
	start_redis
	add s 1
	add s 2 topic a
	add s 3 topic b
	add s 4 topic ab
	expect 0 cal_sub -o beginning -e -t a "${REDIS}s"
	same "$out" '2
4'
	expect 0 cal_sub -G g -e -t b -v "${REDIS}s"
	same "$out" 3
	like "$err" '*"malformed":0*'
	same "$(pending s g)" 0
}

@test "the library's own publisher is read" {
	start_redis
	subscribe s -G g -J -v "${REDIS}s"
	add_many s -n 3 --open
	wait_for 10 lines_are 3 s.out
	like "$(head -n 1 s.out)" '{"id":"*-*","ts":"20??-??-??T*Z","body":{"n": 0}}'
	same "$(counter s malformed)" 1
	stop s
	same "$(pending s g)" 0
}

@test "F75, B39: what is no message is passed over, counted and acknowledged" {
	start_redis
	rcli XADD s '*' meta create-or-join-to-stream >rest
	rcli XADD s '*' meta x hdr $'\x91\xc0' msg 1 >rest
	rcli XADD s '*' msg 2 >rest
	rcli XADD s '*' hdr $'\x91\xc0' >rest
	rcli XADD s '*' a b >rest
	rcli XADD s '*' '' '' >rest
	rcli XADD s '*' hdr garbage msg 3 >rest
	rcli XADD s '*' hdr $'\x91\xc0' hdr x msg 4 msg 5 other 6 >rest
	local words
	for words in '-o beginning' '-G g'; do
		# shellcheck disable=SC2086
		expect 0 cal_sub $words -e -v "${REDIS}s"
		same "$out" 4
		like "$err" '*dropped a message*"messages":1,*"malformed":7,*'
	done
	same "$(pending s g)" 0
}

@test "a body larger than --max-body is passed over, not the next one" {
	start_redis
	add_many s -n 1 -b 5000
	add s 2
	expect 0 cal_sub -o beginning -e -v --max-body 1024 "${REDIS}s"
	same "$out" 2
	like "$err" '*"malformed":1,*'
}

@test "large messages come in small reads" {
	start_redis
	add_many s -n 12 -b 9000000
	add_many s -n 200 -b 10
	expect 0 cal_sub -G g -e "${REDIS}s"
	jq .n expect.out >seen
	diff seen <(seq 0 11; seq 0 199)
}
