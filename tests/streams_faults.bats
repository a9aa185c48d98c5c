#!/usr/bin/env bats
# cal-pub and cal-sub when one of them is late, slow, stopped, killed or told to
# end in the middle; and when what comes is no message.

load lib

# feed NAME: input of a cal-pub that stays open, on descriptor 9.
feed() {
	mkfifo "$1.in"
	exec 9<>"$1.in"
}

# large COUNT: numbered lines of 120 kB, of which 400 fit neither into sockets
# nor into the queues of PUSH and PULL; medium COUNT: of 12 kB, of which 3000 do
# not fit where a SUB has 1000 of them; numbers FILE: those that are there.
large() {
	jq -nc --argjson n "$1" '[range(20000) | 12345] as $a |
	    range($n) | [., $a]'
}

medium() {
	jq -nc --argjson n "$1" '[range(2000) | 12345] as $a |
	    range($n) | [., $a]'
}

numbers() {
	sed 's/^\[\([0-9]*\),.*/\1/' "$@"
}

# sent NAME COUNT: so many were handed over.
sent() {
	[[ $(counter "$1" sent) == "$2" ]]
}

@test "F78: the first message reaches a subscriber that comes late" {
	seq 200 >p.in
	local kind
	for kind in --no-drop --distribute; do
		publish p -l "$kind" "$ANY"
		wait_for 5 counter_reaches p waiting 199
		subscribe s -c 200 "${kind/--no-drop/-E}" "$URL"
		finish s
		cmp p.in s.out
		finish p
		same "$STATUS" 0
	done
}

@test "F79: PUSH and nobody left: 75 and the number, unless somebody comes" {
	feed p
	publish p -l --distribute --linger "$(slow 1)" "$ANY"
	local fds
	fds=$(fds "$PID")
	subscribe s --distribute "$URL"
	echo 1 >&9
	wait_for 5 has_line s.out
	stop s KILL
	assert_fds "${pids[p]}" "$fds"
	# In its turn libzmq has given up what it held for the one that left.
	counters p >/dev/null
	printf '2\n3\n4\n' >&9
	wait_for 10 counter_reaches p waiting 2
	subscribe t --distribute -c 3 "$URL"
	finish t
	same "$(xargs <t.out)" '2 3 4'
	wait_for 5 sent p 4
	printf '5\n6\n7\n' >&9
	exec 9>&-
	finish p
	same "$STATUS" 75
	same "$(<p.err)" "$(grep '^{' p.err)
cal-pub: 3 messages were not handed over"
}

@test "F80: a worker killed with a queue: only what was on its way is lost" {
	make_gate
	feed p
	publish p -l --distribute --wait-subscribers 2 "$ANY"
	local url=$URL lost
	subscribe a --distribute "$url" -- sh -c 'touch begun; read -r x <gate'
	subscribe b --distribute -f '%s\n' "$url"
	large 2 >&9
	wait_for 10 test -e begun
	large 400 | tail -n +3 >&9
	wait_for 40 sent p 400
	stop a KILL
	exec 9>&-
	finish p 40
	wait_for 10 at_rest b.out
	lost=$((400 - $(count_lines b.out)))
	echo "$lost were lost, status $STATUS"
	((0 < lost && lost < 250))
	numbers b.out | sort -nc
	for pid in $(leftovers); do
		[[ $pid == "${pids[b]}" ]] || kill -KILL "$pid"
	done
}

# at_rest FILE: nothing was added for a moment.
at_rest() {
	local size=$SIZE
	SIZE=$(stat -c %s "$1")
	pause
	pause
	[[ $size == "$SIZE" && $size == "$(stat -c %s "$1")" ]]
}

# dies_at POINT OPTION...: a publisher that is killed there, the 200th time of
# 10000 (what is sent together is counted together, and that may be the 1000 of
# a queue), and one that takes its place.
dies_at() {
	local point=$1 kind=$2 sub
	shift
	sub=${kind/--no-drop/-E}
	seq 10000 >p.in
	rm -f "$T/p"
	launch s "$BIN/cal-sub" "$sub" --connect-timeout 0 "ipc://$T/p"
	# valgrind would let it go on for a while.
	WRAP='' CAL_CRASH=$point:200 publish p -l "$kind" "ipc://$T/p"
	finish p
	same "$STATUS" 137
	echo '"anew"' >p.in
	publish p -l "$kind" "ipc://$T/p"
	finish p
	same "$STATUS" 0
	wait_for 10 contains s.out anew
	stop s
	local n
	n=$(($(count_lines s.out) - 1))
	echo "$point $kind: $n arrived"
	((n < 10000))
	same "$(head -n $n s.out)" "$(seq $n)"
}

@test "F81: a publisher killed in the middle: some came, in order, none twice" {
	need_faults
	local kind
	for kind in --no-drop --distribute; do
		dies_at published "$kind"
		dies_at read "$kind"
	done
}

@test "F81: status 0: what the subscriber has not read is on its way" {
	feed p
	local kind
	for kind in --no-drop --distribute; do
		publish p -l "$kind" "$ANY"
		subscribe s -c 1000 "${kind/--no-drop/-E}" "$URL"
		echo 1 >&9
		wait_for 10 has_line s.out
		kill -STOP "${pids[s]}"
		seq 2 1000 >&9
		exec 9>&-
		finish p
		same "$STATUS" 0
		kill -CONT "${pids[s]}"
		finish s
		same "$STATUS" 0
		seq 1000 | cmp - s.out
		exec 9<>p.in
	done
	exec 9>&-
}

@test "F82: a slow consumer takes longer than --linger; nothing is lost" {
	large 250 >p.in
	publish p -l --distribute --linger "$(slow 5)" "$ANY"
	# libzmq asks for more when half of 64 are read: so coarse is progress.
	subscribe s --distribute -c 250 "$URL" -- \
	    sh -c 'sleep 0.03; cut -d, -f1'
	spent finish s 90
	same "$STATUS" 0
	((MS > 5000))
	finish p
	same "$STATUS $(<p.err)" '0 '
	tr -d '[' <s.out | cmp - <(seq 0 249)
}

@test "B09: a flood of subscriptions is cut off, and the others are served" {
	feed p
	publish p -l --no-drop --wait-subscribers 0 -t last "$ANY"
	subscribe s -t last "$URL"
	# 26 MB where it is fast, for which libzmq would take 900.
	launch a "$PYTHON" "$TESTS/interop/flood.py" "$URL" \
	    $((130000 / SLOW))
	wait_for 60 contains p.err 'asked for more than 1 MiB of topics'
	echo '"during"' >&9
	wait_for 10 contains s.out during
	stop a KILL
	echo '"end"' >&9
	exec 9>&-
	finish p
	same "$STATUS" 0
	wait_for 10 contains s.out end
}

# To libzmq whoever does not say a version is an old peer.
@test "what is no ZeroMQ peer gets nothing of what is distributed" {
	feed p
	publish p -l --distribute "$ANY"
	exec 7<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'GET / HTTP/1.0, and so on, and on%090d' 1 >&7 || :
	subscribe s --distribute -c 100 "$URL"
	seq 100 >&9
	exec 9>&-
	finish s
	same "$STATUS" 0
	seq 100 | cmp - s.out
	# It was hung up on; of ours it has the greeting at most.
	not grep -aq UPPER <&7
	exec 7>&-
	finish p
	same "$STATUS" 0
}

# kinds DROPPED|KEPT: names of bad messages.
kinds() {
	"$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); import bad
print(*getattr(bad, sys.argv[2]))' "$TESTS/interop" "$1"
}

@test "B36, B37: what is no message is dropped; what has no time is kept" {
	local name bad=() count
	for name in $(kinds DROPPED); do
		bad+=(--bad "$name")
	done
	count=$((${#bad[@]} / 2))
	for name in pub push; do
		stream p $name --wait 1 -n 3 --stay "${bad[@]}" "$ANY"
		subscribe s $([[ $name == pub ]] || echo --distribute) "$URL"
		wait_for 10 has_line s.out 3
		same "$(xargs <s.out)" '{n: 0} {n: 1} {n: 2}'
		same "$(counter s malformed)" $((3 * count))
		contains s.err "cal-sub: dropped a message from $URL: "
		stop s
		same "$STATUS" 143
		stop p
	done
	bad=()
	for name in $(kinds KEPT); do
		bad+=(--bad "$name")
	done
	count=$((${#bad[@]} / 2))
	stream p push --wait 1 -n 2 --stay "${bad[@]}" "$ANY"
	expect 0 cal_sub -J --distribute -c $((2 * count + 2)) "$URL"
	same "$err" ''
	same "$(jq -r 'select(.body.bad) | .ts' <<<"$out" | sort | uniq -c |
	    xargs)" "$((2 * count - 2)) - 2 2026-01-15T15:43:01.123456Z"
}

@test "a publisher killed and started again: its subscribers come back" {
	local kind sub
	for kind in --no-drop --distribute; do
		sub=${kind/--no-drop/-E}
		seq 100000 >p.in
		publish p -l "$kind" --rate 1000 --connect-timeout 0 "$ANY"
		local url=$URL
		subscribe s "$sub" -s raw "$url"
		wait_for 10 has_line s.out 5
		kill -KILL "${pids[p]}"
		finish p
		same "$STATUS" 137
		sed -i 's/^/b/' p.in
		head -n 50 p.in >b
		mv b p.in
		publish p -s raw -l "$kind" --connect-timeout 0 "$url"
		finish p
		same "$STATUS" 0
		wait_for 5 contains s.out b50
		stop s
		same "$STATUS" 143
		# The first was held until the subscriber was back.
		grep b s.out | cmp - p.in
		grep -v b s.out | cmp - <(seq $(($(count_lines s.out) - 50)))
	done
}

@test "a subscriber killed and started again: the others miss nothing" {
	feed p
	publish p -l --no-drop "$ANY"
	local url=$URL
	subscribe a "$url"
	subscribe b -E "$url"
	seq 1 100 >&9
	wait_for 10 has_line b.out 100
	kill -KILL "${pids[b]}"
	finish b
	seq 101 200 >&9
	wait_for 10 has_line a.out 200
	local fds
	subscribe b -E "$url"
	fds=$(fds "${pids[p]}")
	echo 201 >&9
	wait_for 10 has_line b.out
	same "$(<b.out)" 201
	# Coming and going leaves nothing behind.
	for _ in 1 2 3; do
		stop b KILL
		subscribe b "$url"
	done
	assert_fds "${pids[p]}" "$fds"
	echo 202 >&9
	exec 9>&-
	finish p
	same "$STATUS $(grep -v '^{' p.err)" '0 '
	wait_for 10 has_line a.out 202
	seq 202 | cmp - a.out
}

# hold_up PUB-OPTION... -- SUB-OPTION...: a subscriber that is stopped when it
# has got "one", and a publisher that waits with much of "all", its whole input.
hold_up() {
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	rm -f p.in
	feed p
	publish p -l "${options[@]}" "$ANY"
	subscribe s "${@:2}" "$URL"
	echo 0 | tee one >&9
	wait_for 10 has_line s.out
	kill -STOP "${pids[s]}"
	# 30 MB: there is room for it in the queue.
	large 250 >all
	cat all >&9
	exec 9>&-
	wait_for 20 counter_reaches p waiting 30
}

@test "a subscriber stopped, continued: with --no-drop it misses nothing" {
	local kind
	for kind in --no-drop --distribute; do
		hold_up "$kind" --linger 0 --seq -- -c 251 \
		    "${kind/--no-drop/--strict}"
		kill -CONT "${pids[s]}"
		finish s 40
		same "$STATUS" 0
		cat one all | cmp - s.out
		finish p 40
		same "$STATUS" 0
	done
}

@test "a subscriber whose reader is slow holds the publisher up" {
	medium 3000 >p.in
	mkfifo slow
	exec 8<>slow
	local kind pid
	for kind in --no-drop --distribute; do
		publish p -l "$kind" "$ANY"
		cal_sub -c 3000 "${kind/--no-drop/-E}" "$URL" >slow \
		    3>&- 8>&- 9>&- &
		pid=$!
		wait_for 20 counter_reaches p waiting 900
		head -n 3000 <&8 | cmp - p.in
		wait $pid
		finish p 40
		same "$STATUS" 0
	done
}

@test "Ctrl-C of a publisher in the middle: 130, what did not leave is said" {
	local kind
	for kind in --no-drop --distribute; do
		hold_up "$kind" -- "${kind/--no-drop/-E}"
		spent stop p INT
		same "$STATUS" 130
		between 0 "$MS" 3000
		grep -v '^{' p.err >said
		like "$(<said)" \
		    'cal-pub: * messages were not handed over*'
		kill -CONT "${pids[s]}"
		wait_for 10 has_line s.out 3
		wait_for 10 at_rest s.out
		numbers s.out | tail -n +2 |
		    cmp - <(seq 0 $(($(count_lines s.out) - 2)))
		# What it said did not arrive, and maybe some more.
		(($(count_lines s.out) <= 251 - $(tr -dc '0-9 ' <said |
		    awk '{ print $1; exit }')))
		running "${pids[s]}"
		stop s
	done
	same "$(leftovers)" ''
}

@test "Ctrl-C of a subscriber in the middle: 130, nothing is left" {
	seq 100000 >p.in
	local kind
	for kind in --no-drop --distribute; do
		publish p -l "$kind" --rate 500 "$ANY"
		subscribe k "${kind/--no-drop/-E}" "$URL"
		wait_for 10 has_line k.out 1
		local fds
		fds=$(fds "${pids[p]}")
		subscribe s "${kind/--no-drop/-E}" -j 3 "$URL" -- \
		    sh -c 'cat; sleep 0.05 & wait'
		wait_for 10 has_line s.out 5
		stop s INT
		same "$STATUS" 130
		left=($(leftovers))
		same "${#left[@]}" 2
		# The publisher goes on, for the other one.
		assert_fds "${pids[p]}" "$fds"
		local count
		count=$(count_lines k.out)
		wait_for 10 has_line k.out $((count + 100))
		stop k INT
		same "$STATUS $(grep -v :// k.err)" '130 '
		stop p INT
		same "$STATUS" 130
	done
	same "$(leftovers)" ''
}

@test "a subscriber without a reader, or with a full disk: 141 and 74" {
	seq 100000 >p.in
	publish p -l --no-drop --rate 500 "$ANY"
	local status url=$URL
	cal_sub "$url" 2>err 3>&- | head -n 3 >first
	status=${PIPESTATUS[0]}
	same "$status $(wc -l <first)" '141 3'
	same "$(<err)" ''
	status=0
	cal_sub "$url" >/dev/full 2>err 3>&- || status=$?
	same "$status $(wc -l <err)" '74 1'
	cal_sub "$url" -- cat 2>err 3>&- | head -n 3 >first
	status=${PIPESTATUS[0]}
	same "$status" 141
	# The publisher lives on.
	expect 0 cal_sub -c 3 "$url"
	stop p
}

# One that takes a rest is not read from meanwhile, for longer than any
# heartbeat would bear: 20 s of rest, and the publishers of two have left.
@test "a consumer at rest loses nothing, also when the publisher has left" {
	local name url
	seq 200 >t.in
	# Over ipc whatever is not read by then would be lost, and is waited for.
	# So many are read at once.
	seq 60 >i.in
	large 400 >u.in
	ln u.in j.in
	for name in t u i j; do
		url=$ANY
		[[ $name == [tu] ]] || url=ipc://$T/$name
		publish $name -l --distribute --linger 60 "$url"
		subscribe s$name --distribute "$URL" -- sh -c \
		    'mkdir rest_$0 2>/dev/null && sleep 21; cut -c 1-9' $name
	done
	for name in t i; do
		finish $name 18
		same "$STATUS" 0
	done
	for name in u j; do
		running "${pids[$name]}"
	done
	for name in u j; do
		finish $name 60
		same "$STATUS" 0
	done
	for name in t i u j; do
		wait_for 60 has_line s$name.out "$(count_lines $name.in)"
		stop s$name
		same "$STATUS" 143
		cut -c 1-9 $name.in | cmp - s$name.out
	done
}
