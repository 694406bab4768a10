#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# In the guest: loads and unloads each module of a list and prints, after each
# step, its exit status and the kernel's table of modules.
#
# usage: load-each.sh LIST LOAD UNLOAD OTHER-UNLOAD   (command lines, the name is
# added; the last two take turns)
#
# Ends with "=end", or with "=stuck" after a module that cannot be removed: then
# the rest of the list is for a fresh kernel.

table() {
	# name, users, who they are; sizes are the same file's
	cut -d' ' -f1,3,4 /proc/modules
}

# what is left over from a step must not show in the next one's table
clean() {
	after=x
	before=$(cat /proc/modules)
	while [ -n "$before" ] && [ "$before" != "$after" ]; do
		after=$before
		# shellcheck disable=SC2013 # names are words
		for name in $(cut -d' ' -f1 /proc/modules); do
			rmmod "$name" 2>/dev/null
		done
		before=$(cat /proc/modules)
	done
	[ -z "$before" ]
}

# a cipher has users while the kernel tests it, in a thread of its own
tested() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -q '^selftest *: unknown' /proc/crypto 2>/dev/null ||
			return
		sleep 0.2
	done
}

step() {
	echo "=$1 $3"
	# shellcheck disable=SC2086 # words
	timeout 60 $2 "$3" >/tmp/output 2>&1
	echo "=status $? $2"
	sed 's/^/|/' /tmp/output
	tested
	table
}

unload=$3 other=$4
while read -r module; do
	step load "$2" "$module"
	step unload "$unload" "$module"
	last=$unload unload=$other other=$last
	echo "=clean $module"
	clean || {
		echo "=stuck"
		exit 0
	}
done <"$1"
echo "=end"
