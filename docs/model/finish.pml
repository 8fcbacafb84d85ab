/* Several receipts of one operation, one after the other, and its two visible effects: first the tag,
 * then the release. What publish.pml says about claim, intent, log and sends is not repeated: here a
 * claim begins at `executing`, and a decided outcome reaches the log in one step.
 *
 * PUBS publishers, RECEIPTS receipts, EPOCHS epochs of each granted to publishers, FOREIGN actions of
 * others at GitHub. Any publisher may stop at any step and begin again at S0, or pause for as long as it
 * likes. One request for each effect may be under way with an unknown fate; how often a publisher sends
 * has no bound. A publisher may give up at any time: that is a definite refusal, the end of
 * the receipt, a credential without rights, or the last send.
 *
 * -DBAD_...  leaves one safeguard out, and the search must find what then goes wrong
 * -DASK_...  asserts what the rules do not promise, or that an end cannot be reached
 */
#ifndef PUBS
#define PUBS 2
#endif
#ifndef RECEIPTS
#define RECEIPTS 2
#endif
#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef FOREIGN
#define FOREIGN 1
#endif
#define TAG 0
#define RELEASE 1

mtype:row = { none, live, executing, decided, closed, revoked };
mtype:end = { open, success, failed, unknown, rejected };
mtype:thing = { absent, ours, copied, other, light };	/* copied: others made it, equal to ours; light: a tag that the PATCH made */

/* The ledger: a row for each receipt, from 1 on. */
mtype:row state[RECEIPTS + 1] = none;
mtype:end outcome[RECEIPTS + 1] = open;
mtype:end resolution[RECEIPTS + 1] = open;
byte epoch[RECEIPTS + 1] = 0;
byte tried[RECEIPTS + 1] = 0;		/* attempts that were counted under it: one bit for each effect */
bool expired[RECEIPTS + 1] = false;
byte newest = 0;			/* the last receipt that was issued */
byte before = 0;			/* attempts that were counted under earlier ones: one bit for each effect */
bool used = false;			/* the approvals are used up */
bool withdrawn = false;			/* a receipt was revoked */

/* The ledger, for the operation: an attempt of ours made this effect, or may still make it. It is so from
 * the moment an attempt is counted until an outcome or a resolution lists the effect as absent. */
bool maybe[2] = false;

/* GitHub, and what is on the way to it. */
mtype:thing there[2] = absent;
bool flying[2] = false;			/* a request whose fate its sender does not know */
byte waiting[2] = 0;			/* publishers that counted an attempt and have not sent it yet */
byte made[2] = 0;			/* how often a request of ours made it */
byte removed = 0;			/* tags that others deleted */
byte successes = 0;
bool adopted = false;
bool back = false;			/* the clock went back once */
byte idle = 0;				/* publishers that are between two tries */

#ifdef BAD_NEWEST
#define NEWEST(r) true
#else
#define NEWEST(r) (r == newest)
#endif
#define CLAIMABLE(r) (state[r] == live && !expired[r] && NEWEST(r))
#define UNRESOLVED(r) (state[r] == closed && outcome[r] == unknown && resolution[r] == open)
#define BUSY(r) (CLAIMABLE(r) || state[r] == executing || state[r] == decided || UNRESOLVED(r))
#define HELD (state[r] == executing && epoch[r] == my)

#define ENDED(r) (state[r] == revoked || (state[r] == live && expired[r]) || (state[r] == closed && !UNRESOLVED(r)))

/* When the next receipt may be issued: the one before has ended. */
#if defined(BAD_ISSUE_LIVE)
#define NEXT(r) (ENDED(r) || state[r] == live)
#elif defined(BAD_ISSUE_EXECUTING)
#define NEXT(r) (ENDED(r) || (state[r] == executing && expired[r]))
#elif defined(BAD_ISSUE_UNLOGGED)
#define NEXT(r) (ENDED(r) || state[r] == decided)
#elif defined(BAD_ISSUE_UNKNOWN)
#define NEXT(r) (ENDED(r) || state[r] == closed)
#else
#define NEXT(r) ENDED(r)
#endif

/* What was read is ours only if an attempt for this very effect may have made it. A release is known by
 * the id of its draft, so an equal one is not taken for it. */
#ifdef BAD_EQUAL
#define OWN(e) true
#elif defined(BAD_EFFECT)
#define OWN(e) (may[TAG] || may[RELEASE])
#elif defined(BAD_EVER)
#define OWN(e) (may[e] || ((before | tried[newest]) & (1 << e)) != 0)
#else
#define OWN(e) may[e]
#endif
#if defined(BAD_RELEASE_ID) || defined(BAD_EFFECT)
#define EQUAL(e) (seen[e] == ours || seen[e] == copied)
#else
#define EQUAL(e) (seen[e] == ours || (seen[e] == copied && e == TAG))
#endif
#define MINE(e) (EQUAL(e) && OWN(e))
#define CONFLICT(e) (seen[e] != absent && !MINE(e))

/* It stays absent: no attempt of any receipt can still make it. */
#define SETTLED(e) (seen[e] != absent || !may[e])

/* A request reaches GitHub. The PATCH makes the tag too, if there is none. */
inline arrive(e) {
	if
	:: there[e] != absent -> skip
	:: else ->
		made[e]++;
		there[e] = ours;
		assert(maybe[e]);					/* what is listed absent stays absent */
		assert(made[TAG] <= 1 + removed && made[RELEASE] <= 1);	/* at most one of each kind at a time */
		if
		:: e == RELEASE && there[TAG] == absent ->
			assert(removed > 0);				/* a tag outside the plan: only where others deleted one */
			there[TAG] = light
		:: else -> skip
		fi
	fi
}

/* An effect is listed as absent: so it is, and nothing is under way. */
inline deny(e) {
	assert(there[e] != ours && !flying[e] && waiting[e] == 0);
	maybe[e] = false
}

/* What an outcome lists about an effect that its publisher read. */
inline list(e) {
	if
	:: MINE(e) ->
		assert(seen[e] != copied || (e == TAG && may[TAG]));	/* a foreign equal effect is never adopted */
		if
		:: (tried[r] & (1 << e)) == 0 ->
			assert((before & (1 << e)) != 0);	/* adopted: attempted under an earlier receipt */
			adopted = true
		:: else -> skip
		fi;
#ifdef BAD_USED
		if :: e == RELEASE && verdict == success -> used = true :: else -> skip fi
#else
		if :: e == RELEASE -> used = true :: else -> skip fi
#endif
	:: CONFLICT(e) -> skip
	:: seen[e] == absent && verdict == failed -> deny(e)
	:: seen[e] == absent && verdict == rejected && !maybe[e] -> deny(e)
	:: else -> skip							/* unknown, or left as an earlier receipt listed it */
	fi
}

inline succeed() {
	successes++;
	assert(successes <= 1);						/* one success of the operation */
	assert(there[RELEASE] == ours && there[TAG] != light && made[RELEASE] == 1)
}

/* One outcome for each receipt. */
inline freeze(r, o) {
	assert(outcome[r] == open);
	state[r] = decided;
	outcome[r] = o
}

/* The ledger's own rejection reads nothing: it calls absent only what was never attempted or is listed so. */
inline reject(r) {
	epoch[r]++;
	freeze(r, rejected);
	assert(tried[r] == 0);						/* rejected: nothing was attempted */
#ifdef BAD_REJECTED_LIST
	deny(TAG);
	deny(RELEASE)
#else
	if :: !maybe[TAG] -> deny(TAG) :: else -> skip fi;
	if :: !maybe[RELEASE] -> deny(RELEASE) :: else -> skip fi
#endif
}

/* A later epoch, or receipt, inherits the attempts of all that came before. */
inline grant(which) {
	r = which;
	idle--;
	epoch[r]++;
	my = epoch[r];
#ifdef BAD_RECEIPTS
	may[TAG] = (tried[r] & 1) != 0 && maybe[TAG];
	may[RELEASE] = (tried[r] & 2) != 0 && maybe[RELEASE];
#else
	may[TAG] = maybe[TAG];
	may[RELEASE] = maybe[RELEASE];
#endif
	assert(r == newest || !BUSY(newest));				/* never two receipts at work */
	assert(r == 1 || !BUSY(r - 1))
}

/* Reads may miss what is there. */
inline look(e) {
	if
	:: seen[e] = there[e]
	:: seen[e] = absent
	fi
}

#define MAYSTOP :: goto S0
#define FORGET seen[TAG] = absent; seen[RELEASE] = absent

#ifdef BAD_READ_ORDER
#define FIRST TAG
#define SECOND RELEASE
#else
#define FIRST RELEASE
#define SECOND TAG
#endif
#ifdef BAD_LIGHT
#define WHOLLY ((MINE(TAG) || seen[TAG] == light) && MINE(RELEASE))
#else
#define WHOLLY (MINE(TAG) && MINE(RELEASE))
#endif
#ifdef BAD_ORDER
#define TAGGED !CONFLICT(TAG)
#else
#define TAGGED MINE(TAG)
#endif
#ifdef BAD_REJECT
#define FREE true
#else
#define FREE (verdict != rejected || tried[r] == 0)
#endif

proctype Publisher() {
	byte r = 0, my = 0, e = 0;
	bool may[2] = false;		/* an attempt may have made it, or may still: an earlier one, or ours without a definite answer */
	mtype:thing seen[2] = absent;
	mtype:end verdict = open;

S0:	atomic { r = 0; my = 0; e = 0; may[TAG] = false; may[RELEASE] = false; FORGET; verdict = open; idle++ }
end:	if
	:: atomic { CLAIMABLE(1) -> state[1] = executing; grant(1) }
	:: atomic { state[1] == executing && epoch[1] < EPOCHS -> grant(1) }
#if RECEIPTS > 1
	:: atomic { CLAIMABLE(2) -> state[2] = executing; grant(2) }
	:: atomic { state[2] == executing && epoch[2] < EPOCHS -> grant(2) }
#endif
#if RECEIPTS > 2
	:: atomic { CLAIMABLE(3) -> state[3] = executing; grant(3) }
	:: atomic { state[3] == executing && epoch[3] < EPOCHS -> grant(3) }
#endif
	fi;

	/* The release is read first: what is seen of the tag then is what the PATCH found, or made. */
act:	if
	:: atomic { HELD -> look(FIRST) }
	MAYSTOP
	fi;
	if
	:: atomic { HELD -> look(SECOND);
		if
		:: WHOLLY -> verdict = success; goto record
		:: else ->
			if
			:: !CONFLICT(TAG) && seen[TAG] == absent && seen[RELEASE] == absent -> e = TAG; FORGET; goto attempt
			:: TAGGED && seen[RELEASE] == absent -> e = RELEASE; FORGET; goto attempt
			:: goto finish
			fi
		fi }
	MAYSTOP
	fi;

finish:	atomic {
		if
#ifdef BAD_UNRESOLVED
		:: verdict = failed
#else
		:: SETTLED(TAG) && SETTLED(RELEASE) -> verdict = failed
		:: !SETTLED(TAG) || !SETTLED(RELEASE) -> verdict = unknown
#endif
		:: !CONFLICT(TAG) && seen[RELEASE] == absent -> verdict = rejected
		fi
	};

record:	if								/* the ledger refuses `rejected` after a counted attempt */
	:: atomic { HELD && FREE ->
		freeze(r, verdict);
		assert(verdict != rejected || tried[r] == 0);		/* rejected: nothing was attempted */
		list(TAG);
		list(RELEASE);
		if :: verdict == success -> succeed() :: else -> skip fi }
	:: skip
	fi;
	goto S0;

attempt: /* Fence and expiry, and the attempt is counted: before every request for a visible effect. */
	if
	:: atomic { HELD && !expired[r] -> tried[r] = tried[r] | (1 << e); maybe[e] = true; waiting[e]++ }
	:: expired[r] -> goto act
	MAYSTOP
	fi;

send:	atomic {
		waiting[e]--;
#ifdef BAD_RETRY
again:
#endif
		if
		:: goto S0						/* killed before the first byte */
		:: there[e] == absent -> arrive(e); may[e] = true; e = 0; goto act
		:: !flying[e] -> flying[e] = true; may[e] = true; e = 0; goto act	/* arrives later, or never */
		:: skip							/* refused, finally or in passing */
		fi
	};
#ifdef BAD_RETRY
	if :: goto again :: skip fi;
#endif
	e = 0;
	goto act;							/* what is true is read; then again, or not */
}

#ifdef BAD_ABANDONED
#define ENDABLE(r) (state[r] == executing)
#else
#define ENDABLE(r) (state[r] == executing && tried[r] == 0)
#endif
#ifdef BAD_REVOKE
#define REVOCABLE(r) (state[r] == executing)
#else
#define REVOCABLE(r) (state[r] == executing && tried[r] == 0)
#endif
#ifdef BAD_WITHDRAWN
#define REVOKE withdrawn = true
#else
#define REVOKE withdrawn = true; used = true
#endif

/* An hour after the last attempt nothing is under way, and a person reads what is there. */
#ifdef BAD_HOUR
#define QUIET true
#else
#define QUIET (!flying[TAG] && !flying[RELEASE] && waiting[TAG] == 0 && waiting[RELEASE] == 0)
#endif
#define IS(e, what) (there[e] == what && maybe[e])
#define WHOLE ((IS(TAG, ours) || IS(TAG, copied)) && IS(RELEASE, ours))

#define CLOSE(r) state[r] = closed; epoch[r] = 0; expired[r] = false

#define MAYISSUE (newest < RECEIPTS && !used && successes == 0 && (newest == 0 || NEXT(newest)))

inline issue() {
	assert(!withdrawn);
	assert(newest == 0 || !BUSY(newest));				/* one receipt at a time */
	/* None after the release is applied, nor while a request for it can succeed. */
	assert(there[RELEASE] != ours && (there[RELEASE] != absent || (!flying[RELEASE] && waiting[RELEASE] == 0)));
	before = before | tried[newest];
	newest++;
	state[newest] = live
}

active proctype Core() {
	byte asked = 0;
	do
#ifdef BAD_ASKED
	:: atomic { MAYISSUE && asked < 2 -> asked++ }
	:: atomic { asked > 0 && newest < RECEIPTS -> asked--; issue() }
#else
	:: atomic { MAYISSUE -> issue() }
#endif
	:: atomic { newest > 0 && !expired[newest] && (state[newest] == live || state[newest] == executing) -> expired[newest] = true }
#if RECEIPTS > 1
	:: atomic { !back && newest > 1 && state[newest - 1] == live && expired[newest - 1] -> back = true; expired[newest - 1] = false }
#endif
	:: atomic { state[1] == decided -> CLOSE(1) }
#if RECEIPTS > 1
	:: atomic { state[2] == decided -> CLOSE(2) }
#endif
#if RECEIPTS > 2
	:: atomic { state[3] == decided -> CLOSE(3) }
#endif

	/* The ledger's own decisions: a veto or expiry before the first attempt; an execution that was left alone. */
	:: atomic { newest > 0 && ENDABLE(newest) -> reject(newest) }
#ifndef BAD_NO_SETTLE
	:: atomic { newest > 0 && state[newest] == executing -> epoch[newest]++; freeze(newest, unknown) }
#endif

	/* Persons. */
	:: atomic { newest > 0 && state[newest] == live -> state[newest] = revoked; REVOKE }
	:: atomic { newest > 0 && REVOCABLE(newest) -> reject(newest); REVOKE }
	:: atomic { newest > 0 && UNRESOLVED(newest) && WHOLE -> resolution[newest] = success; used = true; succeed() }
	:: atomic { newest > 0 && UNRESOLVED(newest) && !WHOLE && QUIET ->
		resolution[newest] = failed;
		/* The resolution lists the effects, as an outcome does. */
		if :: there[TAG] == absent -> deny(TAG) :: else -> skip fi;
		if
		:: there[RELEASE] == absent -> deny(RELEASE)
#ifndef BAD_RESOLUTION_LIST
		:: there[RELEASE] == ours -> used = true
#endif
		:: else -> skip
		fi }

	:: atomic { newest > 0 && idle == PUBS && !flying[TAG] && !flying[RELEASE] && ENDED(newest) && !BUSY(1) -> break }
	od;

	atomic {
		assert(made[RELEASE] == 0 || used);			/* the release is applied: the approvals are used up */
		assert(successes == 0 || made[RELEASE] == 1);
#ifdef ASK_OUTCOME
		assert(newest < RECEIPTS || outcome[newest] != ASK_OUTCOME);
#endif
#ifdef ASK_FINISHED
		assert(!(newest == 2 && outcome[1] == failed && outcome[2] == success && adopted));
#endif
#ifdef ASK_FREE
		assert(!(newest == 2 && outcome[1] == rejected && outcome[2] == success));
#endif
#ifdef ASK_EXPIRED
		assert(!(newest == 2 && state[1] == live && outcome[2] == success));
#endif
#ifdef ASK_RESOLVED
		assert(!(newest == 2 && resolution[1] == failed && outcome[2] == success));
#endif
#ifdef ASK_LIGHT
		assert(!(outcome[newest] == failed && there[RELEASE] == ours && there[TAG] == light));
#endif
#ifdef ASK_COPIED
		assert(!(successes == 1 && made[TAG] == 0));
#endif
#ifdef ASK_AGAIN
		assert(made[TAG] <= 1);
#endif
#ifdef ASK_REVOKED
		assert(!(withdrawn && outcome[newest] == rejected));
#endif
	}
}

/* Requests arrive late or never. Others make and delete tags, and make releases. */
active proctype Network() {
	byte acts = 0;
end:	do
	:: atomic { flying[TAG] -> flying[TAG] = false; arrive(TAG) }
	:: atomic { flying[RELEASE] -> flying[RELEASE] = false; arrive(RELEASE) }
	:: atomic { flying[TAG] -> flying[TAG] = false }
	:: atomic { flying[RELEASE] -> flying[RELEASE] = false }
	:: atomic { acts < FOREIGN && there[TAG] == absent -> acts++; if :: there[TAG] = copied :: there[TAG] = other fi }
	:: atomic { acts < FOREIGN && there[RELEASE] == absent -> acts++; if :: there[RELEASE] = copied :: there[RELEASE] = other fi }
	:: atomic { acts < FOREIGN && there[TAG] != absent -> acts++; removed++; there[TAG] = absent }
	od
}

init {
	byte i = 0;
	atomic { do :: i < PUBS -> run Publisher(); i++ :: else -> break od }
}
