#!/usr/bin/env bats
# Key files: what is refused and with which words, whoever made them, and what
# is left when writing them is disturbed.

load lib

# The example pair of libzmq's manual.
PUBLIC='Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'
SECRET='D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs'
OTHER='JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6'

keygen() {
	# shellcheck disable=SC2086
	timeout -s KILL $((20 * SLOW)) ${WRAP-$CAL_WRAP} \
	    "${BIN:-$CAL_BIN}/cal-keygen" "$@"
}

# put FILE MODE TEXT: with the escapes of printf in TEXT.
put() {
	rm -f "$1"
	printf '%b' "$3" >"$1"
	chmod "$2" "$1"
}

# good FILE: it is taken, in silence.
good() {
	expect 0 keygen --check "$1"
	same "$out$err" ''
	expect 0 keygen --public "$1"
	same "$out" "$PUBLIC"
}

# bad FILE WORDS: 78, one sentence, which shows nothing of what stands there.
bad() {
	expect 78 keygen --check "$1"
	same "$out" ''
	same "$err" "cal-keygen: $2"
	expect 78 keygen --public "$1"
	same "$out" ''
}

# as_other COMMAND...: as a user who owns nothing, in a folder of his.
need_other() {
	[[ $(id -u) == 0 ]] || skip "needs root"
	mkdir other
	cp "$CAL_BIN/cal-keygen" other/
	chown 65534:65534 other
	cd other || return
	as_other ./cal-keygen --version || skip "cannot be another user here"
}
as_other() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	    timeout -s KILL $((20 * SLOW)) "$@"
}

# option: cal-keygen --check
@test "B41: line ends, byte order mark, comments" {
	put a 600 "$SECRET"
	good a
	put a 600 "$SECRET\r\n"
	good a
	put a 600 "\xef\xbb\xbf# cal secret key: do not share\r\n$SECRET\r\n"
	good a
	put a 600 "# one\n\n  # two\n$SECRET\n# three\n"
	good a
	put a.pub 644 "\xef\xbb\xbf$PUBLIC"
	good a.pub
	put a.crt 644 "\xef\xbb\xbfcurve\r\n  public-key = '$PUBLIC' # x\r"
	good a.crt
}

@test "B41: bad text, told with its line and not shown" {
	put a 600 "${SECRET:1}\n"
	bad a 'a:1: a key has 40 characters, not 39'
	put a 600 "# x\n${SECRET}0\n"
	bad a 'a:2: a key has 40 characters, not 41'
	put a 600 "\n\n${SECRET}abcd\n"
	bad a 'a:3: a key has 40 characters, not 44'
	put a 600 "${SECRET:0:20} ${SECRET:21}\n"
	bad a 'a:1: no key: character 21 of 40 is none that Z85 has'
	put a 600 "\"${SECRET:2}\"\n"
	bad a 'a:1: no key: character 1 of 40 is none that Z85 has'
	put a 600 "\$\$\$\$\$${SECRET:5}\n"
	bad a 'a:1: no key: five characters of Z85 stand for more than 32 bits'
	put a 600 "${SECRET:0:39}\0\n"
	bad a 'a:1: no key: character 40 of 40 is none that Z85 has'
	put a 600 "$(printf '0%.0s' {1..40})\n"
	bad a 'a:1: the key is all zero'
	put a.pub 600 "$(printf '0%.0s' {1..40})\n"
	bad a.pub 'a.pub:1: the key is all zero'
	put a 600 ''
	bad a 'a: there is no key in it'
	put a 600 '# only words\n'
	bad a 'a: there is no key in it'
	put a 600 "$SECRET\n$SECRET\n"
	bad a 'a:2: a second line that is no comment'
	put a 600 "$SECRET joe\n"
	bad a 'a:1: a key has 40 characters, not 44'
}

@test "B41: certificates that are none, and a pair that does not match" {
	put a 600 "curve\n    public-key = \"$OTHER\"\n    secret-key = \"$SECRET\"\n"
	bad a 'a:3: the secret key does not belong to the public one'
	put a 600 "curve\n    secret-key = \"$SECRET\"\n"
	bad a 'a: the certificate has no public-key in a section curve'
	put a 600 'metadata\n    name = "x"\n'
	bad a 'a: the certificate has no public-key in a section curve'
	put a 600 "curve\n    public-key = \"$PUBLIC\n"
	bad a 'a:2: no value of the form public-key = "KEY"'
	keygen b
	put b.pub 644 "$OTHER\n"
	expect 78 keygen --check b.key
	same "$err" 'cal-keygen: b.pub: it does not belong to b.key'
	put b.pub 644 'x\n'
	expect 78 keygen --check b.key
	same "$err" 'cal-keygen: b.pub:1: a key has 40 characters, not 1'
}

@test "B41: no regular file, or too large" {
	put big 600 "$SECRET\n"
	truncate -s 1G big
	spent bad big 'big: it is larger than 4096 bytes'
	between 0 "$MS" 3000
	put big 600 "$(printf '#%.0s' {1..4056})\n$SECRET"
	bad big 'big: it is larger than 4096 bytes'
	put big 600 "$(printf '#%.0s' {1..4055})\n$SECRET"
	good big
	mkfifo fifo
	bad fifo 'fifo: it is no regular file'
	bad /dev/zero '/dev/zero: it is no regular file'
	bad . '.: it is a folder'
	bad nothing 'nothing: No such file or directory'
	put a 600 "$SECRET"
	ln -s a link
	bad link 'link: it is a symbolic link, which a secret must not be'
	put a.pub 644 "$PUBLIC"
	ln -s a.pub link.pub
	good link.pub
}

@test "B41: modes" {
	local mode
	for mode in 0644 0640 0604 0601 0610; do
		put a $mode "# cal secret key: do not share\n$SECRET\n"
		bad a "a: its mode is $mode, but a secret is for its owner alone: chmod 600"
	done
	for mode in 0600 0400; do
		put a $mode "$SECRET\n"
		good a
	done
	# No comment says what it is: what is no NAME.pub has to be safe.
	put a 0644 "$PUBLIC\n"
	bad a "a: its mode is 0644, but a secret is for its owner alone: chmod 600"
	for mode in 0664 0646; do
		put a.pub $mode "$PUBLIC\n"
		bad a.pub "a.pub: its mode is $mode, so others may write to it: chmod go-w"
	done
	put a.pub 0444 "$PUBLIC\n"
	good a.pub
}

@test "B41: owners" {
	need_other
	put a 600 "$SECRET\n"
	put a.pub 644 "$PUBLIC\n"
	as_other ./cal-keygen --check a.pub
	expect 78 as_other ./cal-keygen --check a
	same "$err" 'cal-keygen: a: Permission denied'
	chown 65534 a a.pub
	as_other ./cal-keygen --check a
	as_other ./cal-keygen --check a.pub
	bad a 'a: it belongs to another user, number 65534'
	bad a.pub 'a.pub: it belongs to another user, number 65534'
	chown 1:65534 a.pub
	expect 78 as_other ./cal-keygen --check a.pub
	same "$err" 'cal-keygen: a.pub: it belongs to another user, number 1'
}

@test "\$CREDENTIALS_DIRECTORY: root's files there may be the group's, too" {
	[[ $(id -u) == 0 ]] || skip "needs root"
	mkdir cred
	local words='but a secret is for its owner alone: chmod 600'
	put a 0440 "$SECRET\n"
	put cred/a 0440 "$SECRET\n"
	bad cred/a "cred/a: its mode is 0440, $words"
	export CREDENTIALS_DIRECTORY=$PWD/cred
	good cred/a
	bad a "a: its mode is 0440, $words"
	chmod 0450 cred/a
	bad cred/a "cred/a: its mode is 0450, $words"
	chmod 0444 cred/a
	bad cred/a "cred/a: its mode is 0444, $words"
	chmod 0440 cred/a
	ln -s a cred/b
	bad cred/b 'cred/b: it is a symbolic link, which a secret must not be'
	CREDENTIALS_DIRECTORY=cred bad cred/a "cred/a: its mode is 0440, $words"
}

@test "whatever the umask, the secret is its owner's alone from birth" {
	local mask
	for mask in 000 022 077 0777; do
		(umask $mask && keygen "k$mask")
		same "$(stat -c %a "k$mask.key")" 600
		same "$(stat -c %a "k$mask.pub")" \
		    "$(printf %o $((0644 & ~0$mask)))"
	done
	need_ptrace
	umask 000
	# Names are hidden from the tracer, as the process is not dumpable.
	expect 0 strace -e trace=openat,open -o trace "$CAL_BIN/cal-keygen" born
	like "$(grep O_CREAT trace | head -n 1)" \
	    '*O_EXCL|O_NOFOLLOW*, 0600) = *'
}

# Nothing is half: no file, or all of one, and never halves of two pairs.
whole() {
	local file
	for file in a.key a.pub; do
		[[ ! -e $file ]] || keygen --check $file
	done
}

@test "killed at any point while writing: nothing is half written" {
	need_faults
	local point n force old
	for point in keyfile-born keyfile-written keyfile-secret; do
		for n in 1 2; do
			[[ $point$n != keyfile-secret2 ]] || continue
			for force in '' --force; do
				rm -f a.key a.pub .a.*
				old=
				if [[ -n $force ]]; then
					keygen a
					old=$(<a.key)
				fi
				# shellcheck disable=SC2086
				CAL_CRASH=$point:$n expect 137 keygen a $force
				whole
				same "$(find . -name '.a.*' ! -perm 600 \
				    ! -name '.a.pub.*')" ''
				if [[ $point == keyfile-secret ]]; then
					keygen --public a.key
					not ls a.pub
				elif [[ -n $force ]]; then
					same "$(<a.key)" "$old"
				else
					not ls a.key a.pub
				fi
				keygen --force a
				keygen --check a.key
			done
		done
	done
}

@test "two of one name at once: one wins, and its pair is whole" {
	need_faults
	CAL_STALL=keyfile-secret:1000 launch first "$BIN/cal-keygen" a
	wait_for 10 test -e a.key
	expect 73 keygen a
	finish first
	same "$STATUS" 0
	keygen --check a.key
	keygen --check a.pub
	# The later one of two that replace waits for the other.
	CAL_STALL=keyfile-secret:500 launch first "$BIN/cal-keygen" --force a
	wait_for 10 test ! -e a.pub
	expect 0 keygen --force -o b.json a
	finish first
	same "$STATUS" 0
	keygen --check a.key
	same "$(keygen --public a.key)" "$(jq -r .public b.json)"
	same "$(find . -name '.a.*')" ''
}

@test "many at once: always a whole pair" {
	local n round
	for round in 1 2 3; do
		for n in 1 2 3 4 5 6; do
			launch "k$n" "$CAL_BIN/cal-keygen" --force a
		done
		for n in 1 2 3 4 5 6; do
			finish "k$n"
			same "$round $STATUS" "$round 0"
		done
		keygen --check a.key
		[[ -e a.pub ]]
	done
}

@test "a folder that cannot be written, or is not there: 74" {
	expect 74 keygen nowhere/a
	same "$err" "cal-keygen: cannot write 'nowhere/a.key': No such file or directory"
	mkdir a.key
	expect 73 keygen --force a
	same "$err" "cal-keygen: 'a.key' is a folder"
	need_other
	chmod 555 .
	expect 74 as_other ./cal-keygen a
	same "$err" "cal-keygen: cannot write 'a.key': Permission denied"
}

@test "no room left: 74, and nothing stays behind" {
	# Files may not grow at all: as a full disk, for everybody.
	expect 74 bash -c '
	    (trap "" XFSZ; ulimit -f 0; exec "$0" a 2>&1) | cat
	    exit ${PIPESTATUS[0]}' "$CAL_BIN/cal-keygen"
	same "$out" "cal-keygen: cannot write 'a.key': File too large"
	same "$(find . -name '*a.key*' -o -name '*a.pub*')" ''
	unshare -m true 2>/dev/null || skip "cannot mount here"
	mkdir full
	expect 74 unshare -m sh -c 'mount -t tmpfs -o size=4k none full &&
	    cd full && { cat /dev/zero >fill 2>/dev/null; :; } &&
	    { "$0" a; rc=$?; ls -A; exit $rc; }' "$CAL_BIN/cal-keygen"
	same "$err" "cal-keygen: cannot write 'a.key': No space left on device"
	same "$out" fill
}
