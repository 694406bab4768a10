// SPDX-License-Identifier: GPL-2.0-only
// How to unwind the kernel's stack: ORC (arch/x86/include/asm/orc_types.h) as
// DWARF call frame information, which debuggers read.
#include <string.h>

#include "host/debug/debug.h"
#include "host/host.h"

#define ROWS_PER_FDE 128 /* a debugger executes half of them for a frame */
#define ROW_MAX 8	 /* bytes */

/* ORC_REG_*; the others are not met, or need a word of memory */
enum { ORC_DX = 2, ORC_DI, ORC_BP, ORC_SP, ORC_R10, ORC_R13 };
#define ORC_PREV_SP 1

/* Numbers of the x86-64 psABI */
enum {
	DW_DX = 1,
	DW_BX = 3,
	DW_DI = 5,
	DW_BP,
	DW_SP,
	DW_R10 = 10,
	DW_R12 = 12,
	DW_R13,
	DW_R15 = 15,
	DW_RIP
};

enum {
	CFA_ADVANCE_1 = 0x02,
	CFA_ADVANCE_2 = 0x03,
	CFA_ADVANCE_4 = 0x04,
	CFA_UNDEFINED = 0x07,
	CFA_SAME = 0x08,
	CFA_DEF_CFA = 0x0c,
	CFA_ADVANCE = 0x40,
	CFA_OFFSET = 0x80,
};
#define DATA_ALIGN 0x78 /* -8 as SLEB128: what offsets are multiples of */

/* Where the members of a row are: these differ from version to version. */
struct layout {
	struct lkm_btf_member sp_offset, bp_offset, sp_reg, bp_reg, type;
	uint32_t size;
	uint64_t type_call;
};

struct row {
	bool end; /* nobody called it, or nobody knows */
	uint8_t cfa_reg;
	uint32_t cfa_offset;
	uint32_t bp_at; /* words below the CFA; 0: it is what it was */
};

static bool get_layout(struct layout *ret)
{
	const struct {
		const char *path;
		struct lkm_btf_member *to;
	} members[] = {
		{ "orc_entry.sp_offset", &ret->sp_offset },
		{ "orc_entry.bp_offset", &ret->bp_offset },
		{ "orc_entry.sp_reg", &ret->sp_reg },
		{ "orc_entry.bp_reg", &ret->bp_reg },
		{ "orc_entry.type", &ret->type },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (lkm_vmlinux_member(host.image, members[i].path,
				       members[i].to, NULL) <= 0)
			return false;
	if (lkm_vmlinux_sizeof(host.image, "struct orc_entry", &ret->size,
			       NULL) <= 0 ||
	    !ret->size || ret->size > ROW_MAX)
		return false;
	/* v6.4 put UNDEFINED and END_OF_STACK before it, and made it wider */
	ret->type_call = ret->type.bit_size > 2 ? 2 : 0;
	return true;
}

static uint64_t bits(uint64_t row, const struct lkm_btf_member *m)
{
	uint32_t count = m->bit_size ? m->bit_size : m->size * 8;

	return row >> m->bit_offset & (count < 64 ? (1UL << count) - 1 : ~0UL);
}

static int cfa_register(uint64_t orc)
{
	switch (orc) {
	case ORC_DX: return DW_DX;
	case ORC_DI: return DW_DI;
	case ORC_BP: return DW_BP;
	case ORC_SP: return DW_SP;
	case ORC_R10: return DW_R10;
	case ORC_R13: return DW_R13;
	default: return -1;
	}
}

static struct row read_row(const struct layout *l, uint64_t at_)
{
	struct row r = { .end = true };
	uint64_t raw = 0;
	int16_t sp, bp;
	int reg;

	memcpy(&raw, (const void *)at_, l->size);
	sp = (int16_t)bits(raw, &l->sp_offset);
	bp = (int16_t)bits(raw, &l->bp_offset);
	reg = cfa_register(bits(raw, &l->sp_reg));
	if (reg < 0 || sp < 0 || bits(raw, &l->type) != l->type_call)
		return r;
	r = (struct row){ .cfa_reg = (uint8_t)reg, .cfa_offset = (uint32_t)sp };
	if (bits(raw, &l->bp_reg) == ORC_PREV_SP && bp < 0 && bp % 8 == 0)
		r.bp_at = (uint32_t)-bp / 8;
	return r;
}

static void put_uleb(struct strbuf *b, uint32_t v)
{
	for (; v >= 0x80; v >>= 7)
		strbuf_addc(b, (char)(v | 0x80));
	strbuf_addc(b, (char)v);
}

static void put_bytes(struct strbuf *b, uint64_t v, size_t size)
{
	strbuf_add(b, &v, size);
}

static void put_advance(struct strbuf *b, uint64_t by)
{
	size_t size = by < 0x100 ? 1 : by < 0x10000 ? 2 : 4;

	if (by < CFA_ADVANCE) {
		strbuf_addc(b, (char)(CFA_ADVANCE | by));
		return;
	}
	strbuf_addc(b, size == 1 ? CFA_ADVANCE_1 :
		       size == 2 ? CFA_ADVANCE_2 :
				   CFA_ADVANCE_4);
	put_bytes(b, by, size);
}

/* @was: what holds before it; NULL: what the CIE says */
static void put_row(struct strbuf *b, const struct row *r,
		    const struct row *was)
{
	static const struct row cie;

	was = was ? was : &cie;
	if (r->end != was->end) {
		strbuf_addc(b, (char)(r->end ? CFA_UNDEFINED :
					       CFA_OFFSET | DW_RIP));
		strbuf_addc(b, (char)(r->end ? DW_RIP : 1));
	}
	/* with no caller it is not looked at, but there has to be one */
	strbuf_addc(b, CFA_DEF_CFA);
	put_uleb(b, r->end ? DW_SP : r->cfa_reg);
	put_uleb(b, r->cfa_offset);
	if (r->bp_at == was->bp_at)
		return;
	if (r->bp_at) {
		strbuf_addc(b, (char)(CFA_OFFSET | DW_BP));
		put_uleb(b, r->bp_at);
	} else {
		strbuf_addc(b, CFA_SAME);
		strbuf_addc(b, DW_BP);
	}
}

/* To a multiple of 8, with DW_CFA_nop; the length goes to its start. */
static void end_record(struct strbuf *b, size_t start)
{
	uint32_t size;

	while ((b->len - start) % 8)
		strbuf_addc(b, 0);
	size = (uint32_t)(b->len - start - sizeof(size));
	if (!b->failed)
		memcpy(b->data + start, &size, sizeof(size));
}

/* ORC does not say where the others were saved. */
static void put_cie(struct strbuf *b)
{
	static const uint8_t lost[] = { DW_BX, DW_R12, DW_R13, 14, DW_R15 };

	put_bytes(b, 0, 4);
	put_bytes(b, 0xffffffff, 4); /* not an FDE */
	put_bytes(b, 1, 1);	     /* version */
	put_bytes(b, 0, 1);	     /* no augmentation */
	put_bytes(b, 1, 1);	     /* of code */
	put_bytes(b, DATA_ALIGN, 1);
	put_bytes(b, DW_RIP, 1);
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
		strbuf_addc(b, CFA_UNDEFINED);
		put_bytes(b, lost[i], 1);
	}
	put_bytes(b, CFA_OFFSET | DW_RIP, 1);
	put_bytes(b, 1, 1);
	end_record(b, 0);
}

/* Each row has the place that it begins at relative to its own. */
static uint64_t ip_at(const struct orc_table *t, size_t i)
{
	uint64_t at_ = t->ips + i * 4;

	return at_ + (uint64_t)(int64_t) * (const int32_t *)at_;
}

static void put_fde(struct strbuf *b, const struct layout *l,
		    const struct orc_table *t, size_t first, size_t end,
		    size_t count)
{
	uint64_t ip = ip_at(t, first), last = ip;
	uint64_t limit = end < count ? ip_at(t, end) : t->text_end;
	size_t start = b->len;
	struct row was;

	if (limit <= ip)
		return;
	put_bytes(b, 0, 4);
	put_bytes(b, 0, 4); /* the CIE is the first */
	put_bytes(b, ip, 8);
	put_bytes(b, limit - ip, 8);
	for (size_t i = first; i < end; i++) {
		struct row r = read_row(l, t->rows + i * l->size);

		ip = ip_at(t, i);
		if (ip < last)
			break;
		if (ip > last)
			put_advance(b, ip - last);
		put_row(b, &r, i > first ? &was : NULL);
		last = ip;
		was = r;
	}
	end_record(b, start);
}

bool debug_frames(const struct orc_table *t, struct strbuf *ret)
{
	size_t count = (t->ips_end - t->ips) / 4;
	struct layout l;

	if (!t->ips || !t->rows || !count || !get_layout(&l) ||
	    (t->rows_end - t->rows) / l.size < count)
		return false;
	put_cie(ret);
	for (size_t i = 0; i < count; i += ROWS_PER_FDE)
		put_fde(ret, &l, t, i, MIN_OF(i + ROWS_PER_FDE, count), count);
	return !ret->failed;
}
