package logworld

import (
	"maps"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func init() { maps.Copy(Stories, changing) }

// changing are lawful runs during which trust.json changes.
var changing = map[string]func(*World){
	"begun under version 2": func(w *World) {
		w.begin(2)
		w.Live()
	},
	"adopted before the receipt": func(w *World) {
		w.adoptBetween(func(f *trust.File) { f.MaxLifetime = 7200 })
		w.Close()
	},
	"a higher minimum after the receipt": func(w *World) {
		l := w.Allow()
		w.File.Approvals[0].Threshold = 3
		w.Adopt()
		w.Finish(w.Announce(w.Claim(l.Receipt, Publisher), Publisher), Publisher)
		w.Close()
	},
	"a higher minimum today": func(w *World) {
		w.Live()
		w.File.Approvals[0].Threshold = 3
	},
	"everyone replaced since": func(w *World) {
		w.Live()
		w.File.Persons = []trust.Person{person("bob", "makers", Bob), person("eve", "release", Stranger), person("frank", "release", Other)}
		w.File.Publishers, w.File.Authorities = keys("pub3", LogKey), keys("core3.example", Publisher)
		w.Adopt()
	},
	"another ledger key": func(w *World) {
		l := w.Begin()
		w.File.Ledger = append(w.File.Ledger, key("ledger-2", Stranger))
		w.Sign[receipt.KindTrustAdopted] = Stranger
		w.Adopt()
		w.Finish(l.Intent, Publisher)
		w.Sign[receipt.KindRunClosed] = Stranger
		w.Close()
	},
	"adopted twice, and once again by a crash": func(w *World) {
		l := w.Begin()
		w.File.MaxLifetime--
		again := w.Adopt()
		w.Append(again.Record)
		w.File.MaxLifetime--
		w.Adopt()
		w.Finish(l.Intent, Publisher)
	},
}

// begin lets the log begin under a version of trust.json that is not the first.
func (w *World) begin(version int64) {
	first := w.File
	for w.Adopted = [][]byte{w.TrustBytes()}; int64(len(w.Adopted)) < version; w.Adopted = append(w.Adopted, w.TrustBytes()) {
		w.File.MaxLifetime--
		w.Effective = first.Effective
	}
	w.File = w.InForce().File()
	w.Add(&receipt.TrustAdopted{Header: w.Head(), Trust: w.InForce().Ref(), Effective: w.File.Effective}, Ledger)
	w.Effective = Start + 1e6
}

// adoptBetween plays a life in which a version is adopted after the approvals.
func (w *World) adoptBetween(change func(*trust.File)) (l Life) {
	l.Submission = w.Submit()
	l.First, l.Other = w.Vote(l.Submission, Alice, "approve"), w.Vote(l.Submission, Carol, "approve")
	change(&w.File)
	w.Adopt()
	l.Receipt = w.Authorize(0, l.Submission, l.First, l.Other)
	l.Claim = w.Claim(l.Receipt, Publisher)
	l.Intent = w.Announce(l.Claim, Publisher)
	l.Outcome = w.Finish(l.Intent, Publisher)
	return l
}

func shorter(f *trust.File) { f.MaxLifetime = 7200 }

// adopted bends a record that takes a version into force.
func adopted(change func(w *World, a *receipt.TrustAdopted)) func(*World) {
	return func(w *World) {
		w.Edit[receipt.KindTrustAdopted] = func(b receipt.Body) { change(w, b.(*receipt.TrustAdopted)) }
		w.adoptBetween(shorter)
	}
}

// versions are attacks with versions of trust.json.
var versions = []Attack{
	{"receipt under the version before", Codes{"trust-rolled-back"}, nil, func(w *World) {
		before := w.InForce().Ref()
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).Trust = before }
		w.adoptBetween(shorter)
	}},
	{"receipt under a version that was not adopted", Codes{"record-withheld"}, Codes{"trust-rolled-back"}, func(w *World) {
		w.InForce()
		shorter(&w.File)
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).Trust = w.Trust().Ref() }
		w.Live()
	}},
	{"receipt under no version of this file", Codes{"trust-rolled-back"}, nil, edit("receipt", func(r *receipt.Receipt) { r.Trust.Digest = Policy })},
	{"receipt under a version of another number", Codes{"trust-rolled-back"}, nil, func(w *World) {
		before := w.InForce().Ref()
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).Trust.Digest = before.Digest }
		w.adoptBetween(shorter)
	}},
	{"adopted too late", Codes{"trust-rolled-back"}, nil, func(w *World) {
		w.Live()
		shorter(&w.File)
		w.Effective = Start - 700
	}},
	{"adopted too late, the receipt dated back", Codes{"trust-rolled-back"}, nil, func(w *World) {
		w.Ops = append(w.Ops, Release("v1.4.0-more"))
		w.InForce()
		w.Effective = w.Now
		l := w.Publish()
		w.Now += 700
		w.Close()
		w.Now -= 700
		w.Claim(w.Authorize(1, l.Submission, l.First, l.Other), Publisher)
		shorter(&w.File)
	}},
	{"too few approvals, and a lower minimum today", Codes{"approval-missing"}, nil, func(w *World) {
		sub := w.Submit()
		w.Claim(w.Authorize(0, sub, w.Vote(sub, Alice, "approve")), Publisher)
		w.File.Approvals[0].Threshold = 1
	}},
	{"an approver who left before the receipt", Codes{"approval-missing"}, nil, func(w *World) {
		w.adoptBetween(func(f *trust.File) { f.Persons[2].Groups = []string{"makers"} })
	}},
	{"a person who may approve since, and had rejected", Codes{"rejected-by-approver"}, nil, func(w *World) {
		w.File.Persons[3].Groups = []string{"makers"}
		sub := w.Submit()
		w.Vote(sub, Dave, "reject")
		rec := w.Authorize(0, sub, w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve"))
		w.File.Persons = []trust.Person{w.File.Persons[0], w.File.Persons[1], w.File.Persons[2], person("dave", "release", Dave)}
		w.Adopt()
		w.Claim(rec, Publisher)
	}},
	{"a person who had rejected, and left before the claim", Codes{"rejected-by-approver"}, nil, func(w *World) {
		l := w.Allow()
		w.Vote(l.Submission, Dave, "reject")
		w.File.Persons = w.File.Persons[:3]
		w.Adopt()
		w.Claim(l.Receipt, Publisher)
	}},
	{"a person who rejected after the claim, and left before the intent", Codes{"rejected-by-approver"}, nil, func(w *World) {
		l := w.Allow()
		claim := w.Claim(l.Receipt, Publisher)
		w.Vote(l.Submission, Dave, "reject")
		w.File.Persons = w.File.Persons[:3]
		w.Adopt()
		w.Finish(w.Announce(claim, Publisher), Publisher)
	}},
	{"a person who had rejected, and has another key at the claim", Codes{"rejected-by-approver"}, nil, func(w *World) {
		l := w.Allow()
		w.Vote(l.Submission, Dave, "reject")
		w.File.Persons = append(w.File.Persons[:3:3], person("dave", "release", Stranger))
		w.Adopt()
		w.Claim(l.Receipt, Publisher)
	}},
	{"a publisher before it was listed", Codes{"key-unknown"}, Codes{"key-unknown", "order-violation"}, func(w *World) {
		w.File.Publishers = keys("pub1", Publisher)
		w.Edit["receipt"] = func(b receipt.Body) {
			b.(*receipt.Receipt).Audience = []crypto.KeyID{Publisher.Public().ID(), Other.Public().ID()}
		}
		l := w.Allow()
		intent := w.Announce(w.Claim(l.Receipt, Other), Other)
		w.File.Publishers = keys("pub1", Publisher, "pub2", Other)
		w.Adopt()
		w.Finish(intent, Other)
	}},
	{"a publisher after it was taken out", Codes{"key-unknown"}, Codes{"key-unknown", "outcome-missing"}, func(w *World) {
		l := w.Begin()
		w.File.Publishers = keys("pub2", Other)
		w.Adopt()
		w.Finish(l.Intent, Publisher)
	}},
	{"a key revoked today, listed otherwise then", Codes{"key-revoked"}, nil, func(w *World) {
		w.adoptBetween(shorter)
		w.File.Publishers = keys("pub1", Publisher, "pub2", Other)
		w.File.Publishers[0].RevokedFrom = []log.Position{{Origin: Origin, Index: 6}}
	}},

	{"adopted again: an older version", Codes{"trust-rolled-back"}, nil, func(w *World) {
		first := w.InForce()
		l := w.Begin()
		shorter(&w.File)
		w.Adopt()
		w.Add(&receipt.TrustAdopted{Header: w.Head(), Trust: first.Ref(), Previous: w.InForce().Digest(), Effective: first.File().Effective}, Ledger)
		w.Finish(l.Intent, Publisher)
	}},
	{"adopted: no version of this file", Codes{"record-withheld", "trust-rolled-back"}, Codes{"trust-rolled-back"}, adopted(func(_ *World, a *receipt.TrustAdopted) { a.Trust.Digest = Policy })},
	{"adopted after another version than the one in force", Codes{"trust-rolled-back"}, nil, adopted(func(_ *World, a *receipt.TrustAdopted) { a.Previous = Policy })},
	{"adopted as the first, and it is not", Codes{"trust-rolled-back"}, nil, adopted(func(_ *World, a *receipt.TrustAdopted) { a.Previous = marketops.Digest{} })},
	{"adopted with another effective time", Codes{"order-violation"}, nil, adopted(func(_ *World, a *receipt.TrustAdopted) { a.Effective++ })},
	{"adopted before it is effective", Codes{"order-violation"}, nil, func(w *World) {
		l := w.Begin()
		shorter(&w.File)
		w.Now += 61 // TrustBytes takes this for the effective time
		w.Edit[receipt.KindTrustAdopted] = func(b receipt.Body) { b.(*receipt.TrustAdopted).IssuedAt -= 62 }
		w.Adopt()
		w.Finish(l.Intent, Publisher)
	}},
	{"adopted by an authority", Codes{"key-unknown", "record-withheld"}, Codes{"key-unknown", "trust-rolled-back"}, func(w *World) {
		w.Sign[receipt.KindTrustAdopted] = Authority
		w.adoptBetween(shorter)
	}},
}
