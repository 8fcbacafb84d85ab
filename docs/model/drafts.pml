/* The drafts of one release: GitHub has no natural key for them, only for the published release of a tag.
 *
 * PUBS publishers, TURNS grants: each a takeover of the receipt, or the next receipt of the same
 * operation. DRAFTS drafts of ours at most. One draft of others, with our marker copied, is on GitHub
 * from the start. The ledger keeps a note for each draft of which it was told. What finish.pml says of
 * attempts and receipts is not repeated. A publisher may stop at any step, or pause; a PATCH and a DELETE
 * of each draft may be under way with an unknown fate.
 *
 * -DBAD_...  leaves one safeguard out, and the search must find what then goes wrong
 * -DASK_...  asserts what the rules do not promise, or that an end cannot be reached
 */
#ifndef PUBS
#define PUBS 2
#endif
#ifndef TURNS
#define TURNS 3
#endif
#ifndef DRAFTS
#define DRAFTS 2
#endif
#define FOREIGN 0		/* the draft of others; ours are 1 to DRAFTS */
#define NONE 9

mtype:phase = { idle, executing, unresolved, over };	/* idle: the next receipt may begin; over: success */
mtype:note = { unnoted, noted, struck };
mtype:draft = { missing, kept, published, deleted };

/* The ledger. */
mtype:phase phase = idle;
byte turn = 0;			/* the epoch, counted over all receipts */
bool zero = true;		/* no attempt was counted under this receipt */
bool maybe = false;		/* a PATCH was counted, and the release is not listed as absent since */
mtype:note note[DRAFTS + 1] = unnoted;

/* GitHub, and what is on the way to it. */
mtype:draft draft[DRAFTS + 1] = missing;
byte drafts = 0;		/* ours that were made */
byte released = NONE;		/* the draft that is the published release of the tag */
bool patching[DRAFTS + 1] = false;
bool deleting[DRAFTS + 1] = false;
byte waiting = 0;		/* publishers that counted a PATCH and have not sent it yet */
byte between = 0;		/* publishers that are between two tries */
byte maker[DRAFTS + 1] = 0;	/* the turn in which a draft was made */
bool reused = false;

#define HELD (phase == executing && turn == my)
#define QUIET (!patching[0] && !patching[1] && !patching[DRAFTS] && waiting == 0)

/* The PATCH of a draft reaches GitHub: the natural key decides. */
inline publish(d) {
	if
#ifdef BAD_NATURAL_KEY
	:: draft[d] == kept ->
#else
	:: draft[d] == kept && released == NONE ->
#endif
		assert(released == NONE);				/* at most one draft is published */
		assert(d != FOREIGN);					/* and we made it */
		assert(maybe);						/* and the release is not listed as absent */
		draft[d] = published;
		released = d
	:: else -> skip
	fi
}

/* A DELETE reaches GitHub, which deletes a published release as well. */
inline delete(d) {
	assert(d != FOREIGN);						/* no draft of others is deleted */
	assert(draft[d] != published);					/* and no release */
	draft[d] = deleted
}

/* Which draft may be used, and which may be deleted: those that are noted. */
#ifdef BAD_FOUND
#define USABLE(d) (draft[d] == kept && note[d] != struck)
#else
#define USABLE(d) (note[d] == noted)
#endif
#ifdef BAD_MARKER
#define DELETABLE(d) (draft[d] == kept)
#else
#define DELETABLE(d) (note[d] == noted)
#endif
#ifdef BAD_CLEANUP
#define ABSENT true
#else
#define ABSENT (!maybe)
#endif
#ifdef BAD_STRIKE
#define STRIKE skip
#else
#define STRIKE note[d] = struck
#endif

inline any() {
	d = 0;
	do :: d < DRAFTS -> d++ :: break od
}

#define MAYSTOP :: goto S0

proctype Publisher() {
	byte my = 0, d = 0;
	bool may = false;		/* a PATCH may have gone through, or may still */
	bool refused = false;

S0:	atomic { my = 0; d = 0; may = false; refused = false; between++ }
end:	if
	:: atomic { turn < TURNS && (phase == idle || phase == executing) ->
		if :: phase == idle -> zero = true :: else -> skip fi;
		phase = executing; turn++; my = turn; may = maybe; between-- }
	/* What was left is removed when no receipt is at work. */
	:: atomic { phase != executing && ABSENT -> any();
		if :: DELETABLE(d) -> STRIKE; between--; goto remove :: else -> between--; goto S0 fi }
	fi;

	/* A release is ours if it is a noted draft for which a PATCH was counted. */
look:	if
	:: atomic { HELD && released != NONE ->
		if
		:: maybe && note[released] == noted -> phase = over
		:: else -> assert(released == FOREIGN); phase = idle	/* a conflict is one */
		fi;
		goto S0 }
	:: HELD							/* absent, or missed */
	MAYSTOP
	fi;
	if
	:: atomic { HELD -> any(); if :: USABLE(d) -> goto ready :: else -> d = 0; goto look fi }
	:: atomic { HELD && note[1] != noted && note[DRAFTS] != noted && drafts < DRAFTS -> drafts++; d = drafts; draft[d] = kept; maker[d] = my }
	/* Made, and the answer is lost. */
	:: atomic { HELD && drafts < DRAFTS -> drafts++; draft[drafts] = kept; maker[drafts] = my; goto S0 }
	:: refused = true; goto give
	:: atomic { HELD && !may -> assert(QUIET); phase = idle; maybe = false; goto S0 }	/* failed: nothing can still come */
	MAYSTOP
	fi;

#ifndef BAD_UNNOTED
	/* A crash here leaves a draft that no step will use or delete. */
	if
	:: atomic { HELD -> note[d] = noted }
	MAYSTOP
	fi;
#endif

ready:	if								/* uploads, read-back; then the tag is the first attempt */
	:: atomic { HELD -> zero = false }
	:: refused = true; goto give
	MAYSTOP
	fi;
	if
	:: atomic { HELD -> maybe = true; waiting++ }
	MAYSTOP
	fi;
	atomic {
		waiting--;
		if
		:: goto S0
		:: if :: maker[d] != my -> reused = true :: else -> skip fi; publish(d); may = true
		:: !patching[d] -> patching[d] = true; may = true
		:: skip							/* refused */
		fi;
		d = 0;
		goto look
	};

	/* A definite refusal before the first attempt: what is noted is struck, then deleted, then the claim ends. */
give:	if
	:: atomic { HELD && zero && ABSENT -> any(); if :: DELETABLE(d) -> STRIKE :: else -> d = 0; goto give fi }
	:: atomic { HELD && zero -> phase = idle; goto S0 }
	MAYSTOP
	fi;

remove:	atomic {
		if
		:: delete(d)
		:: deleting[d] = true					/* arrives late, or never */
		:: skip
		fi;
		d = 0
	};
	if
	:: refused -> goto give
	:: else -> goto S0
	fi
}

active proctype Core() {
	do
	:: atomic { phase == executing && zero -> phase = idle }		/* a veto, or expiry */
	:: atomic { phase == executing -> phase = unresolved }
	:: atomic { phase == unresolved && released != NONE && maybe && note[released] == noted -> phase = over }
	:: atomic { phase == unresolved && QUIET && (released == NONE || released == FOREIGN) -> phase = idle; maybe = false }
	:: atomic { between == PUBS && QUIET && phase != executing && phase != unresolved -> break }
	od;
	atomic {
		assert(phase != over || draft[released] == published);
#ifdef ASK_LEFT
		assert(!(phase == over && drafts == 2 && (draft[1] == kept || draft[2] == kept)));
#endif
#ifdef ASK_DELETED
		assert(!(phase == over && draft[1] == deleted));
#endif
#ifdef ASK_REUSED
		assert(!(phase == over && reused));
#endif
	}
}

/* Requests arrive late or never. Others publish their draft, and take the tag. */
active proctype Network() {
	byte d = 0;
end:	do
	:: atomic { any(); if :: patching[d] -> patching[d] = false; if :: publish(d) :: skip fi :: else -> skip fi; d = 0 }
	:: atomic { any(); if :: deleting[d] -> deleting[d] = false; if :: delete(d) :: skip fi :: else -> skip fi; d = 0 }
	:: atomic { released == NONE && draft[FOREIGN] == kept -> draft[FOREIGN] = published; released = FOREIGN }
	od
}

init {
	byte i = 0;
	atomic { draft[FOREIGN] = kept; do :: i < PUBS -> run Publisher(); i++ :: else -> break od }
}
