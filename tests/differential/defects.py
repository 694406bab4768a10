#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kmod is known to do wrong, and that lkm does it right: its tools by kmod's
names, and its libkmod.  docs/differences.md has the list.

usage: defects.py LKM LIBDIR

For each it says what the kmod of this machine does, which may be a later one
that has been mended; only what lkm does decides.  Some need to mount."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MKMODULE = os.path.join(HERE, "../common/mkmodule.py")
RELEASE = "1.2.3-t"
NAMES = ("modules.dep", "modules.alias", "modules.symbols", "modules.softdep",
         "modules.devname", "modules.dep.bin", "modules.alias.bin",
         "modules.symbols.bin", "modules.builtin.bin")
CAN_MOUNT = not os.geteuid() and subprocess.run(
    ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
    stderr=subprocess.DEVNULL, check=False).returncode == 0
LKM, LIBDIR = (os.path.abspath(p) for p in sys.argv[1:])
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
# A client of libkmod: what a function gives for a file
CLIENT = """
import ctypes, os, sys
kmod = ctypes.CDLL(sys.argv[1])
for name in ("kmod_new", "kmod_module_get_name", "kmod_list_next"):
    getattr(kmod, name).restype = ctypes.c_void_p
kmod.kmod_new.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
config = (ctypes.c_char_p * 2)(os.fsencode(sys.argv[3]), None)
ctx = ctypes.c_void_p(kmod.kmod_new(os.fsencode(sys.argv[2]), config))
module = ctypes.c_void_p()
kmod.kmod_set_log_priority(ctx, 0)
def fds(): return len(os.listdir("/proc/self/fd"))
"""


class Side:
    """A program under kmod's names, and a library: kmod's or ours."""

    def __init__(self, name, program, library):
        self.name, self.program, self.library = name, program, library

    def run(self, tool, *words, timeout=20, **more):
        """-> exit status, output; -9: it did not end"""
        try:
            done = subprocess.run(
                [tool, *words], executable=self.program, timeout=timeout,
                capture_output=True, check=False, stdin=subprocess.DEVNULL,
                **{"env": ENV, **more})
        except subprocess.TimeoutExpired:
            return -9, b""
        return done.returncode, done.stdout

    def client(self, code, *words):
        """Python that calls the library -> exit status, output"""
        words = list(words) or ["/nosuch"]
        done = subprocess.run(
            [sys.executable, "-c", CLIENT + code, self.library, *words,
             *(["/nosuch"] if len(words) < 2 else [])], env=ENV, timeout=60,
            capture_output=True, check=False)
        return done.returncode, done.stdout.decode().split()


def module(path, recipe):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        subprocess.run([sys.executable, MKMODULE, recipe], stdout=f,
                       check=True)


def make(root, *recipes):
    """-> the module folder of a new tree"""
    folder = f"{root}/lib/modules/{RELEASE}"
    for recipe in ("name=base export:base_fn:1 alias=pci:v00001234d*",
                   "name=top need:base_fn:1", *recipes):
        name = recipe.split("name=")[1].split()[0]
        module(f"{folder}/kernel/{name}.ko", recipe + " license=GPL")
    for name in ("order", "builtin", "builtin.modinfo"):
        with open(f"{folder}/modules.{name}", "wb"):
            pass
    return folder


def read(path):
    with open(path, "rb") as f:
        return f.read()


def sums(folder):
    return {name: hashlib.sha256(read(f"{folder}/{name}")).hexdigest()
            for name in NAMES if os.path.exists(f"{folder}/{name}")}


def full_disk(side, tmp):
    """depmod on a full disk: the old files stay as they are"""
    if not CAN_MOUNT:
        return None
    recipes = [f"name=m{i} " + " ".join(
        f"alias=pci:v{i:08x}d{j:08x}*" for j in range(300)) for i in range(60)]
    folder = make(tmp, *recipes)
    script = f"""
mount -t tmpfs -o size=64m none {tmp}/disk && cp -r {tmp}/lib {tmp}/disk &&
"$0" -b {tmp}/disk {RELEASE} && sha256sum {tmp}/disk{folder[len(tmp):]}/mod* &&
cp {tmp}/new.ko {tmp}/disk{folder[len(tmp):]}/kernel/ && echo == &&
used=$(df --output=used -k {tmp}/disk | tail -n 1) &&
mount -o remount,size=$((used + 600))k {tmp}/disk && {{
"$0" -b {tmp}/disk {RELEASE} && echo "no error"
sha256sum {tmp}/disk{folder[len(tmp):]}/mod*; }}"""
    module(tmp + "/new.ko", "name=new alias=new:*")
    os.makedirs(tmp + "/disk")
    os.symlink(side.program, tmp + "/depmod")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script,
                           tmp + "/depmod"], capture_output=True, env=ENV,
                          check=False)
    before, after = done.stdout.split(b"==\n")
    return before == after


def byte_in_alias(side, tmp):
    """an alias that is not ASCII: the other modules are indexed, no file is
    left behind"""
    folder = make(tmp, "name=odd alias=caf%C3%A9:*", "name=zz alias=last:*")
    side.run("depmod", "-b", tmp, RELEASE)
    return all(os.path.exists(f"{folder}/{n}") for n in NAMES) and \
        b"alias last:* zz" in read(folder + "/modules.alias") and \
        not [n for n in os.listdir(folder) if "mpfile" in n]


def broken_elf(side, tmp):
    """a malformed ELF file: an error, no abort; also in the library"""
    path = tmp + "/x.ko"
    module(path, "name=x license=GPL @set:e_shstrndx=65000")
    code = """
kmod.kmod_module_new_from_path(ctx, os.fsencode(sys.argv[4]),
                               ctypes.byref(module))
head = ctypes.c_void_p()
print(kmod.kmod_module_get_info(module, ctypes.byref(head)))
"""
    status, _ = side.run("modinfo", path)
    ended, said = side.client(code, "/nosuch", "/nosuch", path)
    return status == 1 and ended == 0 and int(said[0]) < 0


PROBE = """
kmod.kmod_module_new_from_name(ctx, sys.argv[4].encode(), ctypes.byref(module))
print(kmod.kmod_module_probe_insert_module(module, 0, None, None, None, None))
"""


def rules(tmp, text):
    with open(tmp + "/rules.conf", "w", encoding="ascii") as f:
        f.write(text)
    return tmp + "/rules.conf"


def killed_command(side, tmp):
    """an install command that a signal ends has failed"""
    folder = make(tmp)
    conf = rules(tmp, "install base kill -9 $$\n")
    side.run("depmod", "-b", tmp, RELEASE)
    status, _ = side.run("modprobe", "-d", tmp, "-S", RELEASE, "-C", conf,
                         "base")
    ended, said = side.client(PROBE, folder, conf, "base")
    return status == 1 and ended == 0 and int(said[0]) < 0


def softdep_install(side, tmp):
    """a softdep does not switch an install line off"""
    folder = make(tmp, "name=solo")
    conf = rules(tmp, f"softdep solo post: base\n"
                 f"install solo touch {tmp}/ran; false\n")
    side.run("depmod", "-b", tmp, RELEASE)
    _, said = side.run("modprobe", "-d", tmp, "-S", RELEASE, "-C", conf, "-D",
                       "solo")
    ended, _ = side.client(PROBE, folder, conf, "solo")
    return b"install touch" in said and b"solo.ko" not in said and \
        ended == 0 and os.path.exists(tmp + "/ran")


def softdeps_merged(side, tmp):
    """all softdep lines of a module count, whatever their files are called"""
    make(tmp, "name=one", "name=two", "name=soft softdep=pre:%20one")
    side.run("depmod", "-b", tmp, RELEASE)
    os.makedirs(tmp + "/etc/modprobe.d")
    with open(tmp + "/etc/modprobe.d/zz.conf", "w", encoding="ascii") as f:
        f.write("softdep soft pre: two\n")
    if side.name == "kmod":
        _, said = side.run("modprobe", "-C", tmp + "/etc/modprobe.d", "-d",
                           tmp, "-S", RELEASE, "-D", "soft")
    else:
        # In lkm's own dialect; the names do as kmod does.
        _, said = side.run("lkm", "--root", tmp, "-k", RELEASE, "plan", "soft")
    return b"one" in said and b"two" in said


def link_cycle(side, tmp):
    """folders that are links to themselves: depmod ends"""
    folder = make(tmp)
    os.symlink(".", folder + "/kernel/a")
    os.symlink(".", folder + "/kernel/b")
    status, _ = side.run("depmod", "-b", tmp, RELEASE,
                         timeout=3 if side.name == "kmod" else 20)
    return status == 0 and b"top.ko" in read(folder + "/modules.dep")


def other_root(side, tmp):
    """of another root neither the rules nor the command line are this
    machine's"""
    if not CAN_MOUNT:
        return None
    folder = make(tmp)
    for kind, text in (("modprobe.d", "options top from=host\n"),
                       ("depmod.d", "exclude base.ko\n")):
        os.makedirs(f"{tmp}/host/{kind}")
        with open(f"{tmp}/host/{kind}/a.conf", "w", encoding="ascii") as f:
            f.write(text)
    with open(tmp + "/cmdline", "w", encoding="ascii") as f:
        f.write("top.line=1\n")
    script = f"""
mkdir -p /etc/modprobe.d /etc/depmod.d
mount --bind {tmp}/host/modprobe.d /etc/modprobe.d &&
mount --bind {tmp}/host/depmod.d /etc/depmod.d &&
mount --bind {tmp}/cmdline /proc/cmdline || exit 99
{tmp}/depmod -b {tmp} {RELEASE}
{tmp}/modprobe -d {tmp} -S {RELEASE} -D top; cat {folder}/modules.dep"""
    for tool in ("depmod", "modprobe"):
        os.symlink(side.program, f"{tmp}/{tool}")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], check=False,
                          capture_output=True, env=ENV)
    assert done.returncode != 99, done.stderr
    return b"from=host" not in done.stdout and \
        b"line=1" not in done.stdout and b"kernel/base.ko:" in done.stdout


def pipe_as_module(side, tmp):
    """a file that cannot be seeked: an errno of its own, no descriptor lost"""
    code = """
read_end, write_end = os.pipe()
os.write(write_end, b"\\x7fELF" * 100)
os.close(write_end)
before = fds()
kmod.kmod_module_new_from_path(ctx, b"/proc/self/fd/%d" % read_end,
                               ctypes.byref(module))
head = ctypes.c_void_p()
rc = kmod.kmod_module_get_info(module, ctypes.byref(head))
kmod.kmod_module_unref(module)
print(rc, fds() - before)
"""
    ended, said = side.client(code)
    return ended == 0 and len(said) == 2 and int(said[0]) < -1 and \
        said[1] == "0"


def quick_notices(side, tmp):
    """depmod -A notices a module that is gone, and one with an older time"""
    folder = make(tmp)
    side.run("depmod", "-b", tmp, RELEASE)
    os.unlink(folder + "/kernel/top.ko")
    side.run("depmod", "-A", "-b", tmp, RELEASE)
    gone = b"top" not in read(folder + "/modules.dep")
    module(folder + "/kernel/old.ko", "name=old license=GPL")
    os.utime(folder + "/kernel/old.ko", (1000000000, 1000000000))
    side.run("depmod", "-A", "-b", tmp, RELEASE)
    return gone and b"old" in read(folder + "/modules.dep")


DEFECTS = [full_disk, byte_in_alias, broken_elf, killed_command,
           softdep_install, softdeps_merged, link_cycle, other_root,
           pipe_as_module, quick_notices]


def main():
    kmod = next((p for p in ("/bin/kmod", "/usr/bin/kmod")
                 if os.path.exists(p)), None)
    sides = [Side("lkm", LKM, LIBDIR + "/libkmod.so.2")]
    if kmod:
        sides.insert(0, Side("kmod", kmod, "libkmod.so.2"))
    bad = 0
    for defect in DEFECTS:
        words = {}
        for side in sides:
            with tempfile.TemporaryDirectory() as tmp:
                words[side.name] = defect(side, tmp)
        ours = words.pop("lkm")
        bad += ours is False
        text = " ".join(defect.__doc__.split())
        print(f"{'not ok' if ours is False else 'ok'} - {text}"
              f"{'' if ours is not None else ' # SKIP needs to mount'}")
        print(f"#   kmod here: {words}", flush=True)
    sys.exit(1 if bad else 0)


main()
