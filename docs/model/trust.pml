/* Trust over time: which version of trust.json each record of one log is made under, for exhaustive search.
 *
 * One Core writes one log. The operator puts versions of the file on its disk. The Core adopts a newer
 * one between two calls, and the verifier's rule is asserted wherever a record gets its place.
 *
 * The bounds are VERSIONS, CALLS and SLOTS. Records, kills, failed appends and copies are not counted:
 * each may happen at every step and any number of times. A record that has its place and its note is
 * forgotten here, because no later step can change what the verifier says of it.
 *
 * Neither the clock nor the length of the log is a number, so both may grow for ever. Of a file the model
 * keeps whether its moment lies ahead, and how far its index is from the end of the log.
 *
 * -DFIRST     version 1 is in force from the start, without a record
 * -DBAD_...   leaves one safeguard out, and the search must find what then goes wrong
 * -DNO_KEYS   no file revokes a key
 * -DKEYS_ONLY drops the assertions about versions and their moments
 * -DASK_...   asserts what is not promised, or that something cannot be reached: the search must
 *             contradict that too. README.md lists them all.
 */
#ifdef FIRST
#define BEGIN 1
#else
#define BEGIN 0
#endif
#ifndef VERSIONS
#define VERSIONS 3
#endif
#ifndef CALLS
#define CALLS 2			/* calls at one time */
#endif
#define SLOTS 3			/* records at one time that are frozen and whose index is not noted; DRAINED,
				 * FREE, freeze and Outbox list them */
#define NEAR 1			/* the operator names an index at most so far beyond the end of the log */

mtype:kind = { none, made, adopted };		/* a record that a call made, or trust-adopted */
mtype:moment = { ahead, reached, over };	/* effective lies ahead, is reached, or the grace after it is over too */

/* The files, as the operator wrote them. Each names the one before, whose moment does not come later. So they
 * are a chain, and a verifier holds all of them up to the newest that was adopted. */
byte latest = BEGIN;		/* the newest that was written */
byte disk = BEGIN;		/* the version on the disk of the Core */
mtype:moment moment[VERSIONS + 2] = ahead;
bool late[VERSIONS + 2];	/* a receipt that names an older version was signed after this file's grace */

/* One key may be revoked by a file from an index of the log on. The files after it repeat that. */
byte revokes = 0;		/* the version, 0 if none does */
byte index = 0;			/* where the index lies now */
bool struck = false;		/* a record of the key stands there or above, and the file is not adopted */
#define BELOW 1			/* the index is below the end of the log */
#define AT 2			/* it is the place of the next record; more is further on */
#define REVOKED(version) (revokes != 0 && (version) >= revokes)

/* The ledger: durable. What has no index yet, and the newest adoption. */
mtype:kind kind[SLOTS] = none;
byte under[SLOTS];		/* the version it was judged by; of an adoption, the version adopted */
byte names[SLOTS];		/* the version that a receipt names; other kinds name none */
bool byKey[SLOTS];		/* signed by the key that may be revoked */
bool placed[SLOTS];		/* it is in the log */
byte newest = BEGIN;		/* the version of the newest trust-adopted record, 0 if there is none */
bool kept = true;		/* the file of that version is stored */

/* The log: the version in force at the next place. */
byte force = BEGIN;

/* Memory of the Core: lost by a kill. */
bool up = false;
bool alone = false;		/* the lock, held alone */
byte shared = 0;		/* the lock, shared by calls */
byte current = 0;		/* the active version: calls are judged by it */
byte adopting = 0;		/* the version that is being adopted */

#ifdef ASK_ALL
byte steps = 0;			/* adoptions in the log */
#endif
#ifdef ASK_RECOVERED
byte before = 0;		/* the version that calls were judged by when the Core was killed */
#endif
#ifdef ASK_HALF
bool half = false;		/* a kill came after an adoption was frozen and before it had its place */
#endif
#ifdef ASK_GRACE
bool graced = false;		/* a receipt was signed in the grace of the version after the one that it names */
#endif
#ifdef ASK_LATER
byte refused = 0;		/* a version that was not adopted because it came too late */
#endif
#ifdef ASK_REVOKED
bool used = false;		/* the key has a record in the log */
#endif

#define DRAINED (kind[0] == none && kind[1] == none && kind[2] == none)
#define FREE (kind[0] == none || kind[1] == none || kind[2] == none)

/* What the Core asks of the file on the disk before it adopts it. */
#ifdef BAD_OLDER
#define NEWER (disk != 0 && disk != current)
#else
#define NEWER (disk > current)
#endif
#ifdef BAD_EARLY
#define EFFECTIVE true
#else
#define EFFECTIVE (moment[disk] != ahead)
#endif
#if defined(BAD_LATE) || defined(BAD_ASKED)
#define IN_TIME true
#elif defined(BAD_NEXT)
#define IN_TIME (!late[disk])
#else
#define IN_TIME (!late[current + 1])	/* the first version after the one in force counts, adopted or passed over */
#endif
#ifdef BAD_INDEX
#define INDEX true
#else
#define INDEX (!REVOKED(disk) || REVOKED(current) || index != BELOW)
#endif
#define GOOD (NEWER && EFFECTIVE && IN_TIME && INDEX)

#ifdef BAD_REVOKED
#define MAY_SIGN true
#else
#define MAY_SIGN (!REVOKED(version))
#endif

#ifdef BAD_NAME
#define NAMED disk
#else
#define NAMED version
#endif

/* A record enters the ledger. Its bytes do not change any more. */
inline freeze(what, by, named, key) {
	s = (kind[0] == none -> 0 : (kind[1] == none -> 1 : 2));
	kind[s] = what;
	under[s] = by;
	names[s] = named;
	byKey[s] = key;
	s = 0
}

/* A record gets its place. What is asserted here is what an audit asks. */
inline append(s) {
	if
	:: placed[s] ->							/* a copy: only the lower place counts */
#ifdef ASK_COPY
		assert(!placed[s]);
#endif
		skip
	:: else ->
		placed[s] = true;
		if
		:: kind[s] == adopted ->
#ifdef ASK_ALL
			steps++;
			assert(steps < VERSIONS);
#endif
#ifdef ASK_SKIPPED
			assert(force + 1 == under[s]);
#endif
#ifdef ASK_HALF
			assert(!half);
#endif
#ifndef KEYS_ONLY
			assert(force < under[s]);			/* adopted versions only grow */
#endif
			force = under[s]
		:: else ->
#ifndef KEYS_ONLY
			assert(force != 0);				/* no record below the first adoption */
			assert(force == under[s]);			/* made under the version in force there */
			assert(names[s] == 0 || force == names[s]);	/* and a receipt names no other */
#endif
			if
			:: byKey[s] ->
				assert(!REVOKED(newest) || index > AT);	/* a revoked key has no record at its index or above */
				struck = struck || (revokes != 0 && index <= AT && !REVOKED(newest));
#ifdef ASK_REVOKED
				used = true;
#endif
				skip
			:: else -> skip
			fi
		fi;
		under[s] = 0; names[s] = 0; byKey[s] = false		/* they were judged */
	fi;
	if :: index > BELOW -> index-- :: else -> skip fi		/* the end of the log has come nearer */
}

/* A call is judged by the version that is active when it begins. It shares the lock until its record is
 * frozen. In the program it also waits for the place, unless the append fails: this allows more. */
active [CALLS] proctype Call() {
	byte version = 0, s = 0, v = 0;

begin:	atomic { up && !alone && current != 0 -> shared++; version = current };
	if
	:: atomic { up && FREE ->
		if
		:: MAY_SIGN -> freeze(made, version, 0, true)
		:: freeze(made, version, 0, false)
		:: freeze(made, version, NAMED, false);			/* a receipt, dated now */
			for (v : version + 1 .. latest) {
				late[v] = late[v] || moment[v] == over
			}
			v = 0;
#ifdef ASK_GRACE
			graced = graced || (latest > version && moment[version + 1] == reached);
#endif
#ifdef ASK_RECOVERED
			assert(version != before);
#endif
			skip
		fi }
	:: true								/* the call is refused, or the Core was killed */
	fi;
	atomic { shared--; version = 0; goto begin }
}

/* Frozen records get their places in any order, at once or later, and once more if the answer was lost
 * or the Core was killed before it noted the index. The program keeps an order after a kill. */
#define APPEND(s) atomic { up && kind[s] != none -> append(s) }
#define NOTE(s) atomic { up && placed[s] -> kind[s] = none; placed[s] = false }

active proctype Outbox() {
	do
	:: APPEND(0)
	:: APPEND(1)
	:: APPEND(2)
	:: NOTE(0)
	:: NOTE(1)
	:: NOTE(2)
	od
}

/* What ends the Core: it begins again. */
#define KILLED :: !up -> goto start

active proctype Core() {
	bool stored = false;
	byte s = 0, v = 0;

start:	/* No call of the time before is left, and no call begins yet. */
	atomic { !up && shared == 0 -> up = true; alone = true; stored = false };
#if !defined(BAD_START) && !defined(BAD_SERVE)
	if								/* first what is frozen gets its place */
	:: up && DRAINED
	KILLED
	fi;
#endif
	if								/* then the ledger says what is active, not the disk */
	:: atomic { up ->
		assert(kept);						/* the file of that version is there */
#ifdef BAD_RESTART
		current = (newest != 0 && disk > newest -> disk : newest) }
#else
		current = newest }
#endif
	KILLED
	fi;
#ifndef BAD_SERVE
	goto look;							/* then the disk is looked at */
#endif

serve:
#ifdef BAD_START
	if
	:: up && DRAINED
	KILLED
	fi;
#endif
	/* Calls begin and end. At any moment the Core may look at the disk again. */
	if
	:: atomic { up -> alone = false }
	KILLED
	fi;
#ifdef BAD_ASKED
	if
	:: up && !late[current + 1]
	KILLED
	fi;
#endif
	if								/* no call is between its judging and its record */
#ifdef BAD_LOCK
	:: atomic { up -> alone = true }
#else
	:: atomic { up && shared == 0 -> alone = true }
#endif
	KILLED
	fi;
#ifndef BAD_DRAIN
	if								/* and what they froze is in the log */
	:: up && DRAINED
	KILLED
	fi;
#endif

look:	/* Only now is the file read and judged: no receipt and no record can come in between. */
	if
	:: atomic { up && GOOD -> adopting = disk }
	:: up ->
#ifdef ASK_LATER
		atomic { if :: NEWER && EFFECTIVE && !IN_TIME -> refused = disk :: else -> skip fi };
#endif
		goto serve
	KILLED
	fi;

store:	/* The file is stored before a record names it. */
#ifndef BAD_STORE
	if
	:: atomic { up -> stored = true }
	KILLED
	fi;
#endif
	if
	:: atomic { up && FREE ->
#ifndef KEYS_ONLY
		assert(moment[adopting] != ahead);			/* not adopted before it is effective */
		assert(!late[newest + 1]);				/* no receipt names the version before, and is too late for it */
#endif
		assert(!REVOKED(adopting) || !struck);			/* no record that stands in the log is revoked by it */
#ifdef ASK_GRACE
		assert(!graced);
#endif
#ifdef ASK_LATER
		assert(adopting != refused);
#endif
#ifdef ASK_REVOKED
		assert(!REVOKED(adopting) || REVOKED(newest) || !used);
#endif
		freeze(adopted, adopting, 0, false);
		newest = adopting;
		for (v : 1 .. VERSIONS) {				/* what is over, and what no receipt can be too late for */
			if :: v <= newest -> moment[v] = over :: else -> skip fi;
			late[v] = false
		}
		v = 0;
		kept = stored }
	KILLED
	fi;
#ifdef BAD_STORE
	if
	:: atomic { up -> kept = true }
	KILLED
	fi;
#endif
#ifndef BAD_ACTIVE
	if								/* a failed append is tried again, and the lock is held */
	:: up && DRAINED
	KILLED
	fi;
#endif
	if								/* only now are calls judged by it */
	:: atomic { up -> current = adopting; adopting = 0; stored = false }
	KILLED
	fi;
	goto serve
}

/* The operator, the clock, and what kills the Core. */
active proctype World() {
	byte v = 0, n = 0;

	do
	/* The next version is written, or one anew that is not adopted, with a later moment and index: the
	 * versions after it fall. A file that comes with a moment that has passed is, to the Core, one that
	 * was there for long and that it did not look at. */
	:: atomic {
		select(v : 1 .. VERSIONS);
		if
		:: v > newest && v > adopting && v <= latest + 1 ->
			for (n : v .. VERSIONS) { moment[n] = ahead; late[n] = false }
			n = 0;
			latest = v;
			disk = v;
#ifdef ASK_GRACE
			graced = graced && v > newest + 1;
#endif
			if
			:: revokes >= v -> revokes = 0; index = 0; struck = false
			:: else -> skip
			fi;
			if
			:: true
#ifndef NO_KEYS
			:: revokes == 0 -> revokes = v; select(n : AT .. AT + NEAR); index = n; n = 0
#endif
			fi
		:: else -> skip
		fi;
		v = 0 }
	/* An older one is put back on the disk, or the newest again. */
	:: atomic { latest != 0 -> select(v : 1 .. latest); disk = v; v = 0 }
	/* Time passes, and the moment of a file does not pass before that of the file before. */
	:: atomic {
		latest != 0 -> select(v : 1 .. latest);
		if
		:: moment[v] == ahead && (v == 1 || moment[v - 1] != ahead) -> moment[v] = reached
		:: moment[v] == reached && (v == 1 || moment[v - 1] == over) -> moment[v] = over
		:: else -> skip
		fi;
		v = 0 }
	:: atomic { up ->
#ifdef ASK_RECOVERED
		before = current;
#endif
#ifdef ASK_HALF
		half = half || (kind[0] == adopted && !placed[0]);
#endif
		up = false; alone = false; current = 0; adopting = 0 }
	od
}
