#!/usr/bin/env bats
# cal-sub: what is printed, what commands do, when it ends, and its options.
# Messages come from an independent publisher (interop/stream.py).

load lib
load keys

# objects OBJECT...: what the publisher will read.
objects() {
	printf '%s\n' "$@" >p.in
}

# taken STATUS ARG...: runs cal-sub on the messages of p.in, in $out and $err.
taken() {
	local status=$1
	shift
	stream p pub --wait 1 --objects --stay "$ANY"
	expect "$status" cal_sub "$URL" "$@"
	stop p
}

# without_times TEXT: objects of -J.
without_times() {
	sed 's/"ts":"[^"]*",//' <<<"$1"
}

# option: cal-sub --lines --count
@test "each body is a line, as the bytes that it is" {
	objects '{"body": " {\"b\": 0.10,\n \"a\": 1e2} "}' \
	    '{"body": "\"\\u00fc\""}' '{"body": "NaN", "topic": "t"}'
	taken 0 -c 3
	same "$out" '{"b": 0.10, "a": 1e2}
"\u00fc"
NaN'
	taken 0 -l -c 2
	same "$out" '{"b": 0.10, "a": 1e2}
"\u00fc"'
}

@test "a message is printed when it is there, not when many are" {
	mkfifo p.in
	exec 9<>p.in
	stream p pub --wait 1 "$ANY"
	subscribe s "$URL"
	echo 1 >&9
	wait_for 10 has_line s.out
	echo '"two"' >&9
	wait_for 10 has_line s.out 2
	same "$(<s.out)" '1
"two"'
	exec 9>&-
	stop s
	same "$STATUS" 143
}

# option: cal-sub --null --delimiter --framed
@test "-0, -D and --framed: other ways to part messages" {
	objects '{"body": "[\n1]"}' '{"body": "\"b\""}'
	taken 0 -c 2 -0
	same "$(tr '\0' '|' <expect.out)" '[
1]|"b"|'
	taken 0 -c 2 -D --
	same "$out" '[
1]--"b"--'
	taken 0 -c 2 --framed
	same "$(hex <expect.out)" 000000045b0a315d00000003226222
	expect 64 cal_sub ipc://a -0 -l
	expect 64 cal_sub ipc://a -D ''
}

# option: cal-sub --serializer --raw
@test "-s raw and -r: bytes that nobody looks at" {
	objects '{"body": " {\u0000\n"}' '{"body": ""}'
	taken 0 -c 2 -s raw -0
	same "$(hex <expect.out)" 207b000a0000
	taken 0 -c 2 -r --framed
	same "$(hex <expect.out)" 00000004207b000a00000000
	taken 0 -c 2 -r
	same "$(hex <expect.out)" 207b000a
	expect 64 cal_sub ipc://a -r -l
	expect 64 cal_sub ipc://a -s yaml
}

# option: cal-sub --text
@test "--text: a string is its characters" {
	objects '{"body": "\"a \\\"b\\\" \\u00fc\""}' '{"body": "[1, 2]"}'
	taken 0 -c 2 --text
	same "$out" 'a "b" ü
[1, 2]'
	expect 64 cal_sub ipc://a --text -s raw
}

# option: cal-sub --json
@test "-J: everything that there is to know" {
	objects '{"body": "{\"a\": 1.0}", "topic": "a/b", "key": "k", "seq": 7, "mid": "000102030405060708090a0b0c0d0e0f"}' \
	    '{"body": " 1"}' '{"body": "2"}'
	stream p pub --wait 1 --objects --stay \
	    --time 2026-01-15T15:43:01.123456Z "$ANY"
	expect 0 cal_sub "$URL" -J -c 3
	same "$out" '{"id":"000102030405060708090a0b0c0d0e0f","seq":7,"ts":"2026-01-15T15:43:01.123456Z","topic":"a/b","key":"k","body":{"a": 1.0}}
{"ts":"2026-01-15T15:43:01.123456Z","body_b64":"IDE="}
{"ts":"2026-01-15T15:43:01.123456Z","body":2}'
	stop p
	objects '{"body": "{"}'
	taken 76 -J
	taken 0 -J -s raw -c 1
	same "$(without_times "$out")" '{"body_b64":"ew=="}'
}

@test "-J: text that is none stands in base64; a time that is none is -" {
	stream p pub --wait 1 --bad time_garbage --key-hex ff00 --stay -n 1 \
	    "$ANY"
	expect 0 cal_sub "$URL" -J -c 2
	same "${out%%$'\n'*}" '{"ts":"-","body":{"bad": true}}'
	same "$(without_times "${out##*$'\n'}")" \
	    '{"key_b64":"/wA=","body":{"n": 0}}'
}

@test "what -J writes, cal-pub -J publishes again, byte for byte" {
	stream p push --vectors --wait 1 "$ANY"
	launch s ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-sub" --distribute \
	    -s raw -J "$URL"
	finish p
	wait_for 10 all_came s "$(sed -n 's/^sent //p' p.out)"
	stop s
	cp s.out q.in
	publish q -s raw -J --keep-time --distribute "$ANY"
	stream r pull --hex -n "$(count_lines s.out)" "$URL"
	finish r
	finish q
	tail -n +2 r.out >again
	"$PYTHON" "$TESTS/interop/captured.py" "$TESTS/vectors.txt" s.out again
}

# all_came NAME COUNT: whatever was made of them.
all_came() {
	[[ $(counters "$1" | jq '.messages + .malformed') == "$2" ]]
}

# option: cal-sub --format
@test "-f: a shape of one's own" {
	objects '{"body": "[1]", "topic": "t", "key": "k", "seq": 7}'
	stream p pub --wait 1 --objects --stay \
	    --time 1970-01-01T00:00:01.234999Z "$ANY"
	expect 0 cal_sub "$URL" -c 1 -f '%t|%k|%T|%o|%S|%s|%%\x41\n'
	same "$out" 't|k|1234|7|3|[1]|%A'
	stop p
	objects '{"body": "[1]", "mid": "000102030405060708090a0b0c0d0e0f"}'
	taken 0 -c 1 -f '%o,%t,%k'
	same "$out" 000102030405060708090a0b0c0d0e0f,,
	expect 64 cal_sub ipc://a -f %x
	expect 64 cal_sub ipc://a -f %s -J
}

# option: cal-sub --topic
@test "-t: messages whose topic begins so, and no others" {
	objects '{"body": "1"}' '{"body": "2", "topic": "a"}' \
	    '{"body": "3", "topic": "b"}' '{"body": "4", "topic": "ab"}' \
	    '{"body": "5", "topic": "UPPER"}' '{"body": "6", "topic": "c"}'
	stream p pub --wait 2 --objects --stay "$ANY"
	expect 0 cal_sub "$URL" -t a -t c -c 3
	same "$out" '2
4
6'
	stop p
	# A message without a topic begins with this word.
	stream p pub --wait 1 --objects --stay "$ANY"
	expect 0 cal_sub "$URL" -t UPPER -c 1
	same "$out" 5
	stop p
	stream p pub --wait 1 --objects --stay "$ANY"
	expect 0 cal_sub "$URL" -t '' -c 6
	same "$(tail -n 1 <<<"$out")" 6
	expect 64 cal_sub ipc://a --distribute -t a
}

# option: cal-sub --distribute
@test "--distribute: each message goes to one subscriber" {
	stream p push --wait 2 -n 100 "$ANY"
	subscribe a --distribute "$URL"
	subscribe b --distribute "$URL"
	finish p
	wait_for 10 has_lines 100 a.out b.out
	same "$(sort -u a.out b.out | wc -l)" 100
	has_line a.out 10
	has_line b.out 10
}

# has_lines COUNT FILE...: in all of them together.
has_lines() {
	local count=$1
	shift
	[[ $(cat "$@" | wc -l) == "$count" ]]
}

@test "several publishers, of one subscriber" {
	stream p pub --wait 1 -n 3 --topic p --stay "$ANY"
	local first=$URL
	stream q push --wait 1 -n 3 --stay "$ANY"
	stop q
	stream q pub --wait 1 -n 3 --topic q --stay ipc://q
	expect 0 cal_sub "$first" "$URL" -c 6 -f '%t\n'
	same "$(sort <<<"$out" | uniq -c | xargs)" '3 p 3 q'
	expect 64 cal_sub
	expect 64 cal_sub http://x
	expect 64 cal_sub 'tcp://127.0.0.1:*'
}

# option: cal-sub --timeout
@test "-W: the whole run has an end" {
	stream p pub --wait 1 -n 2 --stay "$ANY"
	expect 0 cal_sub "$URL" -W "$(slow 0.5)"
	same "$out" '{"n": 0}
{"n": 1}'
	stop p
	stream p pub --wait 1 -n 2 --stay "$ANY"
	expect 124 cal_sub "$URL" -W "$(slow 0.5)" -c 3
	same "$err" "cal-sub: 2 messages came within $(slow 0.5) s"
	stop p
	stream p pub --wait 1 -n 2 --stay "$ANY"
	expect 124 cal_sub "$URL" -W "$(slow 0.5)" -t other
	stop p
	stream p pub --wait 1 -n 2 --stay "$ANY"
	spent expect 0 cal_sub -W 30 -c 1 "$URL"
	between 0 "$MS" 10000
}

# option: cal-sub --connect-timeout
@test "--connect-timeout: no publisher is 69, and says why" {
	spent expect 69 cal_sub --connect-timeout 0.3 ipc://nobody
	between 250 "$MS" 3000
	same "$err" "cal-sub: no connection to ipc://nobody within 0.3 s: nobody listens there"
	# Where messages come from one it goes on.
	stream p pub --wait 1 --rate 10 -n 12 --stay "$ANY"
	expect 0 cal_sub --connect-timeout 0.3 "$URL" ipc://nobody -c 12
	like "$err" '*no connection to ipc://nobody*'
	subscribe_late
}

# For ever is long enough for a publisher that comes later.
subscribe_late() {
	launch l ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-sub" \
	    --connect-timeout 0 -c 1 ipc://late
	stream late pub --wait 1 -n 1 --stay ipc://late
	finish l
	same "$STATUS" 0
}

# option: cal-sub --ready-line --notify-fd
@test "-1 and --notify-fd: ready is connected to every URL" {
	mkfifo notify
	exec 9<>notify
	stream p pub --wait 1 -n 1 --stay "$ANY"
	local first=$URL
	launch s ${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-sub" -1 \
	    --notify-fd 7 --connect-timeout 0 "$first" ipc://q 7>&9
	wait_for 10 has_line s.out
	not grep -q :// s.err
	stream q pub --wait 1 --stay -n 0 ipc://q
	read -rt 10 line <&9
	same "$line" ''
	same "$(grep :// s.err)" "$first
ipc://q"
	stop s
}

# option: cal-sub --bind --connect
@test "--bind: publishers connect" {
	subscribe s --bind "$ANY"
	like "$URL" 'tcp://127.0.0.1:*'
	stream p pub --connect --wait 1 -n 2 --topic p "$URL"
	stream q pub --connect --wait 1 -n 2 --topic q "$(head -n 1 s.err)"
	wait_for 10 has_line s.out 4
	stop s
	subscribe s --bind --distribute ipc://s
	stream r push --connect --wait 1 -n 3 ipc://s
	wait_for 10 has_line s.out 3
	expect 64 cal_sub --bind --connect "$URL"
	expect 78 cal_sub --bind ipc://s
	stop s
	subscribe s --bind "$ANY"
	expect 71 cal_sub --bind "$URL"
	stream t pub --wait 1 -n 1 --stay "$ANY"
	expect 0 cal_sub --connect -c 1 "$URL"
}

@test "a command gets the body and what else there is to know" {
	objects '{"body": "{\"a\": 1.0}", "topic": "a%\u0001ü", "key": "k", "seq": 7, "mid": "000102030405060708090a0b0c0d0e0f"}'
	stream p pub --wait 1 --objects --stay \
	    --time 2026-01-15T15:43:01.123456Z "$ANY"
	expect 0 cal_sub "$URL" -c 1 -- sh -c 'cat; echo; env | grep ^CAL_ |
	    grep -v -e REQUEST | sort'
	like "$out" '{"a": 1.0}
CAL_ID=000102030405060708090a0b0c0d0e0f
CAL_KEY=k
CAL_SEQ=7
CAL_TIMEOUT_MS=3[56]?????
CAL_TOPIC=a%25%01%C3%BC
CAL_TS=2026-01-15T15:43:01.123456Z'
	stop p
	objects '{"body": "\"a\\nb\""}'
	taken 0 -c 1 --text -- sh -c 'cat; echo "<$CAL_TOPIC$CAL_KEY>"'
	same "$out" 'a
b<>'
	expect 127 cal_sub ipc://a -- ./nothing
	expect 126 cal_sub ipc://a -- /etc/passwd
	expect 64 cal_sub ipc://a --
	expect 64 cal_sub ipc://a -j 2
}

# option: cal-sub --jobs
@test "-j: so many commands at a time, and records that never mix" {
	stream p pub --wait 1 -n 8 --stay "$ANY"
	expect 0 cal_sub "$URL" -j 4 -c 8 -- sh -c 'echo a >>started;
	    while [ $(wc -l <started) -lt 4 ]; do sleep 0.01; done;
	    for i in 1 2 3; do echo $i; sleep 0.01; done'
	same "$out" "$(for i in 1 2 3 4 5 6 7 8; do seq 3; done)"
	# One by one else.
	stop p
	rm started
	stream p pub --wait 1 -n 3 --stay "$ANY"
	expect 0 cal_sub "$URL" -c 3 -- sh -c 'mkdir busy || exit 1;
	    sleep 0.05; rmdir busy'
}

# option: cal-sub --key
@test "-k: one key for all, and all run one after the other" {
	stream p pub --wait 1 --key other --stay -n 4 "$ANY"
	expect 0 cal_sub "$URL" -j 4 -c 4 -k mine -- sh -c \
	    'mkdir busy || exit 1; sleep 0.03; rmdir busy; echo "$CAL_KEY"'
	same "$(xargs <<<"$out")" 'mine mine mine mine'
	stop p
}

# option: cal-sub --key-from
@test "messages of one key are done one after the other" {
	local i script='read -r b; echo $b >>order; case $CAL_KEY in
	    a) sleep 0.03; echo end $b >>order;; esac'
	for i in 1 2 3 4 5; do
		echo "{\"body\": \"{\\\"k\\\":\\\"a\\\",\\\"n\\\":$i}\\n\", \"key\": \"h\"}"
		echo "{\"body\": \"{\\\"n\\\":$i}\\n\"}"
	done >p.in
	taken 0 -j 4 -c 10 --key-from /k -- sh -c "$script"
	same "$(grep k order)" "$(for i in 1 2 3 4 5; do
		printf '{"k":"a","n":%s}\nend {"k":"a","n":%s}\n' $i $i
	done)"
	same "$(grep -vc k order)" 5
	# Without the option it is the header's.
	rm order
	stream p pub --wait 1 --key a --stay -n 4 "$ANY"
	expect 0 cal_sub "$URL" -j 4 -c 4 -- sh -c \
	    'mkdir busy || exit 1; sleep 0.03; rmdir busy'
	stop p
	objects '{"body": "{\"k\":[]}"}'
	taken 65 --key-from /k -- cat
	expect 64 cal_sub ipc://a -k a --key-from /k -- cat
	expect 64 cal_sub ipc://a -k a
	expect 64 cal_sub ipc://a --key-from k -- cat
	expect 64 cal_sub ipc://a --key-from /k
}

@test "a command's stderr reaches ours, also when it has ended well" {
	objects '{"body": "1\n"}' '{"body": "2\n"}'
	taken 1 -E -c 2 -- sh -c \
	    'read n; echo "about $n" >&2; test $n = 1 && echo $n'
	same "$out" 1
	same "$err" 'about 1
cal-sub: message 2: HandlerExit: exit status 1
about 2'
}

# option: cal-sub --keep-going
@test "a failure ends the run, but not with -E" {
	objects '{"body": "1"}' '{"body": "{"}' '{"body": "3"}'
	taken 76
	same "$out" 1
	like "$err" 'cal-sub: message 2: bad body: *'
	taken 76 -E -c 2
	same "$out" '1
3'
	objects '{"body": "1\n"}' '{"body": "2\n"}' '{"body": "3\n"}'
	taken 1 -- sh -c 'read n; test $n != 2; echo $n; test $n != 2'
	same "$out" 1
	same "$err" 'cal-sub: message 2: HandlerExit: exit status 1'
	taken 1 -E -c 3 -- sh -c 'read n; test $n != 2 && echo $n'
	same "$out" '1
3'
	taken 1 -- sh -c 'kill -SEGV $$'
	same "$err" 'cal-sub: message 1: HandlerSignal: SIGSEGV'
}

@test "commands that run may end after another one failed" {
	stream p pub --wait 1 -n 10 --stay "$ANY"
	expect 1 cal_sub "$URL" -j 2 -- sh -c 'read -r n; case $n in
	    *0*) while [ ! -e failed ]; do sleep 0.01; done; sleep 0.1;
	    echo well;; *) touch failed; exit 1;; esac'
	same "$out" well
}

# option: cal-sub --max-body
@test "--max-body: what is larger is dropped; too much output fails" {
	stream p pub --wait 1 --size 2000 -n 1 --stay "$ANY"
	expect 124 cal_sub "$URL" --max-body 1k -W "$(slow 0.5)"
	like "$err" '*dropped a message from tcp://*: its body is larger than 1024 bytes*'
	stop p
	stream p pub --wait 1 -n 1 --stay "$ANY"
	expect 65 cal_sub "$URL" --max-body 1k -- head -c 1025 /dev/zero
	like "$err" 'cal-sub: message 1: TooLarge: *'
	same "$out" ''
}

# option: cal-sub --run-timeout --kill-after
@test "--run-timeout: TERM, then KILL, to the whole group" {
	stream p pub --wait 1 -n 1 --stay "$ANY"
	spent expect 1 cal_sub "$URL" --run-timeout 0.2 --kill-after 0.2 -- \
	    sh -c 'trap "echo TERM >>trap" TERM; echo $$ >pid; sleep 60 &
	    while :; do wait; done'
	between 350 "$MS" 5000
	same "$err" 'cal-sub: message 1: HandlerTimeout: it ran out of time'
	same "$(<trap)" TERM
	gone "$(<pid)"
}

# option: cal-sub --pass-env
@test "--pass-env: what commands see of the environment" {
	stream p pub --wait 1 -n 1 --stay "$ANY"
	A=1 B=2 CAL_X=3 expect 0 cal_sub "$URL" -c 1 --pass-env A,CAL_X -- \
	    sh -c 'echo "$A$B$CAL_X"'
	same "$out" 1
	expect 64 cal_sub ipc://a --pass-env 1 -- cat
}

# option: cal-sub --coprocess --depth
@test "--coprocess: workers answer, line by line, in frames, as JSON-RPC" {
	objects '{"body": "[1,\n2]"}' '{"body": "3"}'
	taken 0 -c 2 --coprocess lines -j 1 -- sh -c 'echo $$ >>pids;
	    while read -r n; do echo "<$n>"; done'
	same "$out" '<[1,2]>
<3>'
	same "$(wc -l <pids)" 1
	taken 0 -c 2 --coprocess framed -j 1 -s raw -0 -- cat
	same "$(tr '\0' '|' <expect.out)" '[1,
2]|3|'
	objects '{"body": "[1]", "topic": "t", "key": "k", "seq": 7, "mid": "000102030405060708090a0b0c0d0e0f"}' '{"body": "2"}'
	stream p pub --wait 1 --objects --stay \
	    --time 2026-01-15T15:43:01.123456Z "$ANY"
	expect 0 cal_sub "$URL" -c 2 --coprocess jsonrpc -j 1 --depth 2 \
	    --run-timeout 0 -- jq --unbuffered -c \
	    '{jsonrpc, id, result: [.method, .params]}'
	same "$out" '["message",{"body":[1],"key":"k","topic":"t","ts":"2026-01-15T15:43:01.123456Z","id":"000102030405060708090a0b0c0d0e0f","seq":7}]
["message",{"body":2,"ts":"2026-01-15T15:43:01.123456Z"}]'
	expect 64 cal_sub ipc://a --coprocess jsonrpc --text -- cat
	expect 64 cal_sub ipc://a --depth 2 -- cat
}

@test "--coprocess: what a worker cannot take, or says of its own accord" {
	objects '{"body": "a\nb"}'
	taken 3 -s raw --coprocess lines -j 1 -- cat
	like "$err" 'cal-sub: message 1: BadRequest: *'
	objects '{"body": "1"}' '{"body": "2"}'
	taken 1 -E -c 2 --coprocess lines -j 1 -- sh -c 'read -r n
	    echo "got $n" >&2; test $n != 1 && echo $n && read -r n'
	same "$out" 2
	like "$err" '*sh\[*]: got 1*message 1: WorkerDied*'
	# An empty answer is no record.
	taken 0 -c 2 --coprocess lines -j 1 -- sh -c 'while read -r n; do
	    test $n = 1 && echo || echo $n; done'
	same "$out" 2
}

@test "-E: a message waits for a worker, when none is running" {
	stream p pub --wait 1 -n 9 --stay "$ANY"
	subscribe s "$URL" -E -c 9 --coprocess lines -j 1 -- sh -c '
	    test -e well || exit 1; exec cat'
	wait_for 20 contains s.err 'waits: no worker is running'
	touch well
	finish s 20
	# Those that a worker had when it ended may have been done.
	same "$(($(wc -l <s.out) + $(grep -c WorkerDied s.err)))" 9
	has_line s.out 4
}

# option: cal-sub --grace
@test "SIGTERM: what runs may end, then it is stopped; nothing is left" {
	stream p pub --wait 1 --rate 50 -n 1000 --stay "$ANY"
	make_gate
	subscribe s "$URL" -- sh -c 'touch running; read x <gate; echo done'
	wait_for 10 test -e running
	kill -TERM "${pids[s]}"
	release
	finish s
	same "$STATUS $(<s.out)" '143 done'
	rm running
	subscribe s "$URL" --grace 0.1 -- sh -c 'touch running; sleep 60 &
	    wait'
	wait_for 10 test -e running
	kill -INT "${pids[s]}"
	finish s
	same "$STATUS" 130
	contains s.err 'it was cut short'
	same "$(leftovers)" "${pids[p]}"
}

@test "a second signal ends everything at once" {
	stream p pub --wait 1 -n 1 --stay "$ANY"
	subscribe s "$URL" -- sh -c 'trap "" TERM; touch running; sleep 60;
	    sleep 60'
	wait_for 10 test -e running
	kill -TERM "${pids[s]}"
	pause
	kill -TERM "${pids[s]}"
	spent finish s
	between 0 "$MS" 2000
	same "$STATUS" 143
	same "$(leftovers)" "${pids[p]}"
}

@test "workers end with it" {
	stream p pub --wait 1 -n 1 --stay "$ANY"
	subscribe s "$URL" --coprocess lines -j 2 -- sh -c 'while read -r n
	    do echo $n; done'
	wait_for 10 has_line s.out
	stop s
	same "$STATUS" 143
	same "$(leftovers)" "${pids[p]}"
	subscribe s "$URL" --coprocess lines -j 2 --kill-after 0.1 -- \
	    sh -c 'trap "" TERM; touch up$$; while :; do sleep 60; done'
	wait_for 10 are_up 2
	stop s
	same "$(leftovers)" "${pids[p]}"
}

are_up() {
	local all=(up*)
	[[ -e ${all[0]} && ${#all[@]} == "$1" ]]
}

@test "it leaves when its reader is gone, also when no message comes" {
	local status
	stream p pub --wait 1 -n 1 --stay "$ANY"
	spent eval 'cal_sub "$URL" 2>err 3>&- | head -n 1 >first
	    status=${PIPESTATUS[0]}'
	same "$status $(<first)" '141 {"n": 0}'
	between 0 "$MS" 5000
	spent eval 'cal_sub --connect-timeout 0 ipc://q 2>err 3>&- | true
	    status=${PIPESTATUS[0]}'
	same "$status" 141
	between 0 "$MS" 5000
}

@test "/dev/full is 74" {
	stream p pub --wait 1 -n 1 --stay "$ANY"
	local status=0
	cal_sub "$URL" >/dev/full 2>err || status=$?
	same "$status" 74
	contains err 'cannot write to standard output'
}

@test "a reader who does not read: messages wait, and none is lost" {
	mkfifo out
	stream p push --wait 1 --size 10000 -n 2000 --hwm 8 "$ANY"
	cal_sub --distribute -c 2000 "$URL" >out 3>&- 8>&- 9>&- &
	exec 8<out
	read -r line <&8
	same "${line:0:7}" '{"n": 0'
	pause
	gone "${pids[p]}" && return 1
	same "$(wc -l <&8)" 1999
	finish p
	wait $!
}

# option: cal-sub --strict
@test "missing messages are said and counted, and with --strict a failure" {
	objects '{"body": "1", "topic": "t", "seq": 1}' \
	    '{"body": "2", "topic": "u", "seq": 9}' \
	    '{"body": "3", "topic": "t", "seq": 5}' \
	    '{"body": "4", "topic": "t", "seq": 8}' \
	    '{"body": "5", "topic": "u", "seq": 1}' \
	    '{"body": "6", "topic": "t", "seq": 9}'
	taken 0 -c 6
	same "$err" "cal-sub: missing 3 messages of topic 't'
cal-sub: missing 2 messages of topic 't'"
	taken 76 -c 6 --strict
	same "$(wc -l <<<"$out")" 6
	objects '{"body": "1", "seq": 1}' '{"body": "2", "seq": 3}'
	taken 0 -c 2
	same "$err" "cal-sub: missing 1 message"
	objects '{"body": "1", "seq": 1}' '{"body": "2", "seq": 2}'
	taken 0 -c 2 --strict
	same "$err" ''
	expect 64 cal_sub ipc://a --strict --distribute
}

@test "what is no message is dropped, said and counted; the others come" {
	stream p pub --wait 1 -n 1 --stay --bad lower --bad header_map \
	    --bad zip_bomb --bad zip_cut --bad trailing_frame "$ANY"
	subscribe s "$URL"
	wait_for 10 has_line s.out
	same "$(<s.out)" '{"n": 0}'
	contains s.err 'dropped a message from tcp://'
	same "$(counter s malformed)" 5
	stop s
	stop p
	stream p pub --wait 1 -n 1 --stay --bad lower "$ANY"
	expect 0 cal_sub "$URL" -c 1
	same "$err" "cal-sub: dropped a message from $URL: its frames are not those of a stream"
	stop p
	stream p pub --wait 1 -n 1 --stay --zip "$ANY"
	expect 0 cal_sub "$URL" -c 1
	same "$out" '{"n": 0}'
}

@test "SIGUSR1: counters" {
	objects '{"body": "1\n", "seq": 1}' '{"body": "2\n", "seq": 3}'
	stream p pub --wait 1 --objects --stay "$ANY"
	subscribe s "$URL" -E -- sh -c 'read n; test $n = 1'
	wait_for 10 contains s.err 'message 2:'
	wait_for 5 counter_reaches s done 1
	same "$(counters s)" '{"messages":2,"done":2,"failed":1,"tried_again":0,"malformed":0,"missing":1,"waiting":0,"running":0,"worker_deaths":0,"left_behind":0,"log_lost":0}'
}

# option: cal-sub --verbose --quiet --log-format
@test "-v, -q and --log-format" {
	objects '{"body": "1\n", "topic": "t", "key": "k"}'
	taken 0 -v -c 1 -- sh -c 'cat; echo noise >&2'
	like "$err" '*connected to tcp://*message number=1 topic=t key=k status=result ms=* in=1 out=1*noise*"messages":1*'
	taken 0 -q -c 1 -- sh -c 'cat; echo noise >&2'
	same "$err" ''
	taken 0 -v --log-format json -c 1 -- cat
	same "$(grep '"event":"message"' <<<"$err" | jq -c \
	    '[.number,.topic,.key,.status]')" '[1,"t","k","result"]'
	taken 1 --log-format json -- false
	same "$(jq -r .text <<<"$err")" \
	    'message 1: HandlerExit: exit status 1'
}

# stream_keys NAME...: pairs, also as the publisher of the tests reads them.
stream_keys() {
	local name
	make_keys "$@"
	for name; do
		secret_of "$name" >"$name.secret"
		key_of "$name" >"$name.public"
	done
}

# option: cal-sub --identity --server-key
@test "keys: a publisher who knows ours, and nobody else" {
	stream_keys server alice bob
	stream p pub --wait 1 -n 1 --stay --secret server.secret \
	    --allow alice.public "$ANY"
	expect 77 cal_sub -i bob.key -S server.pub "$URL"
	like "$err" 'cal-sub: *does not know its key*'
	expect 77 cal_sub -i alice.key -S bob.pub "$URL"
	expect 77 cal_sub "$URL"
	expect 0 cal_sub -i alice.key -S server.pub -c 1 "$URL"
	same "$out" '{"n": 0}'
	stop p
	# A pair that is made up for the run.
	publish p -i server.key --allow-any-client "$ANY" 1
	CAL_SERVER_KEY=server.pub expect 0 cal_sub -c 1 "$URL"
	same "$out" 1
	expect 64 cal_sub -i alice.key ipc://a
	expect 64 cal_sub -A list -S server.pub ipc://a
	chmod 644 alice.key
	expect 78 cal_sub -i alice.key -S server.pub ipc://a
}

# option: cal-sub --authorized --domain
@test "keys: who listens lets in whom it knows; SIGHUP reads that again" {
	stream_keys server alice bob
	allow alice
	subscribe s --bind -i server.key -A list --domain d "$ANY"
	stream a pub --connect --wait 1 --rate 50 -n 100000 --topic a \
	    --secret alice.secret --server-key server.public "$URL"
	wait_for 10 contains s.out '"n": 0'
	allow bob
	reread s
	launch b "$PYTHON" "$TESTS/interop/stream.py" pub --connect --wait 1 \
	    -n 1 --size 50 --secret bob.secret --server-key server.public "$URL"
	wait_for 10 contains s.out xxxx
	local before
	before=$(count_lines s.out)
	counters s >/dev/null
	same "$(count_lines s.out)" "$before"
	echo nonsense >list
	kill -HUP "${pids[s]}"
	wait_for 5 contains s.err 'kept the old list'
}

# option: cal-sub --allow-any-client --insecure
@test "nothing is open to the network unasked" {
	make_keys server
	expect 78 cal_sub --bind 'tcp://0.0.0.0:*'
	expect 124 cal_sub --bind --insecure -W 0.1 'tcp://0.0.0.0:*'
	expect 78 cal_sub --bind -i server.key 'tcp://0.0.0.0:*'
	subscribe s --bind -i server.key --allow-any-client 'tcp://0.0.0.0:*'
	expect 0 pub --connect -S server.pub "tcp://127.0.0.1:${URL##*:}" 1
	wait_for 5 has_line s.out
}

# option: cal-sub --help --version --completion
@test "--help, --version, --completion" {
	expect 0 cal_sub --help
	like "$out" 'usage: cal-sub \[options] URL... \[-- COMMAND*'
	expect 0 cal_sub --version
	like "$out" "cal-sub *$(<"$ROOT/VERSION")*"
	expect 0 cal_sub --completion bash
	like "$out" '*--coprocess*'
}
