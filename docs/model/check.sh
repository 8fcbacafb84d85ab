#!/usr/bin/env bash
# Searches publish.pml exhaustively within small bounds, and checks that the search finds every
# mistake that is seeded into it. README.md says what that means.
set -euo pipefail
model=$(cd "$(dirname "$0")" && pwd)/publish.pml

for tool in spin gcc; do
	command -v "$tool" >/dev/null && continue
	if [ -n "${CI:-}" ]; then
		echo "the model was not checked: $tool is not installed, and CI must have it" >&2
		exit 1
	fi
	echo "the model was not checked: $tool is not installed (Debian: apt-get install spin gcc)"
	exit 0
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# search FLAG… leaves the verifier's report in the file report. A search that did not run to its
# end, or not at all, is no answer: it ends this script.
search() {
	rm -f pan* report
	spin -a "$@" "$model" >spin.out 2>&1 || { cat spin.out >&2; exit 1; }
	gcc "$optimise" -w -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c
	./pan -m100000 -n >report 2>&1 || true
	grep -q 'errors: [0-9]' report || { cat report >&2; exit 1; }
}

holds() {
	local optimise=-O2 # most time goes into the search
	search "$@"
	if ! grep -q 'errors: 0$' report || grep -q 'not completed\|max search depth too small\|out of memory' report; then
		cat report >&2
		echo "FAILED: $* does not hold, or was not searched to the end" >&2
		exit 1
	fi
	printf 'holds   %-32s %s states\n' "$*" "$(awk '/states, stored/ {print $1}' report)"
}

# found WHAT FLAG… demands a counterexample, and that it is about WHAT.
found() {
	local what=$1 optimise=-O0; shift # most time goes into the compiler
	search "$@"
	if ! grep -q 'errors: 1$' report || ! grep -qF "$what" report; then
		cat report >&2
		echo "FAILED: $* was not found as: $what" >&2
		exit 1
	fi
	printf 'found   %-32s %s\n' "$*" "$(sed -n 's/^pan:1: \(.*\) (at depth \([0-9]*\))$/\1, depth \2/p' report)"
}

# What the protocol promises.
holds -DPUBS=2 -DEPOCHS=2
holds -DPUBS=2 -DEPOCHS=2 -DONEKEY

# A safeguard left out. The text is the assertion that must fail, as the verifier prints it.
found '(published&(16<<(my-1)))!=0' -DBAD_WAIT                # S3 and S4 do not wait for a checkpoint
found 'effects==0'                  -DBAD_DOOR                # GitHub is called from claimed
found 'effects==0'                  -DBAD_FENCE               # steps do not name epoch and owner
found '(frozen&(1<<(epoch-1)))==0'  -DBAD_EPOCH               # a takeover keeps the epoch
found '(frozen&(16<<(my-1)))==0'    -DBAD_INTENT              # an epoch takes a second intent
found 'effects<=1'                  -DBAD_NATURAL_KEY -DEN_ROUTE # GitHub takes the same name twice
found 'sends<2'                     -DBAD_THIRD_SEND          # nobody counts the sends
found 'effects==0'                  -DBAD_ABSENT              # "not seen" is recorded as failed
found 'effects==0'                  -DBAD_REFUSAL             # a 4xx is a failure though an attempt is unresolved
found 'effects==0'                  -DBAD_UNCOUNTED           # who takes over does not learn of an attempt
found 'effects==0'                  -DBAD_UNREADABLE          # what cannot be read is recorded as failed
found 'outcomes==1'                 -DBAD_LOG_FIRST           # the outcome is appended before it is frozen
found 'effects==0'                  -DBAD_SETTLE              # an expired execution is rejected
found 'invalid end state'           -DBAD_NO_SETTLE           # nobody ends an abandoned execution
found 'withdrawn'                   -DBAD_REVOKE -DEN_ROUTE   # a revocation is accepted once executing
found '!(stopped)'                  -DBAD_VETO                # a veto counts only until the receipt is issued
found 'effects==0'                  -DBAD_VETO_LATE           # a veto ends a claim after an attempt
found 'effects==0'                  -DBAD_RESOLVE             # a person says failed while a request is under way

# What the protocol does not promise.
found 'copies<=1'                   -DASK_COPIES              # one leaf, counted by place
found 'total<=2'                    -DASK_TOTAL               # two sends over all epochs

# Ends that must be reachable, or the promises above would be empty.
for end in success failed unknown rejected; do
	found 'outcome!=' "-DASK_OUTCOME=$end"
done
found 'resolution!=' -DASK_RESOLUTION=success
found 'resolution!=' -DASK_RESOLUTION=failed
found 'state!='      -DASK_REVOKED
found 'epoch==1'     -DASK_RECOVERED
found 'openedAt==0'  -DASK_VETOED
found 'outcome!='    -DASK_VETOED_LATE

echo "the model holds, and every seeded mistake was found (${SECONDS} s)"
