// SPDX-License-Identifier: LGPL-2.1-or-later
// Parameter values against the types that the kernel has.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../../common/module-builder.h"
#include "check/params.h"

#define TYPES                                                                \
	"parmtype=i:int parmtype=b:bool parmtype=u_n:uint parmtype=by:byte " \
	"parmtype=x:hexint parmtype=s:charp parmtype=own:whatever "          \
	"parmtype=l:long parmtype=a:array%20of%20int"

struct value {
	const char *params;
	const char *bad; /* the parameter at fault, NULL: none */
};

static const struct value values[] = {
	{ "", NULL },
	{ "i=1", NULL },
	{ "i=-2147483648", NULL },
	{ "i=-2147483649", "i" },
	{ "i=2147483648", "i" },
	{ "i=0x10 i=010", NULL },
	{ "i=many", "i" },
	{ "i=", "i" },
	{ "i", "i" },
	{ "i=1x", "i" },
	{ "by=255", NULL },
	{ "by=256", "by" },
	{ "by=-1", "by" },
	{ "u-n=7", NULL },
	{ "u-n=-7", "u-n" },
	{ "x=ff", NULL },
	{ "x=fg", "x" },
	{ "b", NULL },
	{ "b=on b=0 b=N b=yes b=false", NULL },
	{ "b=perhaps", "b" },
	{ "b=oh", "b" },
	{ "s=anything own=anything nosuch=anything", NULL },
	{ "s=\"two words\" i=x", "i" },
	{ "s=\"i=x\"", NULL },
	{ "i=1 -- i=x", NULL },
	{ "l=9223372036854775807", NULL },
	{ "l=9223372036854775808", "l" },
	{ "a=1,2", NULL },
};

static void values_are_judged_as_by_the_kernel(void **state)
{
	struct lkm_image *image;
	size_t size;
	uint8_t *bytes = module_build(TYPES, &size);

	assert_int_equal(
		lkm_image_open_memory(bytes, size, "t.ko", &image, NULL), 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct value *v = &values[i];
		struct param_fault fault;
		bool found = params_find_fault(image, v->params, &fault);

		if (found != !!v->bad)
			fail_msg("'%s'", v->params);
		if (found)
			assert_string_equal(fault.param, v->bad);
	}
	lkm_image_free(image);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_judged_as_by_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
