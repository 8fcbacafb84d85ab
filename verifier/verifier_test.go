package verifier_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/logtest"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/internal/lifetest"
	"github.com/omega/marketops/verifier/pack"
)

// verify judges the pack of a world some days after its last record.
func verify(w *lifetest.World) *verifier.Report {
	return verifier.Verify(w.Pack(), w.Trust(), w.Now+5*86400)
}

// codes returns the codes of all failed checks, each once, in order of name.
func codes(r *verifier.Report) []string {
	var out []string
	for _, c := range r.Checks {
		if c.Status == marketops.Fail && !slices.Contains(out, string(c.Code)) {
			out = append(out, string(c.Code))
		}
	}
	slices.Sort(out)
	return out
}

func describe(r *verifier.Report) string {
	var b strings.Builder
	for _, c := range r.Checks {
		if c.Status != marketops.Pass {
			b.WriteString("\n  " + c.Name + " " + c.Subject + " " + string(c.Code) + " " + string(c.Status) + " " + c.Expected + " " + c.Got + " " + c.Detail)
		}
	}
	return string(r.Verdict) + b.String()
}

func TestControl(t *testing.T) {
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			w := lifetest.New()
			story(w)
			r := verify(w)
			if !r.Verified() || r.ExitCode() != 0 || r.Code != "" {
				t.Fatalf("exit %d: %s", r.ExitCode(), describe(r))
			}
			if len(r.NotCovered) < 4 {
				t.Errorf("not covered: %q", r.NotCovered)
			}
			if r.TrustDigest != marketops.DigestOf(w.TrustBytes()) || r.TrustVersion != 7 {
				t.Errorf("the report names trust %s, version %d", r.TrustDigest, r.TrustVersion)
			}
		})
	}
}

// stories are runs as they may be.
var stories = map[string]func(*lifetest.World){
	"published and closed":  func(w *lifetest.World) { w.Live() },
	"published, not closed": func(w *lifetest.World) { w.Publish() },
	"authorised only":       func(w *lifetest.World) { w.Allow() },
	"claimed only":          func(w *lifetest.World) { w.Claim(w.Allow().Receipt, lifetest.Publisher) },
	"a refusal beside it": func(w *lifetest.World) {
		l := w.Begin()
		w.Refuse(marketops.ContentMismatch)
		w.Finish(l.Intent, lifetest.Publisher)
		w.Close()
	},
	"two authorities": func(w *lifetest.World) {
		w.File.AuthorityRules[0].Threshold = 2
		sub := w.Submit()
		a, b := w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Carol, "approve")
		body := w.NewReceipt(0, sub, a, b)
		rec := w.Add(body, lifetest.Authority, w.Digests()[0], w.Assets(0)...)
		w.Add(body, lifetest.Second, w.Digests()[0], w.Assets(0)...)
		w.Finish(w.Announce(w.Claim(rec, lifetest.Publisher), lifetest.Publisher), lifetest.Publisher)
		w.Close()
	},
	"taken over by another publisher": func(w *lifetest.World) {
		l := w.Begin()
		second := w.Claim(l.Receipt, lifetest.Other, l.Claim)
		w.Finish(w.Announce(second, lifetest.Other), lifetest.Other)
		w.Close()
	},
	"taken over by reading GitHub": func(w *lifetest.World) {
		l := w.Begin()
		w.Claim(l.Receipt, lifetest.Other, l.Claim)
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Epoch = 2 }
		w.Finish(l.Intent, lifetest.Other)
		w.Close()
	},
	"unknown and resolved": func(w *lifetest.World) {
		unknown(w)
		l := w.Publish()
		resolve(w, l.Outcome, lifetest.Alice)
		w.Close()
	},
	"failed": func(w *lifetest.World) {
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Effects = "failed", marketops.GitHubDenied, []receipt.Effect{{Name: "tag", State: "absent"}}
		}
		w.Live()
	},
	"rejected by the ledger after a revocation": func(w *lifetest.World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		reject(w, l, lifetest.Ledger, marketops.Revoked)
		w.Close()
	},
	"given up by the ledger": func(w *lifetest.World) {
		l := w.Begin()
		w.Now = l.Receipt.Record.Body.(*receipt.Receipt).ExpiresAt + 86400
		giveUp(w, l)
	},
	"closed twice": func(w *lifetest.World) {
		l := w.Begin()
		c := w.Close()
		w.Finish(l.Intent, lifetest.Publisher)
		w.Close(c)
	},
	"a later rejection is no veto": func(w *lifetest.World) {
		l := w.Publish()
		w.Vote(l.Submission, lifetest.Dave, "reject")
	},
	"two operations": func(w *lifetest.World) {
		w.Ops = append(w.Ops, lifetest.Release("v1.5.0"))
		l := w.Allow()
		second := w.Authorize(1, l.Submission, l.First, l.Other)
		for _, rec := range []lifetest.Entry{l.Receipt, second} {
			w.Finish(w.Announce(w.Claim(rec, lifetest.Publisher), lifetest.Publisher), lifetest.Publisher)
		}
		w.Close()
	},
	"witnessed": func(w *lifetest.World) {
		witness(w)
		w.Live()
	},
}

func witness(w *lifetest.World) {
	w.Log.Witnesses = []logtest.Witness{{Name: "witness.example", Key: logtest.Key(30), At: lifetest.Start + 50}}
}

func unknown(w *lifetest.World) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Effects = "unknown", marketops.OutcomeUnknown, []receipt.Effect{{Name: "tag", State: "unknown"}}
	}
}

func resolve(w *lifetest.World, out lifetest.Entry, by *crypto.PrivateKey) lifetest.Entry {
	o, h := out.Record.Body.(*receipt.Outcome), w.Head()
	return w.Add(&receipt.Resolution{Head: h, RunID: o.RunID, ReceiptID: o.ReceiptID, Outcome: out.Record.Digest, Position: log.Position{Origin: lifetest.Origin, Index: out.Index},
		Verdict: "success", Reason: w.Evident(h, "I looked")}, by, o.OperationID)
}

func revoke(w *lifetest.World, rec lifetest.Entry) {
	r, h := rec.Record.Body.(*receipt.Receipt), w.Head()
	w.Add(&receipt.Revocation{Head: h, RunID: r.RunID, ReceiptID: r.ReceiptID, Receipt: rec.Record.Digest, By: "alice", Reason: w.Evident(h, "withdrawn")}, lifetest.Authority, r.Operation)
}

func reject(w *lifetest.World, l lifetest.Life, by *crypto.PrivateKey, code marketops.Code) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Effects, o.Intent, o.Checkpoint, o.Epoch = "rejected", code, []receipt.Effect{}, nil, nil, o.Epoch+1
	}
	w.Finish(l.Intent, by)
}

func giveUp(w *lifetest.World, l lifetest.Life) {
	w.Edit["outcome"] = func(b receipt.Body) {
		o := b.(*receipt.Outcome)
		o.Status, o.Code, o.Effects, o.Checkpoint = "unknown", marketops.OutcomeUnknown, []receipt.Effect{{Name: "tag", State: "unknown"}}, nil
	}
	w.Finish(l.Intent, lifetest.Ledger)
}

// edit bends records of one name in a run that is otherwise played to its end.
func edit[T receipt.Body](name string, f func(T)) func(*lifetest.World) {
	return func(w *lifetest.World) {
		w.Edit[name] = func(b receipt.Body) { f(b.(T)) }
		w.Live()
	}
}

func signed(name string, by *crypto.PrivateKey) func(*lifetest.World) {
	return func(w *lifetest.World) {
		w.Sign[name] = by
		w.Live()
	}
}

// attacks are runs that bend one thing in the log itself, and the codes that it must have.
var attacks = []struct {
	name  string
	want  []marketops.Code
	story func(*lifetest.World)
}{
	{"receipt by a publisher's key", []marketops.Code{"key-unknown"}, signed("receipt", lifetest.Publisher)},
	{"receipt by the log's key", []marketops.Code{"key-unknown"}, signed("receipt", lifetest.LogKey)},
	{"receipt by a stranger (I3)", []marketops.Code{"key-unknown"}, signed("receipt", lifetest.Stranger)},
	{"approval by a stranger", []marketops.Code{"key-unknown"}, signed("approval", lifetest.Stranger)},
	{"claim by an authority", []marketops.Code{"key-unknown"}, signed("claim", lifetest.Authority)},
	{"intent by the ledger", []marketops.Code{"key-unknown"}, signed("intent", lifetest.Ledger)},
	{"seal by an authority", []marketops.Code{"key-unknown"}, signed("run-closed", lifetest.Authority)},
	{"submission by somebody else", []marketops.Code{"approval-missing", "key-unknown"}, signed("submission", lifetest.Dave)},

	{"receipt not enforceable", []marketops.Code{"not-enforceable"}, edit("receipt", func(r *receipt.Receipt) { r.Enforceable = false })},
	{"receipt for a dry run", []marketops.Code{"not-enforceable"}, edit("receipt", func(r *receipt.Receipt) { r.Mode = marketops.DryRun })},
	{"receipt of another kind", []marketops.Code{"kind-mismatch"}, func(w *lifetest.World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).OperationKind = marketops.TagRepo }
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).OperationKind = marketops.TagRepo }
		w.Live()
	}},
	{"receipt for another repository of the same name", []marketops.Code{"repository-mismatch"}, edit("receipt", func(r *receipt.Receipt) { r.Target.RepositoryID = 43 })},
	{"receipt that lives too long", []marketops.Code{"lifetime-excessive"}, edit("receipt", func(r *receipt.Receipt) { r.ExpiresAt = r.NotBefore + 86401 })},
	{"receipt longer than trust allows", []marketops.Code{"lifetime-excessive"}, func(w *lifetest.World) {
		w.File.MaxLifetime = 3600
		w.Live()
	}},
	{"receipt from the future", []marketops.Code{"not-yet-valid"}, edit("receipt", func(r *receipt.Receipt) { r.NotBefore += 600 })},
	{"receipt claimed after it expired", []marketops.Code{"expired"}, edit("claim", func(c *receipt.Claim) { c.IssuedAt += 7200 })},
	{"receipt claimed within the clocks' difference of its end", []marketops.Code{"expired"}, edit("claim", func(c *receipt.Claim) { c.IssuedAt += 7150 })},
	{"receipt stale", []marketops.Code{"expired", "lifetime-excessive", "stale"}, func(w *lifetest.World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).ExpiresAt += 86400 }
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).IssuedAt += 2 * 86400 }
		w.Live()
	}},
	{"publisher outside the audience", []marketops.Code{"audience-mismatch"}, edit("receipt", func(r *receipt.Receipt) { r.Audience = r.Audience[1:] })},
	{"receipt vouches for a foreign file", []marketops.Code{"operation-mismatch"}, func(w *lifetest.World) {
		sub := w.Submit()
		a, b := w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Carol, "approve")
		w.Add(w.NewReceipt(0, sub, a, b), lifetest.Authority, w.Digests()[0], receipt.SubjectOf("evil.tar.gz", marketops.DigestOf([]byte("evil"))))
	}},
	{"one authority where two are demanded", []marketops.Code{"threshold-unmet"}, func(w *lifetest.World) {
		w.File.AuthorityRules[0].Threshold = 2
		w.Live()
	}},
	{"second authority after the claim", []marketops.Code{"threshold-unmet"}, func(w *lifetest.World) {
		w.File.AuthorityRules[0].Threshold = 2
		sub := w.Submit()
		a, b := w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Carol, "approve")
		body := w.NewReceipt(0, sub, a, b)
		rec := w.Add(body, lifetest.Authority, w.Digests()[0])
		w.Claim(rec, lifetest.Publisher)
		w.Add(body, lifetest.Second, w.Digests()[0])
	}},

	{"one approval where two are demanded", []marketops.Code{"approval-missing"}, func(w *lifetest.World) {
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, lifetest.Alice, "approve"))
	}},
	{"one person with two keys", []marketops.Code{"approval-missing", "duplicate-person"}, func(w *lifetest.World) {
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.AliceToo, "approve"))
	}},
	{"requester approves", []marketops.Code{"approval-missing", "self-approval"}, func(w *lifetest.World) {
		w.File.Persons[0].Groups = []string{"release"}
		sub := w.Submit()
		w.Authorize(0, sub, w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Bob, "approve"))
	}},
	{"veto before the receipt", []marketops.Code{"rejected-by-approver"}, func(w *lifetest.World) {
		sub := w.Submit()
		a, b := w.Vote(sub, lifetest.Alice, "approve"), w.Vote(sub, lifetest.Carol, "approve")
		w.Vote(sub, lifetest.Dave, "reject")
		w.Authorize(0, sub, a, b)
	}},
	{"no floor for the target", []marketops.Code{"approval-missing"}, func(w *lifetest.World) {
		w.File.Approvals[0].Targets = []string{"api.github.com#1"}
		w.Live()
	}},
	{"approvals of another policy (E4, I5)", []marketops.Code{"approval-missing"}, edit("approval", func(a *receipt.Approval) { a.Policy = marketops.DigestOf([]byte("looser")) })},
	{"approvals that expired", []marketops.Code{"approval-missing"}, edit("approval", func(a *receipt.Approval) { a.NotBefore, a.ExpiresAt = 1, 2 })},
	{"approval of another submission (E3)", []marketops.Code{"approval-missing"}, func(w *lifetest.World) {
		one, two := w.Submit(), w.Submit()
		w.Authorize(0, two, w.Vote(one, lifetest.Alice, "approve"), w.Vote(two, lifetest.Carol, "approve"))
	}},
	{"approval serves two receipts", []marketops.Code{"approval-spent"}, func(w *lifetest.World) {
		l := w.Publish()
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},

	{"approval after the receipt", []marketops.Code{"order-violation", "receipt-unlogged"}, func(w *lifetest.World) {
		sub := w.Submit()
		a := w.Vote(sub, lifetest.Alice, "approve")
		late := withheldVote(w, sub)
		w.Authorize(0, sub, a, late)
		w.Append(late.Record)
	}},
	{"submission after the receipt", []marketops.Code{"order-violation", "receipt-unlogged"}, func(w *lifetest.World) {
		l := w.Allow()
		reorder(w, 3, 0, 1, 2)
		_ = l
	}},
	{"claim before the receipt", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		w.Claim(w.Allow().Receipt, lifetest.Publisher)
		reorder(w, 0, 1, 2, 4, 3)
	}},
	{"intent before the claim", []marketops.Code{"order-violation", "outcome-missing"}, func(w *lifetest.World) {
		w.Begin()
		reorder(w, 0, 1, 2, 3, 5, 4)
	}},
	{"outcome before the intent", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		w.Publish()
		reorder(w, 0, 1, 2, 3, 4, 6, 5)
	}},
	{"a request in the log", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		w.Live()
		h := w.Head()
		w.Add(&receipt.Request{Head: h, Method: "POST /v1/claim", Body: lifetest.Policy, Core: "core.example", ExpiresAt: h.IssuedAt + 60}, lifetest.Bob, lifetest.Policy)
	}},

	{"two claims for one epoch", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		l := w.Begin()
		w.Claim(l.Receipt, lifetest.Other)
		w.Finish(l.Intent, lifetest.Publisher)
	}},
	{"a broken claim chain", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		l := w.Begin()
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Previous = &l.Receipt.Record.Digest }
		w.Claim(l.Receipt, lifetest.Other, l.Claim)
		w.Finish(l.Intent, lifetest.Publisher)
	}},
	{"an epoch is left out", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		l := w.Begin()
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Epoch = 3 }
		w.Claim(l.Receipt, lifetest.Other, l.Claim)
		w.Finish(l.Intent, lifetest.Publisher)
	}},
	{"claim of another operation", []marketops.Code{"operation-mismatch"}, func(w *lifetest.World) {
		w.Edit["claim"] = func(b receipt.Body) { b.(*receipt.Claim).Operation = lifetest.Policy }
		w.Claim(w.Allow().Receipt, lifetest.Publisher)
	}},
	{"two receipts with one id", []marketops.Code{"approval-spent", "receipt-reused"}, func(w *lifetest.World) {
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).ReceiptID = marketops.NewReceiptID([16]byte{9}) }
		l := w.Allow()
		w.Authorize(0, l.Submission, l.First, l.Other)
	}},
	{"two live receipts for one tag", []marketops.Code{"operation-in-flight"}, func(w *lifetest.World) {
		other := lifetest.Release("v1.4.0")
		other.Release.Body = "Other notes"
		w.Ops = append(w.Ops, other)
		l := w.Allow()
		second := w.Authorize(1, l.Submission, l.First, l.Other)
		w.Claim(l.Receipt, lifetest.Publisher)
		w.Claim(second, lifetest.Other)
	}},
	{"one operation succeeds under two receipts", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		l := w.Publish()
		a, b := w.Vote(l.Submission, lifetest.Alice, "approve"), w.Vote(l.Submission, lifetest.Carol, "approve")
		again := w.Authorize(0, l.Submission, a, b)
		w.Finish(w.Announce(w.Claim(again, lifetest.Publisher), lifetest.Publisher), lifetest.Publisher)
	}},

	{"intent by another publisher", []marketops.Code{"audience-mismatch"}, func(w *lifetest.World) {
		l := w.Allow()
		w.Finish(w.Announce(w.Claim(l.Receipt, lifetest.Publisher), lifetest.Other), lifetest.Publisher)
	}},
	{"two intents for one epoch", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		l := w.Begin()
		w.Announce(l.Claim, lifetest.Publisher)
		w.Finish(l.Intent, lifetest.Publisher)
	}},
	{"intent of another epoch", []marketops.Code{"order-violation", "receipt-reused"}, func(w *lifetest.World) {
		w.Edit["intent"] = func(b receipt.Body) { b.(*receipt.Intent).Epoch = 2 }
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Epoch = 1 }
		w.Live()
	}},
	{"claim after the outcome", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		l := w.Publish()
		w.Claim(l.Receipt, lifetest.Other, l.Claim)
	}},

	{"outcome by another publisher", []marketops.Code{"audience-mismatch"}, signed("outcome", lifetest.Other)},
	{"success by the ledger", []marketops.Code{"key-unknown"}, func(w *lifetest.World) {
		w.Edit["outcome"] = func(b receipt.Body) { b.(*receipt.Outcome).Checkpoint = nil }
		w.Finish(w.Begin().Intent, lifetest.Ledger)
	}},
	{"failed by the ledger", []marketops.Code{"key-unknown"}, func(w *lifetest.World) {
		w.Edit["outcome"] = func(b receipt.Body) {
			o := b.(*receipt.Outcome)
			o.Status, o.Code, o.Effects, o.Checkpoint = "failed", marketops.GitHubDenied, []receipt.Effect{}, nil
		}
		w.Finish(w.Begin().Intent, lifetest.Ledger)
	}},
	{"given up by the ledger too early", []marketops.Code{"key-unknown"}, func(w *lifetest.World) { giveUp(w, w.Begin()) }},
	{"rejected by the ledger for another reason", []marketops.Code{"key-unknown"}, func(w *lifetest.World) {
		reject(w, w.Begin(), lifetest.Ledger, marketops.GitHubDenied)
	}},
	{"two outcomes", []marketops.Code{"receipt-reused"}, func(w *lifetest.World) {
		w.Finish(w.Publish().Intent, lifetest.Publisher)
	}},
	{"outcome of another kind", []marketops.Code{"kind-mismatch"}, edit("outcome", func(o *receipt.Outcome) { o.OperationKind = marketops.OpenPR })},
	{"outcome names the claim as its intent", []marketops.Code{"order-violation"}, edit("outcome", func(o *receipt.Outcome) { o.Intent.Index-- })},
	{"outcome names an intent of another log", []marketops.Code{"order-violation"}, edit("outcome", func(o *receipt.Outcome) { o.Intent.Origin = "other.example.com" })},
	{"outcome saw a checkpoint without its intent", []marketops.Code{"order-violation"}, edit("outcome", func(o *receipt.Outcome) { o.Checkpoint.Size-- })},
	{"outcome saw a checkpoint of the future", []marketops.Code{"order-violation"}, edit("outcome", func(o *receipt.Outcome) { o.Checkpoint.Size += 9 })},
	{"outcome saw no checkpoint", []marketops.Code{"order-violation"}, edit("outcome", func(o *receipt.Outcome) { o.Checkpoint = nil })},
	{"success after a revocation", []marketops.Code{"revoked"}, func(w *lifetest.World) {
		l := w.Begin()
		revoke(w, l.Receipt)
		w.Finish(l.Intent, lifetest.Publisher)
	}},
	{"revocation after a success", []marketops.Code{"order-violation"}, func(w *lifetest.World) { revoke(w, w.Publish().Receipt) }},
	{"resolution of a success", []marketops.Code{"order-violation"}, func(w *lifetest.World) { resolve(w, w.Publish().Outcome, lifetest.Alice) }},
	{"resolution by somebody who may not", []marketops.Code{"key-unknown"}, func(w *lifetest.World) {
		unknown(w)
		resolve(w, w.Publish().Outcome, lifetest.Bob)
	}},
	{"two resolutions", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		unknown(w)
		l := w.Publish()
		resolve(w, l.Outcome, lifetest.Alice)
		resolve(w, l.Outcome, lifetest.Carol)
	}},
	{"resolution of another place", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		unknown(w)
		l := w.Publish()
		w.Edit["resolution"] = func(b receipt.Body) { b.(*receipt.Resolution).Position.Index-- }
		resolve(w, l.Outcome, lifetest.Alice)
	}},
	{"no outcome", []marketops.Code{"outcome-missing"}, func(w *lifetest.World) { w.Begin() }},

	{"seal leaves a record out", []marketops.Code{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { c.Records = c.Records[1:] })},
	{"seal in another order", []marketops.Code{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { slices.Reverse(c.Records) })},
	{"seal counts wrongly", []marketops.Code{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { c.Counts[0].Count++ })},
	{"seal counts nothing", []marketops.Code{"order-violation"}, edit("run-closed", func(c *receipt.RunClosed) { c.Counts = []receipt.Count{} })},
	{"seal names a record that is nowhere", []marketops.Code{"record-withheld"}, edit("run-closed", func(c *receipt.RunClosed) { c.Records = append(c.Records, lifetest.Policy) })},
	{"second seal does not name the first", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		w.Live()
		w.Close()
	}},

	{"record of another run (cross-run)", []marketops.Code{"run-mismatch"}, func(w *lifetest.World) {
		w.Live()
		w.Edit["refusal"] = func(b receipt.Body) { b.(*receipt.Refusal).RunID = string(marketops.NewRunID([16]byte{2})) }
		w.Refuse(marketops.Expired)
	}},
	{"plan of another run", []marketops.Code{"plan-mismatch"}, func(w *lifetest.World) {
		w.Live()
		w.Plan = []byte(`{"schema":"marketops.plan/v2"}`)
	}},
	{"plan not canonical", []marketops.Code{"plan-mismatch"}, func(w *lifetest.World) {
		w.Plan = []byte(`{ "schema":"marketops.plan/v1"}`)
		w.Live()
	}},
	{"advisory in place of the receipt (D1)", []marketops.Code{"nothing-to-verify"}, func(w *lifetest.World) {
		sub := w.Submit()
		h := w.Head()
		w.Add(&receipt.Advisory{Head: h, ReceiptID: marketops.NewReceiptID([16]byte{3}), RunID: w.Run, OperationKind: w.Ops[0].Kind, Operation: w.Digests()[0],
			Plan: sub.Record.Body.(*receipt.Submission).Plan, Target: w.Ops[0].Target, Mode: marketops.Prod, Decision: "denied", Codes: []marketops.Code{}}, lifetest.Advisory, w.Digests()[0])
	}},
	{"refusals only", []marketops.Code{"nothing-to-verify"}, func(w *lifetest.World) {
		w.Submit()
		w.Refuse(marketops.ReceiptMissing)
	}},

	{"authority revoked from the receipt's place on (I1)", []marketops.Code{"key-revoked"}, func(w *lifetest.World) {
		w.File.Authorities[0].RevokedFrom = []log.Position{{Origin: lifetest.Origin, Index: 3}}
		w.Live()
	}},
	{"authority retired before (I2)", []marketops.Code{"key-outside-validity"}, func(w *lifetest.World) {
		w.File.Authorities[0].NotAfter = lifetest.Start + 1
		w.Live()
	}},
	{"receipt backdated under a retired key", []marketops.Code{"key-outside-validity"}, func(w *lifetest.World) {
		w.File.Authorities[0].NotAfter = lifetest.Start
		l := w.Publish()
		w.Edit["receipt"] = func(b receipt.Body) { b.(*receipt.Receipt).IssuedAt = lifetest.Start - 10 }
		w.Authorize(0, l.Submission, w.Vote(l.Submission, lifetest.Alice, "approve"), w.Vote(l.Submission, lifetest.Carol, "approve"))
	}},
	{"publisher's key not in use yet", []marketops.Code{"key-outside-validity"}, func(w *lifetest.World) {
		w.File.Publishers[0].NotBefore = lifetest.Start + 1000
		w.Live()
	}},
	{"key retired before the cosignatures", []marketops.Code{"key-outside-validity"}, func(w *lifetest.World) {
		witness(w)
		w.File.Publishers[0].NotAfter = lifetest.Start + 40
		w.Live()
	}},
	{"record dated after the cosignatures", []marketops.Code{"order-violation"}, func(w *lifetest.World) {
		witness(w)
		w.Edit["run-closed"] = func(b receipt.Body) { b.(*receipt.RunClosed).IssuedAt += 600 }
		w.Live()
		w.Now += 600
	}},
	{"a checkpoint that trust.json knows otherwise (H1)", []marketops.Code{"split-view"}, func(w *lifetest.World) {
		w.Live()
		w.File.KnownCheckpoints = []receipt.Seen{{Origin: lifetest.Origin, Size: int64(w.Log.Size()), Root: log.Hash{1}}}
	}},
}

// withheldVote signs an approval by Carol and does not log it.
func withheldVote(w *lifetest.World, sub lifetest.Entry) lifetest.Entry {
	s, h := sub.Record.Body.(*receipt.Submission), w.Head()
	rec, err := receipt.Seal(&receipt.Approval{Head: h, Verdict: "approve", RunID: s.RunID, Submission: sub.Record.Digest, Requester: s.Requester, Plan: s.Plan,
		Operations: s.Operations, Policy: lifetest.Policy, NotBefore: h.IssuedAt, ExpiresAt: h.IssuedAt + 3600}, lifetest.Carol, receipt.SubjectOf("plan", s.Plan))
	if err != nil {
		panic(err)
	}
	return lifetest.Entry{Record: rec}
}

// reorder logs the same records in another order.
func reorder(w *lifetest.World, order ...int) {
	old := w.Entries
	w.Entries, w.Log = nil, logtest.New(lifetest.Origin, lifetest.LogKey)
	for _, i := range order {
		w.Append(old[i].Record)
	}
}

func TestAttacks(t *testing.T) {
	for _, tc := range attacks {
		t.Run(tc.name, func(t *testing.T) {
			w := lifetest.New()
			tc.story(w)
			r := verify(w)
			var want []string
			for _, c := range tc.want {
				want = append(want, string(c))
			}
			if got := codes(r); !slices.Equal(got, want) {
				t.Errorf("codes %v, want %v\n%s", got, want, describe(r))
			}
			if r.Verified() || r.Code == "" {
				t.Errorf("verdict %s, code %q", r.Verdict, r.Code)
			}
			wantExit := 11
			if slices.Contains(want, "split-view") {
				wantExit = 14
			}
			if r.ExitCode() != wantExit {
				t.Errorf("exit %d, want %d", r.ExitCode(), wantExit)
			}
			undecided := len(tc.want) == 1 && verifier.Undecided(tc.want[0])
			if (r.Verdict == verifier.Indeterminate) != undecided {
				t.Errorf("verdict %s for %v", r.Verdict, tc.want)
			}
		})
	}
}

// spliced are attacks on the pack around a sound log.
var spliced = []struct {
	name string
	want marketops.Code
	bend func(*lifetest.World, *pack.Pack)
}{
	{"no records (H5)", "nothing-to-verify", func(_ *lifetest.World, p *pack.Pack) { clear(p.Records); clear(p.Proofs) }},
	{"proof of another leaf (H3)", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) {
		p.Proofs[leaf(w, 3)] = p.Proofs[leaf(w, 2)]
	}},
	{"record of another leaf (H3)", "leaf-mismatch", func(w *lifetest.World, p *pack.Pack) {
		p.Records[leaf(w, 3)] = p.Records[leaf(w, 2)]
	}},
	{"no proof", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) { delete(p.Proofs, leaf(w, 3)) }},
	{"index beyond the log (H4)", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Index = 1 << 39 }) }},
	{"index of the neighbour (H4)", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Index ^= 1 }) }},
	{"empty path (H4)", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Hashes = nil }) }},
	{"longer path (H4)", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) {
		reprove(w, p, func(pr *log.Proof) { pr.Hashes = append(pr.Hashes, log.Hash{}) })
	}},
	{"changed path", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) { reprove(w, p, func(pr *log.Proof) { pr.Hashes[0][0] ^= 1 }) }},
	{"proof under another checkpoint", "inclusion-invalid", func(w *lifetest.World, p *pack.Pack) {
		reprove(w, p, func(pr *log.Proof) { pr.Checkpoint = w.Log.CheckpointAt(4) })
	}},
	{"checkpoint by a stranger", "checkpoint-unsigned", func(w *lifetest.World, p *pack.Pack) {
		p.Checkpoint = logtest.New(lifetest.Origin, lifetest.Stranger).SignRoot(w.Log.Size(), w.Log.Root(w.Log.Size()))
	}},
	{"checkpoint of another size", "checkpoint-unsigned", func(_ *lifetest.World, p *pack.Pack) {
		p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n8\n"), []byte("\n9\n"), 1)
	}},
	{"checkpoint under another name", "checkpoint-unsigned", func(_ *lifetest.World, p *pack.Pack) { p.Origin = "other.example.com" }},
	{"no checkpoint", "checkpoint-unsigned", func(_ *lifetest.World, p *pack.Pack) { p.Checkpoint = nil }},
	{"garbage for a record", "receipt-malformed", func(w *lifetest.World, p *pack.Pack) { p.Records[leaf(w, 3)] = []byte("{}") }},
	{"signature of another record", "signature-invalid", func(w *lifetest.World, p *pack.Pack) {
		env := bytes.Clone(p.Records[leaf(w, 3)])
		i := bytes.Index(env, []byte(`"sig":"`)) + 10
		if env[i]++; env[i] > 'y' {
			env[i] = 'A'
		}
		p.Records[leaf(w, 3)] = env
	}},
	{"another run", "run-mismatch", func(_ *lifetest.World, p *pack.Pack) { p.Manifest.RunID = marketops.NewRunID([16]byte{7}) }},
	{"another date", "pack-malformed", func(_ *lifetest.World, p *pack.Pack) { p.Manifest.CreatedAt++ }},
	{"no run", "pack-malformed", func(_ *lifetest.World, p *pack.Pack) { p.Manifest.RunID = "" }},
	{"another plan", "plan-mismatch", func(_ *lifetest.World, p *pack.Pack) { p.Plan = []byte("{}") }},
	{"another operation document", "operation-mismatch", func(w *lifetest.World, p *pack.Pack) {
		doc, _ := lifetest.Release("v9.9.9").Document()
		p.Operations[w.Digests()[0]] = doc
	}},
	{"operation document not canonical", "operation-mismatch", func(w *lifetest.World, p *pack.Pack) {
		d := w.Digests()[0]
		p.Operations[d] = append([]byte(" "), p.Operations[d]...)
	}},
	{"operation that nobody named", "operation-mismatch", func(_ *lifetest.World, p *pack.Pack) {
		doc, _ := lifetest.Release("v9.9.9").Document()
		p.Operations[marketops.DigestOf(doc)] = doc
	}},
	{"no operation document", "record-withheld", func(_ *lifetest.World, p *pack.Pack) { clear(p.Operations) }},
	{"other text under a salted digest", "leaf-mismatch", func(w *lifetest.World, p *pack.Pack) { p.Evidence[w.Evidence[2].Digest] = []byte("204") }},
	{"text that nobody named", "pack-malformed", func(_ *lifetest.World, p *pack.Pack) { p.Evidence[lifetest.Policy] = []byte("hello") }},
	{"submission left out", "record-withheld", leaveOut(0)},
	{"approval left out", "record-withheld", leaveOut(1)},
	{"receipt left out", "record-withheld", leaveOut(3)},
	{"claim left out", "record-withheld", leaveOut(4)},
	{"intent left out", "record-withheld", leaveOut(5)},
	{"outcome left out", "record-withheld", leaveOut(6)},
}

func leaf(w *lifetest.World, n int) log.Hash { return w.Entries[n].Record.LeafHash() }

func reprove(w *lifetest.World, p *pack.Pack, f func(*log.Proof)) {
	pr := w.Log.Prove(3)
	f(pr)
	p.Proofs[leaf(w, 3)] = pr.Format()
}

func leaveOut(n int) func(*lifetest.World, *pack.Pack) {
	return func(w *lifetest.World, p *pack.Pack) {
		delete(p.Records, leaf(w, n))
		delete(p.Proofs, leaf(w, n))
		clear(p.Evidence)
	}
}

func TestSpliced(t *testing.T) {
	for _, tc := range spliced {
		t.Run(tc.name, func(t *testing.T) {
			w := lifetest.New()
			w.Live()
			p := w.Pack()
			if r := verifier.Verify(p, w.Trust(), w.Now); !r.Verified() {
				t.Fatal("control:", describe(r))
			}
			tc.bend(w, p)
			r := verifier.Verify(p, w.Trust(), w.Now)
			if r.Verified() || !slices.Contains(codes(r), string(tc.want)) || r.Code != tc.want {
				t.Errorf("code %q of %v, want %q\n%s", r.Code, codes(r), tc.want, describe(r))
			}
		})
	}
}

func TestEvidenceMayBeErased(t *testing.T) {
	w := lifetest.New()
	w.Live()
	p := w.Pack()
	clear(p.Evidence)
	r := verifier.Verify(p, w.Trust(), w.Now)
	if !r.Verified() || !slices.ContainsFunc(r.NotCovered, func(s string) bool { return strings.HasPrefix(s, "3 texts") }) {
		t.Errorf("%s\n%q", describe(r), r.NotCovered)
	}
}

func TestTrust(t *testing.T) {
	w := lifetest.New()
	w.Live()
	for name, trust := range map[string]*receipt.Trust{"none": nil, "zero": new(receipt.Trust)} {
		if r := verifier.Verify(w.Pack(), trust, w.Now); r.Verified() || r.Code != marketops.TrustMissing || r.ExitCode() != 11 {
			t.Errorf("%s: %s", name, describe(r))
		}
	}
	other := lifetest.New()
	other.Log = logtest.New(lifetest.Origin, lifetest.Stranger)
	if r := verifier.Verify(w.Pack(), other.Trust(), w.Now); r.Code != marketops.CheckpointUnsigned {
		t.Error("another log's trust file:", describe(r))
	}
	demanding := lifetest.New()
	witness(demanding)
	if r := verifier.Verify(w.Pack(), demanding.Trust(), w.Now); r.Code != marketops.QuorumUnmet {
		t.Error("a trust file that demands a witness:", describe(r))
	}
}

func TestPin(t *testing.T) {
	w := lifetest.New()
	trust := w.Trust()
	for _, tc := range []struct {
		pin  verifier.Pin
		want marketops.Code
	}{
		{verifier.Pin{}, ""}, {verifier.Pin{Digest: trust.Digest(), MinVersion: 7}, ""},
		{verifier.Pin{Digest: lifetest.Policy}, marketops.TrustMissing}, {verifier.Pin{MinVersion: 8}, marketops.TrustRolledBack},
	} {
		if got := marketops.CodeOf(tc.pin.Check(trust)); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.pin, got, tc.want)
		}
	}
	if (verifier.Pin{}).Check(nil) == nil {
		t.Error("no trust file passed")
	}
}

func TestClock(t *testing.T) {
	w := lifetest.New()
	w.Live()
	for at, want := range map[marketops.Time]verifier.Verdict{
		w.Now: verifier.Verified, w.Now - 30: verifier.Verified, w.Now - 61: verifier.Indeterminate, 0: verifier.Indeterminate, -1: verifier.Indeterminate,
		w.Now + 1e9: verifier.Verified,
	} {
		if r := verifier.Verify(w.Pack(), w.Trust(), at); r.Verdict != want {
			t.Errorf("at %d: %s", at-w.Now, describe(r))
		}
	}
}

func TestUnknownRecordIsCounted(t *testing.T) {
	w := lifetest.New()
	l := w.Publish()
	payload := bytes.Replace(l.Outcome.Record.Opened.Payload, []byte("marketops/outcome/v1"), []byte("marketops/outcome/v2"), 1)
	env, err := crypto.Sign(receipt.PayloadType, payload, lifetest.Publisher)
	if err != nil {
		t.Fatal(err)
	}
	ring, _ := crypto.NewKeyring(lifetest.Publisher.Public())
	o, err := crypto.OpenFull(env, receipt.PayloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	index := w.Log.Append(log.Leaf(o))
	p := w.Pack()
	h := log.LeafHash(log.Leaf(o))
	p.Records[h], p.Proofs[h] = env, w.Log.Prove(index).Format()
	r := verifier.Verify(p, w.Trust(), w.Now)
	if r.Verdict != verifier.Indeterminate || r.Code != marketops.RecordUnknown {
		t.Error(describe(r))
	}
}

func TestZeroReportIsAFailure(t *testing.T) {
	for name, r := range map[string]*verifier.Report{"nil": nil, "zero": {}, "claimed": {Verdict: verifier.Verified}, "empty": verifier.NewReport(verifier.OfPack, nil, 0)} {
		if r.Verified() || r.ExitCode() != 11 {
			t.Errorf("%s: verified %v, exit %d", name, r.Verified(), r.ExitCode())
		}
	}
	r := verifier.NewReport(verifier.OfPack, nil, 0)
	r.Conclude()
	if r.Verdict != verifier.Failed || r.Code != marketops.NothingToVerify {
		t.Error("a report without checks:", describe(r))
	}
	r = verifier.NewReport(verifier.OfPack, nil, 0)
	r.Pass("one", "", "")
	r.Conclude("one", "two")
	if r.Verdict != verifier.Failed {
		t.Error("a required check that did not run:", describe(r))
	}
	if r := verifier.Verify(nil, lifetest.New().Trust(), 1); r.Code != marketops.NothingToVerify {
		t.Error("no pack:", describe(r))
	}
	if r := verifier.Verify(&pack.Pack{}, lifetest.New().Trust(), 1); r.Code != marketops.NothingToVerify {
		t.Error("an empty pack:", describe(r))
	}
}

func TestOperationsAreSummed(t *testing.T) {
	w := lifetest.New()
	unknown(w)
	l := w.Begin()
	w.Refuse(marketops.Expired)
	l.Outcome = w.Finish(l.Intent, lifetest.Publisher)
	resolve(w, l.Outcome, lifetest.Dave)
	r := verify(w)
	if len(r.Operations) != 1 || len(r.Refusals) != 1 {
		t.Fatalf("%+v %+v", r.Operations, r.Refusals)
	}
	o := r.Operations[0]
	if o.Status != "success" || o.Resolver != "dave" || o.Requester != "bob" || !slices.Equal(o.Approvers, []string{"alice", "carol"}) ||
		o.Publisher != "pub1" || o.Repository != "octo-org/widgets" || o.Resource != "refs/tags/v1.4.0" || len(o.Positions) != 8 ||
		o.URL != "https://github.com/octo-org/widgets/releases/tag/v1.4.0" {
		t.Errorf("%+v", o)
	}
	if f := r.Refusals[0]; f.Code != marketops.Expired || f.By != "pub1" || f.Index != 6 {
		t.Errorf("%+v", f)
	}
}
