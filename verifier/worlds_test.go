package verifier_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// A dishonest Core owns every key. It tells one lie: a member of one record says something else, another key
// signs it, or it stands in another place, twice, or nowhere. Each such world is judged by the publisher's
// gate, by a pack and by an audit, and no two of them may disagree.

// claim says what must come of a member that says something else.
type claim string

const (
	bound claim = "bound" // no other value verifies
	some  claim = "some"  // it depends on the value; the judges agree
	free  claim = "free"  // every value that a record may have verifies
	plan  claim = "plan"  // no other value verifies in a pack, which holds the plan; an audit cannot know
)

// members are all members of the records of the stories.
var members = map[string]claim{
	"submission.Header.Nonce": free, "submission.Header.IssuedAt": some, "submission.RunID": bound, "submission.Requester": bound, "submission.Plan": plan,
	"submission.Operations": plan, "submission.Operations.Operation": bound, "submission.Operations.Kind": bound, "submission.Operations.Target.Type": bound,
	"submission.Operations.Target.Host": bound, "submission.Operations.Target.RepositoryID": bound, "submission.Operations.Target.FullName": bound,
	"submission.Findings": free, "submission.NotShipped": free,

	"approval.Header.Nonce": free, "approval.Header.IssuedAt": some, "approval.Verdict": some, "approval.RunID": bound, "approval.Submission": bound, "approval.Requester": bound,
	"approval.Plan": bound, "approval.Operations": bound, "approval.Operations.Operation": bound, "approval.Operations.Kind": bound, "approval.Operations.Target.Type": bound,
	"approval.Operations.Target.Host": bound, "approval.Operations.Target.RepositoryID": bound, "approval.Operations.Target.FullName": bound,
	"approval.Policy": some, "approval.Reason": free, "approval.NotBefore": some, "approval.ExpiresAt": some, // a vote that no receipt names may rest on any policy

	"receipt.Header.Nonce": free, "receipt.Header.IssuedAt": some, "receipt.ReceiptID": some, "receipt.RunID": bound, "receipt.OperationKind": bound, "receipt.Operation": bound,
	"receipt.Plan": bound, "receipt.Policy": bound, "receipt.Trust.Version": bound, "receipt.Trust.Digest": bound, "receipt.Target.Type": bound, "receipt.Target.Host": bound,
	"receipt.Target.RepositoryID": bound, "receipt.Target.FullName": bound, "receipt.Audience": some, "receipt.Mode": bound, "receipt.Enforceable": bound,
	"receipt.NotBefore": some, "receipt.ExpiresAt": some, "receipt.Submission": bound, "receipt.Approvals": some,

	"claim.Header.Nonce": free, "claim.Header.IssuedAt": some, "claim.RunID": bound, "claim.ReceiptID": bound, "claim.Receipt": bound, "claim.Operation": bound, "claim.Publisher": some,
	"claim.Epoch": bound, "claim.Previous": bound,

	"intent.Header.Nonce": free, "intent.Header.IssuedAt": some, "intent.RunID": bound, "intent.ReceiptID": bound, "intent.Claim": bound, "intent.Receipt": bound, "intent.Operation": bound, "intent.Epoch": bound,

	"outcome.Header.Nonce": free, "outcome.Header.IssuedAt": some, "outcome.OperationID": bound, "outcome.RunID": bound, "outcome.ReceiptID": bound, "outcome.Receipt": bound, "outcome.OperationKind": bound,
	"outcome.Epoch": bound, "outcome.Intent": some, "outcome.Intent.Origin": bound, "outcome.Intent.Index": bound, "outcome.Status": some, "outcome.Effects": bound, "outcome.Effects.Name": bound,
	"outcome.Effects.State": some, "outcome.Effects.Attempts": free, "outcome.Effects.Earlier": some, "outcome.Code": some, "outcome.Error": free, "outcome.Response": free, "outcome.RetryCount": free,
	"outcome.GitHub": free, "outcome.GitHub.Name": free, "outcome.GitHub.Value": free, "outcome.Checkpoint": bound, "outcome.Checkpoint.Origin": bound, "outcome.Checkpoint.Size": some, "outcome.Checkpoint.Root": bound,

	"resolution.Header.Nonce": free, "resolution.Header.IssuedAt": some, "resolution.RunID": bound, "resolution.ReceiptID": bound, "resolution.Operation": bound, "resolution.Outcome": bound,
	"resolution.Position.Origin": bound, "resolution.Position.Index": bound, "resolution.Verdict": free, "resolution.Reason": free,

	"revocation.Header.Nonce": free, "revocation.Header.IssuedAt": some, "revocation.RunID": bound, "revocation.ReceiptID": bound, "revocation.Operation": bound, "revocation.Receipt": bound,
	"revocation.By": some, "revocation.Reason": free,

	"run-closed.Header.Nonce": free, "run-closed.Header.IssuedAt": some, "run-closed.RunID": bound, "run-closed.Plan": bound, "run-closed.Counts": bound, "run-closed.Counts.Name": bound, "run-closed.Counts.Count": bound,
	"run-closed.Records": bound, "run-closed.Previous": bound,

	"trust-adopted.Header.Nonce": free, "trust-adopted.Header.IssuedAt": some, "trust-adopted.Trust.Version": bound, "trust-adopted.Trust.Digest": bound, "trust-adopted.Previous": bound, "trust-adopted.Effective": bound,

	"refusal.Header.Nonce": free, "refusal.Header.IssuedAt": some, "refusal.OperationID": free, "refusal.RunID": some, "refusal.ReceiptID": free, "refusal.OperationKind": free, "refusal.Request": free,
	"refusal.Code": free, "refusal.Checks": free, "refusal.Checks.Code": free, "refusal.Checks.Status": free, "refusal.Evidence": free,
}

// stories are what the lies are told in.
var stories = []string{"published and closed", "taken over by another publisher", "unknown and resolved", "rejected after its intent, before anything was tried",
	"rejected for a veto after the claim", "two operations", "a refusal beside it", "closed twice", "revoked before it was claimed",
	"begun under version 2", "adopted before the receipt", "a higher minimum after the receipt"}

// lie is one world.
type lie struct {
	name  string
	want  claim
	world func() *logworld.World // nil: no such record can be signed
}

func TestDishonestCore(t *testing.T) {
	var lies []lie
	for _, name := range stories {
		lies = append(lies, liesOf(t, name)...)
	}
	t.Logf("%d worlds", len(lies))
	verdicts := map[verifier.Verdict]int{}
	for _, l := range exhaustive.Sample(t, 400, lies) {
		if w := l.world(); w != nil {
			verdicts[judgeWorld(t, l, w)]++
		} else {
			verdicts["cannot be signed"]++
		}
	}
	t.Logf("%v", verdicts)
	if verdicts[verifier.Verified] == 0 || verdicts[verifier.Failed] == 0 {
		t.Error("the worlds do not tell anything apart")
	}
}

// TestWhatNoVerifierFinds: the threat model lists every member that verifies with any value, and no other.
func TestWhatNoVerifierFinds(t *testing.T) {
	page, err := os.ReadFile("../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	listed, found := map[string]bool{}, map[string]bool{}
	_, section, _ := strings.Cut(string(page), "## What no verifier can find\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, row := range regexp.MustCompile("(?m)^\\| ([a-z-]+) \\| (`.*?) \\|").FindAllStringSubmatch(section, -1) {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[2], -1) {
			listed[row[1]+"."+m[1]] = true
		}
	}
	for path, c := range members {
		if c == free {
			found[memberOnPage(t, path)] = true
		}
	}
	delete(listed, "outcome.attempts") // in brackets, below effects
	if !maps.Equal(listed, found) {
		t.Errorf("the page lists %q, the worlds have %q", slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(found)))
	}
}

// memberOnPage names a member as JSON does: receipt.Trust.Version is a part of receipt.trust.
func memberOnPage(t *testing.T, path string) string {
	t.Helper()
	parts := strings.Split(path, ".")
	if parts[1] == "Header" {
		return "any." + strings.ToLower(parts[2])
	}
	f, ok := bodies()[parts[0]].FieldByName(parts[1])
	if !ok {
		t.Fatalf("no record has %s", path)
	}
	return parts[0] + "." + f.Tag.Get("json")
}

// bodies are the types of the records of the stories.
var bodies = sync.OnceValue(func() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, story := range stories {
		for _, e := range play(story, -1, nil, nil).Entries {
			out[string(e.Record.Body.Kind())] = reflect.TypeOf(e.Record.Body).Elem()
		}
	}
	return out
})

// judgeWorld asks gate, pack and audit.
func judgeWorld(t *testing.T, l lie, w *logworld.World) verifier.Verdict {
	t.Helper()
	w.Evidence = nil // whether texts fit is asked of packs alone
	p := verifier.Verify(w.Pack(), w.Trust(), w.Now+5*86400)
	a := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{Document: w.Documents(), Plan: w.Plans(), At: w.Now + 5*86400})
	if p.Verified() != a.Verified() && l.want != plan {
		t.Errorf("%s:\npack %s\naudit %s", l.name, describe(p), describe(a))
	}
	if (l.want == bound || l.want == plan) && p.Verified() || l.want == free && !p.Verified() {
		t.Errorf("%s is %s: %s", l.name, l.want, describe(p))
	}
	if checks, asked := askGate(w); asked && p.Verified() {
		if c, failed := checks.FirstFailure(); failed {
			t.Errorf("%s: the pack is verified, the publisher's gate refuses: %+v", l.name, c)
		}
	}
	return p.Verdict
}

// askGate asks what the publisher's gate had to answer at the first claim.
func askGate(w *logworld.World) (marketops.Checks, bool) {
	i := slices.IndexFunc(w.Entries, func(e logworld.Entry) bool { return e.Record.Body.Kind() == receipt.KindClaim })
	if i < 0 {
		return nil, false
	}
	c := w.Entries[i].Record.Body.(*receipt.Claim)
	op := w.Documents()(c.Operation)
	if op == nil {
		return nil, false
	}
	ev := gate.Evidence{Checkpoint: w.Log.Tree().Checkpoint()}
	for _, e := range w.Entries[:i] {
		l := e.Record.Logged(w.Log.Prove(e.Index))
		switch e.Record.Body.(type) {
		case *receipt.Submission:
			ev.Submission = l
		case *receipt.Approval:
			ev.Approvals = append(ev.Approvals, l)
		case *receipt.Receipt:
			if e.Record.Digest == c.Receipt {
				ev.Receipts = append(ev.Receipts, l)
			}
		}
	}
	content := []marketops.Digest{}
	for _, f := range op.Files() {
		content = append(content, f.SHA256)
	}
	_, checks := gate.Check(gate.Query{Mode: marketops.Prod, Run: w.Run, Op: *op, Host: op.Target.Host, Content: content, Publisher: c.Publisher, Now: c.IssuedAt}, ev, w.Trust())
	return checks, true
}

// liesOf are all lies in one story.
func liesOf(t *testing.T, story string) (out []lie) {
	honest := logworld.New()
	logworld.Stories[story](honest)
	for n := range honest.Entries {
		out = append(out, membersOf(t, story, honest, n)...)
		out = append(out, signersOf(story, honest, n)...)
		out = append(out, placesOf(story, honest, n)...)
	}
	return out
}

// play tells the story with one record bent; nil if that record cannot be signed.
func play(story string, n int, bend func(receipt.Body), by *crypto.PrivateKey) (w *logworld.World) {
	defer func() {
		if recover() != nil {
			w = nil
		}
	}()
	w = logworld.New()
	w.Bend = func(i int, b receipt.Body, own *crypto.PrivateKey) *crypto.PrivateKey {
		if i != n {
			return own
		}
		if bend != nil {
			bend(b)
		}
		if by != nil {
			return by
		}
		return own
	}
	logworld.Stories[story](w)
	return w
}

// membersOf lets each member of record n say everything else that its type can.
func membersOf(t *testing.T, story string, honest *logworld.World, n int) (out []lie) {
	body := honest.Entries[n].Record.Body
	eachMember(reflect.ValueOf(body).Elem(), "", nil, func(path string, at []step, v reflect.Value) {
		if path == ".Header.Signer" {
			return
		}
		full := string(body.Kind()) + path
		want, known := members[full]
		if !known {
			t.Errorf("%s: nothing says whether %s is bound", story, full)
		}
		for i, other := range otherValues(v, honest) {
			out = append(out, lie{fmt.Sprintf("%s, record %d: %s says %v (%d)", story, n, full, show(other), i), want, func() *logworld.World {
				return play(story, n, func(b receipt.Body) { follow(reflect.ValueOf(b).Elem(), at).Set(other) }, nil)
			}})
		}
	})
	return out
}

func show(v reflect.Value) any {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return v.Interface()
}

var keys = map[string]*crypto.PrivateKey{"bob": logworld.Bob, "alice": logworld.Alice, "alice's other key": logworld.AliceToo, "dave": logworld.Dave, "authority": logworld.Authority,
	"second authority": logworld.Second, "publisher": logworld.Publisher, "other publisher": logworld.Other, "ledger": logworld.Ledger, "advisory": logworld.Advisory, "log": logworld.LogKey, "stranger": logworld.Stranger}

// signersOf lets each key sign record n.
func signersOf(story string, honest *logworld.World, n int) (out []lie) {
	for name, key := range keys {
		if key.Public().ID() != honest.Entries[n].Record.By {
			out = append(out, lie{fmt.Sprintf("%s, record %d: signed by %s", story, n, name), some, func() *logworld.World { return play(story, n, nil, key) }})
		}
	}
	slices.SortFunc(out, func(a, b lie) int { return strings.Compare(a.name, b.name) })
	return out
}

// placesOf moves record n to every other place, logs it twice, and leaves it out.
func placesOf(story string, honest *logworld.World, n int) (out []lie) {
	order := func(name string, want claim, order func([]logworld.Entry) []logworld.Entry) {
		out = append(out, lie{fmt.Sprintf("%s, record %d: %s", story, n, name), want, func() *logworld.World {
			w := play(story, -1, nil, nil)
			entries := order(slices.Clone(w.Entries))
			w.Log, w.Entries = logtest.New(logworld.Origin, logworld.LogKey), nil
			for _, e := range entries {
				w.Append(e.Record)
			}
			return w
		}})
	}
	for to := range honest.Entries {
		if to != n {
			order(fmt.Sprintf("at %d", to), some, func(es []logworld.Entry) []logworld.Entry {
				e := es[n]
				return slices.Insert(slices.Delete(es, n, n+1), to, e)
			})
		}
	}
	order("twice, as after a crash", free, func(es []logworld.Entry) []logworld.Entry { return append(es, es[n]) })
	order("left out", some, func(es []logworld.Entry) []logworld.Entry { return slices.Delete(es, n, n+1) })
	return out
}

// step leads from a value to one in it.
type step struct{ field, index int }

func follow(v reflect.Value, at []step) reflect.Value {
	for _, s := range at {
		switch v.Kind() {
		case reflect.Pointer:
			v = v.Elem()
		case reflect.Slice:
			v = v.Index(s.index)
		default:
			v = v.Field(s.field)
		}
	}
	return v
}

// eachMember visits every member; lists and pointers as well as what is in their first place.
func eachMember(v reflect.Value, path string, at []step, visit func(string, []step, reflect.Value)) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachMember(v.Field(i), path+"."+v.Type().Field(i).Name, append(slices.Clone(at), step{field: i}), visit)
		}
		return
	case v.Kind() == reflect.Pointer && !v.IsNil():
		eachMember(v.Elem(), path, append(slices.Clone(at), step{}), visit)
	case v.Kind() == reflect.Slice && v.Len() > 0 && v.Index(0).Kind() == reflect.Struct:
		eachMember(v.Index(0), path, append(slices.Clone(at), step{}), visit)
	}
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() == reflect.Struct {
		visit(path, at, v)
	}
}

// texts are values of the types that are texts.
var texts = map[reflect.Type][]string{
	reflect.TypeFor[receipt.Verdict](): {"approve", "reject"}, reflect.TypeFor[receipt.Status](): {"success", "failed", "rejected", "unknown"},
	reflect.TypeFor[receipt.EffectState](): {"applied", "absent", "unknown"}, reflect.TypeFor[receipt.Kind](): {"claim", "intent", "advisory"},
	reflect.TypeFor[marketops.Kind](): {"tag_repo", "publish_release", "open_pr"}, reflect.TypeFor[marketops.Mode](): {"prod", "dry_run"},
	reflect.TypeFor[marketops.Status](): {"pass", "fail", "not_run"}, reflect.TypeFor[marketops.Code](): {"", "expired", "revoked", "rejected-by-approver", "github-denied"},
	reflect.TypeFor[marketops.Host]():      {"ghe.example.com", "github.com:8443"},
	reflect.TypeFor[crypto.KeyID]():        {string(logworld.Other.Public().ID()), string(logworld.Publisher.Public().ID()), string(logworld.Authority.Public().ID())},
	reflect.TypeFor[string]():              {"carol", "zoe", "log2.example.com", "octo-org/gadgets", "tag", "other"},
	reflect.TypeFor[marketops.RunID]():     {string(marketops.NewRunID([16]byte{9}))},
	reflect.TypeFor[marketops.ReceiptID](): {string(marketops.NewReceiptID([16]byte{9}))},
}

// otherValues are values that a member might have instead.
func otherValues(v reflect.Value, w *logworld.World) (out []reflect.Value) {
	add := func(x any) {
		if o := reflect.ValueOf(x).Convert(v.Type()); !reflect.DeepEqual(o.Interface(), v.Interface()) {
			out = append(out, o)
		}
	}
	switch x := v.Interface().(type) {
	case marketops.Digest:
		digests := []marketops.Digest{{}, marketops.DigestOf([]byte("another")), logworld.Policy, w.Digest(0)}
		for _, e := range w.Entries {
			digests = append(digests, e.Record.Digest)
		}
		for _, d := range digests {
			add(d)
		}
		return out
	case log.Hash:
		x[0] ^= 1
		add(x)
		return out
	case marketops.Time:
		for _, d := range []marketops.Time{-86400, -3600, -120, -61, -60, -1, 1, 60, 61, 120, 3600, 7200, 86400} {
			add(x + d)
		}
		return out
	case bool:
		add(!x)
		return out
	}
	switch v.Kind() {
	case reflect.Int64, reflect.Int:
		for _, d := range []int64{-1, 1, 2} {
			add(v.Int() + d)
		}
	case reflect.Uint64:
		for _, n := range []uint64{0, v.Uint() + 1, v.Uint() - 1} {
			add(n)
		}
	case reflect.String:
		for _, text := range texts[v.Type()] {
			add(text)
		}
	case reflect.Pointer:
		out = append(out, reflect.Zero(v.Type()))
		if v.IsNil() {
			out[0] = reflect.New(v.Type().Elem())
		}
	case reflect.Slice:
		out = otherLists(v)
	}
	return out
}

// otherLists leave out the first, the last or all, and repeat the last.
func otherLists(v reflect.Value) (out []reflect.Value) {
	if v.Len() == 0 {
		return nil
	}
	out = append(out, reflect.MakeSlice(v.Type(), 0, 0), reflect.Append(v.Slice3(0, v.Len(), v.Len()), v.Index(v.Len()-1)))
	if v.Len() > 1 {
		out = append(out, v.Slice(1, v.Len()), v.Slice(0, v.Len()-1))
		turned := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			turned.Index(i).Set(v.Index(v.Len() - 1 - i))
		}
		out = append(out, turned)
	}
	return out
}
