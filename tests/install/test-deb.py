#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Debian without kmod: our package takes its place in a chroot, a kernel is
installed, initramfs images are made; then kmod comes back.  And nobody builds
an image with a kernel and our package in fakechroot.

usage: test-deb.py SOURCE-FOLDER

Needs root and the network; the chroot's base and its packages are kept in
$LKM_CACHE/debian for a week.  Prints TAP."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.abspath(sys.argv[1])
CACHE = os.environ.get("LKM_CACHE") or os.path.expanduser("~/.cache/lkm-tests")
KEPT = os.path.join(CACHE, "debian")
SUITE = "bookworm"
PACKAGES = "apt-utils,kmod,libkmod2,udev,pciutils,initramfs-tools,dracut-core"
WEEK = 7 * 24 * 3600
KERNEL = "linux-image-amd64"
NOBODY = 65534
# What is not the state of the system
VOLATILE = ("var/lib/dpkg", "var/lib/apt", "var/log", "var/cache/apt",
            "var/cache/ldconfig", "var/cache/debconf", "proc", "sys", "dev",
            "tmp", "run", "etc/ld.so.cache", "etc/resolv.conf",
            "usr/share/mime", "var/lib/initramfs-tools", "root", "boot",
            "archives")
count = 0


def run(*command, env=None, check=True):
    done = subprocess.run(command, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env=env, check=False,
                          errors="replace")
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n"
                             + (done.stdout + done.stderr)[-3000:])
    return done


def mirror():
    """That of this machine, so that a mirror in use is kept to."""
    for line in run("apt-cache", "policy", check=False).stdout.split():
        if line.startswith("http") and line.rstrip("/").endswith("/debian"):
            return line
    return "http://deb.debian.org/debian"


def base():
    """A tar file of a small system with kmod and what uses it."""
    name = os.path.join(KEPT, f"{SUITE}.tar")
    if os.path.exists(name) and time.time() - os.stat(name).st_mtime < WEEK:
        return name
    os.makedirs(KEPT, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        root = os.path.join(folder, "root")
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}",
            SUITE, root, mirror())
        run("tar", "-C", root, "-cf", name + ".part", ".")
    os.rename(name + ".part", name)
    return name


class Chroot:
    def __init__(self, root):
        self.root = root
        run("tar", "-C", root, "-xf", base())
        self.archives = os.path.join(KEPT, "archives")
        os.makedirs(self.archives + "/partial", exist_ok=True)
        os.makedirs(root + "/archives")
        shutil.copy("/etc/resolv.conf", root + "/etc/resolv.conf")
        with open(root + "/etc/apt/sources.list", "w", encoding="ascii") as f:
            f.write(f"deb {mirror()} {SUITE} main\n")
        with open(root + "/usr/sbin/policy-rc.d", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexit 101\n")
        os.chmod(f.name, 0o755)
        with open(root + "/etc/initramfs-tools/conf.d/test", "w",
                  encoding="ascii") as f:
            f.write("MODULES=most\nCOMPRESS=gzip\n")
        self.mounted = []
        for source, target in (("/proc", "/proc"), ("/dev", "/dev"),
                               ("/sys", "/sys"), (self.archives, "/archives")):
            run("mount", "--bind", source, root + target)
            self.mounted.append(root + target)
        run("mount", "--make-rslave", root + "/dev")

    def close(self):
        for target in reversed(self.mounted):
            run("umount", "-l", target)

    def run(self, *command, check=True):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
        return run("chroot", self.root, *command, env=env, check=check)

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends",
                        "-o", "Dir::Cache::archives=/archives", *words)

    def files(self):
        """Every file that is not volatile, with what it links to."""
        found = set()
        for folder, folders, names in os.walk(self.root):
            place = os.path.relpath(folder, self.root)
            folders[:] = [d for d in folders if os.path.normpath(
                os.path.join(place, d)) not in VOLATILE]
            for name in names + [d for d in folders if os.path.islink(
                    os.path.join(folder, d))]:
                path = os.path.join(folder, name)
                line = os.path.relpath(path, self.root)
                if line in VOLATILE or "lib/modules/" in line:
                    continue
                if os.path.islink(path):
                    line += " -> " + os.readlink(path)
                found.add(line)
        return found

    def release(self):
        return os.listdir(self.root + "/lib/modules")[0]

    def image_modules(self, image):
        """The modules in an initramfs, and whether it has a modprobe."""
        names = self.run("sh", "-c", f"lsinitramfs {image}").stdout.split()
        return (sorted(n for n in names if ".ko" in n),
                any(n.endswith("/modprobe") for n in names))

    def dracut(self):
        image = "/tmp/dracut.img"
        self.run("dracut", "--force", "--no-hostonly", "--kver",
                 self.release(), image)
        return self.image_modules(image)


def test(name, fn, *args):
    global count    # pylint: disable=global-statement
    count += 1
    try:
        ret = fn(*args)
    except AssertionError as e:
        print(f"not ok {count} - {name}")
        print("".join(f"# {line}\n" for line in str(e).splitlines()), end="")
        sys.exit(1)
    print(f"ok {count} - {name}", flush=True)
    return ret


def replaced(c, deb):
    shutil.copy(deb, c.root + "/root/")
    pages = [line for line in c.run("dpkg", "-L", "kmod").stdout.split()
             if re.match(r"/usr/share/man/man\d/.*gz$", line)]
    assert pages, "kmod has no manual"
    c.apt("install", "/root/" + os.path.basename(deb))
    assert not c.run("dpkg", "--audit").stdout, "dpkg --audit"
    c.run("apt-get", "check")
    status = c.run("dpkg-query", "-W", "-f",
                   "${db:Status-Status} ", "kmod", "libkmod2",
                   check=False).stdout
    assert "installed" not in status.split(), status
    for name in ("modprobe", "depmod", "lsmod", "modinfo", "insmod", "rmmod",
                 "kmod"):
        where = c.run("sh", "-c", f"readlink -f $(command -v {name})").stdout
        assert where.strip().endswith("/lkm"), (name, where)
    for page in pages:
        assert c.run("zcat", page).stdout.startswith("."), page
    out = c.run("modprobe", "--version").stdout
    assert "kmod" in out, out
    c.run("lspci", "-k", check=True)


def kernel(c):
    out = c.apt("install", KERNEL).stdout
    folder = f"{c.root}/lib/modules/{c.release()}"
    for name in ("modules.dep", "modules.dep.bin", "modules.alias.bin"):
        assert os.path.getsize(f"{folder}/{name}") > 1000, name
    assert not c.run("dpkg", "--audit").stdout, "dpkg --audit"
    assert "warning" not in out.lower().replace("possible missing firmware",
                                                ""), out[-3000:]


def indexes(c):
    folder = f"{c.root}/lib/modules/{c.release()}"
    texts = {}
    for name in ("modules.dep", "modules.alias", "modules.symbols",
                 "modules.softdep", "modules.devname"):
        with open(f"{folder}/{name}", encoding="utf-8") as f:
            texts[name] = f.read()
    return texts


def images(c):
    release = c.release()
    c.run("update-initramfs", "-u", "-k", release)
    debian = c.image_modules(f"/boot/initrd.img-{release}")
    dracut = c.dracut()
    for modules, has_modprobe in (debian, dracut):
        assert len(modules) > 100 and has_modprobe, (len(modules),
                                                     has_modprobe)
    return debian, dracut


def runs_inside(c):
    """modprobe in the image finds its libraries, and its modules."""
    release = c.release()
    c.run("sh", "-c", "rm -rf /tmp/i && mkdir /tmp/i && cd /tmp/i && "
          f"unmkinitramfs /boot/initrd.img-{release} .")
    root = "/tmp/i/main" if os.path.isdir(c.root + "/tmp/i/main") else "/tmp/i"
    done = c.run("chroot", root, "/sbin/modprobe", "-S", release, "-D", "ext4")
    assert "ext4.ko" in done.stdout and "insmod" in done.stdout, done


def back(c):
    c.apt("install", "kmod", "libkmod2")
    c.run("apt-get", "purge", "-q", "-y", "lkm")
    assert not c.run("dpkg", "--audit").stdout, "dpkg --audit"
    c.run("apt-get", "check")
    where = c.run("sh", "-c", "readlink -f /sbin/modprobe").stdout
    assert where.strip().endswith("/kmod"), where


def fakechroot(deb, folder):
    """mmdebstrap, as nobody: depmod and modprobe run in the image."""
    os.chmod(folder, 0o777)
    shutil.copy(deb, folder)
    inside = ("apt-get -q -y --no-install-recommends install /tmp/lkm_*.deb "
              f"{KERNEL} tiny-initramfs && R=$(ls /lib/modules) && "
              "modprobe -S $R -D dm_crypt && modinfo -k $R -n dm_crypt && "
              "ls /lib/modules/$R/modules.dep.bin")
    done = run("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
               "--clear-groups", "mmdebstrap", "--mode=fakechroot",
               "--variant=minbase", "--customize-hook=copy-in "
               f"{folder}/{os.path.basename(deb)} /tmp",
               f"--customize-hook=chroot \"$1\" sh -c '{inside}'", SUITE,
               folder + "/image.tar", mirror(),
               env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder,
                    "TMPDIR": folder})
    for line in (r"^insmod /lib/modules/\S*/dm-mod.ko",
                 r"^/lib/modules/\S*/dm-crypt.ko",
                 r"^/lib/modules/\S*/modules.dep.bin"):
        assert re.search(line, done.stdout + done.stderr, re.M), (line, done)


def same(ours, theirs):
    for a, b, what in zip(ours, theirs, ("initramfs-tools", "dracut")):
        less, more = set(b[0]) - set(a[0]), set(a[0]) - set(b[0])
        assert not less and not more, (what, less, more)


# Of the kernel's own packages, which stay installed
KERNEL_WORDS = ("linux-base", "linux-image", "linux-update-symlinks",
                "linux-version", "linux-check-removal", "vmlinuz", "initrd.img",
                "linux-perf", "kernel-img")


def no_trace(before, after):
    more = sorted(f for f in after - before
                  if not any(word in f for word in KERNEL_WORDS))
    less = sorted(before - after)
    assert not more and not less, f"left: {more[:20]}, gone: {less[:20]}"


def main():
    if os.geteuid() or not shutil.which("debootstrap"):
        print("1..0 # SKIP root and debootstrap are needed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as out, \
            tempfile.TemporaryDirectory() as root:
        deb = test("a package is built", lambda: run(
            SOURCE + "/tools/build-deb", out).stdout.strip())
        if shutil.which("mmdebstrap"):
            with tempfile.TemporaryDirectory() as image:
                test("an image is built in fakechroot", fakechroot, deb,
                     image)
        c = Chroot(root)
        try:
            c.apt("update")
            before = c.files()
            test("it takes the place of kmod", replaced, c, deb)
            test("a kernel installs, its scripts run", kernel, c)
            ours = indexes(c)
            made = test("initramfs images are made", images, c)
            test("the image's modprobe works", runs_inside, c)
            test("kmod comes back", back, c)
            c.run("depmod", c.release())
            test("the indexes are the same", lambda: None if indexes(c) == ours
                 else (_ for _ in ()).throw(AssertionError("they differ")))
            theirs = images(c)
            test("the images hold the same modules", same, made, theirs)
            test("nothing of ours is left", no_trace, before, c.files())
        finally:
            c.close()
    print(f"1..{count}")


main()
