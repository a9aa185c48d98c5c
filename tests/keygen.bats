#!/usr/bin/env bats
# cal-keygen: pairs in files, what it says of them, and how they are written.

load lib

SECRET_HEAD='# cal secret key: do not share'
PUBLIC_HEAD='# cal public key'

keygen() {
	# shellcheck disable=SC2086
	timeout -s KILL $((20 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-keygen" "$@"
}

# zmq CODE [ARG...]: in Python, with pyzmq.
zmq() {
	timeout -s KILL 60 "$PYTHON" -c "import sys, zmq, zmq.auth; $1" "${@:2}"
}

# belongs SECRET-FILE PUBLIC-FILE: two plain files hold one pair, says libzmq.
belongs() {
	zmq 's, p = (open(f).read().split("\n")[1] for f in sys.argv[1:])
sys.exit(zmq.curve_public(s.encode()) != p.encode())' "$1" "$2"
}

mode() {
	stat -c %a "$1"
}

secret_of() {
	sed -n '/^#/d; p' "$1"
}

@test "NAME makes NAME.key for its owner and NAME.pub for all, and says nothing" {
	expect 0 keygen server <&-
	same "$out$err" ''
	same "$(ls)" "$(printf '%s\n' expect.err expect.out server.key \
	    server.pub tick)"
	same "$(mode server.key) $(mode server.pub)" '600 644'
	same "$(head -n 1 server.key)" "$SECRET_HEAD"
	same "$(head -n 1 server.pub)" "$PUBLIC_HEAD"
	same "$(wc -l <server.key) $(wc -l <server.pub)" '2 2'
	like "$(secret_of server.key)" '????????????????????????????????????????'
	belongs server.key server.pub
	expect 0 keygen server2
	not cmp server.key server2.key
}

# option: cal-keygen --public
# option: cal-keygen --fingerprint
@test "--public and --fingerprint of either half, and of certificates" {
	keygen a
	expect 0 keygen --public a.pub
	same "$out" "$(secret_of a.pub)"
	expect 0 keygen --public a.key
	same "$out" "$(secret_of a.pub)"
	same "$(wc -c <expect.out)" 41
	secret_of a.key >bare
	secret_of a.pub >bare.pub
	chmod 600 bare
	local file want
	for file in bare bare.pub; do
		expect 0 keygen --public $file
		same "$out" "$(secret_of a.pub)"
	done
	want=SHA256:$(zmq 'import hashlib, base64, zmq.utils.z85 as z
print(base64.b64encode(hashlib.sha256(
    z.decode(sys.argv[1])).digest()).decode().rstrip("="))' \
	    "$(secret_of a.pub)")
	for file in a.key a.pub bare bare.pub; do
		expect 0 keygen --fingerprint $file
		same "$out" "$want"
	done
}

# option: cal-keygen --output
@test "-o: name, public key, fingerprint and files as a line of JSON" {
	expect 0 keygen -o - sub.d
	same "$(wc -l <expect.out)" 1
	same "$(jq -r 'keys | join(" ")' <expect.out)" \
	    'files fingerprint name public'
	same "$(jq -r '[.name, .files.secret, .files.public] | join(" ")' \
	    <expect.out)" 'sub.d sub.d.key sub.d.pub'
	same "$(jq -r .public <expect.out)" "$(keygen --public sub.d.key)"
	same "$(jq -r .fingerprint <expect.out)" \
	    "$(keygen --fingerprint sub.d.key)"
	expect 0 keygen --public sub.d.key --output one.json
	same "$out" ''
	same "$(jq -c '[.name, .files]' one.json)" \
	    '["sub.d",{"secret":"sub.d.key"}]'
	expect 0 keygen --public sub.d.pub -o -
	same "$(jq -c .files <expect.out)" '{"public":"sub.d.pub"}'
	expect 73 keygen --public sub.d.key -o one.json
	expect 73 keygen --public sub.d.key -o sub.d.key
	keygen --check sub.d.key
	# What it would be refused for is told before a pair is made.
	expect 73 keygen other -o one.json
	not ls other.key
	expect 0 keygen other -o /dev/null
	expect 0 keygen --format cert third -o third.json
	same "$(jq -c .files third.json)" \
	    '{"secret":"third.key_secret","public":"third.key"}'
}

# option: cal-keygen --format
@test "--format cert: pyzmq reads what we write, and we what it writes" {
	keygen --format cert a
	same "$(mode a.key_secret) $(mode a.key)" '600 644'
	same "$(zmq 'p, s = zmq.auth.load_certificate("a.key_secret")
q, n = zmq.auth.load_certificate("a.key")
print(p == q, n, p == zmq.curve_public(s), p.decode())')" \
	    "True None True $(keygen --public a.key)"
	same "$(keygen --public a.key_secret)" "$(keygen --public a.key)"
	# As ZPL wants it: four blanks for each level, no tabs.
	not grep -P '\t' a.key a.key_secret
	same "$(grep -c '^    [a-z]*-key = "' a.key_secret)" 2
	zmq 'zmq.auth.create_certificates(".", "b", {"name": "joe"})'
	chmod 600 b.key_secret
	local file
	for file in b.key b.key_secret; do
		expect 0 keygen --check $file
		same "$out$err" ''
		same "$(keygen --public $file)" "$(zmq \
		    'print(zmq.auth.load_certificate("b.key")[0].decode())')"
	done
	expect 0 keygen --format plain c
	same "$(head -n 1 c.pub)" "$PUBLIC_HEAD"
}

# option: cal-keygen --force
@test "a pair that is there is not replaced without --force" {
	keygen a
	cp -p a.key old.key
	cp -p a.pub old.pub
	expect 73 keygen a
	same "$err" "cal-keygen: 'a.key' is there already; --force replaces it"
	cmp a.key old.key
	cmp a.pub old.pub
	rm a.key
	expect 73 keygen a
	same "$err" "cal-keygen: 'a.pub' is there already; --force replaces it"
	cmp a.pub old.pub
	not ls a.key
	rm a.pub
	cp -p old.key a.key
	expect 73 keygen --format plain a
	not ls a.pub
	expect 0 keygen --force a
	belongs a.key a.pub
	not cmp a.key old.key
	expect 0 keygen --force a
	belongs a.key a.pub
	same "$(find . -name '.a*')" ''
}

@test "usage: 64, and nothing is written" {
	local line
	for line in '' '--force' 'a b' 'a/' '/' '-- a' '--public' \
	    '--public a b' '--public a --check b' '--check a -o -' \
	    '--check a --force' '--fingerprint a --format cert' \
	    '--format pem a' '--secret a'; do
		# shellcheck disable=SC2086 # a list of words
		expect 64 keygen $line
		like "$err" 'cal-keygen: *'
		same "$out" ''
	done
	expect 64 keygen ''
	same "$(find . -name '*.key*' -o -name '*.pub')" ''
}

# option: cal-keygen --verbose
# option: cal-keygen --quiet
# option: cal-keygen --log-format
@test "-v, -q and --log-format: words on stderr" {
	expect 0 keygen -v a
	same "$out" ''
	same "$err" "cal-keygen: wrote 'a.key' and 'a.pub', $(keygen \
	    --fingerprint a.key)"
	expect 0 keygen -v --check a.key
	same "$err" 'cal-keygen: a.key: a good secret key'
	expect 0 keygen -v --check a.pub
	same "$err" 'cal-keygen: a.pub: a good public key'
	expect 73 keygen -q a
	like "$err" '*there already*'
	expect 73 keygen --log-format json a
	jq -e . <expect.err
}

# option: cal-keygen --help
# option: cal-keygen --version
# option: cal-keygen --completion
@test "--help, --version and --completion" {
	expect 0 keygen --help
	like "$out" 'usage: cal-keygen *'
	expect 0 keygen -V
	like "$out" 'cal-keygen [0-9]*'
	local shell
	for shell in bash zsh fish; do
		expect 0 keygen --completion $shell
		like "$out" '*fingerprint*'
	done
	keygen --completion bash | bash -n
}

@test "lost output is 74, a reader that left 141" {
	keygen a
	WRAP='' expect 74 bash -c '"$0" --public a.key >/dev/full' \
	    "$CAL_BIN/cal-keygen"
	expect 74 keygen b -o /dev/full
	local rc=0
	mkfifo left
	exec 7<>left 6>left 7<&-
	keygen --public a.key >&6 || rc=$?
	exec 6>&-
	same $rc 141
}

@test "a secret is never printed, and no core is left" {
	keygen a
	keygen --format cert b
	local line
	secret_of a.key >secrets
	sed -n 's/.*secret-key = "\(.*\)"/\1/p' b.key_secret >>secrets
	same "$(count_lines secrets)" 2
	secret_of a.key >bare
	sed s/secret/public/ a.key >named.key
	for line in '--public a.key' '--public b.key_secret' '--public bare' \
	    '--fingerprint a.key' '--check a.key' '--check bare' \
	    '--public a.key -o -' '-vv --check b.key_secret' '-vv a' \
	    '-vv --force --format cert b -o -'; do
		# shellcheck disable=SC2086
		keygen $line >>said 2>&1 || :
	done
	chmod 644 a.key bare
	for line in '--public a.key' '--public bare' '--check bare'; do
		# shellcheck disable=SC2086
		keygen $line >>said 2>&1 || :
	done
	# In place of a file's name, too.
	keygen --check "$(head -n 1 secrets)" >>said 2>&1 || :
	keygen --public "$(head -n 1 secrets)" >>said 2>&1 || :
	[[ -s said ]]
	not grep -F -f secrets said
	need_faults
	CAL_STALL=keyfile-written:60000 launch k "$BIN/cal-keygen" c
	wait_for 10 compgen -G '.c.key.*'
	like "$(grep 'core file' "/proc/$PID/limits")" '*size *0 *'
	stop k KILL
}

@test "libzmq and hiredis are not in it" {
	expect 0 readelf -dW "$CAL_BIN/cal-keygen"
	not grep -E 'zmq|hiredis' expect.out
	expect 0 nm "$CAL_BIN/cal-keygen"
	not grep -E ' (zmq|redis)[A-Z_]' expect.out
}
