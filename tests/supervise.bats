#!/usr/bin/env bats
# The examples of cal-security(7): the page shows what is in tests/examples,
# and both start, reload and end a server as supervisors do.

load lib

PAGE=$ROOT/man/cal-security.7
UNIT=$TESTS/examples/cal-serve.service

setup() {
	cal_setup
	etc=
}

teardown() {
	cal_teardown && rc=0 || rc=1
	if [[ -n $etc ]]; then
		chmod -R u+w "$etc"
		rm -rf "$etc"
	fi
	return "$rc"
}

# shown FILE: what the page shows of it.
shown() {
	awk -v file="tests/examples/$1" '
	    $0 == ".\\\" file: " file { here = 1; next }
	    here && /^\.Bd/ { inside = 1; next }
	    inside && /^\.Ed/ { exit }
	    inside { sub(/^\\&/, ""); gsub(/\\e/, "\\"); print }' "$PAGE"
}

@test "the page shows the examples as they are" {
	local path name
	for path in "$UNIT" "$TESTS"/examples/s6/*; do
		name=${path#"$TESTS/examples/"}
		[[ -n $(shown "$name") ]]
		diff -u "$path" <(shown "$name")
	done
}

# setting NAME: its values in the unit, one a line; lines that are continued
# are put together.
setting() {
	sed -e ':more' -e '/\\$/{N;s/\\\n */ /;b more' -e '}' "$UNIT" |
	    sed -n "s/^$1=//p"
}

# A folder as /etc/cal is, which another user can enter; $as are words in front
# of a server that is to run as that user, if we may become one.
make_etc() {
	etc=$(mktemp -d /tmp/cal-etc-XXXXXX)
	chmod 755 "$etc"
	cp "$CAL_BIN/cal-serve" "$etc/cal-serve"
	mkdir "$etc/methods"
	printf '#!/bin/sh\nexec cat\n' >"$etc/methods/echo"
	printf '#!/bin/sh\nid -u\n' >"$etc/methods/user"
	chmod 755 "$etc/methods" "$etc/methods"/*
	"$CAL_BIN/cal-keygen" "$etc/server"
	"$CAL_BIN/cal-keygen" "$T/ann"
	"$CAL_BIN/cal-keygen" "$T/bob"
	echo "$("$CAL_BIN/cal-keygen" --public ann.pub) ann" >"$etc/users"
	chmod 644 "$etc/users"
	as=() uid=$(id -u)
	if [[ $uid == 0 ]]; then
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups
		    --no-new-privs)
		uid=65534
	fi
}

let_bob_in() {
	echo "$("$CAL_BIN/cal-keygen" --public bob.pub) bob" >>"$etc/users"
}

# As $CREDENTIALS_DIRECTORY is: of root, with an ACL that lets the service
# read, which shows as rights of the group.
make_credentials() {
	mkdir "$etc/credentials"
	cp "$etc/server.key" "$etc/credentials/"
	chmod 400 "$etc/credentials/server.key"
	if ((${#as[@]} > 0)); then
		chgrp -R 65534 "$etc/credentials"
		chmod 440 "$etc/credentials/server.key"
	fi
	chmod 550 "$etc/credentials"
}

# The ExecStart of the unit, for $etc and a free port.
command_of_unit() {
	setting ExecStart | sed -e "s|/usr/local/bin/|$etc/|" \
	    -e "s|/etc/cal/|$etc/|g" -e 's|:5555|:* -v|'
}

# served FILE: where the server says that it is.
served() {
	sed -n 's/.*serving .* at tcp:\/\/0\.0\.0\.0:/tcp:\/\/127.0.0.1:/p' "$1"
}

calls_as() {
	call -i "$1.key" -S "$etc/server.pub" "$URL" echo "\"$1\""
}

refused_as() {
	expect 77 calls_as "$1"
}

@test "systemd has nothing to say against the unit" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	sed "s|/usr/local/bin/|$CAL_BIN/|" "$UNIT" >cal-serve.service
	expect 0 systemd-analyze verify --man=no ./cal-serve.service
	same "$out$err" ''
	expect 0 systemd-analyze security --offline=true --threshold=20 \
	    ./cal-serve.service
}

@test "the command of the unit: ready, reload, another user's credential" {
	make_etc
	make_credentials
	cat >notify.py <<-'E'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o666)
	print("bound", flush=True)
	s.settimeout(30)
	print(s.recv(100).decode().split("\n")[0], flush=True)
	E
	launch n "$PYTHON" notify.py "$etc/notify"
	wait_for 5 has_line n.out
	CREDENTIALS_DIRECTORY=$etc/credentials NOTIFY_SOCKET=$etc/notify \
	    launch s "${as[@]}" sh -c "set -f; exec $(command_of_unit)"
	finish n
	same "$(tail -n 1 n.out)" READY=1
	URL=$(served s.err)
	same "$(calls_as ann)" '"ann"'
	expect 0 call -i ann.key -S "$etc/server.pub" "$URL" user -n
	same "$out" "$uid"
	refused_as bob
	let_bob_in
	MAINPID=$PID sh -c "$(setting ExecReload)"
	wait_for 5 calls_as bob
	stop s
	same "$STATUS" 0
}

# Names of a set of systemd's, those of the sets in it as well.
calls_of() {
	local name
	systemd-analyze syscall-filter "$1" 2>/dev/null |
	sed -n 's/^ \{4\}\([^# ]*\)$/\1/p' | while read -r name; do
		if [[ $name == @* ]]; then
			calls_of "$name"
		else
			echo "$name"
		fi
	done
}

# The set that a list always has, then the unit's: what is allowed, and behind
# "~" what is not.
allowed_calls() {
	local set
	calls_of @default >allowed
	for set in $(setting SystemCallFilter); do
		if [[ $set == '~'* ]]; then
			calls_of "${set#?}" | sort >refused
			sort -u allowed | comm -23 - refused >fewer
			mv fewer allowed
		else
			calls_of "$set" >>allowed
		fi
	done
	sort -u allowed
}

@test "the server does nothing that the unit forbids" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	asan && skip "watchers of memory make calls of their own"
	need_ptrace
	make_etc
	as=()
	make_credentials
	allowed_calls >names
	[[ $(wc -l <names) -gt 200 ]]
	CREDENTIALS_DIRECTORY=$etc/credentials launch s strace -f -o trace \
	    -I 2 sh -c "set -f; exec $(command_of_unit)"
	wait_for 30 grep -q serving s.err
	URL=$(served s.err)
	calls_as ann
	refused_as bob
	kill -HUP "$(sed -n '1s/ .*//p' trace)"
	wait_for 10 contains s.err 'serving 2 methods' 2
	kill -TERM "$(sed -n '1s/ .*//p' trace)"
	finish s
	same "$STATUS" 0
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' trace | sort -u >made
	same "$(comm -13 names made)" ''
	# RestrictAddressFamilies, MemoryDenyWriteExecute
	sed -nE 's/.*socket\((AF_[A-Z0-9]+),.*/\1/p' trace | sort -u >families
	same "$(setting RestrictAddressFamilies | tr ' ' '\n' | sort |
	    comm -13 - families)" ''
	not grep -E 'PROT_[A-Z|_]*WRITE\|PROT_EXEC' trace
}

@test "s6: readiness, reload and end" {
	command -v s6-supervise >/dev/null || skip "no s6 here"
	make_etc
	local user=(env)
	if ((${#as[@]} > 0)); then
		user=(s6-setuidgid nobody)
		chown 65534 "$etc/server.key"
	fi
	cp -r "$TESTS/examples/s6" service
	sed -i -e "s|s6-setuidgid cal|${user[*]}|" -e "s|/etc/cal|$etc|" \
	    -e "s| cal-serve| $etc/cal-serve|" -e 's|:5555|:* -v|' service/run
	launch s s6-supervise service
	wait_for 10 s6-svok service
	s6-svwait -U -t $((20000 * SLOW)) service
	URL=$(served s.out)
	same "$(calls_as ann)" '"ann"'
	expect 0 call -i ann.key -S "$etc/server.pub" "$URL" user -n
	same "$out" "$uid"
	refused_as bob
	let_bob_in
	s6-svc -h service
	wait_for 5 calls_as bob
	# After a crash it is there again.
	s6-svc -k service
	wait_for 10 contains s.out serving 3
	URL=$(served s.out | tail -n 1)
	same "$(calls_as bob)" '"bob"'
	s6-svc -wD -T $((20000 * SLOW)) -d service
	same "$(s6-svstat -o exitcode service)" 0
	s6-svc -x service
	finish s
}
