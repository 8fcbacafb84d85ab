/* Two operations of one plan: B comes after A, and both take one resource, as a tag and the release on it do.
 *
 * A has RECEIPTS receipts at most, one after the other; B has one. A publisher ends a receipt of A in any way, and a
 * person resolves what is unknown. The ledger freezes outcomes, the resolution and the claim of B; the Core appends
 * what is frozen at any later moment and in any order, notes the place, and may die between the two and append again.
 * What the other models say of claims, intents and GitHub is not repeated.
 *
 * -DTWO      the two take different resources
 * -DBAD_...  leaves one safeguard out, and the search must find what then goes wrong
 * -DASK_...  asserts that an end cannot be reached
 */
#ifndef RECEIPTS
#define RECEIPTS 2
#endif
#define RESOLUTION RECEIPTS	/* the records: an outcome for each receipt of A, the resolution, the claim of B */
#define CLAIM (RECEIPTS + 1)
#define RECORDS (RECEIPTS + 2)

mtype:end = { none, success, failed, rejected, unknown };

/* The ledger. */
byte receipt = 0;		/* of A; those before it have ended */
bool claimed = false;		/* the receipt is in use */
mtype:end outcome[RECEIPTS] = none;
byte settled = RECORDS;		/* the receipt of A that the resolution is about */
bool frozen[RECORDS] = false;
bool indexed[RECORDS] = false;	/* the ledger knows its place */

/* The log. */
bool there[RECORDS] = false;

#define ENDED(r) (outcome[r] == failed || outcome[r] == rejected)
#define TAKEN (claimed || (outcome[receipt] != none && !indexed[receipt]) || outcome[receipt] == unknown)

/* A success below the claim, as an audit finds it. */
#define SHOWN (there[receipt] && outcome[receipt] == success && (settled != receipt || there[RESOLUTION]))

/* What the ledger asks before it grants the claim of B. */
#ifdef BAD_ANY
#define SUCCEEDED (outcome[receipt] != none && indexed[receipt])
#else
#ifdef BAD_UNKNOWN
#define SUCCEEDED ((outcome[receipt] == success || outcome[receipt] == unknown) && indexed[receipt])
#else
#ifdef BAD_UNLOGGED
#define SUCCEEDED (outcome[receipt] == success && (settled != receipt || indexed[RESOLUTION]))
#else
#ifdef BAD_RESOLUTION
#define SUCCEEDED (outcome[receipt] == success && indexed[receipt])
#else
#define SUCCEEDED (outcome[receipt] == success && indexed[receipt] && (settled != receipt || indexed[RESOLUTION]))
#endif
#endif
#endif
#endif

inline decide(how) {
	outcome[receipt] = how;
	frozen[receipt] = true;
	claimed = false;
}

active proctype first() {
	end:
	do
	:: atomic { !claimed && outcome[receipt] == none -> claimed = true }
		if
		:: atomic { decide(success) }
		:: atomic { decide(failed) }
		:: atomic { decide(rejected) }
		:: atomic { decide(unknown) }
		fi
	:: atomic { ENDED(receipt) && indexed[receipt] && receipt + 1 < RECEIPTS -> receipt++ }	/* authorised again */
	:: atomic { outcome[receipt] == unknown && indexed[receipt] && settled == RECORDS ->
		settled = receipt;
		frozen[RESOLUTION] = true;
		if
		:: outcome[receipt] = success
		:: outcome[receipt] = failed
		fi }
	:: outcome[receipt] == success -> break
	:: ENDED(receipt) && receipt + 1 == RECEIPTS -> break
	od
}

active proctype second() {
	end:
	atomic { SUCCEEDED ->
#ifndef TWO
		assert(!TAKEN);		/* the claim of A has ended: one resource, one claim */
#endif
		frozen[CLAIM] = true }
}

inline append(n) {
	if
	:: n == CLAIM ->
		assert(there[CLAIM] || SHOWN);	/* an audit finds the success below the claim */
	:: else
	fi;
	there[n] = true
}

#define TRY(k) atomic { frozen[k] && !indexed[k] -> n = k; append(k) }

/* The Core appends, and may die before it notes the place. */
active proctype core() {
	byte n;
	end:
	do
	:: if
		:: TRY(0)
		:: TRY(1)
		:: TRY(2)
		:: TRY(3)
#if RECORDS > 4
		:: TRY(4)
#endif
		fi;
		if
		:: indexed[n] = true
		:: skip		/* it died, and looks for what has no place */
		fi
#ifdef ASK_PUBLISHED
	:: atomic { indexed[CLAIM] -> assert(!indexed[CLAIM]) }
#endif
#ifdef ASK_SECOND
	:: atomic { indexed[CLAIM] && receipt > 0 -> assert(receipt == 0) }
#endif
#ifdef ASK_RESOLVED
	:: atomic { indexed[CLAIM] && settled == receipt -> assert(settled != receipt) }
#endif
	od
}
