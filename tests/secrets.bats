#!/usr/bin/env bats
# Where a secret key must not be: in the arguments and the environment of a
# process, with commands, in what is said, in core files, and, as text, in
# memory.

load lib
load keys

# A server that encrypts and says everything; a caller that stays connected and
# reads lines from fd 9.
setup_talk() {
	make_keys server alice bob
	allow alice
	serve s -vv "$@" -i server.key -A list "$ANY" echo -m 'env=env' \
	    -m 'limit=ulimit -S -c' -- cat
	mkfifo c.in
	exec 9<>c.in
	as_later c alice -vv -l "$URL" echo
	echo 1 >&9
	wait_for 10 has_line c.out
}

teardown() {
	# Made where another user can reach it.
	[[ ! -e $T/folder ]] || rm -rf "$(<"$T/folder")"
	cal_teardown
}

# hides FILE...: no secret is in there.
hides() {
	local key file
	for key in *.key; do
		for file; do
			not grep -qaF -- "$(secret_of "${key%.key}")" "$file"
		done
	done
}

@test "not in arguments or the environment of a process" {
	CAL_IDENTITY=server.key setup_talk
	for name in s c; do
		pid=${pids[$name]}
		hides "/proc/$pid/cmdline" "/proc/$pid/environ"
		# That is how it would be found.
		contains "/proc/$pid/cmdline" .key
	done
	exec 9>&-
}

@test "not with commands, which have no name of a key file either" {
	export CAL_IDENTITY=$PWD/server.key CAL_AUTHORIZED=$PWD/list \
	    CAL_SERVER_KEY=$PWD/server.pub CREDENTIALS_DIRECTORY=$PWD \
	    HARMLESS=1
	make_keys server alice
	allow alice
	serve s --pass-env '*' --text "$ANY" env -- sh -c 'env; ls -l /proc/$$/fd'
	unset CAL_IDENTITY
	expect 0 as alice --text "$URL" env -n
	contains expect.out HARMLESS=1
	contains expect.out CAL_USER=alice
	not grep -E 'CAL_(IDENTITY|AUTHORIZED|SERVER_KEY)|CREDENTIALS' \
	    expect.out
	not grep -F -e .key -e list expect.out
	hides expect.out
	serve t --pass-env CAL_IDENTITY,CAL_AUTHORIZED -i server.key -A list \
	    --text "$ANY" env -- env
	expect 0 as alice --text "$URL" env -n
	not grep -E 'CAL_(IDENTITY|AUTHORIZED|SERVER_KEY)' expect.out
}

@test "not in what is said, however much" {
	setup_talk
	expect 77 as bob -vv "$URL" echo 1
	hides expect.out expect.err
	expect 77 as alice -vv -S bob.pub "$URL" echo 1
	hides expect.out expect.err
	expect 77 call -vv "$URL" echo 1
	# A secret in place of a public key: refused over there, and not shown.
	expect 77 as alice -vv -S "$(secret_of server)" "$URL" echo 1
	hides expect.out expect.err
	expect 0 as alice --ping "$URL"
	hides expect.out
	echo nonsense >>list
	kill -HUP "${pids[s]}"
	wait_for 5 contains s.err 'kept the old list'
	exec 9>&-
	finish c
	stop s
	hides s.out s.err c.out c.err
}

@test "streams: not in arguments, words, or with commands" {
	export CREDENTIALS_DIRECTORY=$PWD
	make_keys server alice bob
	allow alice
	mkfifo p.in
	exec 9<>p.in
	CAL_IDENTITY=server.key CAL_AUTHORIZED=list publish p -vv -l \
	    --distribute "$ANY"
	expect 77 cal_sub -vv --distribute -i bob.key -S server.pub "$URL"
	hides expect.out expect.err
	expect 77 cal_sub -vv --distribute -S "$(secret_of server)" "$URL"
	hides expect.err
	CAL_IDENTITY=alice.key CAL_SERVER_KEY=server.pub subscribe s -vv \
	    --distribute --pass-env '*' "$URL" -- \
	    sh -c 'env; ls -l /proc/$$/fd'
	echo 1 >&9
	wait_for 10 contains s.out TMPDIR
	not grep -E 'CAL_(IDENTITY|AUTHORIZED|SERVER_KEY)|CREDENTIALS' s.out
	not grep -F -e .key -e list s.out
	echo nonsense >>list
	kill -HUP "${pids[p]}"
	wait_for 5 contains p.err 'kept the old list'
	for name in p s; do
		hides "/proc/${pids[$name]}/cmdline" \
		    "/proc/${pids[$name]}/environ"
	done
	exec 9>&-
	finish p
	same "$STATUS" 0
	stop s
	hides p.out p.err s.out s.err
}

# complains FILE OPTION...: 78, in words that show nothing of what is there.
complains() {
	local file=$1 i secret
	shift
	expect 78 call "$@" --connect-timeout 0.1 tcp://127.0.0.1:1 m 1
	same "$(wc -l <expect.err)" 1
	hides expect.err
	# Nor a piece of it.
	secret=$(secret_of alice)
	for ((i = 0; i + 8 <= ${#secret}; i++)); do
		not grep -qF -- "${secret:i:8}" expect.err
	done
}

@test "not in what is said of bad key files" {
	make_keys server alice bob
	secret=$(secret_of alice)
	bad() {
		cat >bad
		chmod "${1:-600}" bad
		complains bad -i bad -S server.pub
		[[ ${1:-600} != 600 ]] || complains bad -S bad
	}
	bad <<<"${secret:0:39}"
	bad <<<"${secret}x"
	bad <<<"$secret $secret"
	bad <<<$'# cal secret key: do not share\n'"$secret"$'\n'"$secret"
	bad <<<"secret=$secret"
	bad <<<"${secret:0:20}~${secret:21}"
	bad <<<$'# cal secret key: do not share\n'"${secret:0:30}"
	bad 644 <<<"$secret"
	printf '%s\0' "$secret" | bad
	yes "$secret" | head -c 5000 | bad
	bad <<-END
	curve
	    public-key = "$(key_of alice)"
	    secret-key = "$secret
	END
	bad <<-END
	curve
	    public-key = "$(key_of alice)"
	    secret-key = "${secret:1}"
	END
	# Two halves that are not of one pair.
	cat >bad <<-END
	curve
	    public-key = "$(key_of bob)"
	    secret-key = "$secret"
	END
	complains bad -i bad -S server.pub
	complains alice.key -S alice.key
	# A key where the name of a file belongs.
	complains key -i "$secret" -S server.pub
	complains key -i "$(<alice.key)" -S server.pub
	complains key -S "$(<alice.key)"
}

@test "not in what is said of a bad list" {
	make_keys server alice bob
	secret=$(secret_of alice)
	for line in "$secret" "x $secret" "$(key_of bob) $secret" \
	    "$(key_of bob) bob $secret" "$(key_of bob) bob methods=$secret" \
	    "$secret a a" "${secret:0:39} a"; do
		echo "$line" >list
		expect 78 cal_serve -i server.key -A list "$ANY" m -- true
		hides expect.err
		not grep -qF -- "${secret:0:8}" expect.err
	done
	expect 78 cal_serve -i server.key -A "$secret" "$ANY" m -- true
	hides expect.err
	expect 78 cal_serve -i server.key -A "$(<alice.key)" "$ANY" m -- true
	hides expect.err
	expect 78 cal_serve -i server.key -A alice.key "$ANY" m -- true
	hides expect.err
}

core_limit() {
	awk '/^Max core file size/ { print $5 }' "/proc/${pids[$1]}/limits"
}

@test "no core: the limit is 0 for us, and as before for commands" {
	ulimit -S -c 7 || skip "limits cannot be set here"
	# Else the sanitizer sets it to 0 before we are asked.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0
	setup_talk
	same "$(core_limit s)" 0
	same "$(core_limit c)" 0
	expect 0 as alice "$URL" limit -n
	# bash counts in blocks of 1024 bytes, and sh may in those of 512.
	[[ $out == 7 || $out == 14 ]]
	serve t "$ANY" echo -- cat
	same "$(core_limit t)" 7168
	exec 9>&-
}

@test "no core: a crash leaves none" {
	ulimit -c unlimited || skip "limits cannot be set here"
	setup_talk
	for name in s c; do
		kill -SEGV "${pids[$name]}"
		finish "$name"
		((STATUS != 0))
	done
	exec 9>&-
	for file in core*; do
		not test -e "$file"
	done
}

# crash ARG...: was a core written of a cal-serve that crashes?
crash() {
	"$PYTHON" - "$CAL_BIN/cal-serve" -1 "$@" m -- true <<-'END'
	import os, resource, signal, subprocess, sys

	resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
	child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
	child.stdout.readline()
	os.kill(child.pid, signal.SIGSEGV)
	print(os.WCOREDUMP(os.waitpid(child.pid, 0)[1]))
	END
}

@test "no core: the system writes none" {
	make_keys server alice
	allow alice
	ulimit -c unlimited || skip "limits cannot be set here"
	if [[ $(crash "$ANY") != True ]]; then
		skip "without keys there is no core either"
	fi
	same "$(crash -i server.key -A list "$ANY")" False
}

# Files in /proc belong to root when their process may not be looked into.
@test "another process of the same user cannot look into ours" {
	make_keys server alice
	allow alice
	as_user=()
	dir=$T
	if [[ $(id -u) == 0 ]]; then
		dir=$(mktemp -d /tmp/cal-secrets-XXXXXX)
		echo "$dir" >folder
		cp server.key list "$CAL_BIN/cal-serve" "$dir"
		chown -R 65534 "$dir"
		as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	else
		cp "$CAL_BIN/cal-serve" "$dir"
	fi
	for keys in "-i $dir/server.key -A $dir/list" ""; do
		# shellcheck disable=SC2086
		launch s "${as_user[@]}" "$dir/cal-serve" $keys -1 "$ANY" \
		    m -- true
		wait_for 10 has_line s.out
		owner=$(stat -c %u "/proc/${pids[s]}/environ")
		if [[ -n $keys ]]; then
			same "$owner" 0
			not "${as_user[@]}" cat "/proc/${pids[s]}/environ"
		else
			not same "$owner" 0
		fi
		stop s
	done
}

# libzmq has the bytes of the key, for as long as it encrypts with it.
@test "the text of a secret is nowhere in memory" {
	if asan; then
		skip "memory that is given back is kept"
	fi
	setup_talk
	# This one is there, among the arguments.
	echo server.key >there
	"$PYTHON" "$TESTS/interop/memory.py" "${pids[s]}" there server.key \
	    >found || skip "memory cannot be read here"
	(($(sed -n 's/ there$//p' found) > 0))
	contains found '0 server.key'
	"$PYTHON" "$TESTS/interop/memory.py" "${pids[c]}" alice.key >found
	contains found '0 alice.key'
	# Nor after it was looked at again.
	reread s
	"$PYTHON" "$TESTS/interop/memory.py" "${pids[s]}" server.key >found
	contains found '0 server.key'
	exec 9>&-
}

@test "the text of a certificate's secret is nowhere in memory" {
	if asan; then
		skip "memory that is given back is kept"
	fi
	make_keys alice
	allow alice
	keygen --format cert server
	sed -n 's/.*secret-key = "\(.*\)"/\1/p' server.key_secret >text
	[[ $(wc -c <text) == 41 ]]
	serve s -i server.key_secret -A list "$ANY" echo -- cat
	"$PYTHON" "$TESTS/interop/memory.py" "${pids[s]}" text >found ||
	    skip "memory cannot be read here"
	contains found '0 text'
}
