#!/usr/bin/env bats
# Numbers, addresses, and what must stay bounded.

load lib

@test "B43: addresses that are none are 64, on both sides" {
	local url
	for url in '' x localhost:5555 5555 TCP://127.0.0.1:5555 \
	    Tcp://127.0.0.1:1 tcp:127.0.0.1:1 tcp:/127.0.0.1:1 \
	    tcp://127.0.0.1 tcp://127.0.0.1: tcp://:5555 tcp:// \
	    tcp://127.0.0.1:0 tcp://127.0.0.1:65536 tcp://127.0.0.1:99999 \
	    tcp://127.0.0.1:-1 tcp://127.0.0.1:+1 tcp://127.0.0.1:1x \
	    'tcp://127.0.0.1: 1' 'tcp://127.0.0.1:1 ' ' tcp://127.0.0.1:1' \
	    'tcp://127.0.0.1:1?x=1' 'tcp://127.0.0.1:1/' \
	    tcp://u@127.0.0.1:1 tcp://u:p@127.0.0.1:1 'tcp://[::1:1' \
	    'tcp://::1:1' 'tcp://[]:1' 'tcp://[::1]1' tcp://a%00b:1 \
	    'tcp://a b:1' ipc:// 'ipc://@abstract' \
	    "ipc:///$(head -c 200 /dev/zero | tr '\0' p)" \
	    inproc://x udp://127.0.0.1:1 pgm://x http://x rediss://x \
	    'redis://h:99999?stream=s' $'tcp://127.0.0.1:1\n' \
	    $'ipc:///tmp/a\tb'; do
		expect 64 call -W 1 "$url" m 1
		expect 64 cal_serve "$url" m -- cat
	done
	for url in 'tcp://*:1' 'tcp://127.0.0.1:*'; do
		expect 64 call -W 1 "$url" m 1
		expect 64 cal_serve --connect "$url" m -- cat
	done
}

@test "B43: a password in an address is never printed" {
	expect 64 call tcp://user:hunter2@127.0.0.1:1 m 1
	not contains expect.err hunter2
}

@test "B44: numbers of options" {
	serve s "$ANY" echo -- cat
	local value
	for value in '' x 1x -1 +1 0x10 1e3 ' 1' '1 ' nan inf \
	    99999999999999999999999999 1.5 1,5; do
		expect 64 call -l -j "$value" "$URL" echo
		expect 64 cal_serve -j "$value" "$ANY" m -- cat
		expect 64 cal_serve --max-queue "$value" "$ANY" m -- cat
	done
	for value in '' x 1x -1 +1 0x10 1e3 ' 1' '1 ' nan inf 1d .s s \
	    99999999999999999999999999 1,5; do
		expect 64 call -W "$value" "$URL" echo 1
		expect 64 cal_serve --grace "$value" "$ANY" m -- cat
	done
	for value in 5 5s 5000ms 0.5m 1h 0 2.5 .5; do
		expect 0 call -W "$value" "$URL" echo 1
	done
	expect 0 call --max-body 1k "$URL" echo 1
	expect 0 call -W 1 -W 5 "$URL" echo 1
	expect 0 call --time 5 "$URL" echo 1
	expect 64 call -- "$URL" echo 1 2
	expect 64 call "$URL" echo -x
	expect 0 call -d "$(head -c 120000 /dev/zero | tr '\0' 1)" \
	    "$URL" echo
	CAL_TIMEOUT=x expect 64 call "$URL" echo 1
	expect 0 env CAL_TIMEOUT=5 "$CAL_BIN/cal-call" "$URL" echo 1
}

@test "F44: endless output is cut off, memory stays bounded" {
	serve s --max-body 1M "$ANY" echo -m 'y=yes 1' \
	    -m 'z=cat /dev/zero' -- cat
	local before
	before=$(rss "${pids[s]}")
	expect 65 call "$URL" y -n
	like "$err" '*TooLarge*'
	expect 65 call "$URL" z -n
	assert_no_children "${pids[s]}"
	asan || (($(rss "${pids[s]}") < before + 8192))
	expect 0 call "$URL" echo 1
}

@test "F45: a flood on stderr stops nobody" {
	serve s "$ANY" echo -m 'flood=head -c 100000000 /dev/zero |
	    tr "\0" x >&2; echo 1' -m 'tail=seq 100000 >&2; exit 2' -- cat
	local before
	before=$(rss "${pids[s]}")
	call_later c "$URL" flood -n
	spent expect 0 call "$URL" echo 1
	between 0 "$MS" 1500
	finish c 30
	same "$STATUS" 0
	asan || (($(rss "${pids[s]}") < before + 8192))
	expect 1 call "$URL" tail -n
	contains expect.err 99999
	(($(wc -c <expect.err) < 70000))
	not grep -qx 5 expect.err
}

@test "F53: 10,000 requests at once: at most -j run, others wait or are Busy" {
	serve s -j 4 --max-queue 200 "$ANY" m -- true
	seq 10000 | expect 75 call -E -l -j 10000 -W 120 "$URL" m
	same "$(count_lines expect.out)" 10000
	local busy ran
	busy=$(grep -c Busy expect.err)
	ran=$(grep -c null expect.out)
	same "$((busy + ran))" 10000
	((ran >= 204))
	assert_no_children "${pids[s]}"
}

@test "F42, F43: commands that do not read, or write before they read" {
	head -c 5000000 /dev/zero | tr '\0' 1 >body
	serve s "$ANY" echo -m 'ignore=echo 1' -m 'half=head -c 10; echo' \
	    -m 'close=exec <&-; echo 2' -m 'fail=exit 3' -- cat
	expect 0 call -d @body "$URL" ignore
	expect 0 call -d @body "$URL" half
	same "$out" 1111111111
	expect 0 call -d @body "$URL" close
	expect 1 call -d @body "$URL" fail
	like "$err" '*exit status 3*'
	tr 1 2 <body | sed 's/^/"/;s/$/"/' >text
	call -d @text "$URL" echo >got
	tr -d '\n' <got | cmp - <(tr -d '\n' <text)
}

@test "10 MiB there and back, one byte more is refused" {
	serve s "$ANY" echo -- cat
	printf '"%s"' "$(head -c 7864318 /dev/urandom | base64 -w 0 |
	    head -c 10485758)" >big
	call -r -d @big "$URL" echo >got
	cmp big got
	sed 's/"$/x"/' big >longer
	expect 65 call -r -d @longer "$URL" echo
}

@test "a body over 1 MiB waits for what the server takes" {
	serve s --max-body 1100000 "$ANY" echo -- cat
	head -c 1200000 /dev/zero | tr '\0' 1 >large
	expect 65 call -d @large "$URL" echo
	same "$(counter s requests)" 0
	head -c 1090000 large >fits
	expect 0 call -d @fits "$URL" echo
}

@test "a small --max-body costs nobody the connection" {
	serve s --max-body 1024 "$ANY" echo -m \
	    'fail=yes 0123456789 | head -c 60000 >&2; exit 3' -- cat
	# What comes back is longer than any body: a traceback.
	expect 1 call --max-body 1024 "$URL" fail 1
	expect 0 call -k "$(head -c 4000 /dev/zero | tr '\0' k)" "$URL" echo 1
	# It leaves before the limit is known, unless the server is quick.
	head -c 1000000 /dev/zero | tr '\0' 1 >large
	expect 65 call -d @large "$URL" echo
	if [[ $err == *TooLarge* ]]; then
		same "$(counter s requests)" 3
	else
		like "$err" '*larger than the server takes*'
	fi
	expect 0 call "$URL" echo 1
}

@test "localhost is 127.0.0.1 where it is ::1 as well" {
	printf '%s localhost\n' 127.0.0.1 ::1 >hosts
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\nmount --bind %s /etc/hosts && exec "$@"\n' \
	    "$T/hosts" >both
	chmod +x both
	unshare -m ./both true 2>/dev/null || skip "no mount namespaces here"
	serve s "$ANY" echo -- cat
	# Not under valgrind, which blames us for memory of glibc's resolver.
	WRAP="unshare -m ./both" \
	    expect 0 call "tcp://localhost:${URL##*:}" echo 1
	same "$out" 1
}

@test "100 rounds leave no descriptor, no child, no memory behind" {
	serve s "$ANY" echo -m 'fail=exit 1' -m 'die=kill -9 $$' \
	    -m 'bg=sleep 0.1 & echo 1' -- cat
	for name in echo fail die nope bg; do
		call "$URL" "$name" 1 2>/dev/null || :
	done
	assert_no_children "${pids[s]}"
	local before
	before=$(fds "${pids[s]}")
	for name in echo fail die nope bg; do
		seq 20 | call -E -l -j 5 "$URL" "$name" >/dev/null 2>&1 || :
		call "$URL" "$name" 1 >/dev/null 2>&1 || :
	done
	assert_no_children "${pids[s]}"
	assert_fds "${pids[s]}" "$before"
}

@test "loop:// is not for programs" {
	expect 64 call loop://x m 1
	like "$err" '*loop://*inside one process*'
	expect 64 cal_serve loop://x m -- cat
	like "$err" '*loop://*inside one process*'
}
