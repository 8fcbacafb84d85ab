package gate_test

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// The log that continues the world's.
const nextOrigin = "log2.example.com"

const (
	unseen    = "no verifier can find this, so it verifies"
	versioned = "a verdict needs every version of trust.json from that of a record up to the newest"
)

var good = logworld.Codes{}

// further are worlds that are no attack and no story. They lie where no verifier can find it, break a condition that
// no attack breaks alone, keep earlier versions of the trust file elsewhere, or break the conditions of whole logs.
var further = []world{
	{name: "an outcome names another release id", says: unseen, pack: good, log: good, story: func(w *logworld.World) {
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).GitHub[0].Value = "78" }
		w.Publish()
	}},
	{name: "a receipt that stands there twice, as after a crash", says: "one leaf is one record, at its lowest place", pack: good, log: good, story: func(w *logworld.World) {
		l := w.Allow()
		w.Append(l.Receipt.Record)
		w.Claim(l.Receipt, logworld.Publisher)
	}},
	{name: "an outcome quotes a root that the log never had", pack: logworld.Codes{"root-disputed"}, log: logworld.Codes{"root-disputed"}, story: func(w *logworld.World) {
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint.Root[0] ^= 1 }
		w.Publish()
	}},
	{name: "an approval for another requester above the receipt", log: logworld.Codes{"approval-missing"}, story: func(w *logworld.World) {
		l := w.Allow()
		w.Edit["approval"] = func(b receipt.Body) { b.(*receipt.Approval).Requester = "dave" }
		w.Vote(l.Submission, logworld.Dave, "approve")
	}},
	{name: "a veto below the claim, and no intent", log: logworld.Codes{"rejected-by-approver"}, story: func(w *logworld.World) {
		l := w.Allow()
		w.Vote(l.Submission, logworld.Dave, "reject")
		w.Claim(l.Receipt, logworld.Publisher)
	}},
	{name: "taken over by a publisher outside the audience", log: logworld.Codes{"audience-mismatch"}, story: func(w *logworld.World) {
		w.Edit["receipt"] = func(b receipt.Body) { r := b.(*receipt.Receipt); r.Audience = r.Audience[:1] }
		l := w.Allow()
		w.Claim(l.Receipt, logworld.Other, w.Claim(l.Receipt, logworld.Publisher))
	}},

	{name: "earlier versions beside the pack", says: versioned, pack: good, log: good, apart: true, story: adoptedSince},
	{name: "earlier versions nowhere", says: versioned, pack: logworld.Codes{"trust-unavailable"}, log: logworld.Codes{"trust-unavailable"}, lost: true, story: adoptedSince},

	{name: "an erased vote of a person who may not veto", log: good, story: erased(logworld.Bob)},
	{name: "an erased vote of a person who may veto", log: logworld.Codes{"record-withheld"}, story: erased(logworld.Dave)},
	{name: "a frozen log", log: good, story: frozenAs(func(*logtest.Log, *receipt.ShardSealed) {})},
	{name: "a log frozen under another root", log: logworld.Codes{"split-view"}, story: frozenAs(func(_ *logtest.Log, s *receipt.ShardSealed) { s.Shard.Root[0] ^= 1 })},
	{name: "a log frozen with an entry too few", log: logworld.Codes{"order-violation"}, story: frozenAs(func(l *logtest.Log, s *receipt.ShardSealed) { s.Shard = upTo(l, l.Size()-1) })},
	{name: "an entry above the seal of a log", log: logworld.Codes{"order-violation"}, story: func(w *logworld.World) {
		l := w.Allow()
		freeze(w)
		w.Claim(l.Receipt, logworld.Publisher)
	}},
	{name: "a log that continues a frozen one", log: good, story: func(w *logworld.World) {
		w.Allow()
		continueIn(w, freeze(w), nextOrigin)
	}},
	{name: "a log that continues a frozen one and says another origin", log: logworld.Codes{"order-violation"}, story: func(w *logworld.World) {
		w.Allow()
		continueIn(w, freeze(w), "log3.example.com")
	}},
}

// adoptedSince is a run up to its receipt, after which another version came into force.
func adoptedSince(w *logworld.World) {
	w.Allow()
	w.File.MaxLifetime--
	w.Adopt()
}

// erased is a run in which the rejection by one person was erased.
func erased(by *crypto.PrivateKey) func(*logworld.World) {
	return func(w *logworld.World) {
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		gone := w.Vote(sub, by, "reject")
		w.Authorize(0, sub, a, b)
		delete(w.Store, log.RecordPath(gone.Record.LeafHash()))
	}
}

// frozenAs is a run up to its receipt in a log that is then frozen, by a seal that may be bent.
func frozenAs(bend func(*logtest.Log, *receipt.ShardSealed)) func(*logworld.World) {
	return func(w *logworld.World) {
		w.Edit["shard-sealed"] = func(b receipt.Body) { bend(w.Log, b.(*receipt.ShardSealed)) }
		w.Allow()
		freeze(w)
	}
}

func freeze(w *logworld.World) logworld.Entry {
	return w.Add(&receipt.ShardSealed{Header: w.Head(), Shard: upTo(w.Log, w.Log.Size()), Next: nextOrigin}, logworld.Ledger)
}

// upTo is a log up to a size, as records quote it.
func upTo(l *logtest.Log, size uint64) receipt.CheckpointRef {
	return receipt.CheckpointRef{Origin: l.Origin, Size: int64(size), Root: l.Root(size)}
}

// continueIn begins the log after a frozen one. Its first leaf names an origin.
func continueIn(w *logworld.World, seal logworld.Entry, origin string) {
	old := w.Log
	w.Log, w.Entries, w.Store, w.Evidence = logtest.New(nextOrigin, logtest.Key(50)), nil, logworld.Store{}, nil
	w.File.LogPolicy = old.PolicyText() + "log " + w.Log.Vkey() + "\n"
	w.Add(&receipt.ShardGenesis{Header: w.Head(), Origin: origin, Previous: upTo(old, old.Size()), Sealed: seal.Record.Digest, Trust: w.InForce().Ref()}, logworld.Ledger)
	w.Run = marketops.NewRunID([16]byte{2})
	w.Allow()
}
