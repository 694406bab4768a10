# A tree of three small modules: indexed, looked at, planned, forbidden.
$ mkdir -p r/lib/modules/1.2.3-t/kernel r/etc/modprobe.d; cd r/lib/modules/1.2.3-t/kernel; for m in 'base export:base_fn:1 export:base_gpl:3:gpl alias=pci:v00001234d*' 'mid need:base_fn:1 export:mid_fn:2' 'top need:mid_fn:2 need:base_fn:1 parm=debug:how%20much parmtype=debug:int firmware=top/fw.bin'; do set -- $m; n=$1; shift; python3 $SRC/tests/common/mkmodule.py "name=$n license=GPL description=The%20$n%20module $*" > $n.ko; done; ls
base.ko
mid.ko
top.ko
$ lkm --root r -k 1.2.3-t index -v
! 3 modules (3 read, 0 from the cache), 11 index files changed
$ cat r/lib/modules/1.2.3-t/modules.dep
kernel/top.ko: kernel/mid.ko kernel/base.ko
kernel/mid.ko: kernel/base.ko
kernel/base.ko:
$ lkm --root r -k 1.2.3-t plan top debug=1
ACTION  MODULE  WHAT                                  OPTIONS  WHY
load    base    r/lib/modules/1.2.3-t/kernel/base.ko           dependency of top
load    mid     r/lib/modules/1.2.3-t/kernel/mid.ko            dependency of top
load    top     r/lib/modules/1.2.3-t/kernel/top.ko   debug=1  target
$ lkm --root r -k 1.2.3-t plan pci:v00001234d00000001 --json
{
  "steps": [
    {
      "action": "load",
      "module": "base",
      "what": "r/lib/modules/1.2.3-t/kernel/base.ko",
      "options": "",
      "note": "target",
      "rule": null,
      "role": "target",
      "wanted-by": null,
      "optional": false
    }
  ]
}
$ lkm --root r -k 1.2.3-t tree top
MODULE    PATH
top       kernel/top.ko
  mid     kernel/mid.ko
    base  kernel/base.ko
$ lkm --root r -k 1.2.3-t tree --reverse base
MODULE  PATH
base    kernel/base.ko
  top   kernel/top.ko
  mid   kernel/mid.ko
$ lkm --root r -k 1.2.3-t find base_fn
KIND    MATCH    MODULE
symbol  base_fn  base
$ lkm --root r -k 1.2.3-t find '*_fn'
KIND    MATCH    MODULE
symbol  base_fn  base
symbol  mid_fn   mid
$ lkm --root r -k 1.2.3-t find --firmware 'top/*'
KIND      MATCH       MODULE
firmware  top/fw.bin  top
$ lkm --root r -k 1.2.3-t find nothing
! error[cli.find.nothing]: nothing in '/lib/modules/1.2.3-t' matches 'nothing'
!   try:   patterns need quotes in the shell: lkm find 'snd*'; --firmware looks there too
[1]
$ lkm --root r -k 1.2.3-t info top
filename     r/lib/modules/1.2.3-t/kernel/top.ko
name         top
license      GPL
description  The top module
firmware     top/fw.bin
compression  none
signature    none
parm         debug:how much (int)
$ lkm --root r -k 1.2.3-t info -F description top mid
The top module
The mid module
$ lkm --root r -k 1.2.3-t plan nosuch
! error[plan.notfound]: nothing in /lib/modules/1.2.3-t is called 'nosuch' or answers to that alias
!   try:   'lkm find nosuch' searches; 'lkm index' if the module is new
[1]
$ lkm --root r -k 1.2.3-t plan nosuch --json
{
  "error": {
    "id": "plan.notfound",
    "text": "nothing in /lib/modules/1.2.3-t is called 'nosuch' or answers to that alias",
    "basis": "none",
    "fields": {
      "name": "nosuch",
      "dir": "/lib/modules/1.2.3-t"
    },
    "while": [],
    "evidence": [],
    "hint": "'lkm find nosuch' searches; 'lkm index' if the module is new"
  }
}
[1]
$ lkm --root r -k 1.2.3-t load top
! error[cli.target.offline]: root 'r' with kernel '1.2.3-t' is not the running system, so nothing can be done in its kernel
!   try:   leave out --root and --kernel, look with 'lkm plan', or run it in 'lkm vm'
[2]
# what the administrator wants
$ printf 'options top debug=2\nalias nice top\nblacklist base\ninstall mid /bin/echo $CMDLINE_OPTS\nnonsense here\n' > r/etc/modprobe.d/a.conf
$ lkm --root r -k 1.2.3-t config
DIRECTIVE  KEY   VALUE                    WHERE
options    top   debug=2                  /etc/modprobe.d/a.conf:1
alias      nice  top                      /etc/modprobe.d/a.conf:2
blacklist  base                           /etc/modprobe.d/a.conf:3
install    mid   /bin/echo $CMDLINE_OPTS  /etc/modprobe.d/a.conf:4
! warning: /etc/modprobe.d/a.conf:5: unknown directive 'nonsense'
$ lkm --root r -k 1.2.3-t -q config top
DIRECTIVE  KEY   VALUE    WHERE
options    top   debug=2  /etc/modprobe.d/a.conf:1
alias      nice  top      /etc/modprobe.d/a.conf:2
$ lkm --root r -k 1.2.3-t -q plan nice debug=3
ACTION   MODULE  WHAT                                  OPTIONS          WHY
load     base    r/lib/modules/1.2.3-t/kernel/base.ko                   dependency of top
install  mid     /bin/echo                                              dependency of top, /etc/modprobe.d/a.conf:4
load     top     r/lib/modules/1.2.3-t/kernel/top.ko   debug=2 debug=3  target, /etc/modprobe.d/a.conf:2
$ lkm --root r -k 1.2.3-t -q plan pci:v00001234d00000001
ACTION   MODULE  WHAT  OPTIONS  WHY
refused  base                   target, /etc/modprobe.d/a.conf:3
! error[plan.blacklisted]: 'base' is blacklisted by /etc/modprobe.d/a.conf:3
!   try:   a blacklist line holds for names that lead to the module by an alias; ask for 'base' itself, or remove the line
[1]
# forbidden: refused before the first step, by every path
$ lkm --root r -k 1.2.3-t -q forbid base
$ cat r/etc/modprobe.d/lkm.conf
\# Made by lkm. Lines that you add here are kept.
\# lkm: forbid base
blacklist base
install base /bin/false
$ lkm --root r -k 1.2.3-t -q plan top
ACTION   MODULE  WHAT                                 OPTIONS  WHY
refused  base                                                  dependency of top, /etc/modprobe.d/lkm.conf:2
install  mid     /bin/echo                                     dependency of top, /etc/modprobe.d/a.conf:4
load     top     r/lib/modules/1.2.3-t/kernel/top.ko  debug=2  target
! error[plan.forbidden.dependency]: 'top' needs 'base', which is forbidden by /etc/modprobe.d/lkm.conf:2
!   try:   'lkm allow base' takes the rule back
[1]
$ lkm --root r -k 1.2.3-t -q plan base
ACTION   MODULE  WHAT  OPTIONS  WHY
refused  base                   target, /etc/modprobe.d/lkm.conf:2
! error[plan.forbidden]: 'base' is forbidden by /etc/modprobe.d/lkm.conf:2
!   try:   'lkm allow base' takes the rule back
[1]
$ lkm --root r -k 1.2.3-t -q plan ./r/lib/modules/1.2.3-t/kernel/base.ko
ACTION   MODULE  WHAT  OPTIONS  WHY
refused  base                   target, /etc/modprobe.d/lkm.conf:2
! error[plan.forbidden]: 'base' is forbidden by /etc/modprobe.d/lkm.conf:2
!   try:   'lkm allow base' takes the rule back
[1]
$ lkm --root r -k 1.2.3-t -q allow base; lkm --root r -k 1.2.3-t -q allow base
! error[policy.forbid.absent]: 'base' is not forbidden by lkm
!   try:   'lkm config' lists the rules there are, with file and line
[1]
# what a file says of itself cannot drive the terminal
$ python3 $SRC/tests/common/mkmodule.py 'name=esc description=red%1b[31m%0aline' > esc.ko; lkm info ./esc.ko -F description; lkm info ./esc.ko --json -F description | grep value; lkm plan $'x\e[31m' --root r -k 1.2.3-t
red\x1b[31m\x0aline
      "value": "red\u001b[31m\nline",
! warning: /etc/modprobe.d/a.conf:5: unknown directive 'nonsense'
! error[plan.notfound]: nothing in /lib/modules/1.2.3-t is called 'x\x1b[31m' or answers to that alias
!   try:   'lkm find x\x1b[31m' searches; 'lkm index' if the module is new
[1]
# damaged files are named
$ printf '\177ELF' > short.ko; lkm info ./short.ko
! error[image.elf.truncated]: './short.ko' is cut short: the ELF header needs 16 bytes at 0, the file has 4
!   try:   fetch or rebuild the file; a partial copy is the usual cause
[1]
$ head -c 100 /dev/zero > zero.ko; lkm info ./zero.ko
! error[image.elf.magic]: './zero.ko' is not an ELF file
!   try:   a module is a .ko file, as the kernel's build makes it
[1]
$ lkm info ./absent.ko
! error[sys.failed]: cannot open './absent.ko': No such file or directory
[1]
# everything that is known of a module, with file:line
$ lkm --root r -k 1.2.3-t -q why base
RELATION       SUBJECT          TEXT  WHERE
blacklist                             /etc/modprobe.d/a.conf:3
modules.alias  pci:v00001234d*        /lib/modules/1.2.3-t/modules.alias
needed-by      top                    /lib/modules/1.2.3-t/modules.dep
needed-by      mid                    /lib/modules/1.2.3-t/modules.dep
$ lkm --root r -k 1.2.3-t -q why nosuch
! error[cli.module.unknown]: '/lib/modules/1.2.3-t' has no module 'nosuch'
!   try:   'lkm find nosuch' looks for aliases and symbols of that name too
[1]
# A letter changes inside an index: that is noticed, and the text file answers.
$ sed -i 's/kernel.mid/kernel\/mix/' r/lib/modules/1.2.3-t/modules.dep.bin; lkm --root r -k 1.2.3-t tree mid
MODULE  PATH
mid     kernel/mid.ko
  base  kernel/base.ko
! warning[tree.index.damaged]: index file '/lib/modules/1.2.3-t/modules.dep.bin' is damaged: it differs from what was written (at byte 0)
!   try:   'lkm index' or 'depmod' writes it anew
$ lkm --root r -k 1.2.3-t index -v; lkm --root r -k 1.2.3-t tree mid
MODULE  PATH
mid     kernel/mid.ko
  base  kernel/base.ko
! 3 modules (3 read, 0 from the cache), 1 index files changed
$ lkm --root r -k 1.2.3-t check top debug=1
FILE                                 FINDING             TEXT
r/lib/modules/1.2.3-t/kernel/top.ko  module.exec.format  'r/lib/modules/1.2.3-t/kernel/top.ko' is not a module that this kernel can take: it has no .gnu.linkonce.this_module
! note: no image of kernel 1.2.3-t was found (--image names one); its own symbols are not checked
[1]
# Without -k: the only kernel that the root has.
$ lkm --root r plan mid
ACTION   MODULE  WHAT                                  OPTIONS  WHY
load     base    r/lib/modules/1.2.3-t/kernel/base.ko           dependency of mid
install  mid     /bin/echo                                      target, /etc/modprobe.d/a.conf:4
! warning: /etc/modprobe.d/a.conf:5: unknown directive 'nonsense'
$ lkm --root r find base_fn
KIND    MATCH    MODULE
symbol  base_fn  base
$ lkm --root r -n index -v
! 3 modules (3 read, 0 from the cache), 0 index files changed
$ mkdir r/lib/modules/1.2.4-t; lkm --root r plan mid 2>&1 | sed "s/$(uname -r)/RUNNING/g"
error[tree.notfound]: there are no modules for kernel RUNNING: '/lib/modules/RUNNING' does not exist
  try:   '/lib/modules' has: 1.2.3-t, 1.2.4-t
