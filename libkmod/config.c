// SPDX-License-Identifier: LGPL-2.1-or-later
// Walking over the directives of one kind.
#include "internal.h"

struct kmod_config_iter {
	const struct lkm_rule *rules;
	size_t count;
	size_t at; /* @count: before the first, or behind the last */
	enum lkm_rule_kind kind;
};

static struct kmod_config_iter *iter_new(const struct kmod_ctx *ctx,
					 enum lkm_rule_kind kind)
{
	struct kmod_config_iter *iter = ctx ? calloc(1, sizeof(*iter)) : NULL;

	if (!iter)
		return NULL;
	iter->rules = lkm_policy_rules(ctx->policy, &iter->count);
	iter->at = iter->count;
	iter->kind = kind;
	return iter;
}

struct kmod_config_iter *kmod_config_get_blacklists(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_BLACKLIST);
}

struct kmod_config_iter *
kmod_config_get_install_commands(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_INSTALL);
}

struct kmod_config_iter *
kmod_config_get_remove_commands(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_REMOVE);
}

struct kmod_config_iter *kmod_config_get_aliases(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_ALIAS);
}

struct kmod_config_iter *kmod_config_get_options(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_OPTIONS);
}

struct kmod_config_iter *kmod_config_get_softdeps(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_SOFTDEP);
}

struct kmod_config_iter *kmod_config_get_weakdeps(const struct kmod_ctx *ctx)
{
	return iter_new(ctx, LKM_RULE_WEAKDEP);
}

const char *kmod_config_iter_get_key(const struct kmod_config_iter *iter)
{
	if (!iter || iter->at >= iter->count)
		return NULL;
	return iter->rules[iter->at].key;
}

const char *kmod_config_iter_get_value(const struct kmod_config_iter *iter)
{
	/* A blacklist line has no more than its key. */
	if (!iter || iter->at >= iter->count ||
	    iter->kind == LKM_RULE_BLACKLIST)
		return NULL;
	return iter->rules[iter->at].value;
}

bool kmod_config_iter_next(struct kmod_config_iter *iter)
{
	size_t i;

	if (!iter)
		return false;
	i = iter->at >= iter->count ? 0 : iter->at + 1;
	while (i < iter->count && iter->rules[i].kind != iter->kind)
		i++;
	iter->at = i;
	return i < iter->count;
}

void kmod_config_iter_free_iter(struct kmod_config_iter *iter)
{
	free(iter);
}
