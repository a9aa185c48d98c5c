#!/usr/bin/env bats
# --coprocess: workers that talk nonsense, die, stop, or do not listen.

load lib

WORKER="exec '$PYTHON' '$TESTS/interop/worker.py'"

steps() {
	jq -cn '{do: $ARGS.positional}' --args "$@"
}

# kill_workers NAME: all at once.
kill_workers() {
	local pid
	for pid in $(children "${pids[$1]}"); do
		kill -KILL "$pid" || :
	done
}

# costs_worker KIND BODY...: each is a request that ends its worker; the next
# request finds another one.  A worker that talks nonsense makes the next one
# wait longer, so each has a server of its own.
costs_worker() {
	local kind=$1 body
	shift
	for body; do
		serve s --coprocess "$kind" -j 1 --max-body 100k "$ANY" \
		    -m "f=$WORKER $kind"
		expect 1 call "$URL" f "$body"
		like "$err" '*WorkerDied*'
		is_well
		same "$(counter s worker_deaths)" 1
		contains s.err "a worker of 'f' ended: "
		stop s
		rm s.out        # the next server's address is awaited there
	done
}

# answers_twice KIND BODY: 1 is the answer, and more follows.
answers_twice() {
	serve s --coprocess "$1" -j 1 "$ANY" -m "f=$WORKER $1"
	expect 0 call "$URL" f "$2"
	same "$out" 1
	wait_for 5 counter_reaches s worker_deaths 1
	is_well
	stop s
	rm s.out
}

is_well() {
	expect 0 call "$URL" f '["next"]'
	same "$out" '["next"]'
}

@test "F51: lines: what is no answer ends the worker, and only that" {
	local body
	for body in 'raw:junk'$'\n' 'raw:1 2'$'\n' 'raw:{"a":1'$'\n' \
	    $'raw:"\x01"\n' $'raw:"\xff"\n' 'raw:{}}'$'\n' flood:500000; do
		costs_worker lines "$(steps "$body")"
	done
	costs_worker lines "$(steps 'raw:half a l' die)" \
	    "$(steps 'raw:7' exit:0)"
	answers_twice lines "$(steps 'raw:1'$'\n2\n')"
}

@test "NaN is a value that does not go out: no need to end the worker" {
	serve s --coprocess lines -j 1 "$ANY" -m "f=$WORKER lines"
	expect 1 call "$URL" f "$(steps raw:NaN$'\n')"
	like "$err" '*BadOutput*'
	is_well
	same "$(counter s worker_deaths)" 0
}

@test "F51: framed: what is no answer ends the worker, and only that" {
	costs_worker framed '{"do":["raw:\u00ff\u00ff\u00ff\u00ff"]}' \
	    '{"do":["raw:\u0000\u0010\u0000\u0000"]}' \
	    '{"do":["raw:\u0000\u0000\u0000\u0004junk"]}' \
	    '{"do":["raw:\u0000\u0000\u0000\u0010[1,","die"]}' \
	    '{"do":["raw:\u0000\u0000","exit:0"]}'
	answers_twice framed \
	    '{"do":["raw:\u0000\u0000\u0000\u00011\u0000\u0000\u0000\u00012"]}'
}

# answer MEMBERS: a line that says that it is JSON-RPC 2.0.
answer() {
	steps "raw:{\"jsonrpc\":\"2.0\",$1}"$'\n'
}

@test "F51: jsonrpc: what is no answer ends the worker, and only that" {
	local body
	for body in '"id":99,"result":1' '"id":0,"result":1' \
	    '"id":"$id","result":1' '"id":null,"result":1' \
	    '"id":$id.0,"result":1' '"id":[$id],"result":1' \
	    '"result":1' '"id":$id' '"method":"log","params":[1]' \
	    '"method":"f","id":$id,"params":[1]' \
	    '"id":$id,"result":1,"error":{"code":1,"message":"x"}' \
	    '"id":$id,"error":1' '"id":$id,"error":{"message":"x"}' \
	    '"id":$id,"id":$id,"result":1'; do
		costs_worker jsonrpc "$(answer "$body")"
	done
	for body in junk '' 1 null '[]' '{}' '{"id":$id,"result":1}' \
	    '{"jsonrpc":"1.0","id":$id,"result":1}' \
	    '[{"jsonrpc":"2.0","id":$id,"result":1}]'; do
		costs_worker jsonrpc "$(steps "raw:$body"$'\n')"
	done
	costs_worker jsonrpc "$(steps flood:500000)" \
	    "$(steps 'raw:{"jsonrpc":"2.0","id":$id,"res' die)"
	answers_twice jsonrpc "$(steps "raw:$(printf '%s\n%s' \
	    '{"jsonrpc":"2.0","id":$id,"result":1}' \
	    '{"jsonrpc":"2.0","id":$id,"result":2}')"$'\n')"
}

@test "F51: nonsense takes what is in the same worker with it, no more" {
	serve s --coprocess jsonrpc -j 2 --depth 2 "$ANY" \
	    -m "f=$WORKER --hold go --reverse --log log.\$\$ jsonrpc"
	seq 3 >c.in
	call_later c -E -l -j 3 "$URL" f
	wait_for 5 all_read 3
	call_later d "$URL" f "$(steps raw:junk$'\n')"
	wait_for 5 all_read 4
	touch go
	finish d
	same "$STATUS" 1
	finish c
	same "$STATUS" 1
	same "$(grep -c . c.out) $(grep -c WorkerDied c.err)" "2 1"
	is_well
}

all_read() {
	[[ $(cat log.* | grep -c read) == "$1" ]]
}

@test "a worker that speaks first is replaced, and nobody gets its words" {
	serve s --coprocess lines -j 1 "$ANY" -m 'f=[ -e second ] ||
	    { >second; echo 42; }; exec cat'
	wait_for 5 contains s.err 'it was not asked'
	is_well
	same "$(counter s worker_deaths)" 1
}

@test "an answer to what was not read yet is none" {
	serve s --coprocess lines -j 1 "$ANY" -m 'f=[ -e second ] && exec cat
	    >second; head -c 1 >/dev/null; echo 42; exec sleep 100'
	printf '"%s"' "$(head -c 3000000 /dev/zero | tr '\0' x)" >large
	expect 1 call -d @large "$URL" f
	like "$err" '*WorkerDied*not read*'
	is_well
}

@test "F50: kill -9 of a worker with requests in it: the others go on" {
	local kind pid
	for kind in lines framed jsonrpc; do
		rm -f go log.*
		serve "$kind" --coprocess "$kind" -j 2 --depth 3 "$ANY" \
		    -m "f=$WORKER --hold go --log log.\$\$ $kind"
		seq 6 >c.in
		call_later c -E -l -j 6 "$URL" f
		wait_for 5 all_read 6
		for pid in log.*; do :; done
		same "$(grep -c read "$pid")" 3
		kill -KILL "${pid#log.}"
		wait_for 5 counter_reaches "$kind" failures 3
		touch go
		finish c
		same "$STATUS $(grep -c WorkerDied c.err)" "1 3"
		paste c.in c.out | awk -F '\t' '$2 != "" {
		    n++; if ($1 != $2) exit 1 } END { exit n != 3 }'
		same "$(counter "$kind" worker_deaths)" 1
		is_well
		stop "$kind"
	done
}

@test "F49: a worker that dies between requests involves none" {
	serve s --coprocess lines -j 1 "$ANY" -m f='exec cat'
	is_well
	local n
	for n in 1 2 3; do
		kill_workers s
		is_well
		wait_for 5 counter_reaches s worker_deaths $n
	done
	contains s.err SIGKILL
}

@test "all workers killed at once, under load, again and again" {
	local kind round
	seq 600 >c.in
	for kind in lines framed jsonrpc; do
		serve "$kind" --coprocess "$kind" -j 3 --depth 10 "$ANY" \
		    -m "f=$WORKER --hold go $kind"
		for round in 1 2 3; do
			rm -f go
			call_later c -E -l -j 100 "$URL" f
			wait_for 10 running_are "$kind" 30
			kill_workers "$kind"
			wait_for 10 counter_reaches "$kind" failures \
			    $((30 * round))
			touch go
			finish c 60
			same "$STATUS $(count_lines c.out)" "1 600"
			# Each line has its own answer, or a failure.
			paste c.in c.out | awk -F '\t' '
			    $2 == "" { died++ } $2 != "" && $1 != $2 {
			    print; bad = 1 } END { exit bad || died != 30 }'
			same "$(grep -c WorkerDied c.err)" 30
		done
		is_well
		stop "$kind"
	done
}

@test "what a dead worker certainly never saw goes to another" {
	serve s --coprocess lines -j 1 --depth 3 "$ANY" \
	    -m "f=$WORKER --log log lines"
	expect 0 call "$URL" f 1
	local pid
	pid=$(sed -n 's/start //p' log)
	kill -STOP "$pid"
	# More than a pipe holds: what is behind it is in our memory.
	printf '"%s"' "$(head -c 3000000 /dev/zero | tr '\0' x)" >large
	call_later a -d @large "$URL" f
	wait_for 5 running_are s 1
	call_later b "$URL" f 2
	wait_for 5 running_are s 2
	call_later c "$URL" f 3
	wait_for 5 running_are s 3
	kill -KILL "$pid"
	finish a
	same "$STATUS" 1
	like "$(<a.err)" '*WorkerDied*SIGKILL*'
	finish b
	same "$STATUS $(<b.out)" "0 2"
	finish c
	same "$STATUS $(<c.out)" "0 3"
	same "$(counter s worker_deaths)" 1
}

running_are() {
	[[ $(counter "$1" running) == "$2" ]]
}

@test "a worker that does not read: -W ends it, memory is bounded" {
	printf '"%s"\n' "$(head -c 1000000 /dev/zero | tr '\0' x)" >line
	local n
	for ((n = 0; n < 100; n++)); do
		cat line
	done >c.in
	serve s --coprocess lines -j 1 --depth 20 -W "$(slow 0.5)" "$ANY" \
	    -m 'f=[ -e go ] && exec cat; echo >>started; exec sleep 100'
	call_later c -E -l -j 100 "$URL" f
	wait_for 20 counter_reaches s failures 2
	(($(rss "${pids[s]}") < 250000)) || asan
	touch go
	finish c 60
	same "$STATUS $(count_lines c.out)" "1 100"
	like "$(<c.err)" '*HandlerTimeout*'
	wait_for 10 call -q "$URL" f 1
	is_well
}

@test "F52: a stopped worker: -W ends it, others serve on" {
	serve s --coprocess lines -j 2 -W "$(slow 1)" --kill-after 0.3 "$ANY" \
	    -m "f=$WORKER lines"
	call_later c "$URL" f "$(steps stop answer:1)"
	wait_for 5 running_are s 1
	seq 500 | expect 0 call -l -j 10 "$URL" f
	same "$out" "$(seq 500)"
	finish c
	same "$STATUS" 1
	like "$(<c.err)" '*HandlerTimeout*'
	is_well
}

@test "a worker that closes its input: others get what it never saw" {
	serve s --coprocess lines -j 1 "$ANY" -m "f=$WORKER --log log lines"
	expect 0 call "$URL" f "$(steps answer:1 close-in mark:m deaf)"
	wait_for 5 test -e m
	is_well
	same "$(grep -c start log)" 2
}

@test "a worker that closes its output cannot answer: it ends" {
	costs_worker lines "$(steps close-out deaf)"
	serve s --coprocess lines -j 1 "$ANY" -m "f=$WORKER --log log lines"
	expect 0 call "$URL" f "$(steps answer:1 close-out deaf)"
	wait_for 5 counter_reaches s worker_deaths 1
	is_well
	same "$(grep -c start log)" 2
}

@test "what a worker leaves behind is killed with it" {
	serve s --coprocess lines -j 1 "$ANY" -m 'f=while read -r x; do
	    sleep 100 & setsid sleep 100 & [ "$x" = 1 ] && kill -9 $$
	    echo "$x"; done'
	expect 1 call "$URL" f 1
	like "$err" '*WorkerDied*'
	wait_for 5 no_sleep
	expect 0 call "$URL" f 2
	stop s
	wait_for 5 no_sleep
}

no_sleep() {
	local pid
	for pid in $(leftovers); do
		[[ $(describe "$pid") == "$pid sleep 100 " ]] && return 1
	done
	return 0
}

@test "SIGHUP takes the method of a worker that then dies with its request" {
	mkdir d
	printf '#!/bin/sh\necho $$ >%s\nread -r x\necho >%s\nread -r x\n' \
	    "$T/pid" "$T/got" >d/hang
	chmod 755 d d/hang
	serve s --coprocess lines -j 1 "$ANY" --dir d \
	    -m 'pause=while read -r n; do sleep "$n"; echo 1; done'
	call_later c "$URL" hang 1
	wait_for 10 has_line got
	mv d/hang .
	kill -HUP "${pids[s]}"
	wait_for 10 no_such_method hang
	kill -KILL "$(<pid)"
	finish c
	same "$STATUS" 1
	# Longer than a worker has to leave by itself.
	expect 0 call "$URL" pause 1.3
	stop s
	same "$STATUS" 0
}

no_such_method() {
	local status=0
	call "$URL" "$1" 1 2>/dev/null || status=$?
	((status == 3))
}

@test "a start that fails leaves no worker behind" {
	local name="1000.$BASHPID"
	expect 71 "$CAL_BIN/cal-serve" --coprocess lines -j 2 \
	    "ipc://$T/no/such/folder" m -- sleep "$name"
	not pgrep -f "sleep $name"
	expect 64 "$CAL_BIN/cal-serve" --coprocess lines -j 2 "$ANY" \
	    -m "a=exec sleep $name" -m 'a=cat'
	not pgrep -f "sleep $name"
	expect 74 sh -c 'exec "$@" >/dev/full' - "$CAL_BIN/cal-serve" -1 \
	    --coprocess lines -j 2 "$ANY" m -- sleep "$name"
	not pgrep -f "sleep $name"
}
