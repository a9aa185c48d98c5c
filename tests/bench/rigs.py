"""The rigs: compiled, started, called, and timed."""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BENCH = os.path.abspath(os.environ.get("BENCH", ROOT + "/build/bench"))
BIN = os.path.abspath(os.environ.get("BIN") or os.environ.get("CAL_BUILD")
                      or ROOT + "/build/release")
BIN_SHARED = os.path.abspath(os.environ.get("BIN_SHARED",
                                            ROOT + "/build/shared"))
PAIR = ROOT + "/tests/interop/pair.py"
PUBLISHER = ROOT + "/tests/interop/publisher.py"
PYTHON = "/usr/bin/python3"
DEADLINE = 10.0
TICK = os.sysconf("SC_CLK_TCK")
ANY_PORT = "tcp://127.0.0.1:*"


def program_libs():
    """How the programs were linked, or against shared libraries."""
    try:
        with open(BIN + "/link.mk", encoding="utf-8") as file:
            found = re.search(r"^CAL_LIBS := (.*)", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).split() if found else ["-lzmq"]


def build():
    """The rigs, and those of one shot a second time, linked as ours are."""
    os.makedirs(BENCH, exist_ok=True)
    base = os.environ.get("CC", "cc").split() + [
        "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]

    def compile_one(out, source, libs, *more):
        subprocess.run(base + [*more, "-o", f"{BENCH}/{out}",
                               f"{HERE}/{source}.c"] + libs, check=True,
                       cwd=ROOT)

    for name in ("rawecho", "rawclient", "rawlines", "rawpipe", "rawspawn",
                 "rawtime", "rawworker"):
        compile_one(name, name, ["-lzmq"])
    for name in ("rawredis", "rawrpc"):
        compile_one(name, name, ["-lhiredis"])
    compile_one("grow.so", "preload/grow", [], "-shared", "-fPIC")
    for name in ("rawclient", "rawredis"):
        compile_one(f"{name}.best", name, program_libs(), "-Wl,--as-needed")
    subprocess.run(base + ["-static", "-o", f"{BENCH}/nothing", "-x", "c",
                           "-"], input=b"int main(void) { return 0; }",
                   check=True)


def link_of(program):
    """'shared', 'mixed' or 'static', by the libraries that it asks for."""
    out = subprocess.run(["readelf", "-d", program], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    if "libzmq" in out:
        return "shared"
    return "mixed" if "libc.so" in out else "static"


def memory(pid):
    """Resident bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        kib = re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)
    return 1024 * int(kib)


def family(pid):
    """A process and its children that are still there."""
    yield pid
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path, encoding="ascii") as file:
                children = file.read().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


class Servers:
    """Processes that last as long as the whole run."""

    def __init__(self):
        self.running = []

    def start(self, argv, core=None, env=None, ready=True, **files):
        """The first line that it prints, if it is to print one."""
        if core is not None:
            argv = ["taskset", "-c", str(core)] + argv
        files.setdefault("stdin", subprocess.DEVNULL)
        files.setdefault("stdout",
                         subprocess.PIPE if ready else subprocess.DEVNULL)
        child = subprocess.Popen(argv, env=env, **files)
        self.running.append(child)
        return child.stdout.readline().decode().strip() if ready else child

    def cpu(self):
        """Seconds that they and their children have used."""
        ticks = 0
        for child in self.running:
            for pid in family(child.pid):
                try:
                    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                        fields = stat.read().rpartition(")")[2].split()
                except OSError:
                    continue
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICK

    def stop(self):
        for child in reversed(self.running):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.running:
            try:
                child.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def run(argv, env=None):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, timeout=300, env=env)
    return done.stdout.decode().split()


def timed(argv, count=1, core=None, stdin="/dev/null", env=None):
    """Microseconds that argv takes, as a whole: the median of count."""
    hold = [] if core is None else ["-c", str(core)]
    return float(run([f"{BENCH}/rawtime", *hold, "-n", str(count), "-i", stdin,
                      "--"] + argv, env)[0])


def piped(argv):
    """What a bare caller of many reports: rate, p50, p99, mean."""
    words = run([f"{BENCH}/rawpipe", "-p"] + argv)
    return {word: float(number)
            for word, number in zip(words[::2], words[1::2])}


def lines_file(name, count, line):
    """A file of lines; line gives them by number."""
    path = f"{BENCH}/lines.{name}"
    with open(path, "w", encoding="ascii") as out:
        for number in range(count):
            out.write(line(number))
    return path


def string_lines(size, count):
    """A file of lines that are JSON strings of size bytes."""
    line = '"' + "x" * (size - 2) + '"\n'
    return lines_file(f"{size}", count, lambda _: line)


class Keys:
    """A server's pair and a caller's: as options for the programs, and as an
    environment for the rigs (rig.h)."""

    def __init__(self):
        server, caller, users = (f"{BENCH}/keys.{name}" for name in
                                 ("server", "caller", "users"))
        for name in (server, caller):
            subprocess.run([f"{BIN}/cal-keygen", "-q", "--force", name],
                           check=True)
        with open(users, "w", encoding="ascii") as file:
            file.write(self.last_line(caller + ".pub") + " caller\n")
        self.serve = ["-i", server + ".key", "-A", users]
        self.call = ["-i", caller + ".key", "-S", "@" + server + ".pub"]
        self.bind = dict(os.environ,
                         RIG_SECRET=self.last_line(server + ".key"))
        self.connect = dict(os.environ,
                            RIG_SERVER=self.last_line(server + ".pub"))

    @staticmethod
    def last_line(path):
        with open(path, encoding="ascii") as file:
            return file.read().split("\n")[-2]


def methods_dir(count):
    """A folder of so many programs that do nothing: m00000 and on."""
    path = f"{BENCH}/methods.{count}"
    os.makedirs(path, mode=0o755, exist_ok=True)
    for number in range(count):
        link = f"{path}/m{number:05}"
        if not os.path.islink(link):
            os.symlink(f"{BENCH}/nothing", link)
    return path


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


def start_mqtt(servers):
    """A broker and an answerer; what calls it, or None."""
    for name in ("mosquitto", "mosquitto_rr", "mosquitto_sub"):
        if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") is None:
            return None
    port = free_port()
    at = ["-h", "127.0.0.1", "-p", port]
    servers.start([shutil.which("mosquitto", path="/usr/sbin:/usr/bin"),
                   "-p", port], ready=False, stderr=subprocess.DEVNULL)
    call = ["/usr/bin/mosquitto_rr", *at, "-t", "q", "-e", "a", "-W", "2",
            "-m", '"hi"']
    end = time.monotonic() + DEADLINE
    sub = None
    while time.monotonic() < end:
        if sub is None or sub.poll() is not None:
            sub = servers.start(["mosquitto_sub", *at, "-t", "q"],
                                ready=False, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
            servers.start(["mosquitto_pub", *at, "-t", "a", "-l"],
                          ready=False, stdin=sub.stdout,
                          stderr=subprocess.DEVNULL)
        if subprocess.run(call, check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return call
    return None
