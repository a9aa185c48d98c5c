#!/usr/bin/env bats
# cal-call with many messages: records, order of answers, failures among them.

load lib

setup_server() {
	serve s "$ANY" echo -m 'odd=read -r n; [ $((n % 2)) = 1 ] && echo "$n"' -- cat
}

# option: cal-call --lines
@test "-l: a record out for each line in" {
	setup_server
	printf '1\n\n"three"\n{"a": [4]}' | expect 0 call -l "$URL" echo
	same "$out" $'1\nnull\n"three"\n{"a": [4]}'
	expect 0 call -l "$URL" echo </dev/null
	same "$out" ""
	serve p "$ANY" two -- printf '{\n"a":\r\n1}\n'
	printf '1\n2\n' | expect 0 call -l "$URL" two
	same "$out" $'{"a":1}\n{"a":1}'
}

# option: cal-call --null
# option: cal-call --delimiter
# option: cal-call --framed
@test "-0, -D and --framed: other records" {
	setup_server
	printf '[1,\n2]\0\0003' >in
	call -0 "$URL" echo <in >got
	printf '[1,\n2]\0null\0003\0' | cmp - got
	printf '1::2' | expect 0 call -D '::' "$URL" echo
	same "$out" '1::2::'
	printf '\0\0\0\3[1]\0\0\0\0\0\0\0\1\065' >in
	call --framed "$URL" echo <in >got
	printf '\0\0\0\3[1]\0\0\0\4null\0\0\0\1\065' | cmp - got
	printf '\0\0\0\3[1]\0\0\0\1\065' >in
	call -r --framed "$URL" echo <in >got
	cmp in got
	printf '\0\0\0\00512' | expect 65 call --framed "$URL" echo
	printf '\0\0\0\1\061\0\0\0\1\062' |
	    expect 1 call -E --framed -f '%s;' "$URL" odd
	same "$out" '1;'
	expect 64 call -D '' "$URL" echo
	expect 64 call -l -0 "$URL" echo
}

# option: cal-call --jobs
# option: cal-call --unordered
@test "-j N: in flight together, printed in the order of the input" {
	make_gate
	serve s "$ANY" -m 'w=read -r n; echo >>started
	    if [ "$n" = 1 ]; then read x <gate; fi; echo "$n"'
	seq 4 >c.in
	call_later c -l -j 4 "$URL" w
	wait_for 5 has_line started 4
	[[ ! -s c.out ]]
	release
	finish c
	same "$(<c.out)" $'1\n2\n3\n4'
	seq 4 >u.in
	call_later u -l -j 4 --unordered "$URL" w
	wait_for 5 has_line u.out 3
	release
	finish u
	same "$(tail -n 1 u.out)" 1
	same "$(count_lines u.out)" 4
}

@test "one call in flight by default" {
	make_gate
	serve s "$ANY" -m 'w=echo >>started; read x <gate; echo 1'
	seq 3 >c.in
	call_later c -l "$URL" w
	wait_for 5 has_line started
	expect 0 call --ping "$URL"
	same "$(count_lines started)" 1
	release
	wait_for 5 has_line c.out
	wait_for 5 has_line started 2
	release 2
	finish c
	same "$STATUS" 0
}

# option: cal-call --count
@test "-c N: no more than N lines are read" {
	setup_server
	seq 10 | expect 0 call -l -c 3 "$URL" echo
	same "$out" $'1\n2\n3'
}

# option: cal-call --keep-going
@test "-E: goes on after a failure; the status tells the worst" {
	setup_server
	seq 5 | expect 1 call -E -l -j 5 "$URL" odd
	same "$out" $'1\n\n3\n\n5'
	like "$err" '*line 2: *HandlerExit*line 4: *'
	printf '1\nbad\n2\n3' | expect 65 call -E -l "$URL" odd
	same "$out" $'1\n\n\n3'
	like "$err" '*line 2: *'
	printf '1\n2\n3\n' | expect 1 call -l "$URL" odd
	like "$out" $'1*'
	not grep -q 3 expect.out
	like "$err" '*line 2: *'
}

@test "-K: the key is cut from the front of a line" {
	serve s "$ANY" key -- sh -c 'printf "\"%s\"" "$CAL_KEY"'
	printf 'a:1\n:2\n3\nb:c:"x"\n' >in
	expect 65 call -E -K : -l "$URL" key <in
	same "$out" $'"a"\n""\n""'
	printf 'a:1\nb:"c:d"\n' | expect 0 call -K : -l "$URL" key
	same "$out" $'"a"\n"b"'
}

# option: cal-call --key-delimiter
@test "-K with a longer delimiter" {
	serve s "$ANY" key -- sh -c 'printf "\"%s\"" "$CAL_KEY"'
	printf 'a==1\n' | expect 0 call -K == -l "$URL" key
	same "$out" '"a"'
}

# option: cal-call --json
@test "-J: objects in, objects out, and what it writes it reads" {
	serve s "$ANY" echo -m 'fail=exit 3' -m 'key=printf "\"%s\"" "$CAL_KEY"' -- cat
	cat >in <<-'E'
	{"method":"echo","body":{"b": 0.10,"a":1e2}}
	{"body":[1],"key":"k"}
	{"method":"fail"}
	{"method":"nope","body":1}
	not an object
	{"method":"key","key_b64":"/w==","body":null}
	{"method":"echo","body_b64":"WzEsIDJd"}
	E
	expect 65 call -E -J "$URL" echo <in
	same "$(count_lines expect.out)" 7
	cp expect.out first
	same "$(jq -r .status <first | tr '\n' ' ')" \
	    'result result failure error error result result '
	same "$(jq -r '.error.name // ""' <first | tr '\n' ' ')" \
	    '  HandlerExit MethodNotFound BadInput   '
	grep -qF '"body":{"b": 0.10,"a":1e2}' first
	grep -qF '"body":"%FF"' first
	same "$(sed -n 7p first | jq -c .body)" '[1,2]'
	jq -e 'has("ms") and has("seq")' <<<"$(head -n 1 first)"
	sed -n '1,2p;6,7p' first >again
	expect 0 call -J "$URL" echo <again
	same "$(jq -c .body <expect.out)" "$(jq -c .body <again)"
}

@test "-J: an answer with line breaks between its tokens is one line" {
	serve_peer p "$ANY"
	echo '{"method":"pretty"}' | expect 0 call -J "$URL"
	same "$(count_lines expect.out)" 1
	jq -e 'has("body_b64") or has("body")' <expect.out
}

@test "each record is written as soon as it is known" {
	setup_server
	mkfifo c.in
	exec 9<>c.in
	call_later c -l "$URL" echo
	echo 1 >&9
	wait_for 5 has_line c.out 1
	echo 2 >&9
	wait_for 5 has_line c.out 2
	exec 9>&-
	stop c INT
}

@test "without -E the first failure cancels what is in flight" {
	# The first answer is there before the second one fails.
	serve s "$ANY" -m 'w=read -r n
	    [ "$n" = 2 ] && until [ -s c.out ]; do sleep 0.01; done && exit 1
	    trap "echo >>stopped; exit" TERM; echo >>started
	    [ "$n" = 1 ] && echo 1 && exit; sleep 100 & wait'
	printf '1\n2\n3\n4\n' >c.in
	call_later c -l -j 4 "$URL" w
	finish c
	same "$STATUS $(<c.out)" "1 1"
	assert_no_children "${pids[s]}"
}

@test "a call that waits for its repetition ends as all others" {
	serve_peer p --hello "$ANY"
	local retry=(--retry 9 --retry-delay 100 -W 900)
	cat >c.in <<-'E'
	{"method":"echo","body":1}
	{"method":"refuse","body":"Busy"}
	{"method":"echo","body":3}
	E
	call_later c -vv -J -j 3 "${retry[@]}" "$URL"
	wait_for 5 contains c.err 'call 1: error'
	wait_for 5 contains c.err 'call 2: result'
	stop c INT
	same "$STATUS $(jq -c .body <c.out)" '130 1'
	echo '{"method":"fail"}' >>c.in
	expect 1 call -J -j 4 "${retry[@]}" "$URL" <c.in
	same "$(jq -r .status <expect.out | tr '\n' ' ')" \
	    'result error result failure '
}

@test "10,000 calls, 100 in flight: one answer a line, order by key" {
	serve s -j 32 "$ANY" put -- \
	    sh -c 'read -r n; echo "$CAL_KEY $n" >>ledger; echo "$n"'
	awk 'BEGIN { srand(7); for (n = 1; n <= 10000; n++)
	    print int(rand() * 50) ":" n }' >c.in
	expect 0 call "$URL" put 0
	rm ledger
	assert_no_children "${pids[s]}"
	local before memory
	before=$(fds "${pids[s]}")
	memory=$(rss "${pids[s]}")
	call_later c -W 300 -K : -l -j 100 "$URL" put
	finish c 300
	same "$STATUS" 0
	seq 10000 | cmp - c.out
	same "$(sort ledger | uniq -d | wc -l)" 0
	same "$(count_lines ledger)" 10000
	# Numbers rise within each key.
	awk '$2 <= last[$1] { exit 1 } { last[$1] = $2 }' ledger
	assert_no_children "${pids[s]}"
	assert_fds "${pids[s]}" "$before"
	asan || (($(rss "${pids[s]}") < memory + 8192))
}
