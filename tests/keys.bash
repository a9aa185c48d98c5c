# Keys for the tests that have some: key pairs in the test's own folder, and
# lists of who is let in.

# keygen ARG...: cal-keygen, which must succeed.
keygen() {
	# shellcheck disable=SC2086 # CAL_WRAP is a list of words
	${WRAP-$CAL_WRAP} "${BIN:-$CAL_BIN}/cal-keygen" -q "$@"
}

# make_keys NAME...: NAME.key and NAME.pub for each.
make_keys() {
	local name
	for name; do
		keygen "$name"
	done
}

# key_of NAME: the public key; secret_of NAME: the secret one.
key_of() {
	tail -n 1 "$1.pub"
}

secret_of() {
	tail -n 1 "$1.key"
}

# allow "NAME [USER [methods=...]]"...: a list in the file "list", written whole
# or not at all; the user is NAME if there is no other.
allow() {
	local line name rest
	for line; do
		read -r name rest <<<"$line"
		printf '%s %s\n' "$(key_of "$name")" "${rest:-$name}"
	done >list.new
	mv list.new list
}

# serve_keys NAME ARG...: a server with the pair of "server" that lets in who
# is in the list.
serve_keys() {
	local name=$1
	shift
	serve "$name" -v -i server.key -A list "$@"
}

# as NAME ARG...: a call with the pair of NAME.
as() {
	local name=$1
	shift
	call -i "$name.key" -S server.pub "$@"
}

# as_later NAME WHO ARG...: the same in the background.
as_later() {
	local name=$1 who=$2
	shift 2
	call_later "$name" -i "$who.key" -S server.pub "$@"
}

# reread NAME: the server has been told that its list is another one.
reread() {
	kill -HUP "${pids[$1]}"
	# Whatever comes after this line is answered after that.
	counters "$1" >/dev/null
}

# reload NAME USER...: the list is another one, and the server knows.
reload() {
	local name=$1
	shift
	allow "$@"
	reread "$name"
}

# raw_as NAME ARG...: the raw peer with the pair of NAME.
raw_as() {
	local name=$1
	shift
	raw --keys "$name" --server server.pub "$@"
}
