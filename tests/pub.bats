#!/usr/bin/env bats
# cal-pub: what it makes of its input.  It is read by an independent subscriber
# (interop/stream.py).

load lib

# received NAME: what a subscriber printed, but for its first line and times.
received() {
	tail -n +2 "$1.out" | jq -c 'del(.ts)'
}

# published COUNT ARG...: what so many messages of a cal-pub come to, whose
# input is in the file "in".
published() {
	local count=$1
	shift
	[[ ! -e in ]] || cp in p.in
	publish p "$@" "$ANY"
	stream s sub -n "$count" "$URL"
	finish s 20
	finish p 20
	same "$STATUS" 0
	received s
}

@test "a BODY leaves stdin alone; without one stdin is the body" {
	printf '[1]\nrest\n' >in
	same "$(published 1 -d '"x"')" '{"body":"x"}'
	same "$(published 1 -n)" '{"body":null}'
	publish p "$ANY" '{"a": 1.0}' <in
	stream s sub -n 1 "$URL"
	finish s
	finish p
	same "$STATUS $(tail -n +2 s.out | sed 's/.*"body"/"body"/')" \
	    '0 "body":{"a": 1.0}}'
	{
		publish q -d '"x"' "$ANY"
		read -r line
		same "$line" '[1]'
	} <in
	stop q
	echo ' {"from": "stdin"} ' >in
	same "$(published 1)" '{"body":{"from":"stdin"}}'
	: >in
	same "$(published 1)" '{"body":null}'
}

# option: cal-pub --data
# option: cal-pub --no-body
@test "-d DATA, -d @FILE, -d @-, -n" {
	same "$(published 1 -d -5)" '{"body":-5}'
	echo '[1,2]' >body
	same "$(published 1 -d @body)" '{"body":[1,2]}'
	cp body in
	same "$(published 1 -d @-)" '{"body":[1,2]}'
	expect 66 pub "$ANY" -d @nothing
	like "$err" "cal-pub: *nothing*"
	expect 64 pub "$ANY" -d 1 2
	expect 64 pub "$ANY" -n -l
}

# option: cal-pub --lines
@test "-l: one line in, one message out, at once" {
	mkfifo p.in
	exec 9<>p.in
	publish p -l "$ANY"
	stream s sub -n 4 "$URL"
	printf '1\n\n[2' >&9
	wait_for 10 has_line s.out 3
	same "$(received s)" '{"body":1}
{"body":null}'
	printf ', 3]\n"x"' >&9
	wait_for 10 has_line s.out 4
	exec 9>&-
	finish s
	finish p
	same "$STATUS $(received s | tail -n 2)" '0 {"body":[2,3]}
{"body":"x"}'
}

# option: cal-pub --null
# option: cal-pub --delimiter
# option: cal-pub --framed
@test "-0, -D and --framed: other ways to part messages" {
	printf '[1,\n2]\0"a"\0' >in
	same "$(published 2 -0)" '{"body_b64":"WzEsCjJd"}
{"body":"a"}'
	printf '1--2--' >in
	same "$(published 2 -D --)" '{"body":1}
{"body":2}'
	printf '\0\0\0\3[1]\0\0\0\0' >in
	same "$(published 2 --framed)" '{"body":[1]}
{"body":null}'
	printf '\0\0\0\3[1]' >in
	expect 65 pub --framed "$ANY" <<<$'\x01\x01'
	like "$err" 'cal-pub: message 1: *'
}

@test "--framed and -0: bytes with NUL and newlines" {
	printf '\0\0\0\6\0a\nb\377\0\0\0\0\1\n' >in
	same "$(published 2 --framed -s raw)" '{"body_b64":"AGEKYv8A"}
{"body_b64":"Cg=="}'
	printf 'a\nb\0\n\0' >in
	same "$(published 2 -0 -s raw)" '{"body_b64":"YQpi"}
{"body_b64":"Cg=="}'
}

# option: cal-pub --json
@test "-J: topic, key and body are those of the object" {
	cat >p.in <<-'END'
	{"body": {"a": 1.0}, "topic": "t", "key": "k", "seq": 9, "id": "x"}
	{"topic_b64": "/w==", "key_b64": "AP8=", "body_b64": "IDEg"}
	{"ts": "2000-01-01T00:00:00.000000Z", "topic": "\u0074"}
	END
	publish p -J "$ANY"
	stream s sub -n 3 "$URL"
	finish s
	finish p
	same "$STATUS $(tail -n +2 s.out | sed 's/"ts":"[^"]*",//')" \
	    '0 {"topic":"t","key":"k","body":{"a": 1.0}}
{"topic_b64":"/w==","key_b64":"AP8=","body_b64":"IDEg"}
{"topic":"t","body":null}'
	# The time is now, not that of the object.
	not contains s.out '"2000-01-01'
}

@test "-J: what is no message is said with its line" {
	for line in '{' '[]' '{"topic":1}' '{"body":1,"body_b64":""}' \
	    '{"body_b64":"ew=="}' '{"key":"a","key":"a"}'; do
		expect 65 pub -J "$ANY" <<<"$line"
		like "$err" 'cal-pub: line 1: *'
	done
}

# option: cal-pub --keep-time
@test "--keep-time: the golden messages, byte for byte" {
	jq -r '.cases[] | select(.kind == "pubsub") | .decoded.created_at +
	    " " + .frames[2]' "$TESTS/vectors/vectors.json" |
	while read -r at body; do
		printf '{"ts":"%s","body_b64":"%s"}\n' "$at" \
		    "$(bytes "$body" | base64 -w 0)"
	done >p.in
	publish p -s raw -J --keep-time "$ANY"
	stream s sub --hex -n "$(wc -l <p.in)" "$URL"
	finish s
	finish p
	same "$STATUS" 0
	jq -r '.cases[] | select(.kind == "pubsub") | .frames | join(",")' \
	    "$TESTS/vectors/vectors.json" >want
	same "$(tail -n +2 s.out)" "$(<want)"
	expect 64 pub --keep-time -l "$ANY"
}

@test "what was captured is published again byte for byte" {
	stream a pub --topic 'a"b' --key-hex 00ff --seq -n 5 --wait 1 "$ANY"
	stream b sub -n 5 "$URL"
	finish b
	finish a
	tail -n +2 b.out >p.in
	publish p -J --keep-time "$ANY"
	stream s sub -n 5 "$URL"
	finish s
	finish p
	same "$STATUS $(tail -n +2 s.out)" "0 $(sed 's/"seq":[0-9]*,//' p.in)"
	# A time that nobody knows stays so.
	echo '{"ts":"-","body":1}' >q.in
	publish q -J --keep-time "$ANY"
	stream t sub -n 1 "$URL"
	finish t
	same "$(tail -n +2 t.out)" '{"ts":"-","body":1}'
}

# option: cal-pub --serializer
@test "-s: what is no JSON is refused, or passed on unseen" {
	for body in '{' '[1,]' 'nope' '1 2' 'NaN' $'"\t"'; do
		expect 65 pub "$ANY" "$body"
		like "$err" 'cal-pub: not JSON*'
	done
	expect 64 pub -s nothing "$ANY" 1
	printf ' {\n\n' >in
	same "$(published 2 -s raw -l)" '{"body_b64":"IHs="}
{"body_b64":""}'
}

# option: cal-pub --raw
# option: cal-pub --text
@test "-r and --text: bytes as they are, and strings" {
	printf ' {\n' >in
	same "$(published 1 -r)" '{"body_b64":"IHsK"}'
	printf 'say "hi"\nü\n' >in
	same "$(published 2 --text -l)" '{"body":"say \"hi\""}
{"body":"ü"}'
	expect 64 pub -r -l "$ANY"
	expect 65 pub --text "$ANY" $'\xff'
}

# option: cal-pub --topic
@test "-t: a topic, by which subscribers choose" {
	printf '1\n2\n' >p.in
	publish p -l -t sensor/1 "$ANY"
	stream s sub -t sensor -n 2 "$URL"
	finish s
	finish p
	same "$STATUS $(received s)" '0 {"topic":"sensor/1","body":1}
{"topic":"sensor/1","body":2}'
	# One with another subscription is nobody for the first message.
	publish q -t sensor/1 --connect-timeout "$(slow 3)" "$ANY" 1
	stream t sub -t other "$URL"
	finish q
	same "$STATUS" 69
	stop t
	printf '{"body":1}\n{"body":2,"topic":"own"}\n' >in
	same "$(published 2 -J -t usual)" '{"topic":"usual","body":1}
{"topic":"own","body":2}'
	expect 64 pub -t "$(printf '%04097d' 0)" "$ANY" 1
}

# option: cal-pub --key
# option: cal-pub --key-delimiter
# option: cal-pub --key-from
@test "-k, -K and --key-from: the ordering key" {
	same "$(published 1 -k one -d 1)" '{"key":"one","body":1}'
	printf 'a:1\n2\n:3\n' >in
	same "$(published 3 -l -K :)" '{"key":"a","body":1}
{"body":2}
{"body":3}'
	printf '{"k":"v"}\n{"k":1.5}\n{}\n' >in
	same "$(published 3 -l --key-from /k)" '{"key":"v","body":{"k":"v"}}
{"key":"1.5","body":{"k":1.5}}
{"body":{}}'
	expect 65 pub --key-from /k "$ANY" '{"k":[]}'
	expect 64 pub -s raw --key-from /k "$ANY" 1
}

# option: cal-pub --compress
# option: cal-pub --seq
# option: cal-pub --id
@test "-z, --seq, --id: the header says what was asked for, nothing else" {
	local body
	body=$(jq -nc '[range(100) | 7]')
	same "$(published 1 -z -d "$body")" "{\"flags\":1,\"body\":$body}"
	printf '{"topic":"a"}\n{"topic":"b"}\n{"topic":"a"}\n' >in
	same "$(published 3 -J --seq | jq -c '[.topic, .seq]')" '["a",1]
["b",1]
["a",2]'
	printf '1\n2\n' >in
	published 2 -l --id | jq -r .mid >ids
	grep -cxE '[0-9a-f]{32}' ids
	same "$(sort -u ids | wc -l)" 2
	# Without any of them the header is the library's: a time alone.
	rm in
	publish p "$ANY" 1
	stream s sub --hex -n 1 "$URL"
	finish s
	like "$(tail -n 1 s.out)" '5550504552,91c409eb??????????????00,31'
}

# option: cal-pub --keep-going
# option: cal-pub --count
@test "-E and -c: after bad input, and when to stop" {
	printf '1\n{\n3\n4\n' >p.in
	publish p -l "$ANY"
	stream s sub "$URL"
	finish p
	same "$STATUS" 65
	like "$(<p.err)" 'cal-pub: line 2: not JSON*'
	wait_for 5 has_line s.out 2
	cp p.in r.in
	publish r -l -E -c 3 "$ANY"
	stream t sub -n 2 "$URL"
	finish r
	same "$STATUS" 65
	finish t
	same "$(received s)
$(received t)" '{"body":1}
{"body":1}
{"body":3}'
	stop s
}

# option: cal-pub --max-body
@test "--max-body: what is larger is refused" {
	local large
	large=$(jq -nc '[range(600) | 7]')
	expect 65 pub --max-body 1k "$ANY" "$large"
	like "$err" '*larger than 1024 bytes*'
	printf '%s\n1\n' "$large" >p.in
	publish p --max-body 1k -l -E "$ANY"
	stream s sub -n 1 "$URL"
	finish s
	finish p
	same "$STATUS $(received s)" '65 {"body":1}'
	like "$(<p.err)" 'cal-pub: line 1: *'
}

# option: cal-pub --tee
# option: cal-pub --format
@test "-T: what was handed over goes on, as it was read" {
	printf ' 1 \r\n\n"a"' >p.in
	launch p "$CAL_BIN/cal-pub" -1 -T -l "$ANY"
	wait_for 5 has_line p.err
	[[ ! -s p.out ]]
	stream s sub -n 3 "$(<p.err)"
	finish s
	finish p
	same "$STATUS $(od -An -c <p.out | tr -d ' ')" '0 1\r\n\n"a"\n'
	launch q "$CAL_BIN/cal-pub" -1 -t t -k k -T -f '%t %k %S %o: %s\n' \
	    -d ' [1] ' "$ANY"
	wait_for 5 has_line q.err
	stream u sub -n 1 "$(<q.err)"
	finish u
	finish q
	same "$(<q.out)" 't k 3 1: [1]'
	expect 64 pub -f %s "$ANY" 1
	# What nobody took is not written.
	expect 69 pub -T --connect-timeout 0.1 "$ANY" 1
	same "$out" ""
}

@test "-T: nobody reads, or the disk is full" {
	mkfifo p.in
	exec 9<>p.in
	mkfifo pipe
	"$CAL_BIN/cal-pub" --wait-subscribers 0 -T -l "ipc://$T/p" <p.in \
	    >pipe 2>p.err 3>&- 9>&- &
	pids[p]=$!
	exec 8<pipe
	exec 8<&-
	finish p
	same "$STATUS" 141
	pub --wait-subscribers 0 -T "$ANY" 1 >/dev/full 2>full.err &&
	    return 1
	same $? 74
	like "$(<full.err)" 'cal-pub: cannot write*'
}

# option: cal-pub --help
# option: cal-pub --version
# option: cal-pub --completion
@test "--help, --version and --completion go to stdout" {
	expect 0 pub --help
	like "$out" '*--wait-subscribers*'
	same "$err" ""
	expect 0 pub --version
	like "$out" "*$(<"$ROOT/VERSION")*"
	for shell in bash zsh fish; do
		expect 0 pub --completion "$shell"
		like "$out" '*wait-subscribers*'
	done
	expect 0 pub --completion bash
	bash -n expect.out
}
