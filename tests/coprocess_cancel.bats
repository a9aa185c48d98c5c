#!/usr/bin/env bats
# --coprocess: what is taken back, what is late, and how workers end.

load lib

WORKER="exec '$PYTHON' '$TESTS/interop/worker.py'"

steps() {
	jq -cn '{do: $ARGS.positional}' --args "$@"
}

raw_later() {
	local name=$1
	shift
	launch "$name" "$PYTHON" "$TESTS/interop/raw.py" "$@"
}

@test "CANCEL, lines: its answer is dropped, the next one gets its own" {
	serve s --coprocess lines -j 1 --depth 3 "$ANY" \
	    -m "f=$WORKER --log log --hold go lines"
	raw_later r "$URL" call:f:1::5 call:f:2::6 call:f:3::7 wait:cancel \
	    cancel:f::6 quiet:0.2 mark:quiet recv:3 call:f:4::8 recv
	wait_for 5 contains log read 3
	touch cancel
	wait_for 5 test -e quiet
	touch go
	finish r
	same "$STATUS" 0
	like "$(sed -n 1p r.out)" 'RESULT *seq=5 *body=bin:1'
	like "$(sed -n 2p r.out)" 'CANCELLED *seq=6 *why=str:caller*'
	like "$(sed -n 3p r.out)" 'RESULT *seq=7 *body=bin:3'
	like "$(sed -n 4p r.out)" 'RESULT *seq=8 *body=bin:4'
	same "$(grep -c start log) $(counter s worker_deaths)" "1 0"
}

@test "Ctrl-C, framed: 130 at once, the next one gets its own answer" {
	serve s --coprocess framed -j 1 "$ANY" \
	    -m "f=$WORKER --log log --hold go framed"
	call_later c "$URL" f 1
	wait_for 5 contains log 'read 1'
	spent stop c INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	call_later d "$URL" f 2
	wait_for 5 queued s 1
	touch go
	finish d
	same "$STATUS $(<d.out)" "0 2"
	same "$(grep -c start log) $(counter s worker_deaths)" "1 0"
}

@test "CANCEL, jsonrpc: the worker is told, and answers when it likes" {
	serve s --coprocess jsonrpc -j 1 "$ANY" \
	    -m "f=$WORKER --log log --hold go --obey jsonrpc"
	raw_later r "$URL" call:f:1::5 call:f:2::6 wait:cancel \
	    cancel:f::5 cancel:f::5 recv mark:told recv quiet:0.2
	wait_for 5 contains log read 2
	touch cancel
	wait_for 5 test -e told
	like "$(<r.out)" 'CANCELLED *seq=5 *why=str:caller*'
	same "$(grep cancel log)" "cancel 1"
	touch go
	finish r
	same "$STATUS" 0
	like "$(sed -n 2p r.out)" 'RESULT *seq=6 *body=bin:2'
	expect 0 call "$URL" f 3
	same "$out $(counter s worker_deaths)" "3 0"
}

@test "what is taken back keeps its key until the worker is through" {
	local kind
	for kind in lines jsonrpc; do
		rm -f go cancel log
		serve "$kind" --coprocess "$kind" -j 2 --depth 2 "$ANY" \
		    -m "f=$WORKER --log log --hold go $kind"
		raw_later r "$URL" call:f:1:k:5 call:f:2:k:6 call:f:3::7 \
		    wait:cancel cancel:f:k:5 quiet:0.2 mark:"$kind" recv:3
		wait_for 5 contains log read 2
		touch cancel
		wait_for 5 test -e "$kind"
		same "$(grep -c read log)" 2
		touch go
		finish r
		same "$STATUS" 0
		same "$(grep -c CANCELLED r.out) $(grep -c RESULT r.out)" "1 2"
		same "$(grep -c read log)" 3
		stop "$kind"
	done
}

@test "CANCEL of what waits: the worker never sees it" {
	serve s --coprocess lines -j 1 "$ANY" \
	    -m "f=$WORKER --log log --hold go lines"
	raw_later r "$URL" call:f:1::5 call:f:2::6 cancel:f::6 recv mark:m recv
	wait_for 5 test -e m
	like "$(<r.out)" 'CANCELLED *seq=6 *'
	touch go
	finish r
	same "$STATUS $(grep -c read log)" "0 1"
}

@test "the caller's deadline ends its wait, not the worker" {
	local kind
	for kind in lines framed jsonrpc; do
		rm -f go
		serve "$kind" --coprocess "$kind" -j 1 --depth 1 "$ANY" \
		    -m "f=$WORKER --log $kind.log --hold go $kind"
		expect 124 call -W "$(slow 0.3)" "$URL" f 1
		call_later c "$URL" f 2
		wait_for 5 queued "$kind" 1
		touch go
		finish c
		same "$STATUS $(<c.out)" "0 2"
		same "$(grep -c start "$kind.log")" 1
		same "$(counter "$kind" worker_deaths)" 0
	done
	contains jsonrpc.log 'cancel 1'
}

@test "a caller that is gone: its requests end, the worker serves others" {
	serve s --coprocess lines -j 1 "$ANY" \
	    -m "f=$WORKER --log log --hold go lines"
	seq 5 >c.in
	call_later c -l -j 5 "$URL" f
	wait_for 5 contains log 'read 1'
	wait_for 5 queued s 4
	kill -KILL "${pids[c]}"
	finish c
	wait_for 30 counter_reaches s dropped 4
	call_later d "$URL" f 7
	wait_for 5 queued s 1
	touch go
	finish d
	same "$STATUS $(<d.out)" "0 7"
	same "$(grep read log)" $'read 1\nread 7'
	same "$(counter s worker_deaths)" 0
}

running_are() {
	[[ $(counter "$1" running) == "$2" ]]
}

# option: cal-serve --timeout --coprocess
@test "-W: the late worker goes, and only its requests fail" {
	local kind
	{
		steps wait:never
		steps wait:go answer:1
		printf '2\n2\n'
	} >c.in
	for kind in lines framed jsonrpc; do
		rm -f go
		serve "$kind" --coprocess "$kind" -j 2 --depth 2 \
		    -W "$(slow 2)" "$ANY" -m "f=$WORKER $kind"
		call_later c -E -l -j 4 "$URL" f
		wait_for 5 running_are "$kind" 4
		touch go
		finish c
		same "$STATUS $(sed -n 1p c.out)$(sed -n 2p c.out)" "1 1"
		same "$(sed -n 3,4p c.out | grep .)" 2
		like "$(<c.err)" '*line 1: HandlerTimeout*'
		# With jsonrpc both began together, and are late together.
		grep -E 'line [34]: WorkerDied' c.err || [[ $kind == jsonrpc ]]
		same "$(grep -cE 'line [34]: ' c.err)" 1
		same "$(counter "$kind" worker_deaths)" 1
		expect 0 call "$URL" f 3
	done
}

@test "-W still holds when its caller does not wait any more" {
	serve s --coprocess lines -j 1 -W "$(slow 1)" "$ANY" \
	    -m "f=$WORKER --log log lines"
	expect 124 call -W "$(slow 0.3)" "$URL" f "$(steps wait:never)"
	expect 0 call "$URL" f 2
	same "$out $(grep -c start log)" "2 2"
	same "$(counter s cancelled) $(counter s worker_deaths)" "1 1"
}

@test "-W counts from when a worker that answers in order begins" {
	serve s --coprocess lines -j 1 --depth 10 -W "$(slow 1)" "$ANY" \
	    -m 'f=while read -r x; do sleep 0.2; echo "$x"; done'
	seq 10 >c.in
	call_later c -l -j 10 "$URL" f
	finish c 30
	same "$STATUS" 0
	cmp c.in c.out
}

@test "-W, --kill-after: a worker that ignores TERM is killed" {
	serve s --coprocess lines -j 1 -W "$(slow 0.3)" --kill-after 0.3 \
	    "$ANY" -m "f=$WORKER --stay --log log lines"
	spent expect 1 call "$URL" f "$(steps deaf)"
	like "$err" '*HandlerTimeout*'
	between 550 "$MS" 3000
	expect 0 call "$URL" f 1
	same "$(grep -c start log)" 2
}

# What a worker says on stderr.

lines_of() {
	grep -E "f\[$1\]: " s.err
}

@test "stderr of workers: in our log, with a name, clean; -q: not at all" {
	serve s --coprocess lines -j 1 "$ANY" -m "f=$WORKER --log log lines"
	expect 0 call "$URL" f \
	    '{"do":["err:one\nt\u001b[31mwo\u0000\u0007\rx\nhalf","answer:1"]}'
	local pid
	pid=$(sed -n 's/start //p' log)
	wait_for 5 contains s.err "f[$pid]: one"
	grep -a "f\[$pid\]: t.*wo.*x" s.err
	not grep -aq $'[\e\a\r]' s.err
	not contains s.err half
	expect 1 call "$URL" f "$(steps die)"
	wait_for 5 contains s.err "f[$pid]: half"
	serve q -q --coprocess lines -j 1 "$ANY" -m "f=$WORKER lines"
	expect 0 call "$URL" f "$(steps err:words$'\n' answer:1)"
	stop q
	same "$(<q.err)" ''
}

@test "a flood on stderr is cut short, and the rest is counted" {
	serve s --coprocess lines -j 1 "$ANY" -m 'f=while read -r x; do
	    seq -f "line %g" 20000 >&2; echo "$x"; done'
	expect 0 call "$URL" f 1
	local pid
	pid=$(children "${pids[s]}" | tr -d ' ')
	kill -KILL "$pid"
	wait_for 10 contains s.err "more lines were not shown"
	wait_for 10 contains s.err "ended"
	local shown held
	shown=$(lines_of "$pid" | grep -c ': line')
	held=$(lines_of "$pid" | sed -n 's/.*: \([0-9]*\) more lines.*/\1/p' |
	    awk '{ n += $1 } END { print n }')
	same "$((shown + held))" 20000
	((shown <= 500))
	expect 0 call "$URL" f 2
}

# How workers end.

@test "SIGTERM: what runs finishes; a worker's input ends before any TERM" {
	cat >worker <<-'E'
	#!/bin/sh
	trap 'echo term >>log; exit' TERM
	echo start >>log
	while read -r x; do
		echo "read $x" >>log
		until [ -e go ]; do sleep 0.02; done
		echo "$x"
	done
	echo end >>log
	E
	chmod 755 worker
	serve s --coprocess lines -j 2 --grace 20 "$ANY" f -- ./worker
	seq 3 >c.in
	call_later c -E -l -j 3 "$URL" f
	wait_for 5 contains log read 2
	wait_for 5 queued s 1
	kill -TERM "${pids[s]}"
	wait_for 5 counter_reaches s busy 1
	touch go
	finish s
	same "$STATUS" 0
	finish c
	same "$STATUS $(grep -c Busy c.err)" "75 1"
	same "$(head -n 2 c.out)" $'1\n2'
	same "$(sort log | uniq -c | tr -s ' ')" \
	    $' 2 end\n 1 read 1\n 1 read 2\n 2 start'
	same "$(leftovers)$(grep -v '^{' s.err)" ''
}

@test "--grace is over: CANCELLED, 75, and no other worker is started" {
	serve s --coprocess lines -j 1 --depth 2 --grace 0.3 \
	    --kill-after "$(slow 0.5)" "$ANY" \
	    -m "f=$WORKER --log log --hold never lines" \
	    -m "g=$WORKER --stay --log g.log --hold never lines"
	seq 3 >c.in
	call_later c -E -l -j 3 "$URL" f
	wait_for 5 contains log read 2
	wait_for 5 queued s 1
	call_later d "$URL" g 1
	wait_for 5 contains g.log 'read 1'
	kill -TERM "${pids[s]}"
	finish s
	same "$STATUS" 75
	finish d
	same "$STATUS" 4
	finish c
	same "$STATUS" 75
	same "$(grep -c -i cancelled c.err) $(grep -c Busy c.err)" "2 1"
	same "$(grep -c start log)" 1
	not contains s.err 'the next starts'
}

@test "a second signal: at once, whatever the workers do" {
	serve s --coprocess lines -j 2 --grace 30 --kill-after 30 "$ANY" \
	    -m "f=$WORKER --stay --log log --hold never lines"
	call_later c "$URL" f 1
	wait_for 5 contains log 'read 1'
	kill -TERM "${pids[s]}"
	wait_for 5 not_serving
	spent stop s TERM
	same "$STATUS" 143
	between 0 "$MS" 1000
	finish c
	like "$STATUS" '@(4|124)'
	same "$(leftovers)" ''
}

not_serving() {
	call -W 2 --connect-timeout 0.5 "$URL" f 2 2>more.err
	[[ $? == 75 ]]
}

@test "an idle worker that ignores everything is killed; hurried, at once" {
	serve s --coprocess lines -j 2 --kill-after 0.3 "$ANY" \
	    -m "f=$WORKER --stay --log log lines"
	wait_for 5 contains log start 2
	spent stop s
	same "$STATUS" 0
	between 1000 "$MS" 4000
	same "$(leftovers)$(<s.err)" ''
	serve t --coprocess lines -j 2 --kill-after 30 "$ANY" \
	    -m "f=$WORKER --stay --log t.log lines"
	wait_for 5 contains t.log start 2
	kill -TERM "${pids[t]}"
	wait_for 5 contains t.log end 2
	spent stop t INT
	same "$STATUS" 130
	between 0 "$MS" 1000
	same "$(leftovers)" ''
}

@test "SIGHUP on the way out starts nothing anew" {
	mkdir d
	printf '#!/bin/sh\n%s --stay --log log lines\n' "$WORKER" >d/f
	chmod 755 d/f
	serve s --coprocess lines -j 1 --kill-after 0.5 --dir d "$ANY"
	wait_for 5 contains log start
	kill -TERM "${pids[s]}"
	wait_for 5 contains log end
	kill -HUP "${pids[s]}"
	finish s 5
	same "$STATUS $(grep -c start log)" "0 1"
}

@test "kill -9 of the server: its workers see the end of their input" {
	serve s --coprocess jsonrpc -j 2 "$ANY" -m "f=$WORKER --log log jsonrpc"
	expect 0 call "$URL" f 1
	wait_for 5 contains log start 2
	kill -KILL "${pids[s]}"
	finish s
	wait_for 5 contains log end 2
	wait_for 5 no_leftovers
}

no_leftovers() {
	[[ -z $(leftovers) ]]
}
