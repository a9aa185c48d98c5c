#!/usr/bin/env bats
# cal-serve: what is served, how commands run, and its options.

load lib

@test "one method: the bytes of a JSON body go there and back" {
	serve s "$ANY" echo -- cat
	expect 0 call "$URL" echo '{"b": 0.10, "a": [1e2,"\u00fc"]}'
	same "$out" '{"b": 0.10, "a": [1e2,"\u00fc"]}'
	expect 0 call "$URL" echo '  [1, 2]
	'
	same "$out" '[1, 2]'
	expect 3 call "$URL" other 1
	like "$err" 'cal-call: *MethodNotFound*'
	expect 0 call "$URL" echo 1
}

# option: cal-serve --method
@test "-m: several methods, each run by a shell" {
	serve s "$ANY" -m 'one=echo 1' -m 'two=cat | tr a b' -m 'n_1.x:y-z=echo 3'
	expect 0 call "$URL" one -n
	same "$out" 1
	expect 0 call "$URL" two '"banana"'
	same "$out" '"bbnbnb"'
	expect 0 call "$URL" n_1.x:y-z -n
	same "$out" 3
	expect 64 cal_serve "$ANY" -m 'a=true' -m 'a=false'
	expect 64 cal_serve "$ANY" -m 'no name=true'
	expect 64 cal_serve "$ANY" -m 'nocommand'
	expect 64 cal_serve "$ANY"
}

# option: cal-serve --dir
@test "--dir: every executable is a method, and SIGHUP reads it again" {
	mkdir d
	printf '#!/bin/sh\necho 1\n' >d/one
	cp d/one d/.hidden
	cp d/one d/plain
	cp d/one elsewhere
	chmod 755 d/one d/.hidden elsewhere
	chmod 644 d/plain
	ln -s ../elsewhere d/link
	serve s "$ANY" --dir d
	expect 0 call "$URL" one -n
	expect 0 call "$URL" link -n
	expect 3 call "$URL" plain -n
	expect 3 call "$URL" .hidden -n
	expect 3 call "$URL" ../elsewhere -n
	printf '#!/bin/sh\necho 2\n' >d/new
	printf '#!/bin/sh\necho 3\n' >d/loose
	chmod 755 d/new
	chmod 777 d/loose
	rm d/one
	kill -HUP "${pids[s]}"
	wait_for 5 call -q "$URL" new -n
	expect 3 call "$URL" one -n
	expect 3 call "$URL" loose -n
	contains s.err loose
	expect 78 cal_serve "$ANY" --dir d
	chmod 755 d/loose
	chmod 777 d
	expect 78 cal_serve "$ANY" --dir d
	expect 0 call "$URL" new -n
}

@test "a running request of a method that --dir lost finishes" {
	make_gate
	mkdir d
	printf '#!/bin/sh\necho >>started\nread x <gate\necho 7\n' >d/hold
	chmod 755 d/hold
	serve s "$ANY" --dir d -m other=cat
	call_later c "$URL" hold -n
	wait_for 5 has_line started
	rm d/hold
	kill -HUP "${pids[s]}"
	wait_for 5 refused hold
	release
	finish c
	same "$STATUS $(<c.out)" "0 7"
}

refused() {
	[[ $(call "$URL" "$1" -n 2>&1) == *MethodNotFound* ]]
}

@test "'*' answers what nothing else answers; -m wins over --dir" {
	mkdir d
	printf '#!/bin/sh\necho \\"dir\\"\n' | tee d/a >d/b
	chmod 755 d/a d/b
	serve s "$ANY" '*' --dir d -m 'a=echo \"m\"' -- \
	    sh -c 'printf "\"%s\"" "$CAL_METHOD"'
	expect 0 call "$URL" a -n
	same "$out" '"m"'
	expect 0 call "$URL" b -n
	same "$out" '"dir"'
	expect 0 call "$URL" 'c d/ü' -n
	same "$out" '"c d/%C3%BC"'
}

@test "a command sees its request, and nothing of ours" {
	export SECRET=1 CAL_SECRET=1 REDISCLI_AUTH=x BASH_ENV=/nowhere
	export LC_TIME=C TZ=UTC
	serve s --text "$ANY" env -- env
	expect 0 call --text -k 'k y' -W 30 "$URL" env -n
	for word in CAL_METHOD=env "CAL_KEY=k y" CAL_SEQ= CAL_PEER= \
	    CAL_TIMEOUT_MS= PATH= LC_TIME=C TZ=UTC; do
		like "$out" "*$word*"
	done
	not grep -E '^(SECRET|CAL_SECRET|REDISCLI_AUTH|BASH_ENV|NOTIFY)' \
	    expect.out
	[[ $(grep CAL_TIMEOUT_MS expect.out) =~ =2[0-9]{4}$ ||
	    $(grep CAL_TIMEOUT_MS expect.out) =~ =30000$ ]]
	not grep -q '[^ -~]' expect.out
}

# option: cal-serve --pass-env
@test "--pass-env lets more of the environment through" {
	export ONE=1 TWO=2 REDISCLI_AUTH=x CAL_OWN=3
	serve s --text --pass-env ONE,CAL_OWN "$ANY" env -- env
	expect 0 call --text "$URL" env -n
	grep -qx ONE=1 expect.out
	not grep -E '^(TWO|REDISCLI_AUTH|CAL_OWN)=' expect.out
	serve t --text --pass-env '*' "$ANY" env -- env
	expect 0 call --text "$URL" env -n
	grep -qx TWO=2 expect.out
	not grep -E '^(REDISCLI_AUTH|CAL_OWN)=' expect.out
}

@test "a failed command: name, status, the end of its stderr" {
	serve s "$ANY" -m 'f=echo why >&2; exit 7' -m 'k=kill -SEGV $$'
	expect 1 call "$URL" f -n
	like "$err" '*HandlerExit*exit status 7*why*'
	same "$out" ""
	expect 1 call "$URL" k -n
	like "$err" '*HandlerSignal*SIGSEGV*'
	expect 0 peer call "$URL" f
	like "$out" 'FAILURE *st=7 *name=HandlerExit repr=exit%20status%207 *why*'
	expect 0 peer call "$URL" k
	like "$out" 'FAILURE *st=-11 *name=HandlerSignal repr=SIGSEGV*'
}

# option: cal-serve --no-traceback
@test "--no-traceback keeps the stderr of commands here" {
	serve s --no-traceback "$ANY" -m 'f=echo secret >&2; exit 7'
	expect 1 call "$URL" f -n
	like "$err" '*exit status 7*'
	not contains expect.err secret
}

# option: cal-serve --text
@test "--text: commands see and write plain text" {
	serve s --text "$ANY" -m 'up=tr a-z A-Z' -m 'len=wc -c' \
	    -m 'bad=printf "\\377"'
	expect 0 call "$URL" up '"a\"\u00e9\n\n"'
	same "$out" '"A\"é\n"'
	expect 0 call "$URL" len '"abc"'
	same "$out" '"3"'
	expect 0 call "$URL" up '{"a":[1]}'
	same "$out" '"{\"A\":[1]}"'
	expect 1 call "$URL" bad -n
	like "$err" '*BadOutput*'
	expect 64 cal_serve -s thrift --text "$ANY" m -- cat
}

# option: cal-serve --serializer
@test "-s: the serializer, which PONG tells" {
	serve s -s json "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
	expect 0 call --ping "$URL"
	like "$out" '*json*'
	expect 64 cal_serve -s nothing "$ANY" m -- cat
}

# option: cal-serve --ready-line
@test "-1 prints the real address, then closes stdout" {
	launch s "$CAL_BIN/cal-serve" -1 "$ANY" echo -- cat
	wait_for 5 has_line s.out
	like "$(<s.out)" 'tcp://127.0.0.1:[1-9]*'
	[[ $(readlink "/proc/$PID/fd/1") == /dev/null || ! -e /proc/$PID/fd/1 ]]
	expect 0 call "$(<s.out)" echo 1
	serve i "ipc://$T/sock" echo -- cat
	same "$URL" "ipc://$T/sock"
	expect 0 call "$URL" echo 1
}

# option: cal-serve --notify-fd
@test "--notify-fd: a newline, then the end of the file" {
	mkfifo ready
	"$CAL_BIN/cal-serve" --notify-fd 7 "ipc://$T/s" echo -- cat \
	    7>ready 3>&- 2>s.err &
	pids[s]=$!
	wc -c <ready >count
	same "$(tr -d ' ' <count)" 1
	expect 0 call "ipc://$T/s" echo 1
}

@test "the log has the address before anybody is told that we are ready" {
	"$CAL_BIN/cal-serve" -v --notify-fd 7 "$ANY" echo -- cat \
	    7>>both 3>&- 2>>both &
	pids[s]=$!
	wait_for 10 grep -q '^$' both
	like "$(sed '/^$/q' both)" '*serving 1 methods at tcp://127.0.0.1:*'
}

@test "NOTIFY_SOCKET is told READY=1, and commands do not see it" {
	cat >notify.py <<-'E'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	print("bound", flush=True)
	s.settimeout(10)
	print(s.recv(100).decode().split("\n")[0], flush=True)
	E
	launch n "$PYTHON" notify.py "$T/notify"
	wait_for 5 has_line n.out
	NOTIFY_SOCKET=$T/notify serve s --text "$ANY" env -- env
	finish n
	same "$(tail -n 1 n.out)" READY=1
	expect 0 call --text "$URL" env -n
	not contains expect.out NOTIFY_SOCKET
}

# option: cal-serve --verbose
# option: cal-serve --quiet
@test "-v logs requests and counts at the end; -q says less" {
	serve s -v "$ANY" -m ok=cat -m 'no=exit 3'
	expect 0 call -k key "$URL" ok 1
	expect 1 call "$URL" no 1
	expect 3 call "$URL" nope 1
	stop s
	same "$STATUS" 0
	grep -q ok s.err
	grep -q HandlerExit s.err
	grep '^{' s.err | tail -n 1 | jq -e . >/dev/null
	serve q -q "$ANY" -m 'no=exit 3'
	expect 1 call "$URL" no 1
	stop q
	same "$(<q.err)" ""
}

# option: cal-serve --log-format
@test "--log-format json: every line is one object" {
	serve s -v --log-format json "$ANY" -m ok=cat -m 'no=echo x >&2; exit 3'
	expect 0 call "$URL" ok 1
	expect 1 call "$URL" no 1
	raw "$URL" hex:00,01,02 ping recv
	stop s
	(($(count_lines s.err) >= 2))
	same "$(jq -r type <s.err | sort -u)" object
	expect 64 cal_serve --log-format xml "$ANY" ok -- cat
}

@test "SIGUSR1: the counters as one line of JSON" {
	serve s "$ANY" -m ok=cat -m 'no=exit 3'
	expect 0 call "$URL" ok 1
	expect 1 call "$URL" no 1
	counters s | jq -e 'type == "object"'
	expect 0 call "$URL" ok 1
}

# option: cal-serve --count
@test "-c N: leaves after N answers" {
	serve s -c 2 "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
	expect 0 call "$URL" echo 2
	finish s
	same "$STATUS" 0
	expect 69 call --connect-timeout 0.3 "$URL" echo 3
}

# option: cal-serve --jobs
@test "-j: so many commands at a time" {
	make_gate
	serve s -j 2 "$ANY" -m 'hold=echo >>started; read x <gate; echo 1'
	seq 5 >c.in
	call_later c -l -j 5 "$URL" hold
	wait_for 5 has_line started 2
	expect 0 call --ping "$URL"
	same "$(count_lines started)" 2
	release
	wait_for 5 has_line started 3
	release 4
	finish c
	same "$STATUS $(count_lines c.out)" "0 5"
}

# option: cal-serve --max-queue
@test "--max-queue: what is too much is Busy, and not executed" {
	make_gate
	serve s -j 1 --max-queue 2 "$ANY" \
	    -m 'hold=echo >>started; read x <gate; echo 1'
	seq 6 >c.in
	call_later c -E -l -j 6 "$URL" hold
	wait_for 5 has_line started
	wait_for 5 counter_reaches s busy 3
	release 6
	finish c
	same "$STATUS $(count_lines c.out)" "75 6"
	same "$(grep -c Busy c.err)" 3
	same "$(count_lines started)" 3
}

@test "one caller with 10,000 in the queue does not make another wait" {
	serve s -j 2 --max-queue 10000 "$ANY" -m 'slow=sleep 0.05; echo 1' \
	    -m 'quick=echo 2'
	seq 10000 >c.in
	call_later c -l -j 10000 -W 0 "$URL" slow
	wait_for 20 has_line c.out 2
	spent expect 0 call "$URL" quick -n
	between 0 "$MS" 1500
	stop c INT
}

# option: cal-serve --timeout
@test "-W: a command that takes too long is HandlerTimeout" {
	serve s -W 0.3 "$ANY" -m 'slow=sleep 100'
	spent expect 1 call "$URL" slow -n
	like "$err" '*HandlerTimeout*'
	between 250 "$MS" 2500
	assert_no_children "${pids[s]}"
}

# option: cal-serve --kill-after
@test "--kill-after: TERM, then KILL to the whole group" {
	serve s -W 0.2 --kill-after 0.3 "$ANY" \
	    -m 'deaf=trap "" TERM; echo >>started; sleep 100 & wait; sleep 100'
	spent expect 1 call "$URL" deaf -n
	like "$err" '*HandlerTimeout*'
	between 450 "$MS" 3000
	assert_no_children "${pids[s]}"
}

# option: cal-serve --grace
@test "SIGTERM: finishes what runs, takes no more" {
	make_gate
	serve s --grace 20 -j 1 "$ANY" \
	    -m 'hold=echo >>started; read x <gate; echo 1'
	seq 2 >c.in
	call_later c -E -l -j 2 "$URL" hold
	wait_for 5 has_line started
	wait_for 5 queued s 1
	kill -TERM "${pids[s]}"
	wait_for 5 counter_reaches s busy 1
	release
	finish s
	same "$STATUS" 0
	finish c
	same "$STATUS" 75
	same "$(count_lines started)" 1
	same "$(head -n 1 c.out)" 1
}

# option: cal-serve --grace
@test "--grace: what does not finish in time is cancelled, and that is 75" {
	serve s --grace 0.3 "$ANY" -m 'hold=echo >>started; sleep 100'
	call_later c "$URL" hold -n
	wait_for 5 has_line started
	kill -TERM "${pids[s]}"
	finish s 5
	same "$STATUS" 75
	finish c
	same "$STATUS" 4
}

@test "a second signal: at once" {
	serve s --grace 30 "$ANY" -m 'hold=echo >>started; exec sleep 100'
	call_later c "$URL" hold -n
	wait_for 5 has_line started
	kill -TERM "${pids[s]}"
	wait_for 5 not_serving
	kill -TERM "${pids[s]}"
	finish s 5
	same "$STATUS" 143
	finish c
	like "$STATUS" '[14]*'
}

not_serving() {
	call -W 2 --connect-timeout 0.5 "$URL" hold -n 2>more.err
	[[ $? == 75 ]]
}

# option: cal-serve --max-body
@test "--max-body: both ways" {
	serve s --max-body 2000 "$ANY" echo -m 'big=head -c 3000 /dev/zero |
	    tr "\0" 1' -- cat
	expect 0 call "$URL" echo "\"$(head -c 1900 /dev/zero | tr '\0' a)\""
	expect 65 call "$URL" echo "\"$(head -c 2100 /dev/zero | tr '\0' a)\""
	like "$err" '*large*'
	expect 65 call "$URL" big -n
	like "$err" '*TooLarge*'
	expect 0 call "$URL" echo 1
}

# option: cal-serve --compress
@test "-z: answers are compressed" {
	serve s -z "$ANY" echo -- cat
	expect 0 call "$URL" echo '"hello"'
	same "$out" '"hello"'
	expect 0 peer call "$URL" echo '"hello"'
	like "$out" 'RESULT * zip=true body=bin:"hello"'
}

# option: cal-serve --connect
@test "--connect: a worker that dials out to a caller that listens" {
	launch w "$CAL_BIN/cal-serve" --connect "ipc://$T/c" echo -- cat
	expect 0 call --bind "ipc://$T/c" echo '[1]'
	same "$out" '[1]'
	expect 0 call --bind "ipc://$T/c" echo '[2]'
	same "$out" '[2]'
	expect 0 peer call --bind "ipc://$T/c" echo '[3]'
	like "$out" "ipc*
PONG*
RESULT *body=bin:\[3\]" || like "$out" "*RESULT *body=bin:\[3\]"
}

# option: cal-serve --bind
@test "--bind is what a server does" {
	serve s --bind "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
}

# option: cal-serve --insecure
@test "--insecure: open to the network only when told so" {
	for host in 0.0.0.0 '*' '[::]'; do
		expect 78 cal_serve "tcp://$host:*" echo -- cat
		like "$err" '*insecure*'
	done
	serve s --insecure 'tcp://0.0.0.0:*' echo -- cat
	expect 0 call "tcp://127.0.0.1:${URL##*:}" echo 1
	contains s.err 'cal-serve: '
}

@test "IPv6" {
	[[ -s /proc/net/if_inet6 ]] || skip "no IPv6 here"
	serve s 'tcp://[::1]:*' echo -- cat
	like "$URL" 'tcp://\[::1\]:[1-9]*'
	expect 0 call "$URL" echo 1
}

# option: cal-serve --help
# option: cal-serve --version
# option: cal-serve --completion
@test "--help, --version and --completion go to stdout" {
	expect 0 cal_serve --help
	like "$out" '*--max-queue*'
	same "$err" ""
	expect 0 cal_serve -h
	expect 0 cal_serve --version
	like "$out" "*$(<"$ROOT/VERSION")*"
	for shell in bash zsh fish; do
		expect 0 cal_serve --completion "$shell"
		like "$out" '*max-queue*'
	done
	expect 0 cal_serve --completion bash
	bash -n expect.out
	expect 64 cal_serve --completion tcsh
	expect 74 sh -c "'$CAL_BIN/cal-serve' --help >/dev/full"
}
