package logworld

import (
	"maps"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func init() { maps.Copy(Stories, lawful) }

// Stories are runs as they may be. Each verifies, as a pack and as a log.
var Stories = map[string]func(*World){
	"published and closed":  func(w *World) { w.Live() },
	"published, not closed": func(w *World) { w.Publish() },
	"authorised only":       func(w *World) { w.Allow() },
	"claimed only":          func(w *World) { w.Claim(w.Allow().Receipt, Publisher) },
	"a refusal beside it": func(w *World) {
		l := w.Begin()
		w.Refuse(marketops.ContentMismatch)
		w.Finish(l.Intent, Publisher)
		w.Close()
	},
	"two authorities": func(w *World) {
		w.File.AuthorityRules[0].Threshold = 2
		sub := w.Submit()
		a, b := w.Vote(sub, Alice, "approve"), w.Vote(sub, Carol, "approve")
		body := w.NewReceipt(0, sub, a, b)
		rec := w.Add(body, Authority, receipt.Files(&w.Ops[0])...)
		w.Add(body, Second, receipt.Files(&w.Ops[0])...)
		w.Finish(w.Announce(w.Claim(rec, Publisher), Publisher), Publisher)
		w.Close()
	},
	"taken over by another publisher": func(w *World) {
		l := w.Begin()
		second := w.Claim(l.Receipt, Other, l.Claim)
		w.Finish(w.Announce(second, Other), Other)
		w.Close()
	},
	"taken over by reading GitHub": func(w *World) {
		l := w.Begin()
		w.Claim(l.Receipt, Other, l.Claim)
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Epoch = 2 }
		w.Finish(l.Intent, Other)
		w.Close()
	},
	"unknown and resolved": func(w *World) {
		Unknown(w)
		l := w.Publish()
		Resolve(w, l.Outcome, Alice)
		w.Close()
	},
	"failed": func(w *World) {
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code = "failed", marketops.GitHubDenied
			setEffects(o, "absent")
		}
		w.Live()
	},
	"rejected by the ledger after a revocation": func(w *World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		reject(w, l, Ledger, marketops.Revoked)
		w.Close()
	},
	"given up by the ledger": func(w *World) {
		l := w.Begin()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + 86400
		giveUp(w, l)
	},
	"closed twice": func(w *World) {
		l := w.Begin()
		c := w.Close()
		w.Finish(l.Intent, Publisher)
		w.Close(c)
	},
	"a later rejection is no veto": func(w *World) {
		l := w.Publish()
		w.Vote(l.Submission, Dave, "reject")
	},
	"two operations": func(w *World) {
		w.Ops = append(w.Ops, Release(w.Ops[0].Tag.Name+"-more"))
		l := w.Allow()
		second := w.Authorize(1, l.Submission, l.First, l.Other)
		for _, rec := range []Entry{l.Receipt, second} {
			w.Finish(w.Announce(w.Claim(rec, Publisher), Publisher), Publisher)
		}
		w.Close()
	},
	"every key revoked from the next place on": func(w *World) {
		Unknown(w)
		Resolve(w, w.Publish().Outcome, Alice)
		w.Close()
		later := logtest.New("later.example.com", Dave)
		w.File.LogPolicy = w.Log.PolicyText() + "log " + later.Vkey() + "\n"
		from := []log.Position{{Origin: Origin, Index: w.Log.Size()}, {Origin: "later.example.com"}}
		for _, keys := range [][]trust.Key{w.File.Authorities, w.File.Publishers, w.File.Ledger, w.File.Persons[0].Keys, w.File.Persons[1].Keys, w.File.Persons[2].Keys} {
			for i := range keys {
				keys[i].RevokedFrom = from
			}
		}
	},
	"witnessed": func(w *World) {
		Witness(w)
		w.Live()
	},
}

// setEffects puts every effect of an outcome into one state.
func setEffects(o *receipt.Outcome, state receipt.EffectState) {
	for i := range o.Effects {
		o.Effects[i].State = state
	}
}

// Witness adds a witness that every checkpoint and the trust file need.
func Witness(w *World) {
	w.Log.Witnesses = []logtest.Witness{{Name: "witness.example", Key: logtest.Key(30), At: Start + 50}}
}

// Unknown makes outcomes unknown.
func Unknown(w *World) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code = "unknown", marketops.OutcomeUnknown
		setEffects(o, "unknown")
	}
}

// Resolve lets a person decide an unknown outcome as a success.
func Resolve(w *World, out Entry, by *crypto.PrivateKey) Entry {
	o, h := out.Record.Body.(*receipt.Outcome), w.Head()
	return w.Add(&receipt.Resolution{Header: h, Operation: o.OperationID, RunID: o.RunID, ReceiptID: o.ReceiptID, Outcome: out.Record.Digest, Position: log.Position{Origin: Origin, Index: out.Index},
		Verdict: "success", Reason: w.Evident(h, "I looked")}, by)
}

func revoke(w *World, rec Entry) {
	r, h := rec.Record.Body.(*receipt.Receipt), w.Head()
	w.Add(&receipt.Revocation{Header: h, Operation: r.Operation, RunID: r.RunID, ReceiptID: r.ReceiptID, Receipt: rec.Record.Digest, By: "alice", Reason: w.Evident(h, "withdrawn")}, Authority)
}

func reject(w *World, l Life, by *crypto.PrivateKey, code marketops.Code) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Effects, o.Intent, o.Checkpoint, o.Epoch = "rejected", code, []receipt.Effect{}, nil, nil, o.Epoch+1
	}
	w.Finish(l.Intent, by)
}

func giveUp(w *World, l Life) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Checkpoint, o.Epoch = "unknown", marketops.OutcomeUnknown, nil, o.Epoch+1
		setEffects(o, "unknown")
	}
	w.Finish(l.Intent, Ledger)
}

// edit bends records of one name in a run that is otherwise played to its end.
func edit[T receipt.Body](kind receipt.Kind, f func(T)) func(*World) {
	return func(w *World) {
		w.Edit[kind] = func(b receipt.Body) { f(b.(T)) }
		w.Live()
	}
}

func signed(kind receipt.Kind, by *crypto.PrivateKey) func(*World) {
	return func(w *World) {
		w.Sign[kind] = by
		w.Live()
	}
}
