#!/usr/bin/env bats
# cal-pub: to whom, when, and what became of it.

load lib
load keys

# bodies NAME: what a subscriber printed with --bodies, on one line.
bodies() {
	tail -n +2 "$1.out" | tr '\n' ' '
}

# feed NAME: input of a cal-pub that stays open, on descriptor 9.
feed() {
	mkfifo "$1.in"
	exec 9<>"$1.in"
}

# option: cal-pub --distribute
@test "--distribute: each message to one subscriber" {
	seq 100 >p.in
	publish p -l --distribute --wait-subscribers 2 "$ANY"
	local url=$URL
	stream a pull --bodies -n 50 "$url"
	stream b pull --bodies -n 50 "$url"
	finish a
	finish b
	finish p
	same "$STATUS" 0
	same "$(tail -qn +2 a.out b.out | sort -n)" "$(seq 100)"
	tail -n +2 a.out | sort -nc
	tail -n +2 b.out | sort -nc
}

# option: cal-pub --wait-subscribers
@test "--wait-subscribers: the first message is held until all are there" {
	seq 3 >p.in
	publish p -l --wait-subscribers 3 -t a "$ANY"
	local url=$URL
	stream s sub --bodies -n 3 -t a -t x "$url"
	stream o sub --bodies -t other "$url"
	# Of one that has subscribed twice, and of another topic: still one.
	stream t sub --bodies -n 3 "$url"
	same "$(counter p waiting)" 3
	stream u sub --bodies -n 3 -t a "$url"
	for name in s t u; do
		finish $name
		same "$(bodies $name)" '1 2 3 '
	done
	finish p
	same "$STATUS" 0
	stop o
	same "$(bodies o)" ''
	# Nobody needs to be there.
	spent expect 0 pub --wait-subscribers 0 "$ANY" 1
	between 0 "$MS" 3000
}

# option: cal-pub --connect-timeout
@test "--connect-timeout: 69 when too few subscribers came" {
	spent expect 69 pub --connect-timeout 0.4 "$ANY" 1
	between 350 "$MS" 2500
	like "$err" 'cal-pub: 0 of 1 subscribers came within 0.4 s*'
	like "$err" '*cal-pub: 1 message was not handed over'
	expect 69 pub --distribute --connect-timeout 0.2 "$ANY" 1
	# It counts from the first message on.
	feed p
	publish p -l --connect-timeout 0.5 "$ANY"
	wait_for 5 contains p.out tcp
	pause
	running "$PID"
	stream s sub --bodies -n 1 "$URL"
	echo 1 >&9
	exec 9>&-
	finish s
	finish p
	same "$STATUS" 0
}

# slow_reader NAME KIND URL: a subscriber that reads nothing while the file
# "closed" is there.
slow_reader() {
	touch closed
	stream "$1" "$2" --hwm 1 --stop closed --bodies -n "$4" "$3"
}

# make_large [COUNT]: messages of 120 kB, of which 200 fit neither into sockets
# nor into queues.
make_large() {
	jq -nc --argjson n "${1:-200}" '[range(20000) | 12345] as $a |
	    range($n) | [., $a]'
}

# option: cal-pub --no-drop
@test "--no-drop: the slowest subscriber sets the pace" {
	make_large >p.in
	publish p -l --no-drop -E "$ANY"
	slow_reader s sub "$URL" 200
	wait_for 20 counter_reaches p waiting 10
	rm closed
	finish s 30
	finish p
	same "$STATUS" 0
	tail -n +2 s.out | cmp - p.in
}

@test "without --no-drop: what a subscriber missed is counted, 75" {
	make_large >p.in
	publish p -l --wait-subscribers 2 "$ANY"
	local url=$URL
	slow_reader s sub "$url" 1000
	stream q sub --bodies -n 200 "$url"
	finish q 30
	tail -n +2 q.out | cmp - p.in
	rm closed
	finish p 40
	same "$STATUS" 75
	like "$(<p.err)" \
	    'cal-pub: a subscriber missed up to * of 200 messages'
	missed=$(sed -n 's/.*missed up to \([0-9]*\) of.*/\1/p' p.err)
	wait_for 10 has_line s.out $((200 - missed + 1))
	stop s
	same "$(($(count_lines s.out) - 1))" $((200 - missed))
}

# option: cal-pub --linger
@test "--linger: what nobody takes is given up, and counted" {
	make_large >p.in
	publish p -l --distribute --linger 0.5 "$ANY"
	slow_reader s pull "$URL" 1000
	finish p 20
	same "$STATUS" 75
	like "$(<p.err)" 'cal-pub: * messages were not handed over*'
	rm closed
	stop s
}

@test "--linger: begins anew with each message that leaves" {
	make_large 250 >p.in
	publish p -l --distribute --linger 4 "$ANY"
	# Altogether it takes longer; but not what libzmq has of it, 64.
	stream s pull --hwm 1 --slow 0.03 --bodies -n 250 "$URL"
	spent finish s 60
	between 6000 "$MS" 60000
	finish p
	same "$STATUS" 0
	tail -n +2 s.out | cmp - p.in
}

# time_of_all NAME: milliseconds from the first message to the last.
time_of_all() {
	tail -n +2 "$1.out" | jq -s 'map(.ts | (.[:19] + "Z" | fromdate) +
	    (.[19:26] | tonumber)) | (last - first) * 1000 | floor'
}

# option: cal-pub --rate
# option: cal-pub --interval
@test "--rate and --interval: the pace" {
	seq 20 >p.in
	publish p -l --rate 20 "$ANY"
	stream s sub -n 20 "$URL"
	finish s
	finish p
	same "$STATUS" 0
	between 900 "$(time_of_all s)" 3000
	publish q --interval 0.1 -c 3 --seq "$ANY" '"tick"'
	stream t sub -n 3 "$URL"
	finish t
	finish q
	same "$STATUS $(tail -n +2 t.out | jq -c '[.seq, .body]')" '0 [1,"tick"]
[2,"tick"]
[3,"tick"]'
	# Again and again, until a signal.
	publish r --interval 20ms "$ANY" 1
	stream u sub -n 5 "$URL"
	finish u
	stop r INT
	same "$STATUS" 130
	expect 64 pub --rate 1 --interval 1 "$ANY" 1
	expect 64 pub --rate fast "$ANY" 1
}

# option: cal-pub --url
# option: cal-pub --ready-line
# option: cal-pub --notify-fd
@test "-u and -1: several addresses, all of them told" {
	printf '1\n2\n' >p.in
	launch p "$CAL_BIN/cal-pub" -1 -l --wait-subscribers 2 "$ANY" \
	    -u "ipc://$T/sock"
	wait_for 5 has_line p.out 2
	like "$(head -n 1 p.out)" 'tcp://127.0.0.1:[1-9]*'
	same "$(tail -n 1 p.out)" "ipc://$T/sock"
	[[ $(readlink "/proc/$PID/fd/1") == /dev/null ]]
	stream s sub --bodies -n 2 "$(head -n 1 p.out)"
	stream t sub --bodies -n 2 "ipc://$T/sock"
	finish s
	finish t
	finish p
	same "$STATUS $(bodies s)$(bodies t)" '0 1 2 1 2 '
	expect 78 pub "ipc://$T/sock" -u "ipc://$T/sock" 1
	expect 64 pub --notify-fd 9 "$ANY" 1
	mkfifo told
	"$CAL_BIN/cal-pub" --notify-fd 7 --wait-subscribers 0 "$ANY" 1 7>told \
	    3>&- &
	pids[n]=$!
	same "$(wc -c <told)" 1
	finish n
}

# option: cal-pub --bind
# option: cal-pub --connect
@test "--connect: to subscribers that listen" {
	stream s pull --bind --bodies -n 2 "$ANY"
	expect 0 pub --connect --distribute "$URL" 1
	expect 0 pub --connect --distribute -d 2 "$URL"
	finish s
	same "$(bodies s)" '1 2 '
	stream t sub --bind --bodies -n 1 "$ANY"
	expect 0 pub --connect "$URL" 3
	finish t
	same "$(bodies t)" '3 '
	publish p --bind "$ANY" 4
	stream u sub --bodies -n 1 "$URL"
	finish u
	finish p
	expect 64 pub --bind --connect "$ANY" 1
	expect 69 pub --connect --connect-timeout 0.3 "ipc://$T/nobody" 1
}

# option: cal-pub --insecure
@test "--insecure: nothing is open to the network unasked" {
	expect 78 pub 'tcp://0.0.0.0:*' 1
	expect 0 pub --insecure --wait-subscribers 0 'tcp://0.0.0.0:*' 1
}

# option: cal-pub --verbose
# option: cal-pub --quiet
# option: cal-pub --log-format
@test "-q, -v and --log-format" {
	expect 0 pub -v --wait-subscribers 0 "$ANY" 1
	like "$err" '*publishing at tcp://127.0.0.1:*'
	like "$(tail -n 1 <<<"$err")" '{"read":1,*"sent":1,*}'
	expect 0 pub -q --wait-subscribers 0 "$ANY" 1
	same "$err" ''
	expect 65 pub --log-format json "$ANY" '{'
	jq -e . <expect.err >/dev/null
}

@test "SIGUSR1: counters" {
	feed p
	publish p -l -E "$ANY"
	stream s sub --bodies "$URL"
	printf '1\n{\n3\n' >&9
	wait_for 5 has_line s.out 3
	same "$(counters p | jq -c 'del(.log_lost)')" \
	    '{"read":3,"refused":1,"sent":2,"missed":0,"unread":0,"waiting":0,"unknown":0}'
	exec 9>&-
	stop s
	finish p
	same "$STATUS" 65
}

@test "SIGINT and SIGTERM: what did not leave is said; then by the signal" {
	seq 7 >p.in
	publish p -l --connect-timeout 0 "$ANY"
	wait_for 5 counter_reaches p waiting 6
	spent stop p INT
	same "$STATUS" 130
	between 0 "$MS" 3000
	like "$(<p.err)" '*cal-pub: 7 messages were not handed over'
	publish p -l --connect-timeout 0 "$ANY"
	wait_for 5 counter_reaches p waiting 6
	kill -TERM "$PID"
	kill -TERM "$PID"
	finish p
	same "$STATUS" 143
	# With nothing to hand over it is quiet.
	feed q
	publish q -l "$ANY"
	stop q TERM
	same "$STATUS $(<q.err)" '143 '
}

@test "SIGINT: also of what is on its way to the system" {
	jq -nc '[range(20000) | 12345678] as $a | [$a, $a, $a, $a, $a] as $b |
	    range(40) | $b' >p.in
	launch p "$CAL_BIN/cal-pub" -1 -T -f '%o\n' -l --distribute "$ANY"
	wait_for 5 has_line p.err
	slow_reader s pull "$(<p.err)" 40
	wait_for 20 has_line p.out 40
	running "${pids[p]}"
	stop p INT
	same "$STATUS" 130
	like "$(tail -n 1 p.err)" 'cal-pub: of the last messages some *'
	rm closed
	stop s KILL
}

# option: cal-pub --identity
# option: cal-pub --authorized
# option: cal-pub --allow-any-client
# option: cal-pub --server-key
# option: cal-pub --domain
@test "keys: only those who are let in get messages" {
	make_keys server alice bob
	allow alice
	feed p
	publish p -l -i server.key -A list --domain d "$ANY"
	local url=$URL
	for name in server alice bob; do
		secret_of $name >$name.secret
		key_of $name >$name.public
	done
	launch b "$PYTHON" "$TESTS/interop/stream.py" sub --secret bob.secret \
	    --server-key server.public "$url"
	stream a sub --bodies --secret alice.secret \
	    --server-key server.public "$url"
	echo 1 >&9
	wait_for 5 has_line a.out 2
	[[ ! -s b.out ]]
	stop b KILL
	# libzmq's clients do not come back once they were refused.
	allow alice bob
	reread p
	stream c sub --bodies -n 1 --secret bob.secret \
	    --server-key server.public "$url"
	echo 2 >&9
	finish c
	wait_for 5 has_line a.out 3
	# Whoever is removed is cut off, the others come back.
	stream d sub --bodies -n 1 --secret bob.secret \
	    --server-key server.public "$url"
	allow bob
	reread p
	until [[ -s d.out && $(count_lines d.out) -ge 2 ]]; do
		echo 3 >&9
		pause
	done
	finish d
	exec 9>&-
	finish p
	same "$(bodies a)$(bodies c)$(bodies d)" '1 2 2 3 '
	stop a KILL
	publish q -i server.key --allow-any-client "$ANY" 1
	stream e sub --bodies -n 1 --secret bob.secret \
	    --server-key server.public "$URL"
	finish e
	finish q
	expect 78 pub -i server.key "$ANY" 1
	# To connect, the other side's key is ours to know.
	stream f sub --bind --bodies -n 1 --secret server.secret \
	    --allow alice.public "$ANY"
	expect 77 pub --connect -i bob.key -S server.pub "$URL" 1
	expect 77 pub --connect -i alice.key -S bob.pub "$URL" 1
	expect 0 pub --connect -i alice.key -S server.pub "$URL" 1
	finish f
}
