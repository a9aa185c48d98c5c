#!/usr/bin/env bats
# cal-serve --coprocess: long-lived workers, and how they are asked.

load lib

KINDS='lines framed jsonrpc'
WORKER="exec '$PYTHON' '$TESTS/interop/worker.py'"

# steps STEP...: a body that tells a worker what to do.
steps() {
	jq -cn '{do: $ARGS.positional}' --args "$@"
}

# option: cal-serve --coprocess
@test "each kind: a body there, an answer back, in the same few processes" {
	local kind
	for kind in $KINDS; do
		serve "$kind" --coprocess "$kind" -j 2 "$ANY" \
		    -m "f=$WORKER --log $kind.log $kind"
		expect 0 call "$URL" f '{"b": 0.10, "a": [1e2,"\u00fc"]}'
		same "$out" '{"b": 0.10, "a": [1e2,"\u00fc"]}'
		expect 3 call "$URL" other 1
		like "$err" '*MethodNotFound*'
		expect 0 call "$URL" f -n
		same "$out" null
		seq 2000 | expect 0 call -l -j 100 "$URL" f
		same "$out" "$(seq 2000)"
		same "$(grep -c start "$kind.log")" 2
		same "$(counter "$kind" worker_deaths)" 0
		stop "$kind"
		same "$STATUS" 0
		same "$(grep -c '^end' "$kind.log")" 2
	done
}

@test "newlines between tokens: one line; a string's newline is an escape" {
	local kind
	for kind in $KINDS; do
		serve "$kind" --coprocess "$kind" -j 1 "$ANY" \
		    -m "f=$WORKER --log $kind.log $kind"
		printf ' {"a\\nb":\r\n [1,\n\n2]}\n' >body
		expect 0 call -d @body "$URL" f
		same "$(jq -c . <<<"$out")" '{"a\nb":[1,2]}'
		expect 0 call "$URL" f '"next"'
		same "$out" '"next"'
	done
	contains lines.log 'read {"a\nb": [1,2]}'
	contains jsonrpc.log '"body":{"a\nb": [1,2]}'
}

@test "an empty answer is null; \\r\\n ends a line, too" {
	serve s --coprocess lines -j 1 "$ANY" \
	    -m 'f=while read -r x; do printf "%s\r\n" "$x"; done' \
	    -m 'e=while read -r x; do echo; done' \
	    -m 'r=while read -r x; do printf "\r\n"; done'
	expect 0 peer call "$URL" f '[1]'
	like "$out" 'RESULT *body=bin:\[1\]'
	expect 0 call "$URL" e 1
	same "$out" null
	expect 0 call "$URL" r 1
	same "$out" null
	serve j --coprocess jsonrpc -j 1 "$ANY" -m "f=$WORKER jsonrpc"
	expect 0 call "$URL" f "$(steps \
	    'raw: {"result" :7, "id":$id,"x":[], "jsonrpc":"2.0"}'$'\r\n')"
	same "$out" 7
	serve r --coprocess framed -j 1 "$ANY" -m "f=$WORKER framed"
	expect 0 call "$URL" f '{"do":["raw:\u0000\u0000\u0000\u0000"]}'
	same "$out" null
}

@test "filters that know nothing of us: cat, jq, awk" {
	serve s --coprocess lines -j 1 "$ANY" -m cat='exec cat' \
	    -m 'jq=exec jq --unbuffered -c .a' \
	    -m 'awk=exec awk "{ print length(\$0); fflush() }" </dev/stdin'
	seq 1000 | expect 0 call -l -j 100 "$URL" cat
	same "$out" "$(seq 1000)"
	expect 0 call "$URL" jq '{"a": [1, 2]}'
	same "$out" '[1,2]'
	serve f --coprocess framed -j 1 --depth 20 "$ANY" cat -- cat
	seq 1000 | expect 0 call -l -j 100 "$URL" cat
	same "$out" "$(seq 1000)"
}

@test "jsonrpc: what a worker is told, errors, and each its own answer" {
	serve s --coprocess jsonrpc -j 1 "$ANY" -m "f=$WORKER jsonrpc"
	expect 0 call -k 'k y' -W 30 "$URL" f "$(steps params)"
	jq -e '.method == "f" and .key == "k y" and (.seq | type) == "number"
	    and (.peer | length) > 0 and .timeout_ms > 20000 and
	    .timeout_ms <= 30000 and (has("user") | not)' <<<"$out"
	expect 0 peer call --key-hex 80ff "$URL" f "$(steps params)"
	like "$out" 'RESULT *"key_b64":%20"gP8="*' ||
	    like "$out" 'RESULT *"key_b64": "gP8="*'
	expect 1 call "$URL" f "$(steps error:Own)"
	like "$err" '*Own*it is Own*tb*'
	expect 1 call "$URL" f "$(steps 'raw:{"jsonrpc":"2.0","id":$id,'\
	    'raw:"error":{"code":-32601,"message":"no such"}}'$'\n')"
	like "$err" '*JsonRpcError*no such*'
	# Python's NaN is no JSON, and not the worker's to refuse.
	expect 0 peer call "$URL" f NaN
	like "$out" 'ERROR *name=BadRequest *NaN*'
	# What a worker says is cleaned, and text.
	expect 0 peer call "$URL" f "$(steps error:$'a\e\xff')"
	like "$out" 'FAILURE *name=a%5Cx1b*'
	same "$(counter s worker_deaths)" 0
}

# option: cal-serve --text
@test "--text: plain lines; what is no line is refused before it is sent" {
	serve s --coprocess lines -j 1 --text "$ANY" f \
	    -m "g=$WORKER --log log lines" -- sed -u 'y/abc/ABC/'
	expect 0 call --text "$URL" f 'a"b\c'
	same "$out" 'A"B\C'
	expect 3 call "$URL" g '"two\nlines"'
	like "$err" '*BadRequest*'
	expect 0 call "$URL" g '"\u00fc"'
	same "$out" '"ü"'
	same "$(grep read log)" 'read ü'
	same "$(counter s worker_deaths)" 0
	serve r --coprocess framed -j 1 --text "$ANY" f -- cat
	expect 0 call "$URL" f '"two\nlines"'
	same "$out" '"two\nlines"'
	expect 64 cal_serve --coprocess jsonrpc --text "$ANY" f -- cat
}

@test "10 MiB there and back, in each kind; one byte more is refused" {
	printf '"%s"' "$(head -c 7864318 /dev/urandom | base64 -w 0 |
	    head -c 10485758)" >big
	sed 's/"$/x"/' big >longer
	local kind
	for kind in $KINDS; do
		serve "$kind" --coprocess "$kind" -j 1 --depth 2 "$ANY" \
		    -m "f=$WORKER $kind"
		call -r -d @big "$URL" f >got
		cmp big got
		expect 65 call -r -d @longer "$URL" f
		expect 1 call "$URL" f "$(steps flood:10900000 answer)"
		like "$err" '*WorkerDied*'
		expect 0 call "$URL" f 1
		stop "$kind"
	done
}

@test "an answer that is too large for its caller costs no worker" {
	serve s --coprocess lines -j 1 "$ANY" -m "f=$WORKER lines"
	expect 0 peer call --max 5 "$URL" f '"123456789"'
	like "$out" 'ERROR *name=TooLarge *'
	same "$(counter s worker_deaths)" 0
}

# option: cal-serve --jobs --coprocess
@test "-j workers of each method, at the start; a processor each by default" {
	serve s --coprocess lines -j 3 "$ANY" -m "a=$WORKER --log a lines" \
	    -m "b=$WORKER --log b lines"
	wait_for 5 has_line a 3
	wait_for 5 has_line b 3
	expect 0 call "$URL" a 1
	same "$(grep -c start a) $(grep -c start b)" "3 3"
	serve d --coprocess lines "$ANY" -m "d=$WORKER --log d lines"
	wait_for 5 has_line d "$(getconf _NPROCESSORS_ONLN)"
	expect 0 call "$URL" d 1
	same "$(grep -c start d)" "$(getconf _NPROCESSORS_ONLN)"
}

@test "a worker knows its method, and nothing of one request" {
	export SECRET=1
	serve s --coprocess lines -j 1 --text "$ANY" \
	    -m 'f=while read -r x; do env | tr "\n" " "; echo; done'
	expect 0 call -k key --text "$URL" f 1
	like "$out" '*CAL_METHOD=f *'
	not grep -E 'CAL_(KEY|SEQ|PEER|USER|TIMEOUT_MS)|SECRET' expect.out
}

@test "what cannot be: 64, 126, 127 at the start" {
	expect 64 cal_serve --coprocess pairs "$ANY" f -- cat
	expect 64 cal_serve --depth 2 "$ANY" f -- cat
	like "$err" '*--coprocess*'
	expect 64 cal_serve --coprocess lines --depth 0 "$ANY" f -- cat
	expect 64 cal_serve --coprocess lines -j 0 "$ANY" f -- cat
	expect 64 cal_serve --coprocess lines -j 1001 "$ANY" f -- cat
	expect 64 cal_serve --coprocess lines "$ANY" '*' -- cat
	like "$err" "*'\\*'*"
	expect 64 cal_serve --coprocess framed "$ANY" '*' -- cat
	expect 127 cal_serve --coprocess lines "$ANY" f -- no-such-command
	expect 127 cal_serve --coprocess lines "$ANY" f -- ./nothing
	echo >file
	expect 126 cal_serve --coprocess lines "$ANY" f -- ./file
	expect 126 cal_serve --coprocess lines "$ANY" f -- "$T"
	same "$(leftovers)" ''
}

@test "'*' with jsonrpc: the request says which method it is" {
	serve s --coprocess jsonrpc -j 1 "$ANY" '*' -m "own=$WORKER jsonrpc" \
	    -- "$PYTHON" "$TESTS/interop/worker.py" --log star jsonrpc
	expect 0 call "$URL" 'any thing/ü' "$(steps params)"
	same "$(jq -r .method <<<"$out")" 'any thing/ü'
	expect 0 call "$URL" own 1
	same "$(grep -c read star)" 1
}

# option: cal-serve --dir
@test "--dir: a method that is gone ends its workers when nobody uses them" {
	mkdir d
	printf '#!/bin/sh\n%s --log one --hold go lines\n' "$WORKER" >d/one
	printf '#!/bin/sh\n%s --log two lines\n' "$WORKER" >d/two
	chmod 755 d/one d/two
	serve s --coprocess lines -j 2 --dir d "$ANY"
	call_later c "$URL" one 5
	wait_for 5 contains one 'read 5'
	rm d/one
	sed s/two/new/ d/two >d/new
	chmod 755 d/new
	kill -HUP "${pids[s]}"
	wait_for 5 call -q "$URL" new 1
	expect 3 call "$URL" one 1
	not contains one end
	touch go
	finish c
	same "$STATUS $(<c.out)" "0 5"
	wait_for 5 contains one end 2
	expect 0 call "$URL" two 1
	same "$(counter s worker_deaths)" 0
}

# option: cal-serve --depth
@test "--depth: so many requests in one worker, more when it answers" {
	local kind
	for kind in $KINDS; do
		rm -f go
		serve "$kind" --coprocess "$kind" -j 1 --depth 3 "$ANY" \
		    -m "f=$WORKER --log $kind.log --hold go $kind"
		seq 5 >c.in
		call_later c -l -j 5 "$URL" f
		wait_for 5 contains "$kind.log" read 3
		expect 0 call --ping "$URL"
		wait_for 5 queued "$kind" 2
		same "$(grep -c read "$kind.log")" 3
		touch go
		finish c
		same "$STATUS $(<c.out)" "0 $(seq 5)"
		stop "$kind"
	done
}

@test "the depth that goes without saying: 1, with jsonrpc 100" {
	seq 150 >c.in
	local kind want
	for kind in $KINDS; do
		want=1
		[[ $kind == jsonrpc ]] && want=100
		rm -f go
		serve "$kind" --coprocess "$kind" -j 1 "$ANY" \
		    -m "f=$WORKER --log $kind.log --hold go $kind"
		call_later c -l -j 150 "$URL" f
		wait_for 5 contains "$kind.log" read $want
		expect 0 call --ping "$URL"
		wait_for 5 queued "$kind" $((150 - want))
		same "$(grep -c read "$kind.log")" $want
		touch go
		finish c
		same "$STATUS" 0
		cmp c.in c.out
		stop "$kind"
	done
}

@test "depth 1: the next one is written when the answer has come" {
	serve s --coprocess lines -j 1 --depth 1 "$ANY" \
	    -m "f=$WORKER --log log lines"
	seq 200 | expect 0 call -l -j 20 "$URL" f
	# Nothing was read between a request and its answer.
	same "$(grep -v start log)" "$(seq 200 | sed 's/.*/read &\nanswered &/')"
}

# ledger_is_ordered FILE: "read" and "answered" of [KEY,N], by key: each N
# once, in order, and its answer before the next is read.
ledger_is_ordered() {
	"$PYTHON" - "$1" "$2" <<-'E'
	import json, re, sys
	seen, running = {}, {}
	for line in open(sys.argv[1]):
	    match = re.search(r'^(read|answered).*(\["k\d+",\d+\])', line)
	    if not match:
	        continue
	    key, number = json.loads(match[2])
	    if match[1] == "read":
	        assert key not in running, line
	        assert number == seen.get(key, 0) + 1, line
	        running[key] = seen[key] = number
	    else:
	        assert running.pop(key) == number, line
	assert not running
	assert sum(seen.values()) == int(sys.argv[2]), seen
	E
}

@test "a key's requests run one after the other, whatever kind and depth" {
	local n kind depth
	for ((n = 0; n < 600; n++)); do
		echo "k$((n % 7)):[\"k$((n % 7))\",$((n / 7 + 1))]"
	done >c.in
	cut -d : -f 2- c.in >want
	for kind in $KINDS; do
		for depth in 1 10; do
			local name=$kind$depth reverse=
			[[ $kind == jsonrpc ]] && reverse=--reverse
			serve "$name" --coprocess "$kind" -j 3 \
			    --depth $depth "$ANY" -m "f=$WORKER $reverse \
			    --log $name.log $kind"
			call_later c -K : -l -j 200 "$URL" f
			finish c
			same "$STATUS" 0
			cmp want c.out
			ledger_is_ordered "$name.log" 600
			stop "$name"
		done
	done
}

@test "no key: all workers at once; --order reply: answers in order" {
	serve s --coprocess jsonrpc -j 2 --order reply "$ANY" \
	    -m "f=$WORKER --log log --reverse --hold go jsonrpc"
	seq 20 >c.in
	call_later c -k K -l -j 20 --unordered "$URL" f
	wait_for 5 contains log read 20
	touch go
	finish c
	same "$STATUS" 0
	cmp c.in c.out
	serve t --coprocess lines -j 3 "$ANY" \
	    -m "f=$WORKER --log t.log --hold go2 lines"
	call_later c -l -j 20 "$URL" f
	wait_for 5 contains t.log read 3
	touch go2
	finish c
	same "$STATUS" 0
	cmp c.in c.out
}
