#!/usr/bin/env bats
# Bad input into a live cal-serve: answered or dropped, and the next good
# request is served.  The rows are those of the list of bad input.

load lib

@test "golden: every edge case, each followed by a good call" {
	serve s "$ANY" echo -- cat
	"$PYTHON" "$TESTS/interop/feed.py" vectors "$URL" \
	    "$TESTS/vectors.txt" edge
}

@test "golden: a case without a row fails" {
	serve s "$ANY" echo -- cat
	grep -v edge_type_7 "$TESTS/vectors.txt" >short.txt
	expect 1 "$PYTHON" "$TESTS/interop/feed.py" vectors "$URL" short.txt \
	    edge
	same "$(grep -c 'no row' expect.out)" 1
}

@test "B01-B03, B11-B24, B26-B35: bad frames, headers, payloads, JSON" {
	serve s "$ANY" echo -- cat
	"$PYTHON" "$TESTS/interop/feed.py" inputs "$URL"
	assert_no_children "${pids[s]}"
}

@test "B04: a flood of PINGs is answered, without more memory" {
	serve s "$ANY" echo -- cat
	expect 0 raw "$URL" ping recv
	local before
	before=$(rss "${pids[s]}")
	raw "$URL" flood:500 recv:500 >/dev/null
	raw "$URL" flood:900 recv:900 >/dev/null
	expect 0 call "$URL" echo 1
	asan || (($(rss "${pids[s]}") < before + 8192))
}

@test "B06: a frame over the last line costs the sender its connection only" {
	serve s --max-body 2000 "$ANY" echo -- cat
	expect 0 raw "$URL" call:echo:1 recv zeros:2200000 quiet:0.2 close \
	    call:echo:2 recv
	expect 0 call "$URL" echo 3
}

@test "B08: what is no ZMTP" {
	serve s "$ANY" echo -- cat
	local port=${URL##*:} n
	for n in 1 2 3 4 5; do
		exec 7<>"/dev/tcp/127.0.0.1/$port"
		case $n in
		1) printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' >&7 ;;
		2) printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' >&7 ;;
		3) head -c 100000 /dev/zero >&7 2>/dev/null || : ;;
		4) printf '\xff' >&7 ;;
		5) head -c 100000 /dev/urandom >&7 2>/dev/null || : ;;
		esac
		expect 0 call "$URL" echo "$n"
		exec 7>&-
	done
}

@test "B08: 500 junk connections do not keep a good caller out" {
	serve s "$ANY" echo -- cat
	local port=${URL##*:} n before
	before=$(fds "${pids[s]}")
	for ((n = 0; n < 500; n++)); do
		echo junk-junk-junk >"/dev/tcp/127.0.0.1/$port" || :
	done 2>/dev/null
	expect 0 call "$URL" echo 1
	assert_fds "${pids[s]}" "$((before + 1))"
}

@test "B10: a second peer with the same identity takes nothing over" {
	make_gate
	serve s "$ANY" -m 'hold=echo >>started; read x <gate; echo 1'
	launch a "$PYTHON" "$TESTS/interop/raw.py" --identity same "$URL" \
	    call:hold recv
	wait_for 10 has_line started
	expect 0 raw --identity same "$URL" ping quiet:0.3
	release
	finish a
	same "$STATUS" 0
	like "$(<a.out)" 'RESULT *'
}

@test "B46: hostile keys and methods in the environment of a command" {
	serve s --text "$ANY" '*' -- sh -c \
	    'printf "%s|%s|%s" "$CAL_METHOD" "$CAL_KEY" "$CAL_TRUNCATED"'
	expect 0 call --text -k '() { :;}; echo x' "$URL" $'a\nb' x
	same "$out" 'a%0Ab|() { :;}; echo x|'
	expect 0 call --text -k $'\e[31m\n%$(id)' "$URL" 'é;x' x
	same "$out" '%C3%A9;x|%1B[31m%0A%25$(id)|'
	expect 0 call --text -k "$(head -c 3000 /dev/zero | tr '\0' '\t')" \
	    "$URL" m x
	same "$out" 'm||1'
	expect 0 call --text -k "$(head -c 3000 /dev/zero | tr '\0' k)" \
	    "$URL" m x
	same "${#out}" 3003
}

@test "what was dropped is counted" {
	serve s "$ANY" echo -- cat
	expect 0 raw "$URL" hex:78 hex:5550504552,c1,c1 hex:,, ping recv
	counters s | jq -e '[.. | numbers] | any(. >= 3)'
}
