/* One receipt on its way to GitHub: the protocol of docs/protocol.md, for exhaustive search.
 *
 * PUBS publishers of one audience, one receipt, one visible effect. Any publisher may stop at any
 * step and begin again at S0: a kill, a lost answer, an interrupt and GitHub being unreadable are
 * the same thing here. It may also pause for as long as it likes. There are no leases: any
 * publisher may take over at any time, which allows more than the ledger does.
 *
 * The bounds are PUBS and EPOCHS. Crashes, append failures, failed reads, stale reads and the lag
 * of checkpoints are not counted: each may happen at every step and any number of times.
 *
 * -DONEKEY   all publishers are processes with one and the same key
 * -DBAD_...  leaves one safeguard out, and the search must find what then goes wrong
 * -DEN_ROUTE keeps only the assertions that are made before the end
 * -DASK_...  asserts what the protocol does not promise, or that an end cannot be reached:
 *            the search must contradict that too. README.md lists them all.
 */
#ifdef BAD_INTENT
#define ONEKEY
#endif
#ifndef PUBS
#define PUBS 2
#endif
#ifndef EPOCHS
#define EPOCHS 2		/* epochs granted to publishers, at most 4; the Core may add one of its own */
#endif
#define SENDS 2			/* publisher/github: maxSends */
#define CORE 9			/* an owner that is no publisher */

mtype:row = { none, claimed, executing, decided, closed, revoked };
mtype:end = { open, success, failed, unknown, rejected };
mtype:seen = { absent, ours, foreign };

/* The ledger's row of this receipt. */
mtype:row state = none;
mtype:end outcome = open;
mtype:end resolution = open;
byte epoch = 0;
byte owner = CORE;
byte openedAt = 0;		/* the epoch that opened the door, 0 if none did */
bool counted = false;		/* an attempt was counted, by whatever epoch */
bool withdrawn = false;		/* a revocation was accepted */
bool vetoed = false;		/* a rejection of the run stands, and the trust file makes it count */
bool stopped = false;		/* it stood before the first attempt, and before the claim had ended */
bool late = false;		/* it counts only since the trust file changed: a publisher may report first */
bool expired = false;

/* Records: frozen in the ledger, appended to the log, covered by a published checkpoint.
 * One bit for each epoch's claim, each epoch's intent, the outcome, the resolution. */
short frozen = 0, logged = 0, published = 0;
#define CLAIM(e) (1 << ((e) - 1))
#define INTENT(e) (16 << ((e) - 1))
#define OUTCOME 256
#define RESOLUTION 512
byte outcomes = 0;		/* distinct outcome leaves in the log */
byte copies = 0;		/* how often the frozen outcome was appended */

/* GitHub, and what is on the way to it. */
mtype:seen there = absent;
byte effects = 0;
byte flying = 0;		/* requests whose fate their sender does not know */
byte atDoor = 0;		/* publishers that counted an attempt and have not sent it yet */
byte gone = 0;			/* publishers that will not come back */
#ifdef ASK_TOTAL
byte total = 0;			/* requests of all epochs that may have reached GitHub */
#define COUNT total++; assert(total <= SENDS)
#else
#define COUNT skip
#endif

#ifdef BAD_UNCOUNTED
#define COUNTED skip
#else
#define COUNTED counted = true
#endif

/* What a veto allows: nothing until an attempt was counted, everything afterwards. */
#ifdef BAD_VETO
#define ALLOWED true
#else
#define ALLOWED (!vetoed || counted)
#endif

#ifdef ONEKEY
#define KEY 0
#else
#define KEY me
#endif

#ifdef BAD_FENCE
#define HELD true
#else
#define HELD (epoch == my && owner == KEY)
#endif

/* Rejected: only before the first attempt, and the transaction that freezes it says whether that is so. */
#ifdef BAD_REJECT
#define FREE true
#else
#define FREE (verdict != rejected || !counted)
#endif

/* A request reaches GitHub: the natural key decides. */
inline arrive() {
	if
#ifndef BAD_NATURAL_KEY
	:: there != absent -> skip
	:: else ->
#else
	:: true ->
#endif
		effects++;
		there = ours;
		assert(effects <= 1);					/* at most one effect */
		assert(!withdrawn && outcome != rejected);		/* none after a revocation or a rejection */
		assert(!stopped)					/* none after a veto that came in time */
	fi
}

/* The next epoch, with its claim record, in one transaction. */
inline grant(who) {
#ifdef BAD_EPOCH
	if :: epoch == 0 -> epoch = 1 :: else -> skip fi;
#else
	epoch++;
#endif
	owner = who;
	assert((frozen & CLAIM(epoch)) == 0);				/* one claim per epoch */
	frozen = frozen | CLAIM(epoch)
}

/* The outcome's bytes are frozen with the change that they stand for. */
inline freeze(o) {
	state = decided;
	outcome = o;
	assert((frozen & OUTCOME) == 0);				/* one outcome per receipt */
	frozen = frozen | OUTCOME
}

/* A look at GitHub. Lists may lag, so what is there may be missed. */
inline look(eye) {
	if
	:: eye = there
	:: eye = absent
	fi
}

/* What stops a publisher, or makes it stop being sure: it begins again. */
#define MAYSTOP :: goto S0

proctype Publisher(byte me) {
	byte my = 0, sends = 0;
	bool earlier = false;		/* an earlier epoch began what may have reached GitHub */
	bool pending = false;		/* an attempt, ours or an earlier epoch's, is unresolved */
	bool reconciling = false;
	mtype:seen eye = absent;
	mtype:end verdict = open;

S0:	atomic { my = 0; sends = 0; earlier = false; pending = false; reconciling = false; eye = absent; verdict = open }
	if
	:: goto leave
	:: state == executing -> goto observe				/* marketops reconcile */
	:: state == none || state == claimed || state == executing -> skip
	fi;

S1:	if
	:: atomic { ALLOWED && state == none && !expired && !reconciling -> state = claimed; grant(KEY); my = epoch }
	:: atomic { ALLOWED && state == claimed && owner == KEY && (frozen & INTENT(epoch)) == 0 -> my = epoch }
	:: atomic { ALLOWED && (state == executing || (state == claimed && (owner != KEY || (frozen & INTENT(epoch)) != 0))) && epoch < EPOCHS ->
		grant(KEY); my = epoch; earlier = counted }
	:: goto S0
	fi;

S2:	/* The intent names its claim, so the claim is in the log before it. */
	if
#ifdef BAD_INTENT
	:: atomic { HELD && ALLOWED && state != revoked && (logged & CLAIM(my)) != 0 ->
#else
	:: atomic { HELD && ALLOWED && state != revoked && (logged & CLAIM(my)) != 0 && (frozen & INTENT(my)) == 0 ->
#endif
		assert((frozen & INTENT(my)) == 0);			/* one intent per epoch */
		frozen = frozen | INTENT(my) }
	MAYSTOP
	fi;

S3:	/* One checkpoint, seen by the publisher itself, covers claim and intent. */
	if
#ifdef BAD_WAIT
	:: true
#else
	:: (published & CLAIM(my)) != 0 && (published & INTENT(my)) != 0
#endif
	MAYSTOP
	fi;
	if
	:: reconciling -> goto settle
	:: else -> skip
	fi;

S4:	/* The only door. The Core asks once more for the published intent, expiry, votes and fence. */
	if
#ifdef BAD_WAIT
	:: atomic { HELD && ALLOWED && state == claimed && !expired -> state = executing; openedAt = my }
#elif defined(BAD_DOOR)
	:: atomic { HELD && ALLOWED && state == claimed && !expired -> skip }
#else
	:: atomic { HELD && ALLOWED && state == claimed && !expired && (published & INTENT(my)) != 0 -> state = executing; openedAt = my }
#endif
	:: atomic { HELD && ALLOWED && state == executing && openedAt < my && !expired && (published & INTENT(my)) != 0 -> skip }
	MAYSTOP
	fi;
	atomic { pending = earlier; sends = (earlier -> 1 : 0) };

S5:	/* Look first; send only what is absent; believe nothing but looking. */
	if
	:: atomic { look(eye) }
	MAYSTOP								/* cannot be read: stays open */
#ifdef BAD_UNREADABLE
	:: verdict = failed; goto S7
#endif
	fi;
	if
	:: eye == ours -> verdict = success; goto S7
	:: eye == foreign -> verdict = failed; goto S7
	:: eye == absent -> skip
	:: eye == absent -> verdict = rejected; goto S7			/* refused finally before anything visible */
	fi;
#ifndef BAD_THIRD_SEND
	if
	:: sends >= SENDS -> goto lost
	:: else -> skip
	fi;
#endif

attempt: /* Fence and expiry once more, before the first also the votes, and the attempt is counted: before
	  * every visible effect. */
	if
#ifdef BAD_DOOR
	:: atomic { HELD && ALLOWED && (state == claimed || state == executing) && !expired -> assert(!stopped); COUNTED; atDoor++ }
#else
	:: atomic { HELD && ALLOWED && state == executing && !expired -> assert(!stopped); COUNTED; atDoor++ }
#endif
	:: expired -> goto refused
	MAYSTOP
	fi;

send:	/* The publisher may have slept since; nobody can call it back. */
	atomic {
		atDoor--;
		if
		:: goto S0						/* killed before the first byte */
		:: skip
		fi;
		assert((published & INTENT(my)) != 0);			/* no effect before its epoch's intent is published */
		assert(sends < SENDS);					/* at most two sends */
		if
		:: there == absent -> COUNT; arrive(); pending = true; sends++; goto S6	/* done */
		:: COUNT; flying++; pending = true; sends++; goto S6		/* ambiguous: may arrive later, or never */
		:: skip							/* definite refusal of this request */
		fi
	};
	if								/* "already exists" may mean an earlier one of ours */
	:: atomic { look(eye) }
	MAYSTOP
	fi;
	if
	:: eye == ours -> verdict = success; goto S7
	:: eye == foreign -> verdict = failed; goto S7
	:: eye == absent -> goto refused
	:: eye == absent -> goto attempt				/* refused in passing: again, and counted again */
	fi;

S6:	goto S5;							/* what is true is read back */

refused: /* Nothing went through this time; only an unresolved attempt makes that doubtful. */
#ifdef BAD_REFUSAL
	verdict = failed;
#else
	verdict = (pending -> unknown : failed);
#endif
	goto S7;

lost:	/* Sent as often as is allowed, and reading does not show it. */
	if
#ifdef BAD_ABSENT
	:: verdict = failed
#else
	:: verdict = unknown
	MAYSTOP
#endif
	fi;

S7:	if
#ifdef BAD_LOG_FIRST
	:: atomic { HELD && (state == executing || state == decided) -> outcomes++ }
#elif defined(BAD_DOOR)
	:: atomic { HELD && FREE && (state == claimed || state == executing) -> freeze(verdict) }
#else
	:: atomic { HELD && FREE && state == executing -> freeze(verdict) }
#endif
	MAYSTOP
	fi;
#ifdef BAD_LOG_FIRST
	if
	:: atomic { HELD && state == executing -> freeze(verdict); copies++; logged = logged | OUTCOME }
	MAYSTOP
	fi;
#endif
	goto S0;							/* S8 is the Core's: append, close, publish */

observe: /* Reconcile looks before it takes the epoch under which it records. */
	if
	:: atomic { look(eye) }
	MAYSTOP
	fi;
	if
	:: eye == absent && !expired -> goto S0				/* publishing again goes on */
	:: else -> reconciling = true; goto S1
	fi;

settle:	atomic {
		if
		:: eye == ours -> verdict = success
		:: eye == foreign -> verdict = failed
		:: eye == absent -> verdict = (earlier -> unknown : rejected)
		fi
	};
	goto S7;

leave:	gone++
}

/* What a veto ends: a claim under which no attempt was counted. */
#ifdef BAD_VETO_LATE
#define ENDABLE (state == claimed || state == executing)
#else
#define ENDABLE ((state == claimed || state == executing) && !counted)
#endif
#define IN_TIME (!counted && (state == none || state == claimed || state == executing))
#define VETO_ENDS epoch++; owner = CORE; freeze(rejected)

/* A record is appended only after every record that it names. */
#define APPEND(bit, names) atomic { (frozen & (bit)) != 0 && (logged & (bit)) == 0 && ((names) & frozen & ~logged) == 0 -> logged = logged | (bit) }

active proctype Core() {
	do
	:: APPEND(CLAIM(1), 0)
	:: APPEND(INTENT(1), CLAIM(1))
	:: APPEND(CLAIM(2), 1)
	:: APPEND(INTENT(2), CLAIM(2))
#if EPOCHS > 2
	:: APPEND(CLAIM(3), 3)
	:: APPEND(INTENT(3), CLAIM(3))
#endif
#if EPOCHS > 3
	:: APPEND(CLAIM(4), 7)
	:: APPEND(INTENT(4), CLAIM(4))
#endif
	:: APPEND(RESOLUTION, OUTCOME)
	/* Between append and index the Core may die, and append the same bytes once more. */
	:: atomic { state == decided && (255 & frozen & ~logged) == 0 && copies < 2 ->
		copies++;
		if :: (logged & OUTCOME) == 0 -> outcomes++ :: else -> skip fi;
		logged = logged | OUTCOME }
	:: atomic { state == decided && (logged & OUTCOME) != 0 -> state = closed }
	:: atomic { published != logged -> published = logged }

	/* The ledger's own decisions, under the next epoch. */
	:: atomic { state == claimed && expired -> epoch++; owner = CORE; freeze(rejected) }
#ifdef BAD_SETTLE
	:: atomic { state == executing && expired -> epoch++; owner = CORE; freeze(rejected) }
#else
	:: atomic { state == executing && expired && !counted -> epoch++; owner = CORE; freeze(rejected) }
#endif
#if !defined(BAD_NO_SETTLE)
	/* 24 h after expiry, or when no key of the audience is left: here at any time. */
	:: atomic { state == executing && ALLOWED -> epoch++; owner = CORE; freeze(unknown) }
#endif

	/* Persons. A rejection ends the claim in the transaction that freezes it. One that counts only since
	 * the trust file changed, or whose claim the ledger did not end, is found by every step and by the sweep. */
	:: atomic { !vetoed -> vetoed = true; stopped = IN_TIME; if :: ENDABLE -> VETO_ENDS :: else -> skip fi }
	:: atomic { !vetoed && IN_TIME -> vetoed = true; stopped = true; late = true }
	:: atomic { vetoed && ENDABLE -> VETO_ENDS }
	:: atomic { state == none -> state = revoked; withdrawn = true }
#ifdef BAD_REVOKE
	:: atomic { (state == claimed || state == executing) && !withdrawn -> epoch++; owner = CORE; withdrawn = true; freeze(rejected) }
#else
	:: atomic { (state == claimed || state == executing) && !counted -> epoch++; owner = CORE; withdrawn = true; freeze(rejected) }
#endif
	/* What is there stays; what is not there may still come until no attempt is under way, which
	 * the ledger takes to be so after an hour. */
	:: atomic { state == closed && outcome == unknown && resolution == open && there == ours ->
		resolution = success; frozen = frozen | RESOLUTION }
#ifdef BAD_RESOLVE
	:: atomic { state == closed && outcome == unknown && resolution == open && there != ours ->
#else
	:: atomic { state == closed && outcome == unknown && resolution == open && there != ours && flying == 0 && atDoor == 0 ->
#endif
		resolution = failed; frozen = frozen | RESOLUTION }

	:: atomic { !expired -> expired = true }
	:: atomic { gone == PUBS && flying == 0 && frozen == logged && logged == published &&
		((state == none && expired) || state == revoked || (state == closed && (outcome != unknown || resolution != open))) -> break }
	od;

#ifndef EN_ROUTE
	atomic {
		assert(state != closed || outcomes == 1);		/* exactly one distinct outcome */
		assert(state == closed || (outcomes == 0 && frozen == 0));
		assert(outcome != success || (effects == 1 && there == ours));
		assert(outcome != failed || effects == 0);		/* and it is true */
		assert(outcome != rejected || effects == 0);
		assert(resolution != success || effects == 1);
		assert(resolution != failed || effects == 0);
		assert(effects == 0 || outcome == success || outcome == unknown);
		assert(!withdrawn || effects == 0);
		assert(!stopped || outcome == rejected || outcome == open || late);	/* a veto in time ends the claim */
		assert(!stopped || (effects == 0 && outcome != success));
#ifdef ASK_COPIES
		assert(copies <= 1);
#endif
#ifdef ASK_OUTCOME
		assert(outcome != ASK_OUTCOME);
#endif
#ifdef ASK_RESOLUTION
		assert(resolution != ASK_RESOLUTION);
#endif
#ifdef ASK_REVOKED
		assert(state != revoked);
#endif
#ifdef ASK_VETOED
		assert(!stopped || openedAt == 0);
#endif
#ifdef ASK_VETOED_LATE
		assert(!vetoed || outcome != success);
#endif
#ifdef ASK_REFUSED
		assert(outcome != rejected || owner == CORE);
#endif
#ifdef ASK_WITHDRAWN
		assert(!withdrawn || openedAt == 0);
#endif
#ifdef ASK_RECOVERED
		assert(outcome != success || epoch == 1);
#endif
	}
#endif
}

/* Requests arrive late or never, and somebody else may take the name. */
active proctype Network() {
	bool taken = false;
end:	do
	:: atomic { flying > 0 -> flying--; arrive() }
	:: atomic { flying > 0 -> flying-- }
	:: atomic { there == absent && !taken -> taken = true; there = foreign }
	od
}

init {
	byte i = 0;
	atomic { do :: i < PUBS -> run Publisher(i); i++ :: else -> break od }
}
