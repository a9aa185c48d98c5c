#!/usr/bin/env bats
# The table of exit statuses: each that the two programs can end with, over
# ZeroMQ without CURVE.

load lib

@test "cal-call 0: done, and all output was written" {
	serve s "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
}

@test "cal-call 1: the handler failed" {
	serve s "$ANY" f -- false
	expect 1 call "$URL" f -n
}

@test "cal-call 3: ERROR" {
	serve s "$ANY" f -- true
	expect 3 call "$URL" g -n
	like "$err" 'cal-call: *MethodNotFound*'
}

@test "cal-call 4: cancelled by the peer" {
	serve_peer p "$ANY"
	expect 4 call "$URL" cancelled -n
	like "$err" 'cal-call: *'
}

@test "cal-call 64: usage" {
	local url="ipc://$T/none"
	expect 64 call
	expect 64 call "$url"
	expect 64 call "$url" m 1 2
	expect 64 call --nonsense "$url" m 1
	expect 64 call -W
	expect 64 call -W x "$url" m 1
	expect 64 call -j 0 -l "$url" m
	expect 64 call -j -1 -l "$url" m
	expect 64 call -n "$url" m 1
	expect 64 call -d 1 "$url" m 1
	expect 64 call -l "$url" m 1
	expect 64 call -0 "$url" m 1
	expect 64 call -D x "$url" m 1
	expect 64 call --framed "$url" m 1
	expect 64 call -J "$url" m 1
	expect 64 call "$url" '' 1
	expect 64 call "$url" "$(head -c 256 /dev/zero | tr '\0' m)" 1
	expect 64 call "$url" $'\xff' 1
	expect 64 call http://x/ m 1
	expect 64 call "$url" m -5
	# One sentence, and no more.
	expect 64 call --nonsense
	same "$out" ""
	like "$err" 'cal-call: *nonsense*'
}

@test "cal-call 65: the input is not what the serializer says, or too large" {
	serve s --max-body 1024 "$ANY" echo -- cat
	expect 65 call "$URL" echo '{'
	expect 65 call "$URL" echo "$(head -c 2000 /dev/zero | tr '\0' 1)"
	expect 65 call --max-body 1024 "$URL" echo \
	    "$(head -c 1025 /dev/zero | tr '\0' 1)"
}

@test "cal-call 66: a file named by the user cannot be read" {
	expect 66 call -d @missing "ipc://$T/none" m
	like "$err" "cal-call: *missing*No such file*"
	expect 66 call -d "@$T" "ipc://$T/none" m ||
	    expect 74 call -d "@$T" "ipc://$T/none" m
}

@test "cal-call 68: the host does not resolve, said at once" {
	spent expect 68 call tcp://no-such-host.invalid:5555 m 1
	like "$err" '*no-such-host.invalid*'
	between 0 "$MS" 4000
}

@test "cal-call 69: never connected" {
	expect 69 call --connect-timeout 0.3 "ipc://$T/none" m 1
	expect 69 call --connect-timeout 0.3 tcp://127.0.0.1:1 m 1
	like "$err" 'cal-call: *'
}

@test "cal-call 69: something answers there that is not this service" {
	launch h "$PYTHON" -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(50)
print(s.getsockname()[1], flush=True)
while True:
    c = s.accept()[0]
    c.sendall(b"HTTP/1.0 400 Bad\r\n\r\n")
    c.close()'
	wait_for 5 has_line h.out
	expect 69 call --connect-timeout 1 "tcp://127.0.0.1:$(<h.out)" m 1
}

@test "cal-call 71: the system refused" {
	serve s "$ANY" echo -- cat
	expect 71 call --bind "$URL" echo 1
	like "$err" '*in use*'
}

@test "cal-call 74: output was lost" {
	serve s "$ANY" echo -- cat
	expect 74 sh -c "'$CAL_BIN/cal-call' '$URL' echo 1 >/dev/full"
	like "$err" 'cal-call: *'
	seq 9 | expect 74 sh -c "'$CAL_BIN/cal-call' -l '$URL' echo >/dev/full"
	expect 74 sh -c "'$CAL_BIN/cal-call' --ping '$URL' >/dev/full"
	expect 74 sh -c "'$CAL_BIN/cal-call' --help >/dev/full"
	expect 74 sh -c "'$CAL_BIN/cal-call' '$URL' echo <'$T'"
}

@test "cal-call 75: refused before it was executed" {
	serve_peer p --hello "$ANY"
	expect 75 call "$URL" refuse '"Busy"'
}

@test "cal-call 76: the peer broke the protocol" {
	serve_peer p "$ANY"
	expect 76 call "$URL" notjson -n
	expect 76 call "$URL" twoels -n
}

@test "cal-call 77: not let in" {
	serve_peer p --hello "$ANY"
	expect 77 call "$URL" refuse '"Forbidden"'
	launch c "$PYTHON" -c '
import zmq
s = zmq.Context().socket(zmq.ROUTER)
s.curve_server = True
s.curve_secretkey = zmq.curve_keypair()[1]
s.bind("tcp://127.0.0.1:*")
print(s.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
s.recv()'
	wait_for 5 has_line c.out
	# libzmq often hears the hang-up before the greeting that explains it;
	# then it says only that the handshake failed.
	local n status=69
	for ((n = 0; n < 20 && status == 69; n++)); do
		status=0
		call --connect-timeout 1 "$(<c.out)" m 1 2>c.words || status=$?
	done
	same "$status" 77
	like "$(<c.words)" 'cal-call: encryption mismatch: *'
}

@test "cal-call 78: open to the network" {
	expect 78 call --bind 'tcp://0.0.0.0:*' m 1
}

@test "cal-call 124: time ran out after the request left" {
	serve s "$ANY" f -- sleep 100
	expect 124 call -W "$(slow 0.3)" "$URL" f -n
	like "$err" 'cal-call: *'
}

@test "cal-call 124: the connection was lost after the request left" {
	serve s "$ANY" f -- sh -c 'echo >>started; exec sleep 100'
	call_later c -W 30 "$URL" f -n
	wait_for 5 has_line started
	kill -KILL "${pids[s]}"
	spent finish c
	same "$STATUS" 124
	between 0 "$MS" 1000
	like "$(<c.err)" 'cal-call: *'
	finish s
	reap_commands
}

# What a killed server left running.
reap_commands() {
	local pid
	for pid in $(leftovers); do
		kill -KILL "$pid" || :
	done
}

@test "cal-call 130, 143: signals" {
	serve s "$ANY" f -- sleep 100
	for number in INT:130 TERM:143; do
		call_later c "$URL" f -n
		wait_for 5 has_child
		stop c "${number%:*}"
		same "$STATUS" "${number#*:}"
		assert_no_children "${pids[s]}"
	done
}

has_child() {
	[[ -n $(children "${pids[s]}") ]]
}

@test "cal-serve 143: the second signal waits for no caller" {
	make_gate
	serve s -v "ipc://$T/s" \
	    -m 'big=read -r x <gate; head -c 9000000 /dev/zero | tr "\0" 1'
	seq 4 >c.in
	call_later c -l -j 4 "$URL" big
	wait_for 5 counter_reaches s running 4
	kill -STOP "${pids[c]}"
	release 4
	wait_for 10 counter_reaches s results 4
	kill -TERM "${pids[s]}"
	wait_for 5 contains s.err 'cal-serve: leaving'
	spent stop s TERM
	same "$STATUS" 143
	between 0 "$MS" 3000
	stop c KILL
}

@test "cal-call 141: the reader of stdout is gone" {
	serve s "$ANY" echo -- cat
	mkfifo out
	seq 100000 | "$CAL_BIN/cal-call" -l "$URL" echo >out 2>c.err 3>&- &
	pids[c]=$!
	head -n 1 <out
	finish c
	same "$STATUS" 141
	serve t "$ANY" f -- sleep 100
	"$CAL_BIN/cal-call" "$URL" f -n >out 2>c.err 3>&- &
	pids[d]=$!
	: <out
	finish d
	same "$STATUS" 141
	assert_no_children "${pids[t]}"
	"$CAL_BIN/cal-call" --bind --ping --connect-timeout 20 "ipc://$T/c" \
	    >out 2>c.err 3>&- &
	pids[e]=$!
	: <out
	serve w --connect "ipc://$T/c" echo -- cat
	finish e
	same "$STATUS" 141
}

@test "many messages: the worst status that occurred" {
	serve s "$ANY" echo -m 'f=exit 1' -m 'slow=sleep 100' -- cat
	cat >in <<-'E'
	{"method":"echo","body":1}
	{"method":"f"}
	{"method":"none"}
	E
	expect 3 call -E -J "$URL" <in
	echo 'bad' >>in
	expect 65 call -E -J "$URL" <in
	echo '{"method":"slow"}' >>in
	expect 124 call -W "$(slow 0.5)" -E -J "$URL" <in
}

@test "cal-serve 0: drained" {
	serve s "$ANY" echo -- cat
	expect 0 call "$URL" echo 1
	stop s TERM
	same "$STATUS" 0
	serve s "$ANY" echo -- cat
	stop s INT
	same "$STATUS" 0
}

@test "cal-serve 64: usage" {
	expect 64 cal_serve
	expect 64 cal_serve "$ANY"
	expect 64 cal_serve "$ANY" m
	expect 64 cal_serve "$ANY" m --
	expect 64 cal_serve "$ANY" -- cat
	expect 64 cal_serve "$ANY" '.m' -- cat
	expect 64 cal_serve "$ANY" 'a b' -- cat
	expect 64 cal_serve "$ANY" "$(head -c 129 /dev/zero | tr '\0' m)" -- cat
	expect 64 cal_serve "$ANY" m n -- cat
	expect 64 cal_serve --order other "$ANY" m -- cat
	expect 64 cal_serve -j 0 "$ANY" m -- cat
	expect 64 cal_serve --max-body 0 "$ANY" m -- cat
	expect 64 cal_serve --notify-fd 99 "$ANY" m -- cat
	like "$err" 'cal-serve: *'
	expect 64 cal_serve nonsense m -- cat
}

@test "cal-serve 66: a folder named by the user cannot be read" {
	expect 66 cal_serve "$ANY" --dir missing
	like "$err" "cal-serve: *missing*No such file*"
}

@test "cal-serve 68: a name to bind that does not resolve" {
	expect 68 cal_serve 'tcp://no-such-host.invalid:*' m -- cat
}

@test "cal-serve 71: the address is in use" {
	serve s "$ANY" echo -- cat
	expect 71 cal_serve "$URL" echo -- cat
	like "$err" '*in use*'
	expect 0 call "$URL" echo 1
}

@test "cal-serve 74: its address cannot be printed" {
	expect 74 sh -c "'$CAL_BIN/cal-serve' -1 '$ANY' echo -- cat >/dev/full"
}

@test "cal-serve 75: drain cut short" {
	serve s --grace 0.2 "$ANY" f -- sleep 100
	call_later c "$URL" f -n
	wait_for 5 has_child
	stop s TERM
	same "$STATUS" 75
	finish c
	same "$STATUS" 4
}

@test "cal-serve 78: unsafe or unreadable configuration" {
	mkdir d
	chmod 777 d
	expect 78 cal_serve "$ANY" --dir d
	expect 78 cal_serve 'tcp://*:*' m -- cat
	echo file >sock
	expect 78 cal_serve "ipc://$T/sock" m -- cat
	same "$(<sock)" file
}

@test "cal-serve 126, 127: the command, found out at start" {
	echo 'echo no interpreter' >plain
	printf '#!/no/such/interpreter\n' >lost
	echo '#!/bin/sh' >closed
	chmod 755 plain lost
	expect 126 cal_serve "$ANY" m -- ./plain
	expect 126 cal_serve "$ANY" m -- ./closed
	expect 126 cal_serve "$ANY" m -- "$T"
	expect 127 cal_serve "$ANY" m -- ./missing
	expect 127 cal_serve "$ANY" m -- no-such-program-anywhere
	like "$err" 'cal-serve: *no-such-program-anywhere*'
	expect 127 cal_serve "$ANY" m -- ./lost ||
	    expect 126 cal_serve "$ANY" m -- ./lost
}

@test "cal-serve 130, 143: the second signal" {
	for number in INT:130 TERM:143; do
		rm -f started
		serve s --grace 30 "$ANY" m -- sh -c 'echo >>started
		    exec sleep 100'
		call_later c "$URL" m -n
		wait_for 5 has_line started
		kill -"${number%:*}" "${pids[s]}"
		wait_for 5 draining
		stop s "${number%:*}"
		same "$STATUS" "${number#*:}"
		finish c
	done
}

draining() {
	call -W 2 --connect-timeout 0.5 "$URL" m -n 2>drain.err
	[[ $? == 75 ]]
}
