#!/usr/bin/env bash
# Searches the five models exhaustively within small bounds, and checks that the search finds every
# mistake that is seeded into them. README.md says what that means.
set -euo pipefail
models=$(cd "$(dirname "$0")" && pwd)

for tool in spin gcc; do
	command -v "$tool" >/dev/null && continue
	if [ -n "${CI:-}" ]; then
		echo "the models were not checked: $tool is not installed, and CI must have it" >&2
		exit 1
	fi
	echo "the models were not checked: $tool is not installed (Debian: apt-get install spin gcc)"
	exit 0
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# search MODEL FLAG… leaves the verifier's report in the file report. A search that did not run to its
# end, or not at all, is no answer: it ends this script.
search() {
	local model=$1 depth=100000; shift
	if [ "$model" = trust ]; then depth=600000; fi # kills and calls without end make long ways
	rm -f pan* report
	spin -a "$@" "$models/$model.pml" >spin.out 2>&1 || { cat spin.out >&2; exit 1; }
	gcc "$optimise" -w -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c
	./pan "-m$depth" -n >report 2>&1 || true
	grep -q 'errors: [0-9]' report || { cat report >&2; exit 1; }
}

# holds MODEL FLAG… demands that no counterexample is left.
holds() {
	local optimise=-O2 # most time goes into the search
	search "$@"
	if ! grep -q 'errors: 0$' report || grep -q 'not completed\|max search depth too small\|out of memory' report; then
		cat report >&2
		echo "FAILED: $* does not hold, or was not searched to the end" >&2
		exit 1
	fi
	printf 'holds   %-52s %s states\n' "$*" "$(awk '/states, stored/ {print $1}' report)"
}

# found MODEL WHAT FLAG… demands a counterexample, and that it is about WHAT.
found() {
	local model=$1 what=$2 optimise=-O0; shift 2 # most time goes into the compiler
	search "$model" "$@"
	if ! grep -q 'errors: 1$' report || ! grep -qF "$what" report; then
		cat report >&2
		echo "FAILED: $model $* was not found as: $what" >&2
		exit 1
	fi
	printf 'found   %-52s %s\n' "$model $*" "$(sed -n 's/^pan:1: \(.*\) (at depth \([0-9]*\))$/\1, depth \2/p' report)"
}

# publish.pml: what the protocol promises.
holds publish -DPUBS=2 -DEPOCHS=2
holds publish -DPUBS=2 -DEPOCHS=2 -DONEKEY

# A safeguard left out. The text is the assertion that must fail, as the verifier prints it.
found publish '(published&(16<<(my-1)))!=0' -DBAD_WAIT                # S3 and S4 do not wait for a checkpoint
found publish 'effects==0'                  -DBAD_DOOR                # GitHub is called from claimed
found publish 'effects==0'                  -DBAD_FENCE               # steps do not name epoch and owner
found publish '(frozen&(1<<(epoch-1)))==0'  -DBAD_EPOCH               # a takeover keeps the epoch
found publish '(frozen&(16<<(my-1)))==0'    -DBAD_INTENT              # an epoch takes a second intent
found publish 'effects<=1'                  -DBAD_NATURAL_KEY -DEN_ROUTE # GitHub takes the same name twice
found publish 'sends<2'                     -DBAD_THIRD_SEND          # the sends are not counted
found publish 'effects==0'                  -DBAD_ABSENT              # "not seen" is recorded as failed
found publish 'effects==0'                  -DBAD_REFUSAL             # a 4xx is a failure though an attempt is unresolved
found publish 'effects==0'                  -DBAD_UNCOUNTED           # who takes over does not learn of an attempt
found publish 'effects==0'                  -DBAD_UNREADABLE          # what cannot be read is recorded as failed
found publish 'outcomes==1'                 -DBAD_LOG_FIRST           # the outcome is appended before it is frozen
found publish 'effects==0'                  -DBAD_SETTLE              # an expired execution is rejected
found publish 'invalid end state'           -DBAD_NO_SETTLE           # no process ends an abandoned execution
found publish 'effects==0'                  -DBAD_REJECT              # the ledger takes a rejection after an attempt
found publish 'withdrawn'                   -DBAD_REVOKE -DEN_ROUTE   # a revocation is accepted after an attempt
found publish '!(stopped)'                  -DBAD_VETO                # a veto counts only until the receipt is issued
found publish 'effects==0'                  -DBAD_VETO_LATE           # a veto ends a claim after an attempt
found publish 'effects==0'                  -DBAD_RESOLVE             # a person says failed while a request is under way

# What the protocol does not promise.
found publish 'copies<=1'                   -DASK_COPIES              # one leaf, counted by place
found publish 'total<=2'                    -DASK_TOTAL               # two sends over all epochs

# Ends that must be reachable, or the promises above would be empty.
for end in success failed unknown rejected; do
	found publish 'outcome!=' "-DASK_OUTCOME=$end"
done
found publish 'resolution!=' -DASK_RESOLUTION=success
found publish 'resolution!=' -DASK_RESOLUTION=failed
found publish 'state!='      -DASK_REVOKED
found publish 'epoch==1'     -DASK_RECOVERED
found publish 'openedAt==0'  -DASK_VETOED
found publish 'outcome!='    -DASK_VETOED_LATE
found publish 'owner==9'     -DASK_REFUSED
found publish 'openedAt==0'  -DASK_WITHDRAWN

# finish.pml: several receipts of one operation, and its two effects.
holds finish -DPUBS=2 -DEPOCHS=2 -DFOREIGN=0
holds finish -DPUBS=2 -DEPOCHS=1 -DFOREIGN=1

# One publisher with one epoch of each receipt is enough for every mistake.
small='-DPUBS=1 -DEPOCHS=1'
found finish '(tried[r]==0)'    $small -DBAD_REJECT          # rejected after a counted attempt
found finish 'tried[newest]==0' $small -DBAD_ABANDONED       # the ledger rejects after a counted attempt
found finish 'tried[newest]==0' $small -DBAD_REVOKE          # a revocation is accepted after a counted attempt
found finish 'flying[0]'        $small -DBAD_REJECTED_LIST   # such a rejection lists as absent what an earlier receipt made
found finish 'maybe[e]'         $small -DBAD_RETRY           # what was refused in passing is sent again and not counted
found finish 'flying[0]'        $small -DBAD_UNRESOLVED      # failed, though an attempt is unresolved
found finish 'invalid end'      $small -DBAD_NO_SETTLE       # no process ends an abandoned execution
found finish 'newest==0'        $small -DBAD_ISSUE_LIVE      # a receipt is issued while an earlier one is live
found finish 'newest==0'        $small -DBAD_ISSUE_EXECUTING # or executing
found finish 'newest==0'        $small -DBAD_ISSUE_UNLOGGED  # or its outcome is not in the log
found finish 'newest==0'        $small -DBAD_ISSUE_UNKNOWN   # or it is unknown
found finish 'newest==0'        $small -DBAD_ASKED           # that is asked before the transaction that issues
found finish 'r==newest'        $small -DBAD_NEWEST          # an older receipt is claimed after the clock went back
found finish '||used'           $small -DBAD_USED            # only a success uses up the approvals
found finish '||used'           $small -DBAD_RESOLUTION_LIST # a resolution does not list the effects
found finish '!(withdrawn)'     $small -DBAD_WITHDRAWN       # a revocation does not use up the approvals
found finish '(seen[0]!=3)'     $small -DBAD_EQUAL           # what is equal is adopted
found finish '(seen[1]!=3)'     $small -DBAD_EFFECT          # an attempt for another effect is enough
found finish '(seen[0]!=3)'     $small -DBAD_EVER            # an attempt is enough that is listed as absent
found finish '(seen[1]!=3)'     $small -DBAD_RELEASE_ID      # an equal release with another id is adopted
found finish 'flying[0]'        $small -DBAD_RECEIPTS        # attempts of earlier receipts do not count
found finish 'flying[1]'        $small -DBAD_HOUR            # a person says failed while a request is under way
found finish 'removed>0'        $small -DBAD_ORDER           # the release is published before the tag is read
found finish '(there[0]!=1)'    $small -DBAD_LIGHT           # the tag that the PATCH made passes for the planned one
found finish '(there[0]!=1)'    $small -DBAD_READ_ORDER      # the tag is read before the release

# What is not promised.
found finish 'made[0]==0'       $small -DASK_COPIED          # an equal tag of others is never taken for ours
found finish 'made[0]<=1'       $small -DASK_AGAIN           # a tag that others deleted is not made again

# Ends that must be reachable.
for end in success failed unknown rejected; do
	found finish 'outcome[newest]!=' $small "-DASK_OUTCOME=$end"
done
found finish '&&adopted)'       $small -DASK_FINISHED
found finish 'outcome[1]==1'    $small -DASK_FREE
found finish 'state[1]=='       $small -DASK_EXPIRED
found finish 'resolution[1]=='  $small -DASK_RESOLVED
found finish 'there[0]==1'      $small -DASK_LIGHT
found finish 'withdrawn&&'      $small -DASK_REVOKED

# drafts.pml: the drafts of one release.
holds drafts -DPUBS=2 -DTURNS=3

found drafts 'draft[d]!=2' -DBAD_STRIKE      # a draft is deleted before it is struck at the Core
found drafts 'draft[d]!=2' -DBAD_CLEANUP     # or while a PATCH may be under way
found drafts 'd!=0'        -DBAD_MARKER      # every draft with our marker is deleted
found drafts 'd!=0'        -DBAD_FOUND       # every draft with our marker is used
found drafts 'released==0' -DBAD_UNNOTED     # a draft is published that was not noted
found drafts 'released==9' -DBAD_NATURAL_KEY # GitHub publishes two releases of one tag

found drafts 'drafts==2'   -DASK_LEFT        # what is not promised: no draft is left over
found drafts 'draft[1]=='  -DASK_DELETED     # ends that must be reachable
found drafts '&&reused)'   -DASK_REUSED

# trust.pml: what is promised of versions, moments and keys.
holds trust -DVERSIONS=3 -DCALLS=2
holds trust -DFIRST -DNO_KEYS

# A safeguard left out. NO_KEYS and KEYS_ONLY let one mistake fail for each of its reasons.
found trust 'force==under' -DBAD_LOCK -DNO_KEYS    # the adoption does not wait for calls under way
found trust 'index>2'      -DBAD_LOCK -DKEYS_ONLY
found trust 'force==under' -DBAD_DRAIN -DNO_KEYS   # nor for the places of what they froze
found trust 'index>2'      -DBAD_DRAIN -DKEYS_ONLY
found trust 'force!=0'     -DBAD_ACTIVE            # a version becomes active before its record is appended
found trust 'force==under' -DBAD_ACTIVE -DFIRST -DNO_KEYS
found trust 'force==under' -DBAD_START -DNO_KEYS   # after a kill a file is adopted before what is frozen has its place
found trust 'index>2'      -DBAD_START -DKEYS_ONLY
found trust 'force==under' -DBAD_SERVE             # after a kill calls begin before it has
found trust 'force==under' -DBAD_RESTART           # after a kill the version on the disk is taken without a record
found trust 'violated kept' -DBAD_STORE            # the record is frozen before the file is stored
found trust 'force<under'  -DBAD_OLDER             # an older file is adopted
found trust 'force==names' -DBAD_NAME              # a receipt names the version on the disk
found trust 'moment[adopting]' -DBAD_EARLY         # a file is adopted before it is effective
found trust 'late[(newest+1)]' -DBAD_LATE          # it is adopted though a receipt was signed after its grace
found trust 'late[(newest+1)]' -DBAD_NEXT          # or after that of a version that was passed over
found trust 'late[(newest+1)]' -DBAD_ASKED         # that is asked before the lock is held
found trust '!(struck)'    -DBAD_INDEX             # it revokes from an index below what is in the log
found trust 'index>2'      -DBAD_REVOKED           # a revoked key signs

# What is not promised.
found trust '!(placed['    -DASK_COPY              # one leaf, counted by place
found trust '(force+1)=='  -DASK_SKIPPED           # no version is passed over

# Ways that must exist, or the promises above would be empty.
found trust 'steps<3'         -DASK_ALL
found trust 'version!=before' -DASK_RECOVERED
found trust '!(half)'         -DASK_HALF
found trust '!(graced)'       -DASK_GRACE
found trust '!=refused'       -DASK_LATER
found trust '!(used)'         -DASK_REVOKED

# order.pml: an operation that comes after another one of its plan.
holds order -DRECEIPTS=3
holds order -DRECEIPTS=3 -DTWO

found order 'there['    -DBAD_ANY              # any outcome of what comes first is enough
found order 'claimed||' -DBAD_UNKNOWN          # an unknown outcome is enough
found order 'there['    -DBAD_UNKNOWN -DTWO
found order 'claimed||' -DBAD_UNLOGGED         # a success that the log does not show yet is enough
found order 'there['    -DBAD_UNLOGGED -DTWO
found order 'there['    -DBAD_RESOLUTION       # a resolution that the log does not show yet is enough

found order 'indexed['  -DASK_PUBLISHED        # ways that must exist
found order 'receipt==0' -DASK_SECOND
found order 'settled!=' -DASK_RESOLVED

echo "the models hold, and every seeded mistake was found (${SECONDS} s)"
