#!/usr/bin/env bats
# What goes wrong around keys: addresses that are taken, lists that cannot be
# read, servers that are not there, not the ones, or do not answer for who is
# let in; descriptors that are used up.

load lib
load keys

# A server, and alice, who may come in.
serve_alice() {
	make_keys server alice
	allow alice
	serve_keys s "${@:-$ANY}" echo -- sh -c 'echo >>ran; exec cat'
}

@test "F09, F10: ipc paths with keys: a live server, a file, a dead socket" {
	serve_alice "ipc://$T/s"
	expect 78 cal_serve -i server.key -A list "ipc://$T/s" echo -- cat
	expect 0 as alice "$URL" echo 1
	echo precious >file
	expect 78 cal_serve -i server.key -A list "ipc://$T/file" echo -- cat
	same "$(<file)" precious
	kill -KILL "${pids[s]}"
	finish s
	[[ -S s ]]
	serve_keys t "ipc://$T/s" echo -- cat
	expect 0 as alice "$URL" echo 2
	stop t
	[[ ! -e s && ! -e s.lock ]]
}

# The limit is the lowest at which nothing new can be opened.
@test "F11: a list that cannot be opened: the old one stays" {
	make_keys server alice bob
	allow alice
	serve_keys s "$ANY" echo -- cat
	expect 0 as alice "$URL" echo 1
	local limit
	limit=$(prlimit --pid "${pids[s]}" --nofile --noheadings -o SOFT,HARD |
	    tr -s ' ' : | sed 's/^://')
	prlimit --pid "${pids[s]}" --nofile=3:"${limit#*:}"
	reload s bob
	wait_for 5 contains s.err 'kept the old list of who is let in'
	like "$(<s.err)" '*Too many open files*'
	prlimit --pid "${pids[s]}" --nofile="$limit"
	expect 0 as alice "$URL" echo 2
	expect 77 as bob "$URL" echo 2
	reload s bob
	wait_for 5 as bob -q "$URL" echo 3
	expect 77 as alice "$URL" echo 3
	same "$(grep -c 'kept the old list of who is let in' s.err)" 1
}

# refused_at_once ARG...: and in one line, and nobody ever listened.
refused_at_once() {
	spent expect 78 cal_serve "$@" -- cat
	between 0 "$MS" 500
	same "$(count_lines expect.err)" 1
	[[ ! -e s && ! -e s.lock && -z $out ]]
}

@test "F12: a loop of starts that cannot be: one line and a fast end each" {
	make_keys server alice
	allow alice
	(umask 022 && tail -n 1 server.key >loose.key)
	: >empty
	local n
	for n in {1..5}; do
		refused_at_once -1 -i server.key "ipc://$T/s" echo
		refused_at_once -1 -i loose.key -A list "ipc://$T/s" echo
		refused_at_once -1 -i server.key -A empty "ipc://$T/s" echo
		refused_at_once -1 -i server.key -A none "ipc://$T/s" echo
		refused_at_once -1 -i none.key -A list "ipc://$T/s" echo
		refused_at_once -1 'tcp://0.0.0.0:*' echo
	done
}

@test "F13, F14: with keys: nobody there, no such host" {
	make_keys server alice
	spent expect 69 as alice --connect-timeout 0.5 \
	    tcp://127.0.0.1:1 m 1
	between 450 "$MS" 2500
	like "$err" 'cal-call: *nobody listens*'
	spent expect 68 as alice tcp://x.invalid:1 m 1
	between 0 "$MS" 4000
}

@test "F15-F17: not the server, not let in, not encrypted: 77, and why" {
	serve_alice
	make_keys stranger
	expect 0 as alice "$URL" echo 1
	local secure=$URL
	serve p "$ANY" echo -- cat
	rm ran

	spent expect 77 call -i alice.key -S @stranger.pub "$secure" echo 1
	between 0 "$MS" 5000
	like "$err" "cal-call: *the server's key is not the one*"
	spent expect 77 as stranger "$secure" echo 1
	between 0 "$MS" 2000
	like "$err" 'cal-call: *does not know its key*'
	spent expect 77 call "$secure" echo 1
	between 0 "$MS" 3000
	like "$err" 'cal-call: *encryption mismatch*'
	spent expect 77 as alice "$URL" echo 1
	between 0 "$MS" 3000
	like "$err" 'cal-call: *encryption mismatch*'
	[[ ! -e ran ]]
	expect 0 as alice "$secure" echo 1
}

# unreliable ANSWER STATUS SECONDS WORDS
unreliable() {
	PYTHONPATH=$TESTS/interop launch z "$PYTHON" "$TESTS/interop/zap.py" \
	    "$1" server
	wait_for 10 has_line z.out
	URL=$(head -n 1 z.out)
	spent expect "$2" as alice -W "$(slow 60)" --connect-timeout "$3" \
	    "$URL" m 1
	echo "$1: $MS ms: $err"
	between 0 "$MS" "$(($3 * 1000 + 1500))"
	like "$err" "$4"
	contains z.out asked
	stop z KILL
}

@test "F18: a server that never says who is let in" {
	make_keys server alice
	local kind
	for kind in mute 300; do
		unreliable "$kind" 69 1 'cal-call: *not finish the handshake*'
	done
	# Over the time that libzmq gives to a handshake.
	unreliable mute 69 6 'cal-call: *not finish the handshake*'
}

@test "F18: a server that refuses in other words, or in none that make sense" {
	make_keys server alice
	unreliable 400 77 5 'cal-call: *does not let this client in*its key*'
	unreliable 500 77 5 'cal-call: *does not let this client in*cannot say*'
	unreliable garbage 77 5 'cal-call: *no CURVE server is there*'
	unreliable short 77 5 'cal-call: *no CURVE server is there*'
}

# idle_peers FROM TO: descriptors of this shell, each a connection to $URL.
idle_peers() {
	local n
	for ((n = $1; n < $2; n++)); do
		eval "exec $n<>/dev/tcp/127.0.0.1/${URL##*:}" || :
	done 2>/dev/null
}

hang_up_all() {
	local n
	for ((n = $1; n < $2; n++)); do
		eval "exec $n>&-"
	done
}

uses_descriptors() {
	(($(fds "${pids[s]}") >= $1))
}

@test "F58: descriptors used up by idle peers: who is there is still served" {
	[[ -z ${CAL_WRAP-} ]] || skip "valgrind has descriptors of its own"
	ulimit -Sn 1024
	make_keys server alice
	allow alice
	WRAP='prlimit --nofile=64:64' serve_keys s "$ANY" echo -m 'n=ulimit -n' \
	    -- cat
	mkfifo c.in
	exec 9<>c.in
	call_later c -i alice.key -S @server.pub -l "$URL" echo
	echo 1 >&9
	wait_for 10 has_line c.out 1
	idle_peers 20 100
	wait_for 5 uses_descriptors 48
	local n
	for n in 2 3 4 5 6; do
		echo "$n" >&9
		wait_for 4 has_line c.out "$n"
	done
	same "$(<c.err)" ''
	same "$(grep -c 'descriptors are used up' s.err)" 1
	# They are cut when the time for their handshake is over.
	wait_for 15 as alice -q -W 3 --connect-timeout 3 "$URL" echo 7
	expect 0 as alice "$URL" n -n
	same "$out" 64
	exec 9>&-
	finish c
	same "$STATUS" 0
	same "$(tr '\n' ' ' <c.out)" '1 2 3 4 5 6 '
	hang_up_all 20 100
}
