#!/usr/bin/env bats
# Encryption with CURVE and who is let in: keys from wherever they may come, and
# what is said to whom that stays outside.

load lib
load keys

# A server that notes each run, and tells who called.
serve_who() {
	local name=$1
	shift
	serve "$name" -v "$@" -m 'who=echo >>ran; printf "\"%s\"" "$CAL_USER"'
}

setup_who() {
	make_keys server alice bob
	allow alice
	serve_who s -i server.key -A list "$ANY"
}

never_ran() {
	not test -e ran
}

# option: cal-serve --identity
# option: cal-serve --authorized
# option: cal-call --identity
# option: cal-call --server-key
@test "-i, -S, -A: files, @FILE and the key itself" {
	setup_who
	for key in server.pub ./server.pub @server.pub "$(key_of server)"; do
		expect 0 call -i alice.key -S "$key" "$URL" who -n
		same "$out" '"alice"'
	done
	expect 0 call --identity "$T/alice.key" --server-key=@./server.pub \
	    "$URL" who -n
	# The secret file of a server is no public key.
	expect 78 call -i alice.key -S server.key "$URL" who -n
	like "$err" '*server.key*'
}

@test "a key that begins with @ is a key, and @FILE is a file" {
	# shellcheck disable=SC2016 # no variables
	key='@Q*t@AfjOp=>qThcWF-i.k@h=!k0A[GJ<WP[H}ys'
	echo 'cOR$BhvX[H<gZxjSRhHC.lXF4Vo-sn5ohh?C[=7S' >server.key
	chmod 600 server.key
	make_keys alice
	allow alice
	serve_who s -i server.key -A list "$ANY"
	expect 0 call -i alice.key -S "$key" "$URL" who -n
	name=thirty-nine-characters-name-this-file-x
	echo "$key" >"$name"
	same "${#name}" 39
	for file in "$name" "./$name" "@./$name"; do
		expect 0 call -i alice.key -S "$file" "$URL" who -n
	done
	# Which of both is it?
	expect 64 call -i alice.key -S "@$name" "$URL" who -n
	like "$err" '*is a key, and a file of that name exists: write @./FILE'
}

@test "a folder of keys: the file's name is the user" {
	make_keys server alice bob
	mkdir users
	mv alice.pub users
	serve_who s -i server.key -A users "$ANY"
	expect 0 as alice "$URL" who -n
	same "$out" '"alice"'
	expect 77 as bob "$URL" who -n
	mv bob.pub users/robert.pub
	reread s
	expect 0 as bob "$URL" who -n
	same "$out" '"robert"'
}

# As zmq.auth.create_certificates writes them, and CZMQ's zcert_save.
@test "certificates of pyzmq and CZMQ: -i, -S and -A" {
	"$PYTHON" - <<-'END'
	import zmq.auth
	for name in ("server", "alice"):
	    zmq.auth.create_certificates(".", name)
	END
	chmod 600 server.key_secret alice.key_secret
	mkdir users
	cp alice.key users
	serve_who s -i server.key_secret -A users "$ANY"
	expect 0 call -i alice.key_secret -S server.key "$URL" who -n
	same "$out" '"alice"'

	make_keys bob
	cat >users/bob.cert <<-END
	#   ****  Generated on 2023-01-01 00:00:00 by CZMQ  ****
	#   ZeroMQ CURVE Public Certificate
	#   Exchange securely, or use a secure mechanism to verify the contents
	#   of this file after exchange.

	metadata
	    name = "Bob = \"x\""
	curve
	    public-key = "$(key_of bob)"
	END
	cat >bob.cert_secret <<-END
	#   ****  Generated on 2023-01-01 00:00:00 by CZMQ  ****
	#   ZeroMQ CURVE **Secret** Certificate

	metadata
	    name = "Bob"
	curve
	    public-key = "$(key_of bob)"
	    secret-key = "$(secret_of bob)"
	END
	chmod 600 bob.cert_secret
	reread s
	expect 0 call -i bob.cert_secret -S server.key "$URL" who -n
	same "$out" '"bob.cert"'
}

@test "a server's keys in the environment, below options" {
	make_keys server alice bob
	allow alice
	export CAL_IDENTITY=server.key CAL_AUTHORIZED=list \
	    CAL_SERVER_KEY=bob.pub
	serve_who s "$ANY"
	export CAL_IDENTITY=alice.key CAL_SERVER_KEY=server.pub
	# A list is for who listens, and a caller passes it over.
	expect 0 call "$URL" who -n
	same "$out" '"alice"'
	CAL_IDENTITY=bob.key expect 77 call "$URL" who -n
	CAL_IDENTITY=bob.key expect 0 call -i alice.key "$URL" who -n
	CAL_SERVER_KEY=bob.pub expect 77 call "$URL" who -n
	CAL_SERVER_KEY=bob.pub expect 0 call -S server.pub "$URL" who -n
	CAL_SERVER_KEY=none expect 78 call "$URL" who -n
	same "$(count_lines ran)" 3
}

# option: cal-serve --allow-any-client
@test "--allow-any-client: every key, and no user; a key is made up" {
	make_keys server alice
	serve_who s -i server.key --allow-any-client "$ANY"
	expect 0 as alice "$URL" who -n
	same "$out" '""'
	expect 0 call -S server.pub "$URL" who -n
	same "$out" '""'
	expect 77 call "$URL" who -n
	allow alice
	CAL_AUTHORIZED=list serve_who t -i server.key --allow-any-client "$ANY"
	expect 0 call -S server.pub "$URL" who -n
}

# option: cal-serve --domain
# option: cal-call --domain
@test "--domain: a name of one's own for those who are let in" {
	make_keys server alice bob
	allow alice
	serve_who s --domain 'our house' -i server.key -A list "$ANY"
	expect 0 as alice "$URL" who -n
	expect 77 as bob "$URL" who -n
	mkfifo c.in
	exec 9<>c.in
	call_later c --bind -1 -i server.key -A list --domain d -l "$ANY" who
	wait_for 5 has_line c.err
	launch w "$CAL_BIN/cal-serve" --connect -i alice.key -S server.pub \
	    "$(head -n 1 c.err)" who -- cat
	echo 1 >&9
	wait_for 10 has_line c.out
	exec 9>&-
	finish c
	same "$STATUS $(<c.out)" "0 1"
	stop w
}

# option: cal-serve --server-key
# option: cal-call --authorized
# option: cal-call --allow-any-client
@test "a caller that listens is the CURVE server of workers that dial out" {
	make_keys server alice bob
	allow alice
	call_later c --bind -1 -i server.key -A list "$ANY" who 1
	wait_for 5 has_line c.err
	url=$(head -n 1 c.err)
	expect 77 cal_serve --connect -i bob.key -S server.pub "$url" \
	    who -- touch ran
	like "$err" '*does not know its key*'
	expect 77 cal_serve --connect "$url" who -- touch ran
	like "$err" '*encryption mismatch*'
	expect 77 cal_serve --connect -i alice.key -S bob.pub "$url" \
	    who -- touch ran
	like "$err" "*server's key is not the one*"
	never_ran
	launch w "$CAL_BIN/cal-serve" --connect -i alice.key -S server.pub \
	    "$url" who -- cat
	finish c
	same "$STATUS $(<c.out)" "0 1"
	stop w
	same "$STATUS" 0

	call_later d --bind -1 -i server.key --allow-any-client "$ANY" who 2
	wait_for 5 has_line d.err
	launch v "$CAL_BIN/cal-serve" --connect -S server.pub \
	    "$(head -n 1 d.err)" who -- cat
	finish d
	same "$STATUS $(<d.out)" "0 2"
}

@test "SIGHUP: a worker that is let in again is called again" {
	make_keys server alice bob
	allow alice
	mkfifo c.in
	exec 9<>c.in
	call_later c --bind -1 -v -l -i server.key -A list "$ANY" who
	wait_for 5 has_line c.err
	launch w "$CAL_BIN/cal-serve" --connect -i alice.key -S server.pub \
	    "$(head -n 1 c.err)" who -- cat
	echo 1 >&9
	wait_for 10 has_line c.out
	allow bob
	kill -HUP "${pids[c]}"
	wait_for 5 contains c.err '1 keys are let in'
	echo 2 >&9
	allow alice bob
	kill -HUP "${pids[c]}"
	wait_for 5 contains c.err '2 keys are let in'
	exec 9>&-
	finish c
	same "$STATUS $(tr '\n' ' ' <c.out)" '0 1 2 '
}

@test "ipc is encrypted as well" {
	make_keys server alice bob
	allow alice
	serve_who s -i server.key -A list "ipc://$T/s"
	expect 0 as alice "$URL" who -n
	same "$out" '"alice"'
	expect 77 as bob "$URL" who -n
	expect 77 call "$URL" who -n
	like "$err" '*encryption mismatch*'
}

@test "not let in: 77 at once, in words, and nothing runs" {
	setup_who
	spent expect 77 as bob "$URL" who -n
	between 0 "$MS" 3000
	like "$err" '*does not let this client in: it does not know its key'
	spent expect 77 call -S server.pub "$URL" who -n
	between 0 "$MS" 3000
	like "$err" '*does not know its key'
	spent expect 77 as alice -S bob.pub "$URL" who -n
	between 0 "$MS" 5000
	like "$err" "*the server's key is not the one that was given*"
	spent expect 77 call "$URL" who -n
	between 0 "$MS" 5000
	like "$err" '*encryption mismatch*CURVE only*'
	serve_who t "$ANY"
	spent expect 77 as alice "$URL" who -n
	between 0 "$MS" 5000
	like "$err" '*encryption mismatch: the server does not encrypt'
	never_ran
	contains s.err "a client at '127.0.0.1' was not let in: its key is"
}

@test "not let in: --ping, -J and --retry say so as well" {
	setup_who
	expect 77 as bob --ping "$URL"
	like "$err" '*does not know its key'
	expect 77 as alice -S bob.pub --ping "$URL"
	expect 77 as bob --retry 100 --retry-delay 10 "$URL" who -n
	expect 77 as bob -J "$URL" who <<<'{"body": 1}'
	jq -e '.status == "error"' expect.out
	expect 77 as bob -E -l -j 3 "$URL" who <<<$'1\n2\n3'
	same "$(grep -c 'does not know its key' expect.err)" 3
	never_ran
}

@test "nobody there: 69, with keys or without" {
	make_keys server alice
	serve s "$ANY" who -- cat
	stop s
	for keys in "-i alice.key -S server.pub" ""; do
		# shellcheck disable=SC2086
		expect 69 call $keys --connect-timeout 0.5 "$URL" who 1
		like "$err" '*nobody listens there*'
	done
}

@test "open to the network: not without keys" {
	make_keys server alice
	allow alice
	expect 78 cal_serve -1 'tcp://0.0.0.0:*' who -- cat
	like "$err" '*open to the network*-i and -A*'
	expect 78 cal_serve -1 'tcp://*:*' who -- cat
	serve_keys s 'tcp://0.0.0.0:*' who -- cat
	expect 0 as alice "tcp://127.0.0.1:${URL##*:}" who 1
	not contains s.err 'nothing is encrypted'
	expect 78 call --bind 'tcp://0.0.0.0:*' who 1
	expect 69 call --bind --connect-timeout 0.1 -i server.key -A list \
	    'tcp://0.0.0.0:*' who 1
}
