#!/usr/bin/env bats
# cal-call: where a body comes from, what is printed, and its options.

load lib

setup_server() {
	serve s "$ANY" echo -m 'fail=echo oops >&2; exit 3' \
	    -m 'slow=sleep 100' -- cat
}

@test "a BODY leaves stdin alone; without one stdin is the body" {
	setup_server
	printf '[1]\nrest\n' >in
	{
		expect 0 call "$URL" echo '"x"'
		read -r line
		same "$line" '[1]'
	} <in
	expect 0 call "$URL" echo <<<'{"from": "stdin"}'
	same "$out" '{"from": "stdin"}'
	expect 0 call "$URL" echo </dev/null
	same "$out" null
	expect 0 call "$URL" echo ''
	same "$out" null
}

# option: cal-call --data
@test "-d DATA, -d @FILE, -d @-" {
	setup_server
	echo '[1,2]' >body
	expect 0 call -d -5 "$URL" echo
	same "$out" -5
	expect 0 call -d @body "$URL" echo
	same "$out" '[1,2]'
	expect 0 call -d @- "$URL" echo <body
	same "$out" '[1,2]'
	expect 66 call -d @missing "$URL" echo
	expect 64 call -d 1 "$URL" echo 2
}

@test "-d @FILE: a pipe that says nothing does not keep Ctrl-C away" {
	mkfifo body
	call_later c -d @body "ipc://$T/nobody" echo
	exec 9>body
	stop c INT
	exec 9>&-
	same "$STATUS" 130
}

# option: cal-call --no-body
@test "-n: an empty body, without reading stdin" {
	setup_server
	expect 0 call -n "$URL" echo <<<'x'
	same "$out" null
	serve r "$ANY" size -- wc -c
	expect 0 call -n "$URL" size
	same "$out" 4
	expect 64 call -n "$URL" echo 1
}

# option: cal-call --key
# option: cal-call --key-from
@test "-k and --key-from: the ordering key" {
	serve s --text "$ANY" key -- sh -c 'printf %s "$CAL_KEY"'
	expect 0 call --text -k one "$URL" key x
	same "$out" one
	serve j "$ANY" key -- sh -c 'printf "\"%s\"" "$CAL_KEY"'
	expect 0 call --key-from /a/0 "$URL" key '{"a":["v"]}'
	same "$out" '"v"'
	expect 0 call --key-from /n "$URL" key '{"n":1.50}'
	same "$out" '"1.50"'
	expect 0 call --key-from /none "$URL" key '{"n":1}'
	same "$out" '""'
	expect 65 call --key-from /a "$URL" key '{"a":[]}'
	expect 64 call --key-from a "$URL" key '{"a":[]}'
	expect 0 call -r --key-from /a "$URL" key '{"a":"raw"}'
	same "$out" '"raw"'
	# As long as a buffer, so that a sanitizer sees what is read beyond it.
	expect 65 call -r --key-from /a "$URL" key \
	    "{\"a\":\"$(printf '%055d' 0)\\u"
}

# option: cal-call --timeout
@test "-W: the deadline, 124, and CANCEL gets there" {
	serve s "$ANY" -m 'slow=echo >>started; trap "echo >>stopped; exit" TERM
	    sleep 100 & wait'
	spent expect 124 call -W "$(slow 0.5)" "$URL" slow -n
	between 450 "$MS" 3000
	like "$err" 'cal-call: *'
	wait_for 5 has_line stopped
	CAL_TIMEOUT=$(slow 0.3) expect 124 call "$URL" slow -n
	expect 124 call -W "$(slow 300)ms" "$URL" slow -n
	expect 64 call -W -1 "$URL" slow -n
	expect 64 call -W nan "$URL" slow -n
	expect 64 call -W 1e3 "$URL" slow -n
}

# option: cal-call --connect-timeout
@test "--connect-timeout: 69 when nobody is there" {
	spent expect 69 call --connect-timeout 0.4 "ipc://$T/nobody" echo 1
	between 350 "$MS" 2500
	like "$err" 'cal-call: *'
}

# option: cal-call --raw
@test "-r: the wire bytes, both ways, no newline added" {
	setup_server
	expect 0 call -r "$URL" echo '[1, 2]'
	same "$(od -An -c <expect.out | tr -d ' ')" '[1,2]'
	expect 64 call -r -l "$URL" echo
}

# option: cal-call --text
@test "--text: strings without JSON around them" {
	setup_server
	expect 0 call --text "$URL" echo $'say "hi"\tü'
	same "$out" $'say "hi"\tü'
	expect 0 call -r --text "$URL" echo 'x' || :
	expect 65 call --text -d $'\xff' "$URL" echo
	serve_peer p "$ANY"
	expect 0 call --text "$URL" pretty -n
	like "$out" '{*0.1*}'
}

# option: cal-call --format
@test "-f: kcat's tokens" {
	setup_server
	expect 0 call -k key -f '%k|%S|%s|%%|\t|\n' "$URL" echo '[1, 2]'
	same "$out" $'key|6|[1, 2]|%|\t|'
	expect 64 call -f '%q' "$URL" echo 1
	like "$err" '*%q*'
}

# option: cal-call --serializer
@test "-s: what is no JSON is refused before it is sent" {
	serve s "$ANY" echo -- sh -c 'echo >>ran; cat'
	for body in '{' '[1,]' 'nope' '1 2' 'NaN' $'"\t"'; do
		expect 65 call "$URL" echo "$body"
		like "$err" 'cal-call: *'
	done
	[[ ! -e ran ]]
	expect 0 call -s json "$URL" echo 1
	expect 64 call -s nothing "$URL" echo 1
}

# option: cal-call --serializer
# option: cal-serve --serializer
@test "-s raw: bytes both ways, none of them too" {
	serve s -s raw "$ANY" echo -m 'size=wc -c' \
	    -m 'none=cat >/dev/null' -- cat
	printf ' \xff\0{\n' >body
	expect 0 call -s raw -r -d @body "$URL" echo
	cmp expect.out body
	expect 0 call -s raw -n "$URL" size
	same "$out" 0
	expect 0 call -s raw -r "$URL" none x
	[[ ! -s expect.out ]]
	expect 0 call -s raw -l "$URL" echo <<<$' {\n\n[1, 2] '
	same "$out" $' {\n\n[1, 2] '
	# With -J, what is one JSON value is said so; nothing is taken off.
	printf '%s\n' '{"body":[1, 2]}' '{"body_b64":"IDEg"}' \
	    '{"body_b64":""}' >lines
	expect 0 call -s raw -J "$URL" echo <lines
	same "$(jq -c '[.body, .body_b64]' <<<"$out")" '[[1,2],null]
[null,"IDEg"]
[null,""]'
	expect 64 call -s raw --key-from /a "$URL" echo 1
	expect 64 call -s raw --text "$URL" echo 1
	expect 64 cal_serve -s raw --coprocess jsonrpc "$ANY" echo -- cat
	serve f -s raw --coprocess framed "$ANY" echo -- cat
	expect 0 call -s raw -r -d @body "$URL" echo
	cmp expect.out body
}

# option: cal-call --compress
@test "-z: what is sent is compressed" {
	serve_peer p "$ANY"
	expect 0 call -z "$URL" echo '["z"]'
	same "$out" '["z"]'
	grep -q 'FUNCTION.*zip=true.* body=bin:\["z"\]' p.log
	setup_server
	expect 0 call -z "$URL" echo '["z"]'
	same "$out" '["z"]'
}

# option: cal-call --exit-remote
@test "--exit-remote: the remote status, 255 for everything else" {
	setup_server
	expect 3 call --exit-remote "$URL" fail -n
	expect 0 call --exit-remote "$URL" echo 1
	expect 255 call --exit-remote "$URL" nope 1
	expect 255 call --exit-remote -W "$(slow 0.3)" "$URL" slow -n
	expect 255 call --exit-remote --connect-timeout 0.2 "ipc://$T/no" x 1
}

# option: cal-call --ping
@test "--ping: the time there and back, and what the server says" {
	serve s --order exit "$ANY" echo -m other=cat -- cat
	expect 0 call --ping "$URL"
	like "$out" '*ms*'
	like "$out" '*echo*'
	like "$out" '*exit*'
	serve_peer p "$ANY"
	expect 0 call --ping "$URL"
	expect 69 call --ping --connect-timeout 0.3 "ipc://$T/nobody"
	launch d "$PYTHON" -c '
import zmq
s = zmq.Context().socket(zmq.ROUTER)
s.bind("ipc://other")
print("ready", flush=True)
while True:
    s.send_multipart([s.recv_multipart()[0], b"HELLO", b"", b""])'
	wait_for 5 has_line d.out
	expect 76 call --ping "ipc://$T/other"
}

@test "--ping: -W limits it, what is about calls is refused" {
	spent expect 69 call --ping -W 0.3 --connect-timeout 20 "ipc://$T/no"
	between 250 "$MS" 3000
	same "$(count_lines expect.err)" 1
	for option in -d1 -n -l -0 -D, --framed -J -r --text -f%s -k1 -K: \
	    --key-from=/a -j2 --unordered -c1 --retry=1 --retry-delay=1 -E \
	    -z --exit-remote --max-body=1M; do
		expect 64 call --ping "$option" "ipc://$T/no"
		like "$err" 'cal-call: * has no meaning with --ping'
	done
	expect 64 call --ping "ipc://$T/no" method
}

@test "--ping: a worker that connects is asked, too" {
	call_later c --bind --ping -1 --connect-timeout 20 "$ANY"
	wait_for 5 has_line c.err
	serve w --connect "$(grep -o 'tcp:.*' c.err)" echo -- cat
	finish c
	same "$STATUS $(jq -c .methods <c.out)" '0 ["echo"]'
}

# option: cal-call --retry
# option: cal-call --retry-delay
@test "--retry: only what certainly did not run" {
	serve s "$ANY" -m 'f=echo >>ran; exit 1'
	expect 1 call --retry 3 --retry-delay 0.05 "$URL" f -n
	same "$(count_lines ran)" 1
	serve_peer p --hello "$ANY"
	spent expect 75 call --retry 2 --retry-delay 0.2 "$URL" refuse '"Busy"'
	same "$(grep -c FUNCTION p.log)" 3
	between 300 "$MS" 3000
	expect 3 call --retry 2 "$URL" refuse '"BadRequest"'
	same "$(grep -c FUNCTION p.log)" 4
	call_later n -W 20 --connect-timeout 0.2 --retry 20 \
	    --retry-delay 0.1 "ipc://$T/late" echo 5
	wait_for 5 running "$PID"
	serve late "ipc://$T/late" echo -- cat
	finish n
	same "$STATUS $(<n.out)" "0 5"
}

# option: cal-call --max-body
@test "--max-body: too large is 65, both ways" {
	setup_server
	head -c 2000 /dev/zero | tr '\0' 1 >big
	expect 65 call --max-body 1200 -d @big "$URL" echo
	serve b "$ANY" -m "big=cat $T/big"
	expect 65 call --max-body 1200 "$URL" big -n
	like "$err" '*TooLarge*'
	expect 0 call "$URL" big -n
	serve_peer p "$ANY"
	expect 65 call --max-body 1000000 "$URL" big -n ||
	    expect 76 call --max-body 1000000 "$URL" big -n
}

@test "an endless stdin is refused once it is too large" {
	setup_server
	expect 65 sh -c "yes 1 | '$CAL_BIN/cal-call' '$URL' echo"
}

# option: cal-call --bind
# option: cal-call --ready-line
@test "--bind: a caller that listens; -1 says where, on stderr" {
	call_later c --bind -1 "$ANY" echo '[1]'
	wait_for 5 has_line c.err
	serve w --connect "$(grep -o 'tcp:.*' c.err)" echo -- cat
	finish c
	same "$STATUS $(<c.out)" "0 [1]"
	like "$(<c.err)" 'tcp://127.0.0.1:*'
	expect 69 call --bind --connect-timeout 0.3 "$ANY" echo 1
}

# option: cal-call --notify-fd
@test "--notify-fd: a caller that listens says so" {
	mkfifo ready
	"$CAL_BIN/cal-call" --bind --connect-timeout 20 --notify-fd 7 \
	    "ipc://$T/c" echo 1 7>ready 3>&- >c.out 2>c.err &
	pids[c]=$!
	wc -c <ready >count
	same "$(tr -d ' ' <count)" 1
	serve w --connect "ipc://$T/c" echo -- cat
	finish c
	same "$STATUS $(<c.out)" "0 1"
}

# option: cal-call --insecure
@test "--insecure: a caller that listens to everybody must say so" {
	expect 78 call --bind 'tcp://0.0.0.0:*' echo 1
	expect 69 call --bind --insecure --connect-timeout 0.2 \
	    'tcp://0.0.0.0:*' echo 1
}

# option: cal-call --connect
@test "--connect is what a caller does" {
	setup_server
	expect 0 call --connect "$URL" echo 1
}

@test "requests go to the worker with the fewest calls in flight" {
	make_gate
	mkfifo c.in
	exec 9<>c.in
	call_later c --bind -l -j 4 "ipc://$T/c" who
	for name in a b; do
		serve "w$name" --connect "ipc://$T/c" \
		    -m "who=echo $name >>started; read x <gate; echo '\"$name\"'"
	done
	seq 4 >&9
	wait_for 10 has_line started 4
	same "$(grep -c a started)" 2
	release 4
	wait_for 5 has_line c.out 4
	exec 9>&-
	finish c
	same "$STATUS $(sort c.out | uniq -c | tr -s ' \n' ' ')" \
	    '0  2 "a" 2 "b" '
}

# option: cal-call --verbose
# option: cal-call --quiet
# option: cal-call --log-format
@test "-q, -v and --log-format" {
	setup_server
	expect 1 call -q "$URL" fail -n
	expect 0 call -v "$URL" echo 1
	expect 0 call -vv "$URL" echo 1
	[[ -n $err ]]
	expect 3 call --log-format json "$URL" nope 1
	jq -e . <expect.err >/dev/null
}

@test "--log-format json: each line of a traceback is an object, too" {
	serve s "$ANY" -m 'f=printf "one\n\"two\"\n" >&2; exit 3'
	expect 1 call --log-format json "$URL" f -n
	(($(count_lines expect.err) >= 3))
	same "$(jq -r type <expect.err | sort -u)" object
	grep -qF 'two' expect.err
}

# option: cal-call --help
# option: cal-call --version
# option: cal-call --completion
@test "--help, --version and --completion go to stdout" {
	expect 0 call --help
	like "$out" '*--connect-timeout*'
	same "$err" ""
	expect 0 call --version
	like "$out" "*$(<"$ROOT/VERSION")*"
	for shell in bash zsh fish; do
		expect 0 call --completion "$shell"
		like "$out" '*connect-timeout*'
	done
	expect 0 call --completion bash
	bash -n expect.out
}

@test "remote words are cleaned before a terminal sees them" {
	serve_peer p "$ANY"
	expect 1 call "$URL" dirty -n
	LC_ALL=C not grep -q $'[\001-\010\013-\037\177]' expect.err
	not grep -q $'\u009b' expect.err
	not grep -q $'\u202e' expect.err
	like "$err" '*Esc*'
	like "$err" '*line*'
	expect 1 call "$URL" longtb -n
	(($(wc -c <expect.err) < 200000))
}

@test "bad answers are 76, and nothing hangs" {
	serve_peer p "$ANY"
	for method in nil intbody notjson emptybody nobody badsnappy bomb \
	    twoels fourels binels intels; do
		expect 76 call -W 10 "$URL" "$method" -n || {
			[[ $method == bomb ]] &&
			    expect 65 call -W 10 "$URL" "$method" -n
		}
	done
	expect 1 call -W 10 "$URL" nometa -n ||
	    expect 76 call -W 10 "$URL" nometa -n
	expect 0 call -W 10 "$URL" echo 1
}

@test "first match wins, everything else is dropped" {
	serve_peer p "$ANY"
	for method in twice other; do
		expect 0 call "$URL" "$method" -n
		same "$out" 1
	done
	for method in garbage function null; do
		expect 0 call "$URL" "$method" '[5]'
		same "$out" '[5]'
	done
}

@test "NaN and Infinity from a Python peer are printed" {
	serve_peer p "$ANY"
	expect 0 call "$URL" nan -n
	same "$out" '[NaN, Infinity, -Infinity]'
	expect 0 call "$URL" str -n
	same "$out" '{"a": "ü"}'
	expect 0 call "$URL" zip -n
	same "${#out}" 100002
}

@test "stdin that is a terminal: said on stderr" {
	setup_server
	command -v script || skip "no script(1)"
	printf '5\n\004' | script -qec \
	    "'$CAL_BIN/cal-call' '$URL' echo" /dev/null >typed 2>&1
	like "$(<typed)" '*cal-call: *'
}
