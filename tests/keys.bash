# Keys for the live tests: pairs below the test's own folder, a list of users,
# a server that has them, callers by name.

# make_keys NAME...: NAME.key and NAME.pub.
make_keys() {
	local name
	for name; do
		"$CAL_BIN/cal-keygen" -q "$name"
	done
}

# public NAME: its key as text.
public() {
	tail -n 1 "$1.pub"
}

# let_in NAME...: the list of users, made anew.
let_in() {
	local name
	for name; do
		echo "$(public "$name") $name"
	done >users.new
	chmod 600 users.new
	mv users.new users
}

# reload NAME...: the same for a server that is there.
reload() {
	local name=$1
	shift
	let_in "$@"
	kill -HUP "${pids[$name]}"
}

# serve_keys NAME ARG...: a cal-serve with the key "server", for those in the
# list.
serve_keys() {
	local name=$1
	shift
	serve "$name" -i server.key -A users "$@"
}

# as NAME PROGRAM ARG...: call or raw, with the keys of NAME.
as() {
	local name=$1 program=$2
	shift 2
	case $program in
	call) call -i "$name.key" -S @server.pub "$@" ;;
	raw) raw --keys "$name" --server server.pub "$@" ;;
	esac
}
