# kmod's names: what is newer than kmod 30, and where lkm differs on purpose.
$ mkdir -p b r/lib/modules/1.2.3-t/kernel c; for t in modprobe modinfo depmod lsmod insmod rmmod kmod; do ln -s "$LKM" b/$t; done; cd r/lib/modules/1.2.3-t/kernel; for m in 'base export:base_fn:1 alias=a:*' 'top need:base_fn:1 weakdep=base softdep=pre:%20base%20post:%20other'; do set -- $m; n=$1; shift; python3 $SRC/tests/common/mkmodule.py "name=$n license=GPL $*" > $n.ko; done
$ cd r/lib/modules/1.2.3-t; echo kernel/base.ko >modules.order; touch modules.builtin modules.builtin.modinfo
$ b/depmod -b r 1.2.3-t
$ b/modprobe -d r -S 1.2.3-t -c
softdep top pre: base post: other
weakdep top base
\
\# End of configuration files. Dumping indexes now:
\
alias a:* base
alias symbol:base_fn base
$ b/modprobe -d r -S 1.2.3-t --show-alias a:1
base
$ b/modprobe -d r -S 1.2.3-t -D ./r/lib/modules/1.2.3-t/kernel/top.ko
insmod $DIR/r/lib/modules/1.2.3-t/kernel/base.ko 
insmod $DIR/r/lib/modules/1.2.3-t/kernel/base.ko 
insmod ./r/lib/modules/1.2.3-t/kernel/top.ko 
$ LKM_EXPLAIN=1 b/modprobe -d r -S 1.2.3-t nosuch
! modprobe: FATAL: Module nosuch not found in directory $DIR/r/lib/modules/1.2.3-t
! error[plan.notfound]: nothing in /lib/modules/1.2.3-t is called 'nosuch' or answers to that alias
!   try:   'lkm find nosuch' searches; 'lkm index' if the module is new
[1]
$ LKM_EXPLAIN=1 b/modprobe -q -d r -S 1.2.3-t nosuch
[1]
$ b/depmod -b r -o out 1.2.3-t && ls out/lib/modules/1.2.3-t | head -n 3
modules.alias
modules.alias.bin
modules.builtin.alias.bin
$ mkdir -p r/usr/other && cp -r r/lib/modules/1.2.3-t r/usr/other/ && b/depmod -b r -m usr/other 1.2.3-t && cat r/usr/other/1.2.3-t/modules.dep
kernel/base.ko:
kernel/top.ko: kernel/base.ko
$ b/lsmod --help
Usage:
	lsmod [options]
Options:
	-s, --syslog      print to syslog, not stderr
	-v, --verbose     enables more messages
	-V, --version     show version
	-h, --help        show this help
$ b/kmod -V
kmod version 34
\+ZSTD .*\+LKM (re)
$ lkm generate man rmmod | head -n 12
rmmod(8)
\
\# NAME
\
rmmod - unload modules
\
\# SYNOPSIS
\
*rmmod* [OPTIONS] NAME...
\
\# DESCRIPTION
\
$ lkm generate bash kmod | tail -n 1
complete -F _lkm_kmod depmod insmod kmod lsmod modinfo modprobe rmmod
$ echo 'install base kill -9 $$' >c/a.conf; b/modprobe -d r -S 1.2.3-t -C c base 2>&1 | head -n 1
modprobe: ERROR: Error running install command 'kill -9 $$' for module base: killed by SIGKILL
$ echo 'foo bar' >>c/a.conf; b/modprobe -d r -S 1.2.3-t -C c -R top
! modprobe: ERROR: c/a.conf line 2: unknown directive 'foo'
top
$ KMOD_LOG=0 b/modprobe -d r -S 1.2.3-t -C c -R top
top
$ KMOD_LOG=info b/modinfo -b r -k 1.2.3-t nosuch 2>&1 | head -n 2
modinfo: ERROR: Module nosuch not found.
error[plan.notfound]: nothing in /lib/modules/1.2.3-t is called 'nosuch' or answers to that alias
