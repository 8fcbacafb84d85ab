package verifier_test

import (
	"encoding/base64"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// ownWorlds are worlds at the edges of what docs/formats.md says, which no story reaches.
func ownWorlds() (out []lie) {
	add := func(name string, story func(*logworld.World)) {
		out = append(out, lie{name, some, func() *logworld.World { return judgeable(story) }})
	}
	endsAtEdges(add)
	versionsAtEdges(add)
	votesAtEdges(add)
	livesAtEdges(add)
	return out
}

type adder func(name string, story func(*logworld.World))

// endsAtEdges: how the ledger or a publisher ends a claim.
func endsAtEdges(add adder) {
	for _, d := range []marketops.Time{-61, -60, -59, -1, 0, 1, 60, 86399, 86400, 86401} {
		add(fmt.Sprintf("given up %d s after the end", d), func(w *logworld.World) { giveUpAt(w, d) })
		add(fmt.Sprintf("rejected as expired %d s after the end", d), func(w *logworld.World) { rejectAt(w, d) })
	}
	add("rejected by the publisher without its intent", func(w *logworld.World) { rejected(w, w.Begin(), logworld.Publisher, 0) })
	add("rejected by the publisher before its intent", func(w *logworld.World) {
		l := w.Allow()
		l.Claim = w.Claim(l.Receipt, logworld.Publisher)
		rejected(w, l, logworld.Publisher, 0)
	})
	add("given up where no publisher's key is left", func(w *logworld.World) {
		w.File.Publishers[0].NotAfter, w.File.Publishers[1].NotAfter = logworld.Start+100, logworld.Start+100
		giveUpAt(w, -3600)
	})
	add("given up where one publisher's key is left", func(w *logworld.World) {
		w.File.Publishers[0].NotAfter = logworld.Start + 100
		giveUpAt(w, -3600)
	})
}

// versionsAtEdges: when a version comes into force, and what it changes.
func versionsAtEdges(add adder) {
	for _, d := range []marketops.Time{599, 600, 601} {
		add(fmt.Sprintf("a receipt %d s after the next version was due", d), func(w *logworld.World) {
			w.Live()
			w.File.MaxLifetime--
			w.Effective = logworld.Start + 4 - d
		})
	}
	for _, d := range []marketops.Time{0, 59, 60, 61} {
		add(fmt.Sprintf("adopted %d s early", d), func(w *logworld.World) {
			l := w.Begin()
			w.File.MaxLifetime--
			w.Edit[receipt.KindTrustAdopted] = func(b receipt.Body) { b.(*receipt.TrustAdopted).IssuedAt += -1 - d }
			w.Adopt()
			w.Finish(l.Intent, logworld.Publisher)
		})
	}
	add("a version adopted in the first leaf, after one that was in force", func(w *logworld.World) {
		w.InForce()
		w.File.MaxLifetime--
		w.Adopt()
		w.Live()
	})
	add("a false record below an unknown version", func(w *logworld.World) {
		w.InForce()
		w.Sign[receipt.KindClaim] = logworld.Authority
		w.Publish()
		unknownVersion(w)
	})
	add("a receipt that lives too long, ended below an unknown version", func(w *logworld.World) {
		w.Edit[receipt.KindReceipt] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		w.Publish()
		unknownVersion(w)
	})
	add("a receipt that lives too long, claimed above an unknown version", func(w *logworld.World) {
		w.Edit[receipt.KindReceipt] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		l := w.Allow()
		unknownVersion(w)
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a receipt that lives too long, unclaimed below an unknown version", func(w *logworld.World) {
		w.Edit[receipt.KindReceipt] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		w.Allow()
		unknownVersion(w)
	})
	add("a receipt that lives too long, begun below an unknown version", func(w *logworld.World) {
		w.Edit[receipt.KindReceipt] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		w.Begin()
		unknownVersion(w)
	})
	add("a second outcome below an unknown version", func(w *logworld.World) {
		w.Finish(w.Publish().Intent, logworld.Publisher)
		unknownVersion(w)
	})
	add("an honest run below an unknown version", func(w *logworld.World) {
		w.Publish()
		unknownVersion(w)
		w.Refuse(marketops.Expired)
	})
	add("an intent without outcome below an unknown version", func(w *logworld.World) {
		w.Begin()
		unknownVersion(w)
	})
	add("the ledger's next key comes with the receipt's version", func(w *logworld.World) {
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		next := w.File.Ledger[0]
		next.ID, next.SPKI = "ledger-2", spki(logworld.Stranger)
		w.File.Ledger = append(w.File.Ledger, next)
		w.Adopt()
		w.Sign[receipt.KindClaim] = logworld.Stranger
		w.Finish(w.Announce(w.Claim(w.Authorize(0, sub, a, b), logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("the lifetime is lowered after the receipt", func(w *logworld.World) {
		l := w.Allow()
		w.File.MaxLifetime = 60
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("an authority is taken out after the receipt", func(w *logworld.World) {
		l := w.Allow()
		w.File.Authorities = w.File.Authorities[1:]
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a requester taken out after the receipt", func(w *logworld.World) {
		l := w.Allow()
		w.File.Persons = w.File.Persons[1:]
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a resolver moved before the resolution", func(w *logworld.World) {
		logworld.Unknown(w)
		l := w.Publish()
		w.File.Persons[1].Groups = []string{"makers"}
		w.Adopt()
		logworld.Resolve(w, l.Outcome, logworld.Alice)
	})
	add("one authority with two keys where two are demanded", func(w *logworld.World) {
		w.File.AuthorityRules[0].Threshold = 2
		w.File.Authorities = append(w.File.Authorities, w.File.Authorities[1])
		w.File.Authorities[2].SPKI = anew("x", "y", logworld.Stranger).Keys[0].SPKI
		sub := w.Submit()
		body := w.NewReceipt(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"))
		rec := w.Add(body, logworld.Second, receipt.Files(&w.Ops[0])...)
		w.Add(body, logworld.Stranger, receipt.Files(&w.Ops[0])...)
		w.Claim(rec, logworld.Publisher)
	})
	add("a second envelope by an authority whose key ended", func(w *logworld.World) {
		w.File.Authorities[1].NotAfter = logworld.Start + 6
		sub := w.Submit()
		body := w.NewReceipt(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"))
		rec := w.Add(body, logworld.Authority, receipt.Files(&w.Ops[0])...)
		w.Add(body, logworld.Second, receipt.Files(&w.Ops[0])...)
		w.Head()
		w.Claim(rec, logworld.Publisher)
	})
}

// votesAtEdges: who votes when, and by which key.
func votesAtEdges(add adder) {
	add("a veto above a receipt without a claim", func(w *logworld.World) {
		l := w.Allow()
		w.Vote(l.Submission, logworld.Dave, "reject")
	})
	add("a veto by a person whose key changed since", func(w *logworld.World) {
		l := w.Allow()
		w.Vote(l.Submission, logworld.Dave, "reject")
		w.File.Persons[3] = anew("dave", "release", logworld.Stranger)
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a person moved into the group since, by another key", func(w *logworld.World) {
		w.File.Persons[3].Groups = []string{"makers"}
		l := w.Allow()
		w.Vote(l.Submission, logworld.Dave, "reject")
		w.File.Persons[3] = anew("dave", "release", logworld.Stranger)
		w.Adopt()
		w.Claim(l.Receipt, logworld.Publisher)
	})
	add("a veto by a person whose key changed before the receipt", func(w *logworld.World) {
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		w.Vote(sub, logworld.Dave, "reject")
		w.File.Persons[3] = anew("dave", "release", logworld.Stranger)
		w.Adopt()
		w.Finish(w.Announce(w.Claim(w.Authorize(0, sub, a, b), logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	for _, verdict := range []receipt.Verdict{"approve", "reject"} {
		add("a vote of a person who came after the receipt: "+string(verdict), func(w *logworld.World) {
			l := w.Allow()
			w.File.Persons = append(w.File.Persons, anew("eve", "release", logworld.Stranger))
			w.Adopt()
			w.Vote(l.Submission, logworld.Stranger, verdict)
			w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
		})
		add("a vote of a person who left after it: "+string(verdict), func(w *logworld.World) {
			l := w.Allow()
			w.Vote(l.Submission, logworld.Dave, verdict)
			w.File.Persons = w.File.Persons[:3]
			w.Adopt()
			w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
		})
	}
	add("a veto between claim and intent, by a person who came since", func(w *logworld.World) {
		l := w.Allow()
		c := w.Claim(l.Receipt, logworld.Publisher)
		w.File.Persons = append(w.File.Persons, anew("eve", "release", logworld.Stranger))
		w.Adopt()
		w.Vote(l.Submission, logworld.Stranger, "reject")
		w.Finish(w.Announce(c, logworld.Publisher), logworld.Publisher)
	})
	add("a veto after the claim counts at the second claim no more", func(w *logworld.World) {
		l := w.Begin()
		w.Vote(l.Submission, logworld.Dave, "reject")
		second := w.Claim(l.Receipt, logworld.Other, l.Claim)
		w.Finish(w.Announce(second, logworld.Other), logworld.Other)
	})
	add("approvers left after the receipt", func(w *logworld.World) {
		l := w.Allow()
		w.File.Persons[1].Groups, w.File.Persons[2].Groups = []string{"makers"}, []string{"makers"}
		w.File.Approvals[0].Threshold = 1
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a requester who approves beside enough others", func(w *logworld.World) {
		sub := w.Submit()
		w.Claim(w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"), w.Vote(sub, logworld.Bob, "approve")), logworld.Publisher)
	})
	add("one person twice beside enough others", func(w *logworld.World) {
		sub := w.Submit()
		w.Claim(w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve"), w.Vote(sub, logworld.AliceToo, "approve")), logworld.Publisher)
	})
	add("a veto by the requester", func(w *logworld.World) {
		w.File.Persons[0].Groups = []string{"release"}
		l := w.Allow()
		w.Vote(l.Submission, logworld.Bob, "reject")
		w.Claim(l.Receipt, logworld.Publisher)
	})
	add("an approval that the receipt does not name, of an earlier policy", func(w *logworld.World) {
		sub := w.Submit()
		w.Edit["approval"] = func(b receipt.Body) { b.(*receipt.Approval).Policy = marketops.DigestOf([]byte("earlier")) }
		w.Vote(sub, logworld.Dave, "approve")
		delete(w.Edit, "approval")
		w.Claim(w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")), logworld.Publisher)
	})
}

// livesAtEdges: what may follow what.
func livesAtEdges(add adder) {
	add("sealed three times", sealedThrice)
	add("a takeover without intent, ended by the ledger", func(w *logworld.World) {
		l := w.Begin()
		w.Claim(l.Receipt, logworld.Other, l.Claim)
		w.Now = logworld.Start + 7200
		rejected(w, l, logworld.Ledger, 2)
	})
	add("a success after one that a person decided", func(w *logworld.World) {
		logworld.Unknown(w)
		l := w.Publish()
		logworld.Resolve(w, l.Outcome, logworld.Alice)
		delete(w.Edit, receipt.KindOutcome)
		again := w.Authorize(0, l.Submission, w.Vote(l.Submission, logworld.Alice, "approve"), w.Vote(l.Submission, logworld.Carol, "approve"))
		w.Finish(w.Announce(w.Claim(again, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	})
	add("a second receipt claimed while the first is unknown", func(w *logworld.World) {
		logworld.Unknown(w)
		l := w.Publish()
		again := w.Authorize(0, l.Submission, w.Vote(l.Submission, logworld.Alice, "approve"), w.Vote(l.Submission, logworld.Carol, "approve"))
		w.Claim(again, logworld.Publisher)
	})
	add("a second run takes the tag while the first is under way", func(w *logworld.World) {
		w.Begin()
		w.Run = marketops.NewRunID([16]byte{2})
		w.Claim(w.Allow().Receipt, logworld.Publisher)
	})
	add("a second run takes the tag after a rejection", func(w *logworld.World) {
		l := w.Begin()
		w.Now = logworld.Start + 7200
		rejected(w, l, logworld.Ledger, 1)
		w.Run = marketops.NewRunID([16]byte{2})
		w.Publish()
	})
	add("a record above the seal of the log", func(w *logworld.World) {
		w.Publish()
		sealLog(w)
		w.Refuse(marketops.Expired)
	})
	add("the seal of the log", func(w *logworld.World) {
		w.Publish()
		sealLog(w)
	})
}

func anew(id, group string, k *crypto.PrivateKey) trust.Person {
	f := logworld.New().File
	p := f.Persons[3]
	p.ID, p.Groups = id, []string{group}
	p.Keys = []trust.Key{p.Keys[0]}
	p.Keys[0].ID, p.Keys[0].SPKI = id+"-anew", spki(k)
	return p
}

// giveUpAt lets the ledger give up an execution, so long after the receipt's end.
func giveUpAt(w *logworld.World, d marketops.Time) {
	l := w.Begin()
	w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + d - 1
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Checkpoint, o.Epoch = "unknown", marketops.OutcomeUnknown, nil, o.Epoch+1
		for i := range o.Effects {
			o.Effects[i].State = "unknown"
		}
	}
	w.Finish(l.Intent, logworld.Ledger)
}

func rejectAt(w *logworld.World, d marketops.Time) {
	l := w.Begin()
	w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + d - 1
	rejected(w, l, logworld.Ledger, 1)
}

// rejected ends a claim as expired, without its intent.
func rejected(w *logworld.World, l logworld.Life, by *crypto.PrivateKey, epochs int64) {
	c := l.Claim.Record.Body.(*receipt.Claim)
	w.Add(&receipt.Outcome{Header: w.Head(), OperationID: c.Operation, RunID: c.RunID, ReceiptID: c.ReceiptID, Receipt: c.Receipt,
		OperationKind: w.Ops[0].Kind, Epoch: c.Epoch + epochs, Status: "rejected", Code: marketops.Expired, Effects: []receipt.Effect{}, GitHub: []receipt.GitHubID{}}, by)
}

func sealedThrice(w *logworld.World) {
	l := w.Begin()
	first := w.Close()
	second := w.Close(first)
	w.Finish(l.Intent, logworld.Publisher)
	w.Close(second)
}

// unknownVersion takes a version into force that is not at hand.
func unknownVersion(w *logworld.World) {
	ref := w.InForce().Ref()
	w.Add(&receipt.TrustAdopted{Header: w.Head(), Trust: receipt.TrustRef{Version: ref.Version + 5, Digest: logworld.Policy}, Previous: ref.Digest, Effective: w.Now}, logworld.Ledger)
}

func sealLog(w *logworld.World) {
	size := w.Log.Size()
	w.Add(&receipt.ShardSealed{Header: w.Head(), Shard: receipt.CheckpointRef{Origin: logworld.Origin, Size: int64(size), Root: w.Log.Root(size)}, Next: "log2.example.com"}, logworld.Ledger)
}

func spki(k *crypto.PrivateKey) string { return base64.StdEncoding.EncodeToString(k.Public().SPKI()) }
