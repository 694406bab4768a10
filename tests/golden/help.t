# Help comes from one table; these hold its shape, and the exit status of usage.
$ lkm --version
lkm 0.1.0
$ lkm help
usage: lkm [OPTIONS] VERB [OPTIONS] [ARGUMENTS]
\
Find, resolve, load, configure and explain Linux kernel modules.
\
verbs:
  list       the modules in the kernel
  info       what a module says of itself
  tree       what a module needs, drawn as a tree
  find       which module has this symbol, alias, firmware or file
  config     the rules of modprobe.d and the command line, with file:line
  why        why a module is loaded, what would load it, what stops it
  log        the kernel's log
  plan       the steps that a load would take; nothing is done
  check      would that kernel take this module, and if not why
  load       load modules with all that they need
  unload     unload modules and what only they used
  reload     unload a module with what uses it, and load it all again
  param      parameters of a loaded module, now and for later
  forbid     never load a module, whatever asks for it
  allow      take back what 'lkm forbid' wrote
  index      write the index files of a module tree
  keys       which keys a kernel trusts
  host       a distribution's own kernel in an ordinary process
  vm         run a command under another kernel, in QEMU
  help       show help
\
common options, before or after the verb:
      --root DIR             work on the system below DIR
  -k, --kernel RELEASE       this kernel (host start: or its image)
      --layer DIR            a module directory laid over the kernel's own (repeatable)
      --on live|hosted|vm    which kernel to act on
      --dialect lkm|kmod     resolve as lkm does, or as kmod does
      --json                 print JSON
  -n, --dry-run              do everything but the deed
  -q, --quiet                no notes and warnings
  -v, --verbose              say more (repeatable)
  -h, --help                 show help
  -V, --version              show the version
\
'lkm VERB --help' says more.  Exit status: 0 done, 1 failed, 2 usage, 3 partly done.
$ lkm load --help
usage: lkm load [OPTIONS] NAME [PARAM=VALUE]... [NAME...]
\
NAME is a module, an alias (a modalias, symbol:NAME) or a file (with a '/').  What it
needs is loaded first.  A plan with a missing or forbidden module is refused before
its first step.  When the kernel refuses, the reason is looked up in its log, in the
file and in its settings.  Exit status 3: some were loaded, not all.
\
options:
      --persist              load it at every boot as well
      --timeout SECONDS      wait no longer for one module
      --first-time           fail when it is loaded already
  -b, --blacklist            blacklist lines hold for NAME too
  -i, --ignore-commands      no install lines for NAME itself
  -f, --force                ignore symbol versions and vermagic
      --force-modversion     ignore symbol versions
      --force-vermagic       ignore the version magic
      --fail-alloc N|all     hosted: fail this allocation of its init, in a copy
      --guard                hosted: with guard pages, where one is started
      --gdb                  hosted: gdb on the terminal, stopped at its init
      --gdb-command COMMAND  hosted: gdb does this there (and the next), no prompt
\
common options:
      --root DIR             work on the system below DIR
  -k, --kernel RELEASE       this kernel (host start: or its image)
      --layer DIR            a module directory laid over the kernel's own (repeatable)
      --on live|hosted|vm    which kernel to act on
      --dialect lkm|kmod     resolve as lkm does, or as kmod does
      --json                 print JSON
  -n, --dry-run              do everything but the deed
  -q, --quiet                no notes and warnings
  -v, --verbose              say more (repeatable)
  -h, --help                 show help
  -V, --version              show the version
$ lkm
! usage: lkm [OPTIONS] VERB [OPTIONS] [ARGUMENTS]
!
! Find, resolve, load, configure and explain Linux kernel modules.
!
! verbs:
!   list       the modules in the kernel
!   info       what a module says of itself
!   tree       what a module needs, drawn as a tree
!   find       which module has this symbol, alias, firmware or file
!   config     the rules of modprobe.d and the command line, with file:line
!   why        why a module is loaded, what would load it, what stops it
!   log        the kernel's log
!   plan       the steps that a load would take; nothing is done
!   check      would that kernel take this module, and if not why
!   load       load modules with all that they need
!   unload     unload modules and what only they used
!   reload     unload a module with what uses it, and load it all again
!   param      parameters of a loaded module, now and for later
!   forbid     never load a module, whatever asks for it
!   allow      take back what 'lkm forbid' wrote
!   index      write the index files of a module tree
!   keys       which keys a kernel trusts
!   host       a distribution's own kernel in an ordinary process
!   vm         run a command under another kernel, in QEMU
!   help       show help
!
! common options, before or after the verb:
!       --root DIR             work on the system below DIR
!   -k, --kernel RELEASE       this kernel (host start: or its image)
!       --layer DIR            a module directory laid over the kernel's own (repeatable)
!       --on live|hosted|vm    which kernel to act on
!       --dialect lkm|kmod     resolve as lkm does, or as kmod does
!       --json                 print JSON
!   -n, --dry-run              do everything but the deed
!   -q, --quiet                no notes and warnings
!   -v, --verbose              say more (repeatable)
!   -h, --help                 show help
!   -V, --version              show the version
!
! 'lkm VERB --help' says more.  Exit status: 0 done, 1 failed, 2 usage, 3 partly done.
[2]
$ lkm frobnicate
! lkm: there is no verb 'frobnicate'
!   try:   lkm --help
[2]
$ lkm load
! lkm: which module?
!   try:   lkm load --help
[2]
$ lkm load --timeout
! lkm: option '--timeout' needs an argument
!   try:   lkm load --help
[2]
$ lkm load --timeout soon loop
! lkm: --timeout takes a number, not 'soon'
!   try:   lkm load --help
[2]
$ lkm plan --nonsense loop
! lkm: unknown option '--nonsense'
!   try:   lkm plan --help
[2]
$ lkm load debug=1
! lkm: 'debug=1' has no module before it
!   try:   lkm load --help
[2]
$ lkm --on mars list
! lkm: the kernel to act on is 'live', 'hosted' or 'vm'
!   try:   lkm list --help
[2]
$ lkm generate bash | bash -n && lkm generate zsh | wc -l | grep -c . && lkm generate fish | grep -c 'a load'
1
3
$ lkm generate man | grep -c '^## lkm'
20
