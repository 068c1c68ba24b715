#!/usr/bin/env bash
# Runs TLC on the configurations of this directory and compares what it says with
# expected.tsv.
#
#   TLA2TOOLS_JAR=tla2tools.jar[:MORE.jar] spec/tla/check.sh [CONFIGURATION...]
#
# Without names it runs every configuration but those whose verdict in the table is "open":
# no complete run of these is recorded, and they may take hours. With names it runs these.
#
# A configuration passes if TLC finds no error where "ok" (or "open") is expected, and breaks
# the invariant that is expected otherwise. Where "ok" is expected the counts of states must be
# the recorded ones too; a violation ends a run wherever the workers happen to be, so its counts
# are not compared.
#
# Exit codes: 0 everything is as expected, 1 something is not, 2 nothing could be checked.
set -euo pipefail

table=expected.tsv
header=$'configuration\tmodule\tverdict\tgenerated\tdistinct\tsymmetric'

die() {
	printf 'check.sh: %s\n' "$*" >&2
	exit 2
}

# row prints a configuration's line of the table, or nothing.
row() { awk -F '\t' -v c="$1" 'NR > 1 && $1 == c' "$table"; }

# check_table dies unless the table has one line for each configuration, and nothing else.
check_table() {
	local name module verdict generated distinct symmetric found
	[[ $(head -n 1 "$table") == "$header" ]] || die "$table has another header"
	while IFS=$'\t' read -r name module verdict generated distinct symmetric; do
		[[ -f $name.cfg ]] || die "$table names $name, and there is no $name.cfg"
		[[ -f $module.tla ]] || die "$table: $name is of $module, and there is no $module.tla"
		[[ $generated =~ ^([0-9]+|-)$ && $distinct =~ ^([0-9]+|-)$ ]] ||
			die "$table: $name has counts $generated and $distinct"
		[[ $(row "$name" | wc -l) -eq 1 ]] || die "$table has $name twice"
		found=no
		if grep -q '^SYMMETRY' "$name.cfg"; then found=yes; fi
		[[ $symmetric == "$found" ]] ||
			die "$table says of $name: symmetric $symmetric; its file says $found"
		if [[ $verdict != ok && $verdict != open ]]; then
			grep -Eq "^(INVARIANTS?|PROPERTY).* $verdict( |\$)" "$name.cfg" ||
				die "$table: $name is to break $verdict, which it does not check"
		fi
	done < <(tail -n +2 "$table")
	for name in *.cfg; do
		[[ -n $(row "${name%.cfg}") ]] || die "$table lacks ${name%.cfg}"
	done
}

# class_path prints TLA2TOOLS_JAR with absolute names, or dies: it is a list of files.
class_path() {
	local jar jars out=''
	[[ -n ${TLA2TOOLS_JAR:-} ]] ||
		die "TLA2TOOLS_JAR is not set: the path of tla2tools.jar, see spec/tla/README.md"
	IFS=: read -ra jars <<<"$TLA2TOOLS_JAR"
	for jar in "${jars[@]}"; do
		[[ -f $jar ]] || die "TLA2TOOLS_JAR: no such file: $jar"
		out+=${out:+:}$(realpath "$jar")
	done
	printf '%s' "$out"
}

# outcome prints TLC's verdict, the generated, the distinct and the unexplored states that its
# output tells of: "ok", the name of what is violated, or "error"; "-" for a count that is
# missing. Lines of progress have counts too, and are not the last word.
outcome() {
	awk '
		verdict == "" && /^Error: Invariant .* is violated/ { verdict = $3 }
		verdict == "" && /^Error: Action property .* is violated/ { verdict = $4 }
		verdict == "" && /^Error: / { verdict = "error" }
		/^Model checking completed\. No error has been found\./ { done = 1 }
		/^[0-9,]+ states generated, [0-9,]+ distinct states found, [0-9,]+ states left/ {
			gsub(",", "")
			generated = $1; distinct = $4; left = $8
		}
		function or_dash(x) { return x == "" ? "-" : x }
		END {
			if (verdict == "") verdict = done ? "ok" : "error"
			print verdict, or_dash(generated), or_dash(distinct), or_dash(left)
		}' "$1"
}

# why prints the lines of TLC's output that may explain a difference.
why() {
	if grep -q 'Cannot find source file for module Json' "$1"; then
		echo "the module Json is in CommunityModules.jar: add it to TLA2TOOLS_JAR"
	elif grep -q '^Error: ' "$1"; then
		grep -m 1 -A 11 '^Error: ' "$1"
	else
		tail -n 4 "$1"
	fi
}

# run checks one configuration, prints its line and reports whether it passed.
run() {
	local name module want generated distinct symmetric
	local began=$SECONDS code=0 got got_generated got_distinct left problem='' status=ok
	IFS=$'\t' read -r name module want generated distinct symmetric < <(row "$1")
	java -XX:+UseParallelGC -cp "$classpath" tlc2.TLC -deadlock -workers auto \
		-metadir "$(mktemp -d "$work/states.XXXXXX")" -noGenerateSpecTE \
		-config "$name.cfg" "$module.tla" >"$work/log" 2>&1 </dev/null || code=$?
	read -r got got_generated got_distinct left < <(outcome "$work/log")

	if [[ $got != "${want/open/ok}" ]]; then
		problem="expected ${want/open/ok}"
	elif [[ $got == ok && $code -ne 0 ]]; then
		problem="expected exit code 0, got $code"
	elif [[ $got == ok && $left != 0 ]]; then
		problem="expected no states left, got $left"
	elif [[ $want == ok && $generated != - && $got_generated != "$generated" ||
		$want == ok && $distinct != - && $got_distinct != "$distinct" ]]; then
		problem="expected $generated / $distinct states"
		if [[ $symmetric == yes ]]; then problem+=" (classes, see README.md)"; fi
	fi

	if [[ -n $problem ]]; then status=DIFFER; fi
	printf '%-6s %-22s %-12s %10s / %-9s %5ds%s\n' "$status" "$name" "$got" \
		"$got_generated" "$got_distinct" "$((SECONDS - began))" "${problem:+  $problem}"
	[[ -z $problem ]] && return
	why "$work/log" | sed 's/^/         | /'
	return 1
}

start=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
check_table
classpath=$(cd "$start" && class_path)
command -v java >/dev/null || die "java is not installed"

names=()
for name in "$@"; do
	name=$(basename "$name" .cfg)
	[[ -n $(row "$name") ]] || die "no such configuration: $name"
	names+=("$name")
done
skipped=0
if [[ $# -eq 0 ]]; then
	mapfile -t names < <(awk -F '\t' 'NR > 1 && $3 != "open" { print $1 }' "$table")
	skipped=$(awk -F '\t' 'NR > 1 && $3 == "open"' "$table" | wc -l)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
different=()
for name in "${names[@]}"; do
	run "$name" || different+=("$name")
	rm -rf "$work"/states.* # there can be many
done
printf 'check.sh: %d configurations, %d as expected, %d not, %d open ones not run, in %ds\n' \
	"${#names[@]}" "$((${#names[@]} - ${#different[@]}))" "${#different[@]}" "$skipped" "$SECONDS"
if [[ ${#different[@]} -gt 0 ]]; then
	printf 'check.sh: not as expected: %s\n' "${different[*]}"
	exit 1
fi
