# The checkers of tools/ find what they are there for.
$ mkdir -p src/tree src/plan src/diag/catalogue include/lkm docs/errors tests
> cat >src/tree/a.c <<'END'
> // SPDX-License-Identifier: LGPL-2.1-or-later
> // A file that reaches up and prints.
> #include "plan/plan.h"
> static int add(int a, int b)
> {
> 	char text[9];
> 	sprintf(text, "%d", a + b);	/* strcpy() in a comment is fine */
> 	printf("%s", "strcat()");
> 	return 0;
> }
> END
> cat >src/plan/b.c <<'END'
> #include "tree/a.h"
> static int table[] = {
> 	1,
> };
> static int deep(int a, int b, int c, int d, int e, int f, int g)
> {
> 	if (a) {
> 		for (;;) {
> 			while (b) {
> 				if (c) {
> 					return (int[]){ 1 }[0];
> 				}
> 			}
> 		}
> 	}
> }
> END
> { echo 'void long_one(void)'; echo '{'; yes ';' | head -n 81; echo '}'; } >>src/plan/b.c
> { echo 'static int big[] = {'; yes '1,' | head -n 700; echo '};'; } >>src/plan/b.c
$ export LKM_LINT_ROOT=$DIR; "$SRC/tools/lint-layers"
src/tree/a.c:3: 'tree' must not include 'plan/plan.h': 'plan' is not below it or to its left
lint-layers: 1 complaint
[1]
$ export LKM_LINT_ROOT=$DIR; "$SRC/tools/lint-banned"
src/tree/a.c:7: sprintf() is banned
src/tree/a.c:8: the library does not call printf()
lint-banned: 2 complaints
[1]
$ export LKM_LINT_ROOT=$DIR; "$SRC/tools/lint-sizes"
src/plan/b.c:6: 'deep' is nested 4 deep, at most 3
src/plan/b.c:6: 'deep' has 7 parameters, at most 6
src/plan/b.c:18: 'long_one' has 81 lines, at most 80
lint-sizes: 3 complaints
[1]
$ export LKM_LINT_ROOT=$DIR; "$SRC/tools/lint-spdx"
src/plan/b.c:1: no SPDX-License-Identifier
lint-spdx: 1 complaint
[1]
# The public functions are the same in three places.
$ cat >include/lkm/x.h <<'END'
> int lkm_one(int (*f)(void *), void *data);
> struct lkm_s { int (*f)(int); };
> static inline int lkm_inline(void) { return 0; }
> void two(void);
> END
> printf 'LKM_0 {\nglobal:\n\tlkm_one;\n\tlkm_three;\nlocal:\n\t*;\n};\n' >src/liblkm.sym
> LKM_LINT_ROOT=$DIR "$SRC/tools/lint-exports"
include/lkm/x.h:1: 'two' lacks the prefix lkm_
include/lkm/x.h:1: 'two' is declared, but not in src/liblkm.sym
src/liblkm.sym:4: 'lkm_three' is in no public header
lint-exports: 3 complaints
[1]
# Each error is sorted, raised, tested and explained.
$ cat >src/diag/catalogue/x.def <<'END'
> // SPDX-License-Identifier: LGPL-2.1-or-later
> ERROR(X_B, LKM_EFORMAT, "x.b", "'{file}' is bad", "")
> ERROR(X_A, LKM_EFORMAT,
>       "x.a", "It is "
>       "(worse).", "mend it")
> END
> echo 'int f(void) { return FAIL(e, X_B); }' >src/plan/c.c
> echo 'assert_id("x.b")' >tests/t.c
> printf '# x.b\n\nIt is bad.\n\nMake it good.\n' >docs/errors/x.b.md
> echo orphan >docs/errors/x.c.md
> LKM_LINT_ROOT=$DIR "$SRC/tools/lint-catalogue"
src/diag/catalogue/x.def:3: 'x.a' is not sorted after 'x.b'
src/diag/catalogue/x.def:3: 'x.a': a sentence has no capital and no full stop
src/diag/catalogue/x.def:3: nothing in src/ raises X_A
src/diag/catalogue/x.def:3: no test names 'x.a'
src/diag/catalogue/x.def:3: docs/errors/x.a.md is missing
docs/errors/x.c.md:1: no catalogue has an error 'x.c'
lint-catalogue: 6 complaints
[1]
