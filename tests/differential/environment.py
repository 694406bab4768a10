#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The environments that kmod's tools live in: fakechroot, libraries that stand
before the module system calls, a closed stderr, and the variables that they
read and set.  The same commands with Debian's kmod and with lkm.

usage: environment.py LKM INTERPOSER

What is printed, the exit status, the files that are written and the calls that
an interposing library sees must be the same.  What is not here is left out;
without kmod 30: skipped (77)."""

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile

from compat import kmod30, relaxed

HERE = os.path.dirname(os.path.abspath(__file__))
MKMODULE = os.path.join(HERE, "../common/mkmodule.py")
TOOLS = ("lsmod", "insmod", "rmmod", "modprobe", "modinfo", "depmod")
RELEASE = "1.2.3-t"
TEXTS = ("modules.dep", "modules.alias", "modules.symbols", "modules.softdep",
         "modules.devname")
NOBODY = 65534
MODULES = ("base export:base_fn:1 alias=pci:v00001234d*",
           "mid need:base_fn:1 export:mid_fn:2",
           "top need:mid_fn:2 need:base_fn:1 alias=top-alias")
CONF = """\
options top debug=1
install shown echo "$MODPROBE_MODULE [$MODPROBE_OPTIONS]" $CMDLINE_OPTS
install nested MODPROBE -i -v mid x=$CMDLINE_OPTS
install silent MODPROBE nosuch
alias many* base
alias many* mid
"""

FAKECHROOT = """\
depmod 1.2.3-t
depmod -a 1.2.3-t
depmod -A 1.2.3-t
depmod -n 1.2.3-t
modprobe -S 1.2.3-t -D top
modprobe -S 1.2.3-t -D pci:v00001234d1
modprobe -S 1.2.3-t -R top-alias
modprobe -S 1.2.3-t -c
modprobe -S 1.2.3-t nosuch
modinfo -k 1.2.3-t top
modinfo -k 1.2.3-t -n base
modinfo /lib/modules/1.2.3-t/kernel/mid.ko
modprobe --show-exports /lib/modules/1.2.3-t/kernel/mid.ko
modprobe -d /image -S 1.2.3-t -D mid
depmod -b /image 1.2.3-t
modinfo -b /image -k 1.2.3-t top
""".splitlines()

# The calls that they make: as told by the interposer
CALLS = """\
modprobe -D top
modprobe top
modprobe -v top p="1 2"
modprobe -f top
modprobe --force-vermagic mid
modprobe -a base mid
modprobe many1
modprobe pci:v00001234d1
modprobe -q -- pci:v00001234d1
modprobe -q -- nosuch
modprobe shown a=1 b="x y"
modprobe -q -v -C conf shown
modprobe nested 7
modprobe silent
modprobe -q silent
modprobe -s nosuch
modprobe -s silent
modprobe -sq silent
insmod ROOT/lib/modules/1.2.3-t/kernel/base.ko a=b c
insmod -f ROOT/lib/modules/1.2.3-t/kernel/base.ko
rmmod -f base
rmmod -fs nosuch
depmod -n
modinfo top
""".splitlines()

# Nobody reads stderr: the system log does.
CLOSED = """\
modprobe nosuch
modprobe silent
modprobe -q nosuch
rmmod nosuch
insmod /nosuch.ko
depmod 9.9.9
""".splitlines()


class Judge:
    """Runs a command with either program, and compares."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.bad = 0

    def differ(self, what, kmod, lkm):
        self.count += 1
        if os.environ.get("SHOW"):
            print(f"{what}: {lkm}")
        if kmod != lkm:
            self.bad += 1
            print(f"not ok - {what}:\n  kmod {kmod}\n  lkm  {lkm}")

    def root(self, which):
        return os.path.join(self.folder, which)


def make_root(folder, program):
    """A root with modules, rules and the program under its names."""
    kernel = f"{folder}/lib/modules/{RELEASE}/kernel"
    for name in ("usr/sbin", "etc/modprobe.d", "usr/lib", "proc", "mnt"):
        os.makedirs(f"{folder}/{name}")
    os.symlink("usr/sbin", f"{folder}/sbin")
    os.symlink("usr/lib", f"{folder}/lib")
    os.makedirs(kernel)
    for text in MODULES:
        with open(f"{kernel}/{text.split()[0]}.ko", "wb") as f:
            subprocess.run([sys.executable, MKMODULE,
                            f"name={text.split()[0]} license=GPL "
                            + text.split(" ", 1)[1]], stdout=f, check=True)
    for name in ("order", "builtin", "builtin.modinfo"):
        with open(f"{kernel}/../modules.{name}", "wb"):
            pass
    with open(f"{folder}/etc/modprobe.d/a.conf", "w", encoding="ascii") as f:
        f.write(CONF.replace("MODPROBE ", f"{folder}/sbin/modprobe "))
    shutil.copy(program, f"{folder}/usr/sbin/program")
    for tool in TOOLS:
        os.symlink("program", f"{folder}/usr/sbin/{tool}")
    # A tree of another machine in it
    shutil.copytree(f"{folder}/usr/lib/modules",
                    f"{folder}/image/lib/modules")
    subprocess.run(["/usr/sbin/depmod", "-b", f"{folder}/image", RELEASE],
                   check=True)


def clean(data, root):
    data = relaxed(data).replace(root.encode(), b"ROOT")
    return data.decode(errors="replace")


def fakechroot(j):
    """As mmdebstrap does it: nobody is root, and nothing is mounted."""
    if not shutil.which("fakechroot"):
        print("fakechroot: left out, it is not installed")
        return
    for name in ("kmod", "lkm"):
        subprocess.run(["chmod", "-R", "a+rwX", j.root(name)], check=True)
    command = ["fakechroot", "chroot"]
    if not os.geteuid():
        command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] + command
    for line in FAKECHROOT:
        words = line.split()
        out = []
        for name in ("kmod", "lkm"):
            done = subprocess.run(
                command + [j.root(name), "/sbin/" + words[0]] + words[1:],
                capture_output=True, check=False, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
            out.append((done.returncode, clean(done.stdout, j.root(name)),
                        clean(done.stderr, j.root(name))))
        j.differ("fakechroot: " + line, *out)
    for folder in ("lib/modules", "image/lib/modules"):
        for name in TEXTS:
            j.differ(f"fakechroot: {folder} {name}", True, filecmp.cmp(
                *(f"{j.root(x)}/{folder}/{RELEASE}/{name}"
                  for x in ("kmod", "lkm")), shallow=False))


def interposed(j, interposer, commands, closed, more=None):
    log = os.path.join(j.folder, "log")
    for line in commands:
        out = []
        for name in ("kmod", "lkm"):
            root = j.root(name)
            words = line.replace("ROOT", root).split(" ")
            with open(log, "w", encoding="ascii"):
                pass
            # /lib/modules and the rules are the made ones, whatever there is
            script = f"""
mount -t tmpfs none {root}/mnt && mkdir {root}/mnt/work {root}/mnt/upper &&
cp -r {root}/lib/modules {root}/mnt/upper &&
mount -t overlay none -o lowerdir=/usr/lib,upperdir={root}/mnt/upper,\\
workdir={root}/mnt/work /usr/lib &&
mount --bind {root}/etc/modprobe.d /etc/modprobe.d || exit 99
LD_PRELOAD={interposer} INTERPOSE_LOG={log} INTERPOSE_RELEASE={RELEASE} \\
exec {root}/sbin/"$@" {"2>&-" if closed else ""}"""
            done = subprocess.run(
                ["unshare", "-m", "sh", "-c", script, "sh"] + words,
                capture_output=True, check=False, cwd=j.folder,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                     **(more or {})})
            with open(log, "rb") as f:
                calls = clean(f.read(), root).split()
            assert done.returncode != 99, done.stderr
            out.append((done.returncode, clean(done.stdout, root),
                        clean(done.stderr, root), calls))
        j.differ(f"interposed{' 2>&-' if closed else ''}: {line} "
                 f"{more or ''}", *out)


def can_mount(folder):
    """Root may lack the right to it, in a container."""
    script = f"""mount -t tmpfs none {folder} && mkdir {folder}/a {folder}/b &&
mount -t overlay none -o lowerdir=/usr/lib,upperdir={folder}/a,\\
workdir={folder}/b /usr/lib"""
    os.makedirs(folder)
    return not os.geteuid() and subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True,
        check=False).returncode == 0


def lsmod_opens(j):
    """lsmod of many modules makes no more calls than of few."""
    if not shutil.which("strace"):
        print("lsmod: left out, it needs strace")
        return
    calls = []
    for count in (3, 1000):
        script = f"""
mount -t tmpfs none /proc && cp {j.folder}/modules /proc/modules || exit 99
exec strace -f -e trace=%file -o {j.folder}/trace {j.root('lkm')}/sbin/lsmod"""
        with open(j.folder + "/modules", "w", encoding="ascii") as f:
            f.writelines(f"m{i} 16384 0 - Live 0x0\n" for i in range(count))
        done = subprocess.run(["unshare", "-m", "sh", "-c", script],
                              capture_output=True, check=True)
        assert done.stdout.count(b"\n") == count + 1, done
        with open(j.folder + "/trace", encoding="utf-8") as f:
            calls.append(sum("(" in line for line in f))
    j.differ("lsmod: calls that name a file, of 3 modules and of 1000",
             *calls)


def main():
    lkm, interposer = (os.path.abspath(p) for p in sys.argv[1:])
    kmod = kmod30.demand()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        j = Judge(folder)
        make_root(j.root("kmod"), kmod)
        make_root(j.root("lkm"), lkm)
        os.makedirs(folder + "/conf")
        with open(folder + "/conf/a.conf", "w", encoding="ascii") as f:
            f.write(CONF)
        fakechroot(j)
        if not can_mount(folder + "/probe"):
            print("interposed and lsmod: left out, they need to mount")
        else:
            interposed(j, interposer, CALLS, False)
            interposed(j, interposer, [c for c in CALLS if " -" not in c], False,
                       {"INTERPOSE_ENOSYS": "1"})
            interposed(j, interposer, ["modprobe top", "modprobe shown"],
                       False, {"MODPROBE_OPTIONS": "-v -i"})
            interposed(j, interposer, CLOSED, True)
            lsmod_opens(j)
        print(f"{j.count} compared, {j.bad} differ")
        sys.exit(1 if j.bad else 0)


main()
