# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine that the hosted kernel is compared with (machine.txt): the same
image under QEMU, with the whole module tree and Debian's modprobe in it.

Plans are lkm's own (plan-dump); both sides load their files in that order."""

import hashlib
import json
import lzma
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "vm"))
import vmlib            # noqa: E402

LAYOUT = b"1"           # of the initramfs: change it with what is in there
BOOT_SECONDS = 120
SECONDS = {"tcrypt": 1200}      # for a module's init; that tests every cipher
SECONDS_DEFAULT = 180
RACE_TRIES = 3
BOOT_TRIES = 3
KEEP_INITRDS = 3
# no_timer_check: on a busy host the timer may seem to be broken, and that panics
CMDLINE = "rdinit=/init console=ttyS0 panic=-1 no_timer_check"


def options():
    """QEMU's options, of machine.txt."""
    words = []
    with open(os.path.join(HERE, "machine.txt"), encoding="ascii") as f:
        for line in f:
            if not line.startswith("#"):
                words += line.split()
    return words


def qemu_version():
    done = subprocess.run(["qemu-system-x86_64", "--version"], text=True,
                          stdout=subprocess.PIPE, check=True)
    return re.search(r"version (\S+)", done.stdout)[1]


def module_name(path):
    return path.rsplit("/", 1)[-1].split(".ko")[0].replace("-", "_")


def uncompressed(path):
    """The bytes of a module file."""
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc", path], check=True,
                              stdout=subprocess.PIPE).stdout
    with open(path, "rb") as f:
        data = f.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


class Cpio:
    """A newc archive, written as it grows."""

    def __init__(self, file):
        self.file = file
        self.inode = 0
        self.folders = set()

    def entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev,
                  len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % n for n in fields) + \
            name.encode() + b"\0"
        self.file.write(head + b"\0" * (-len(head) % 4))
        self.file.write(data)
        self.file.write(b"\0" * (-len(data) % 4))

    def parents(self, name):
        folder = os.path.dirname(name)
        if folder and folder not in self.folders:
            self.parents(folder)
            self.folders.add(folder)
            self.entry(folder, 0o040755)

    def add(self, name, data, mode=0o100644):
        self.parents(name)
        self.entry(name, mode, data)

    def copy(self, name, path, mode=0o100644):
        with open(path, "rb") as f:
            self.add(name, f.read(), mode)

    def finish(self):
        self.entry("TRAILER!!!", 0)


def libraries(program):
    done = subprocess.run(["ldd", program], text=True, check=True,
                          stdout=subprocess.PIPE)
    return re.findall(r"(/\S+) \(0x", done.stdout)


class Tree:
    """A kernel's modules, uncompressed and indexed, for both sides."""

    def __init__(self, kernel, guest):
        self.kernel = kernel
        with open(guest, "rb") as f:
            digest = hashlib.sha256(f.read() + LAYOUT)
        package = os.path.basename(kernel.root)
        self.top = os.path.join(vmlib.CACHE, "parity", package)
        self.image = f"{kernel.root}/boot/vmlinuz-{kernel.release}"
        self.modules = f"{self.top}/lib/modules/{kernel.release}"
        self.initrd = f"{self.top}/{digest.hexdigest()[:16]}.cpio"
        self.guest = guest
        if not os.path.isdir(self.top):
            self.unpack()
        if not os.path.exists(self.initrd):
            self.pack()
        os.utime(self.initrd)

    def unpack(self):
        os.makedirs(os.path.dirname(self.top), exist_ok=True)
        scratch = tempfile.mkdtemp(dir=os.path.dirname(self.top))
        top = f"{scratch}/lib/modules/{self.kernel.release}"
        for folder, _, files in os.walk(self.kernel.modules):
            into = top + folder[len(self.kernel.modules):]
            os.makedirs(into)
            for name in files:
                stem, ko, _ = name.partition(".ko")
                path = os.path.join(folder, name)
                if ko:
                    with open(f"{into}/{stem}.ko", "wb") as f:
                        f.write(uncompressed(path))
                else:
                    shutil.copy(path, into)
        subprocess.run([vmlib.find_tool("depmod"), "-b", scratch,
                        self.kernel.release], check=True)
        os.chmod(scratch, 0o755)
        os.rename(scratch, self.top)

    def pack(self):
        # others may be in use at this moment, by a build elsewhere
        old = sorted((f"{self.top}/{name}" for name in os.listdir(self.top)
                      if ".cpio" in name), key=os.path.getmtime)
        for path in old[:-KEEP_INITRDS]:
            os.unlink(path)
        kmod = os.path.realpath(vmlib.find_tool("modprobe"))
        new = f"{self.initrd}.{os.getpid()}"
        with open(new, "wb") as f:
            c = Cpio(f)
            c.parents("dev/console")
            c.entry("dev/console", 0o020600, rdev=(5, 1))
            c.copy("init", self.guest, 0o100755)
            c.copy("sbin/modprobe", kmod, 0o100755)
            for path in libraries(kmod):
                c.copy(path[1:], path, 0o100755)
            for folder, _, files in os.walk(self.modules):
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    c.copy(path[len(self.top) + 1:], path)
            c.finish()
        os.rename(new, self.initrd)

    def dump(self, plan_dump, *arguments, text=None):
        """Lines of plan-dump -f as {name: [file, ...]}, below self.top."""
        done = subprocess.run([plan_dump, "-l", "-f", "-r", self.top, "-k",
                               self.kernel.release, *arguments], text=True,
                              input=text, stdout=subprocess.PIPE, check=True)
        found = {}
        for line in done.stdout.splitlines():
            name, files = line.split("\t")
            found.setdefault(name, files.split(" "))
        return found

    def plans(self, plan_dump):
        """Of every module.  {name: files}, sorted."""
        return dict(sorted(self.dump(plan_dump, "-a").items()))

    def in_guest(self, files):
        return [f.replace(self.top, "", 1) for f in files]

    def requests(self, plan_dump):
        """What the kernel may ask for by request_module(): {name: files}."""
        names = set()
        for file in ("modules.alias", "modules.symbols"):
            with open(f"{self.modules}/{file}", encoding="ascii") as f:
                names.update(line.split()[1] for line in f
                             if line.startswith("alias "))
        with open(self.modules + "/modules.dep", encoding="ascii") as f:
            names.update(module_name(line.split(":")[0]) for line in f)
        plain = sorted(n for n in names if not re.search(r"[*?\[]", n))
        return self.dump(plan_dump, text="\n".join(plain) + "\n")


class Gone(Exception):
    """The guest has died or does not answer; what it printed."""


class Guest:
    """A booted machine, obeying guest.c's commands.

    Of @state: the machine goes on where another one was when it was saved."""

    def __init__(self, tree, initrd=None, state=None, loglevel=4):
        ours, theirs = socket.socketpair()
        self.line = ours
        self.rest = b""
        self.console = tempfile.TemporaryFile()
        self.control, control = socket.socketpair()
        start = time.monotonic()
        fds = (theirs.fileno(), self.console.fileno(), control.fileno())
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", *options(), "-no-reboot",
             "-kernel", tree.image, "-initrd", initrd or tree.initrd,
             "-append", f"{CMDLINE} loglevel={loglevel}",
             "-chardev", f"file,id=console,path=/dev/fd/{fds[1]}",
             "-serial", "chardev:console",
             "-chardev", f"socket,id=line,fd={fds[0]}",
             "-serial", "chardev:line",
             "-chardev", f"socket,id=control,fd={fds[2]}",
             "-mon", "chardev=control,mode=control",
             *(["-incoming", f"exec:cat {state}"] if state else [])],
            stdin=subprocess.DEVNULL, pass_fds=fds)
        theirs.close()
        control.close()
        try:
            if state:
                self.ask("cat /proc/version", BOOT_SECONDS)
            else:
                self.answer(BOOT_SECONDS)
        except Gone:
            self.close()
            raise
        self.boot_seconds = time.monotonic() - start

    def monitor(self, file, command, **arguments):
        file.write(json.dumps({"execute": command, "arguments": arguments}))
        file.flush()
        while True:
            said = json.loads(file.readline())
            if "return" in said or "error" in said:
                return said.get("return")

    def save(self, path):
        """All of its state; it can go on from there again and again."""
        with self.control.makefile("rw") as file:
            file.readline()
            self.monitor(file, "qmp_capabilities")
            self.monitor(file, "migrate-set-parameters",
                         **{"max-bandwidth": 1 << 34})
            self.monitor(file, "migrate", uri=f"exec:cat >{path}.new")
            while (state := self.monitor(file, "query-migrate")["status"]) \
                    not in ("completed", "failed"):
                time.sleep(0.05)
        if state == "failed":
            raise Gone("not saved")
        os.rename(path + ".new", path)

    def answer(self, seconds):
        """Lines up to the one of a dot."""
        until = time.monotonic() + seconds
        while not (self.rest.endswith(b"\n.\n") or self.rest == b".\n"):
            wait = until - time.monotonic()
            if wait <= 0:
                raise Gone("HANG")
            if select.select([self.line], [], [], wait)[0]:
                try:
                    more = self.line.recv(65536)
                except ConnectionError:
                    more = b""
                if not more:
                    raise Gone("PANIC")
                self.rest += more
        text, self.rest = self.rest, b""
        return text.decode("latin-1").split("\n")[:-2]

    def ask(self, command, seconds=60):
        self.line.sendall(command.encode() + b"\n")
        return self.answer(seconds)

    def printed(self):
        self.console.seek(0)
        return self.console.read()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.line.close()
        self.control.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self.console.close()


def boot(tree, **options):
    """A machine from its start.  The clocks of an emulated one on a busy host
    are such that the kernel gives up sometimes."""
    for _ in range(BOOT_TRIES - 1):
        try:
            return Guest(tree, **options)
        except Gone:
            pass
    return Guest(tree, **options)


class Runner:
    """Loads and unloads modules under QEMU, in a fresh machine where needed."""

    def __init__(self, tree, plans):
        self.tree = tree
        self.plans = plans
        self.guest = None
        self.starts = 0
        self.folder = tempfile.TemporaryDirectory(dir=tree.top)
        self.state = None

    def start(self):
        if not self.state:
            with boot(self.tree) as first:
                first.save(self.folder.name + "/state")
            self.state = self.folder.name + "/state"
        self.guest = Guest(self.tree, state=self.state)
        self.starts += 1

    def end(self):
        """The next module gets a fresh machine."""
        if self.guest:
            self.guest.close()
        self.guest = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        self.folder.cleanup()

    def module(self, name):
        """(verdict, why the machine was given up or "")

        Each is loaded where it was not: EEXIST means that somebody else's
        request was first, which happens when the machine is slow."""
        for _ in range(RACE_TRIES):
            verdict, why = self.once(name)
            if verdict != "EEXIST":
                break
            self.end()
        return verdict, why

    def once(self, name):
        if not self.guest:
            self.start()
        files = " ".join(self.tree.in_guest(self.plans[name]))
        why = ""
        try:
            verdict = self.guest.ask("load " + files, SECONDS.get(
                name, SECONDS_DEFAULT))[-1]
        except Gone as gone:
            verdict = why = str(gone)
        try:
            if not why:
                why = " ".join(self.guest.ask("clean", 120))
        except Gone as gone:
            why = f"unloading: {gone}"
        if verdict.startswith("DIED"):
            why = verdict
        if why:
            self.end()
        return verdict, why


def table_path(series):
    return os.path.join(HERE, f"verdicts-{series}.txt")


def read_table(series):
    """(release, {module: verdict}) of the table in the tree."""
    release, verdicts = "", {}
    with open(table_path(series), encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[:2] == ["#", "kernel:"]:
                release = words[2]
            elif words[0] != "#":
                verdicts[words[0]] = words[1]
    return release, verdicts


def table_took(series):
    """Seconds that the table in the tree has taken."""
    with open(table_path(series), encoding="ascii") as f:
        return int(re.search(r"^# took: (\d+) s", f.read(), re.M)[1])


def hosted(host, tree, plans, requests):
    """({module: verdict}, seconds) of the hosted kernel."""
    with tempfile.NamedTemporaryFile("w", suffix=".aliases") as f:
        for name, files in requests.items():
            files = " ".join(file.lstrip("?") for file in files)
            f.write(f"{name.replace('-', '_')}\t{files}\n")
        f.flush()
        start = time.monotonic()
        done = subprocess.run([host, "batch", tree.image, "--aliases", f.name],
                              input="".join(" ".join(files) + "\n"
                                            for files in plans.values()),
                              text=True, capture_output=True, check=False,
                              errors="replace")
    answers = [line.split(" ", 1)[1] for line in done.stdout.splitlines()]
    vmlib.equal(len(answers), len(plans), done.stderr[-2000:])
    return dict(zip(plans, answers)), time.monotonic() - start
