# The runner itself: every form that a transcript can use.
$ echo hello
hello

$ printf 'a\nb\nc\n'
a
...
c
$ echo "v1.2.3"; echo oops >&2; exit 3
v\d+\.\d+\.\d+ (re)
! oops
[3]
$ printf '# x\n\n[1]\n$ y'
\# x
\
\[1]
\$ y (no-eol)
$ for i in 1 2
> do echo $i; done
1
2
$ echo $DIR/x >f; cat f
\$DIR/x
