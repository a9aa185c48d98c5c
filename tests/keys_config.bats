#!/usr/bin/env bats
# Options, files and lists of keys that do not fit together or are not safe: one
# sentence and an exit status, before anything is opened.

load lib
load keys

# refuses STATUS WORDS COMMAND...
refuses() {
	local words=$2
	expect "$1" "${@:3}"
	like "$err" "*$words*"
	same "$out" ""
	same "$(wc -l <expect.err)" 1
}

@test "what does not fit together at who listens" {
	make_keys server alice
	allow alice
	for listens in "cal_serve -m m=true" "call --bind -n"; do
		run_it() {
			# shellcheck disable=SC2086
			refuses "$1" "$2" $listens "${@:3}" "$ANY" $method
		}
		method=
		[[ $listens == call* ]] && method=m
		run_it 64 '-S is for whoever connects; here it is -i and -A' \
		    -S server.pub
		run_it 64 '-A needs our own key, -i' -A list
		run_it 64 '--allow-any-client needs our own key, -i' \
		    --allow-any-client
		run_it 64 '-A and --allow-any-client exclude each other' \
		    -i server.key -A list --allow-any-client
		run_it 64 '--domain has 1 to 255 bytes' \
		    -i server.key -A list --domain ''
		run_it 64 '--domain has 1 to 255 bytes' -i server.key -A list \
		    --domain "$(printf '%256s' '')"
		run_it 78 'nobody is said to be let in: name them with -A' \
		    -i server.key
		run_it 78 'the name of the file is empty' -i '' -A list
		run_it 78 'the name of the file is empty' -i server.key -A ''
		run_it 78 'nosuch' -i nosuch -A list
		run_it 78 'nosuch' -i server.key -A nosuch
	done
}

@test "what does not fit together at who connects" {
	make_keys server alice
	allow alice
	for connects in "cal_serve --connect -m m=true" "call -n"; do
		run_it() {
			# shellcheck disable=SC2086
			refuses "$1" "$2" $connects "${@:3}" \
			    tcp://127.0.0.1:1 $method
		}
		method=
		[[ $connects == call* ]] && method=m
		run_it 64 '-A is for whoever listens (--bind)' -A list
		run_it 64 '--allow-any-client is for whoever listens' \
		    --allow-any-client
		run_it 64 '--domain is for whoever listens' --domain x
		run_it 64 '--insecure is for whoever listens' --insecure
		run_it 64 "-i needs the server's key, -S" -i alice.key
		run_it 78 'the name of the file is empty' -S ''
		run_it 78 'the name of the file is empty' -S @
		run_it 78 'the name of the file is empty' -S server.pub -i ''
		run_it 78 'nosuch' -S nosuch
		run_it 78 'nosuch' -S @nosuch
		run_it 78 'nosuch' -S server.pub -i nosuch
		run_it 78 'bad key of the server' -S "$(printf '%040d' 0)"
		run_it 78 'bad key of the server' -S "$(printf '~%039d' 1)"
	done
}

@test "half of what is needed, in the environment: nothing without keys" {
	make_keys alice
	allow alice
	CAL_AUTHORIZED=list refuses 64 'CAL_AUTHORIZED needs our own key, -i' \
	    cal_serve -m m=true "$ANY"
	CAL_AUTHORIZED=list refuses 64 'CAL_AUTHORIZED needs our own key, -i' \
	    call --bind -n "$ANY" m
	CAL_IDENTITY=alice.key refuses 64 \
	    "CAL_IDENTITY needs the server's key, -S" \
	    call -n tcp://127.0.0.1:1 m
	CAL_IDENTITY=alice.key refuses 64 \
	    "CAL_IDENTITY needs the server's key, -S" \
	    cal_serve --connect -m m=true tcp://127.0.0.1:1
}

@test "-S: a key that is a file's name, too, is neither" {
	make_keys alice
	# Of letters and digits, so that it can be a name.
	key=$(printf '1%039d' 7)
	echo x >"$key"
	refuses 64 "is a key, and a file of that name exists: write @FILE" \
	    call -S "$key" tcp://127.0.0.1:1 who 1
	cp alice.pub "$key"
	expect 69 call --connect-timeout 0.2 -S "@$key" tcp://127.0.0.1:1 who 1
	expect 69 call --connect-timeout 0.2 -S "./$key" tcp://127.0.0.1:1 who 1
}

@test "key files that are not safe are refused, and hold nobody up" {
	make_keys server alice
	allow alice
	chmod 640 server.key
	refuses 78 'server.key: its mode is 0640*chmod 600' \
	    cal_serve -i server.key -A list "$ANY" who -- cat
	chmod 600 server.key
	ln -s server.key link
	refuses 78 'link: it is a symbolic link' \
	    cal_serve -i link -A list "$ANY" who -- cat
	mkfifo fifo
	chmod 600 fifo
	refuses 78 'fifo: it is no regular file' \
	    cal_serve -i fifo -A list "$ANY" who -- cat
	refuses 78 'fifo: it is no regular file' \
	    cal_serve -i server.key -A fifo "$ANY" who -- cat
	refuses 78 'fifo: it is no regular file' \
	    call -S fifo tcp://127.0.0.1:1 who 1
	refuses 78 ': it is a folder' call -S . tcp://127.0.0.1:1 who 1
	chmod 664 list
	refuses 78 'list: its mode is 0664*chmod go-w' \
	    cal_serve -i server.key -A list "$ANY" who -- cat
	mkdir -m 777 open
	cp alice.pub open
	refuses 78 "open: the folder's mode is 0777*chmod go-w" \
	    cal_serve -i server.key -A open "$ANY" who -- cat
}

@test "a list with a bad line, or with nobody in it: 78 at the start" {
	make_keys server alice
	key=$(key_of alice)
	refuse_list() {
		printf %b "$2" >list
		refuses 78 "$1" \
		    cal_serve -i server.key -A list "$ANY" who -- cat
	}
	refuse_list "'list' is empty: it lets nobody in" ''
	refuse_list "'list' has no line with a key" '# nobody\n\n'
	refuse_list "'list' line 2" "$key alice\nnonsense bob\n"
	for user in '' '.x' 'a b' '../x' 'a\033[31m' '<anonymous>' 'é' \
	    "$(printf '%065d' 1)"; do
		refuse_list "'list' line 1" "$key $user\n"
	done
	refuse_list "'list' line 2" "$key alice\n$key alice\n"
	refuse_list "'list' line 2" "$key alice\n$key bob\n"
	refuse_list "'list' line 1" "$key alice methods=\n"
	refuse_list "'list' line 1" "$key alice methods=a,,b\n"
	refuse_list "'list' line 1" "$key alice method=a\n"
	mkdir nobody
	refuses 78 nobody cal_serve -i server.key -A nobody "$ANY" who -- cat
}
