package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// These tests hold sentences of formats.md, which no vector and no other test asks for one by one, to
// the code.

func readPack(w *logworld.World, d verifier.Demand) *verifier.Report {
	return d.Verify(w.Pack(), w.Trust(), w.Now+10)
}

func readLog(w *logworld.World, files log.TileReader, o audit.Options) *verifier.Report {
	o.Document = w.Documents()
	return audit.Audit(files, w.Store, w.Trust(), o)
}

func answers(t *testing.T, name string, r *verifier.Report, v verifier.Verdict, code marketops.Code, exit int) {
	t.Helper()
	if r.Verdict != v || r.Code != code || r.ExitCode() != exit {
		t.Errorf("%s: %s %s exit %d, want %s %s exit %d", name, r.Verdict, r.Code, r.ExitCode(), v, code, exit)
		for _, c := range r.Checks {
			if c.Status != marketops.Pass {
				t.Logf("  %+v", c)
			}
		}
	}
}

// changed reads the files of a log, some of them with a bit flipped.
type changed struct {
	log.TileReader
	prefix string
}

func (c changed) ReadFile(name string) ([]byte, error) {
	b, err := c.TileReader.ReadFile(name)
	if err == nil && strings.HasPrefix(name, c.prefix) {
		b = slices.Clone(b)
		b[len(b)-1] ^= 1
	}
	return b, err
}

// TestChangedFiles: what answers for each file of a log that is not what it was.
func TestChangedFiles(t *testing.T) {
	w := logworld.New()
	w.Live()
	answers(t, "control", readLog(w, w.Log, audit.Options{}), verifier.Verified, "", 0)
	answers(t, "tile", readLog(w, changed{w.Log, "tile/0/"}, audit.Options{}), verifier.Failed, marketops.InclusionInvalid, 11)
	answers(t, "bundle", readLog(w, changed{w.Log, "tile/entries/"}, audit.Options{}), verifier.Failed, marketops.LeafMismatch, 11)
	answers(t, "checkpoint", readLog(w, changed{w.Log, "checkpoint"}, audit.Options{}), verifier.Failed, marketops.CheckpointUnsigned, 11)
	name := log.RecordPath(w.Entries[0].Record.LeafHash())
	whole := w.Store[name]
	w.Store[name] = w.Store[log.RecordPath(w.Entries[1].Record.LeafHash())]
	answers(t, "another record", readLog(w, w.Log, audit.Options{}), verifier.Failed, marketops.LeafMismatch, 11)
	w.Store[name] = make([]byte, crypto.MaxEnvelope+1)
	answers(t, "a long record", readLog(w, w.Log, audit.Options{}), verifier.Failed, marketops.LeafMismatch, 11)
	w.Store[name] = whole

	dir := t.TempDir()
	for name, b := range w.Store {
		put(t, filepath.Join(dir, name), b)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := audit.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	answers(t, "a folder as a record", audit.Audit(w.Log, f, w.Trust(), audit.Options{Document: w.Documents()}), verifier.Failed, marketops.LogUnavailable, 11)
}

func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOtherCheckpoints: which code says that a log is not the one that is known otherwise.
func TestOtherCheckpoints(t *testing.T) {
	w := logworld.New()
	w.Live()
	size := w.Log.Size()
	known := func(size uint64, root log.Hash) {
		w.File.KnownCheckpoints = []receipt.CheckpointRef{{Origin: logworld.Origin, Size: int64(size), Root: root}}
	}
	known(size-1, w.Log.Root(size-1))
	answers(t, "known, control, pack", readPack(w, verifier.Demand{}), verifier.Verified, "", 0)
	answers(t, "known, control, log", readLog(w, w.Log, audit.Options{}), verifier.Verified, "", 0)
	known(size-1, log.Hash{1})
	answers(t, "known, another root, pack", readPack(w, verifier.Demand{}), verifier.Failed, marketops.SplitView, 14)
	answers(t, "known, another root, log", readLog(w, w.Log, audit.Options{}), verifier.Failed, marketops.ConsistencyInvalid, 14)
	known(size, log.Hash{1})
	answers(t, "known, another root of the size, pack", readPack(w, verifier.Demand{}), verifier.Failed, marketops.SplitView, 14)
	answers(t, "known, another root of the size, log", readLog(w, w.Log, audit.Options{}), verifier.Failed, marketops.SplitView, 14)
	known(size+1, log.Hash{1})
	answers(t, "known, a larger size, pack", readPack(w, verifier.Demand{}), verifier.Verified, "", 0)
	answers(t, "known, a larger size, log", readLog(w, w.Log, audit.Options{}), verifier.Failed, marketops.LogRolledBack, 14)
	w.File.KnownCheckpoints = []receipt.CheckpointRef{}

	for name, c := range map[string]struct {
		held        []byte
		pack, log   verifier.Verdict
		held1, log1 marketops.Code
		exit, exit1 int
	}{
		"held, control":                 {w.Log.CheckpointAt(size - 1), verifier.Verified, verifier.Verified, "", "", 0, 0},
		"held, another root":            {w.Log.SignRoot(size-1, log.Hash{1}), verifier.Failed, verifier.Failed, marketops.SplitView, marketops.ConsistencyInvalid, 14, 14},
		"held, another root, same size": {w.Log.SignRoot(size, log.Hash{1}), verifier.Failed, verifier.Failed, marketops.SplitView, marketops.SplitView, 14, 14},
		"held, a larger size":           {w.Log.SignRoot(size+1, log.Hash{1}), verifier.Indeterminate, verifier.Failed, marketops.RecordWithheld, marketops.LogRolledBack, 11, 14},
		"held, unsigned":                {logtest.New(logworld.Origin, logworld.Stranger).SignRoot(1, log.Hash{1}), verifier.Failed, verifier.Failed, marketops.CheckpointUnsigned, marketops.CheckpointUnsigned, 11, 11},
	} {
		answers(t, name+", pack", readPack(w, verifier.Demand{Held: c.held}), c.pack, c.held1, c.exit)
		answers(t, name+", log", readLog(w, w.Log, audit.Options{Since: c.held}), c.log, c.log1, c.exit1)
	}
}

// TestUndecidedCheckpoint: a pack with gaps determines few roots.
func TestUndecidedCheckpoint(t *testing.T) {
	w := logworld.New()
	l := w.Begin()
	run, ours := w.Run, w.Entries
	w.Run, w.Entries = marketops.NewRunID([16]byte{2}), nil
	w.Submit()
	w.Submit()
	w.Submit()
	w.Run, w.Entries = run, ours
	w.Finish(l.Intent, logworld.Publisher)
	w.Evidence = nil
	answers(t, "control", readPack(w, verifier.Demand{}), verifier.Verified, "", 0)
	undecided := 0
	for size := uint64(1); size <= w.Log.Size(); size++ {
		r := readPack(w, verifier.Demand{Held: w.Log.CheckpointAt(size)})
		if !r.Verified() {
			undecided++
			answers(t, fmt.Sprint("held at size ", size), r, verifier.Indeterminate, marketops.RecordWithheld, 11)
		}
	}
	if undecided == 0 || undecided > 3 {
		t.Errorf("%d sizes are undecided", undecided)
	}
}

// TestNoReceipt: what a pack without a receipt answers.
func TestNoReceipt(t *testing.T) {
	w := logworld.New()
	w.Submit()
	w.Refuse(marketops.Expired)
	answers(t, "refused only", readPack(w, verifier.Demand{}), verifier.Failed, marketops.NothingToVerify, 11)
	w = logworld.New()
	w.Live()
	answers(t, "control", readPack(w, verifier.Demand{}), verifier.Verified, "", 0)
	w.Drop(receipt.KindReceipt)
	w.Drop(receipt.KindRunClosed)
	answers(t, "the receipt was left out", readPack(w, verifier.Demand{}), verifier.Indeterminate, marketops.RecordWithheld, 11)
}

// TestUnclaimed: without a claim now is the later of issued_at and not_before, and neither the audience nor the
// times of use are asked.
func TestUnclaimed(t *testing.T) {
	later := func(seconds marketops.Time) func(receipt.Body) {
		return func(b receipt.Body) { r := b.(*receipt.Receipt); r.NotBefore += seconds; r.ExpiresAt += seconds }
	}
	soon := func(b receipt.Body) { r := b.(*receipt.Receipt); r.ExpiresAt = r.NotBefore + 1 }
	strangers := func(b receipt.Body) { b.(*receipt.Receipt).Audience = []crypto.KeyID{logworld.Stranger.Public().ID()} }
	for _, c := range []struct {
		name    string
		edit    func(receipt.Body)
		claimed bool
		v       verifier.Verdict
		code    marketops.Code
	}{
		{"control", nil, false, verifier.Verified, ""},
		{"begins later", later(3000), false, verifier.Verified, ""},
		{"ends before it could be used", soon, false, verifier.Verified, ""},
		{"an audience of a stranger", strangers, false, verifier.Verified, ""},
		{"claimed, an audience of a stranger", strangers, true, verifier.Failed, marketops.AudienceMismatch},
		{"claimed before it begins", later(3000), true, verifier.Failed, marketops.NotYetValid},
	} {
		w := logworld.New()
		w.Edit[receipt.KindReceipt] = c.edit
		if c.edit == nil {
			delete(w.Edit, receipt.KindReceipt)
		}
		if c.claimed {
			w.Live()
		} else {
			w.Allow()
		}
		r := readPack(w, verifier.Demand{})
		found := slices.ContainsFunc(r.Checks, func(k verifier.Check) bool { return k.Status == marketops.Fail && k.Code == c.code })
		if r.Verdict != c.v || c.code != "" && !found {
			answers(t, c.name, r, c.v, c.code, 11)
		}
	}
}

// TestCounts: what the counts of a seal must hold.
func TestCounts(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*receipt.RunClosed)
		ok   bool
	}{
		"control":       {func(*receipt.RunClosed) {}, true},
		"one too many":  {func(c *receipt.RunClosed) { c.Counts[0].Count++ }, false},
		"a kind left":   {func(c *receipt.RunClosed) { c.Counts = c.Counts[1:] }, false},
		"a kind more":   {func(c *receipt.RunClosed) { c.Counts = append(c.Counts, receipt.Count{Name: "zebra", Count: 1}) }, false},
		"a record less": {func(c *receipt.RunClosed) { c.Records = c.Records[1:] }, false},
		"another order": {func(c *receipt.RunClosed) { slices.Reverse(c.Records) }, false},
	} {
		w := logworld.New()
		w.Edit[receipt.KindRunClosed] = func(b receipt.Body) { c.edit(b.(*receipt.RunClosed)) }
		w.Live()
		for of, r := range map[string]*verifier.Report{"pack": readPack(w, verifier.Demand{}), "log": readLog(w, w.Log, audit.Options{})} {
			if r.Verified() != c.ok || !c.ok && r.Code != marketops.OrderViolation {
				t.Errorf("%s, %s: %s %s", name, of, r.Verdict, r.Code)
			}
		}
	}
}

// TestAuthoritiesCount: authorities are counted by id, and without a rule that matches no authority may sign.
func TestAuthoritiesCount(t *testing.T) {
	two := func(second string, rules []trust.Rule) *logworld.World {
		w := logworld.New()
		w.File.Authorities[1].ID, w.File.AuthorityRules = second, rules
		sub := w.Submit()
		a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
		body := w.NewReceipt(0, sub, a, b)
		for _, k := range []*crypto.PrivateKey{logworld.Authority, logworld.Second} {
			w.Add(body, k, receipt.Files(&w.Ops[0])...)
		}
		return w
	}
	all := []string{"*"}
	both := []trust.Rule{{Kinds: all, Targets: all, Threshold: 2}}
	answers(t, "two of two", readPack(two("core2.example", both), verifier.Demand{}), verifier.Verified, "", 0)
	f := logworld.New().File
	f.Authorities[1].ID, f.AuthorityRules = "core.example", both
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Parse(text); marketops.CodeOf(err) != marketops.TrustMissing {
		t.Error("two keys of one authority meet a threshold of two:", err)
	}
	one := []trust.Rule{{Kinds: all, Targets: all, Threshold: 1}}
	answers(t, "one id, threshold one", readPack(two("core.example", one), verifier.Demand{}), verifier.Verified, "", 0)
	none := []trust.Rule{{Kinds: all, Targets: []string{"github.com#999"}, Threshold: 1}}
	answers(t, "no rule matches", readPack(two("core2.example", none), verifier.Demand{}), verifier.Failed, marketops.ThresholdUnmet, 11)
}

// TestTrustMembers: which members of a trust file may be left out, null or empty.
func TestTrustMembers(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(m map[string]any)
		ok   bool
	}{
		"control":                        {func(map[string]any) {}, true},
		"resolvers null":                 {func(m map[string]any) { m["resolvers"] = nil }, true},
		"revokers left out":              {func(m map[string]any) { delete(m, "revokers") }, true},
		"known_checkpoints null":         {func(m map[string]any) { m["known_checkpoints"] = nil }, true},
		"no approvals":                   {func(m map[string]any) { m["approvals"] = []any{} }, true},
		"hosts null":                     {func(m map[string]any) { m["hosts"] = nil }, false},
		"effective left out":             {func(m map[string]any) { delete(m, "effective") }, false},
		"a key's not_before left out":    {func(m map[string]any) { delete(aKey(m), "not_before") }, true},
		"a key's not_before is 1970":     {func(m map[string]any) { aKey(m)["not_before"] = "1970-01-01T00:00:00Z" }, true},
		"a key's not_after left out":     {func(m map[string]any) { delete(aKey(m), "not_after") }, false},
		"a key's window is empty":        {func(m map[string]any) { aKey(m)["not_after"] = aKey(m)["not_before"] }, false},
		"a rule's targets null":          {func(m map[string]any) { rule(m, "approvals")["targets"] = nil }, false},
		"a rule's kinds empty":           {func(m map[string]any) { rule(m, "authority_rules")["kinds"] = []any{} }, false},
		"approvals without a group":      {func(m map[string]any) { delete(rule(m, "approvals"), "group") }, false},
		"resolvers without a group":      {func(m map[string]any) { delete(rule(m, "resolvers"), "group") }, false},
		"a group without a name":         {noName, false},
		"authority_rules with a group":   {func(m map[string]any) { rule(m, "authority_rules")["group"] = "release" }, false},
		"approvals without a threshold":  {func(m map[string]any) { delete(rule(m, "approvals"), "threshold") }, false},
		"resolvers with threshold 1":     {func(m map[string]any) { rule(m, "resolvers")["threshold"] = 1 }, true},
		"resolvers with threshold 2":     {func(m map[string]any) { rule(m, "resolvers")["threshold"] = 2 }, false},
		"log_policy without its newline": {func(m map[string]any) { m["log_policy"] = strings.TrimSuffix(m["log_policy"].(string), "\n") }, true},
		"log_policy with CR":             {func(m map[string]any) { m["log_policy"] = strings.ReplaceAll(m["log_policy"].(string), "\n", "\r\n") }, false},
		"log_policy with a comment":      {func(m map[string]any) { m["log_policy"] = "# a\n\n \t\n" + m["log_policy"].(string) }, true},
		"log_policy with a URL": {func(m map[string]any) {
			m["log_policy"] = strings.Replace(m["log_policy"].(string), "\n", " https://log.example.com/\n", 1)
		}, true},
		"log_policy with another URL": {func(m map[string]any) {
			m["log_policy"] = strings.Replace(m["log_policy"].(string), "\n", " file:///log\n", 1)
		}, false},
	} {
		var m map[string]any
		if err := json.Unmarshal(logworld.New().TrustBytes(), &m); err != nil {
			t.Fatal(err)
		}
		c.edit(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trust.Parse(b); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func aKey(m map[string]any) map[string]any { return m["ledger"].([]any)[0].(map[string]any) }

func rule(m map[string]any, name string) map[string]any { return m[name].([]any)[0].(map[string]any) }

func noName(m map[string]any) {
	for _, p := range m["persons"].([]any) {
		p.(map[string]any)["groups"] = []any{""}
	}
	for _, name := range []string{"approvals", "resolvers", "revokers"} {
		for _, r := range m[name].([]any) {
			r.(map[string]any)["group"] = ""
		}
	}
}

// TestOperationMembers: the grammar of an operation document.
func TestOperationMembers(t *testing.T) {
	release := func(f func(*marketops.Operation)) marketops.Operation {
		op := logworld.Release("v1.4.0")
		f(&op)
		return op
	}
	pull := func(f func(*marketops.Operation)) marketops.Operation {
		op := marketops.NewOperation(marketops.OpenPR, logworld.Release("v1").Target)
		op.PullRequest = &marketops.PullRequest{Base: marketops.Ref{Branch: "main", SHA: strings.Repeat("a", 40)}, Head: marketops.Ref{Branch: "bot/bump"}, Title: "Bump",
			Changes: &marketops.ChangeSet{Message: "", Author: marketops.Person{Name: "A", Email: "a@example.com", Date: 1000},
				BaseTree: strings.Repeat("b", 40), Tree: strings.Repeat("c", 40),
				Changes: []marketops.Change{{Path: "a/b c.txt", Mode: "100644", SHA256: marketops.DigestOf(nil), Blob: strings.Repeat("d", 40)}}}}
		f(&op)
		return op
	}
	set := func(f func(*marketops.ChangeSet)) marketops.Operation {
		return pull(func(o *marketops.Operation) { f(o.PullRequest.Changes) })
	}
	paths := func(all ...string) marketops.Operation {
		return set(func(c *marketops.ChangeSet) {
			one := c.Changes[0]
			c.Changes = nil
			for _, p := range all {
				one.Path = p
				c.Changes = append(c.Changes, one)
			}
		})
	}
	before := func(mode, blob string) marketops.Operation {
		return set(func(c *marketops.ChangeSet) { c.Changes[0].Before = &marketops.Before{Mode: mode, Blob: blob} })
	}
	path := func(p string) marketops.Operation {
		return pull(func(o *marketops.Operation) { o.PullRequest.Changes.Changes[0].Path = p })
	}
	email := func(e string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Tag.Tagger.Email = e })
	}
	name := func(n string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Tag.Tagger.Name = n })
	}
	full := func(n string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Target.FullName = n })
	}
	tag := func(n string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Tag.Name = n })
	}
	head := func(n string) marketops.Operation {
		return pull(func(o *marketops.Operation) { o.PullRequest.Head.Branch = n })
	}
	file := func(n string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Release.Assets[0].Name = n })
	}
	body := func(b string) marketops.Operation {
		return release(func(o *marketops.Operation) { o.Release.Body = b })
	}
	title := func(b string) marketops.Operation {
		return pull(func(o *marketops.Operation) { o.PullRequest.Title = b })
	}
	for what, c := range map[string]struct {
		op marketops.Operation
		ok bool
	}{
		"release":                 {release(func(*marketops.Operation) {}), true},
		"pull request":            {pull(func(*marketops.Operation) {}), true},
		"owner of 39":             {full(strings.Repeat("o", 39) + "/r"), true},
		"owner of 40":             {full(strings.Repeat("o", 40) + "/r"), false},
		"owner with a dot":        {full("o.o/r"), false},
		"owner begins with -":     {full("-o/r"), false},
		"repository of 100":       {full("o/" + strings.Repeat("r", 100)), true},
		"repository of 101":       {full("o/" + strings.Repeat("r", 101)), false},
		"repository .github":      {full("o/.github"), true},
		"repository ..":           {full("o/.."), false},
		"repository a.git":        {full("o/a.git"), false},
		"repository a.WIKI":       {full("o/a.WIKI"), false},
		"managed user":            {full("octocat_acme/r"), true},
		"managed user, no code":   {full("octocat_/r"), false},
		"two underscores":         {full("o_a_b/r"), false},
		"tag of a package":        {tag("@acme/ui@1.2.3+b"), true},
		"tag of 245":              {tag(strings.Repeat("v", 245)), true},
		"tag of 246":              {tag(strings.Repeat("v", 246)), false},
		"branch of 244":           {head(strings.Repeat("v", 244)), true},
		"branch of 245":           {head(strings.Repeat("v", 245)), false},
		"branch with # = ,":       {head("a/#1=2,3"), true},
		"branch begins with #":    {head("#1"), false},
		"tag Head":                {tag("Head"), false},
		"tag ORIG_HEAD":           {tag("ORIG_HEAD"), false},
		"tag @":                   {tag("@"), false},
		"tag refs/tags/v1":        {tag("refs/tags/v1"), false},
		"tag tags/v1":             {tag("tags/v1"), false},
		"branch remotes/o/x":      {head("remotes/o/x"), false},
		"branch x/refs":           {head("x/refs"), true},
		"tag of 40 hex digits":    {tag(strings.Repeat("aB", 20)), false},
		"tag of 39 hex digits":    {tag(strings.Repeat("a", 39)), true},
		"tag a..b":                {tag("a..b"), false},
		"tag a.lock/b":            {tag("a.lock/b"), false},
		"tag with a shell's $":    {tag("a$b"), false},
		"tag outside ASCII":       {tag("é"), false},
		"file with + and @":       {file("a+b@c_d-e.f"), true},
		"file begins with _":      {file("_a"), true},
		"file begins with -":      {file("-a"), false},
		"file begins with a dot":  {file(".a"), false},
		"file with two dots":      {file("a..b"), false},
		"file ends in a dot":      {file("a."), false},
		"file with ~":             {file("a~b"), false},
		"two slashes":             {full("o/a/b"), false},
		"tab in a body":           {body("a\tb"), true},
		"tab at a line's end":     {body("a\t\nb"), false},
		"space at a line's end":   {body("a \nb"), false},
		"nbsp at a line's end":    {body("a\u00a0\nb"), true},
		"empty body":              {body(""), true},
		"newline at the end":      {body("a\n"), false},
		"tab in a title":          {title("a\tb"), false},
		"nbsp at a title's end":   {title("a\u00a0"), false},
		"empty title":             {title(""), false},
		"empty release name":      {release(func(o *marketops.Operation) { o.Release.Name = "" }), true},
		"empty tag message":       {release(func(o *marketops.Operation) { o.Tag.Message = "" }), false},
		"no assets":               {release(func(o *marketops.Operation) { o.Release.Assets = []marketops.Asset{} }), true},
		"an empty asset":          {release(func(o *marketops.Operation) { o.Release.Assets[0].Size = 0 }), false},
		"empty person":            {name(""), false},
		"person with <":           {name("a <b"), false},
		"person with a newline":   {name("a\nb"), false},
		"person in Greek":         {name("Αλίκη"), true},
		"e-mail":                  {email("a+b@example.com"), true},
		"e-mail without @":        {email("example.com"), false},
		"e-mail, empty local":     {email("@example.com"), false},
		"e-mail, local of 65":     {email(strings.Repeat("a", 65) + "@example.com"), false},
		"e-mail, space":           {email("a b@example.com"), false},
		"e-mail, <":               {email("a<b@example.com"), false},
		"e-mail, ESC":             {email("a\x1bb@example.com"), false},
		"e-mail, NUL":             {email("a\x00b@example.com"), false},
		"e-mail, bidi":            {email("a\u202eb@example.com"), false},
		"e-mail, two @":           {email("a@b@example.com"), false},
		"tagged in 1970":          {release(func(o *marketops.Operation) { o.Tag.Tagger.Date = 0 }), false},
		"path, dot":               {path("a/./b"), false},
		"path, up":                {path("../b"), false},
		"path, absolute":          {path("/b"), false},
		"path, .GIT":              {path("a/.GIT/b"), false},
		"path, tab":               {path("a\tb"), false},
		"path, .git and a dot":    {path("a/.git./b"), false},
		"path, .git and a space":  {path("a/.git /b"), false},
		"path, .git and a stream": {path("a/.git::$INDEX_ALLOCATION/b"), false},
		"path, .g\u200cit":        {path("a/.g\u200cit/b"), false},
		"path, git~1":             {path("GIT~1/b"), false},
		"path, .gitignore":        {path(".gitignore"), true},
		"path, .git.d":            {path(".git.d/a"), true},
		"path, backslash":         {path("a\\b"), false},
		"paths in order":          {paths("a", "a-b", "b/a", "b/c"), true},
		"paths out of order":      {paths("b", "a"), false},
		"a path twice":            {paths("a", "a"), false},
		"a file and its folder":   {paths("a", "a-b", "a/b"), false},
		"a file in a file":        {paths("a/b", "a/b/c/d"), false},
		"two cases of a file":     {paths("A", "a"), false},
		"two cases of a folder":   {paths("Docs/a", "docs/b"), false},
		"two cases, not in Latin": {paths("É", "é"), false},
		"before":                  {before("100755", strings.Repeat("e", 40)), true},
		"before, a link":          {before("120000", strings.Repeat("e", 40)), false},
		"before, no mode":         {before("", strings.Repeat("e", 40)), false},
		"before, no blob":         {before("100644", ""), false},
		"before, SHA-256":         {before("100644", strings.Repeat("e", 64)), false},
		"no blob":                 {set(func(c *marketops.ChangeSet) { c.Changes[0].Blob = "" }), false},
		"blob of SHA-256":         {set(func(c *marketops.ChangeSet) { c.Changes[0].Blob = strings.Repeat("d", 64) }), false},
		"no base_tree":            {set(func(c *marketops.ChangeSet) { c.BaseTree = "" }), false},
		"no tree":                 {set(func(c *marketops.ChangeSet) { c.Tree = "" }), false},
		"tree of SHA-256":         {set(func(c *marketops.ChangeSet) { c.Tree = strings.Repeat("c", 64) }), false},
		"nothing changes":         {set(func(c *marketops.ChangeSet) { c.Tree = c.BaseTree }), false},
		"path of 255":             {path(strings.Repeat("p", 255)), true},
		"path of 256":             {path(strings.Repeat("p", 256)), false},
		"mode 120000":             {pull(func(o *marketops.Operation) { o.PullRequest.Changes.Changes[0].Mode = "120000" }), false},
		"mode 100755":             {pull(func(o *marketops.Operation) { o.PullRequest.Changes.Changes[0].Mode = "100755" }), true},
		"no change":               {pull(func(o *marketops.Operation) { o.PullRequest.Changes.Changes = nil }), false},
		"base is head":            {pull(func(o *marketops.Operation) { o.PullRequest.Head.Branch = "main" }), false},
		"head sha with changes":   {pull(func(o *marketops.Operation) { o.PullRequest.Head.SHA = strings.Repeat("a", 40) }), false},
		"no head sha, no changes": {pull(func(o *marketops.Operation) { o.PullRequest.Changes = nil }), false},
		"head sha, no changes": {pull(func(o *marketops.Operation) {
			o.PullRequest.Changes, o.PullRequest.Head.SHA = nil, strings.Repeat("b", 40)
		}), true},
		"ids of two lengths": {pull(func(o *marketops.Operation) {
			o.PullRequest.Changes, o.PullRequest.Head.SHA = nil, strings.Repeat("b", 64)
		}), false},
	} {
		doc, err := canon.Encode(c.op)
		if err == nil {
			_, err = marketops.ParseOperation(doc)
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", what, err)
		}
		null := regexp.MustCompile(`"(assets|changes)":\[[^]]*\]`).ReplaceAll(doc, []byte(`"$1":null`))
		if _, err := marketops.ParseOperation(null); c.ok && !bytes.Equal(null, doc) && err == nil {
			t.Errorf("%s: a list may be null", what)
		}
	}
}

// TestNoTime: the first second of 1970 is no time.
func TestNoTime(t *testing.T) {
	w := logworld.New()
	l := w.Allow()
	for name, edit := range map[string]func(receipt.Body, marketops.Time){
		"approval":         func(b receipt.Body, at marketops.Time) { b.(*receipt.Approval).NotBefore = at },
		"approval, issued": func(b receipt.Body, at marketops.Time) { b.(*receipt.Approval).IssuedAt = at },
		"receipt":          func(b receipt.Body, at marketops.Time) { b.(*receipt.Receipt).NotBefore = at },
		"receipt, issued":  func(b receipt.Body, at marketops.Time) { b.(*receipt.Receipt).IssuedAt = at },
	} {
		var body receipt.Body
		if strings.HasPrefix(name, "approval") {
			clone := *l.First.Record.Body.(*receipt.Approval)
			body = &clone
		} else {
			clone := *l.Receipt.Record.Body.(*receipt.Receipt)
			body = &clone
		}
		for at, ok := range map[marketops.Time]bool{0: false, 1: true} {
			edit(body, at)
			if _, err := receipt.Seal(body, logworld.Alice); (err == nil) != ok || !ok && marketops.CodeOf(err) != marketops.ReceiptMalformed {
				t.Errorf("%s at %d: %v", name, at, err)
			}
		}
	}
}

// TestWalk: each line of the walk over the records of one receipt.
func TestWalk(t *testing.T) {
	for name, c := range map[string]struct {
		code  marketops.Code
		story func(w *logworld.World)
	}{
		"control": {"", func(w *logworld.World) { w.Live() }},
		"claim, again": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Begin()
			w.Claim(l.Receipt, logworld.Other)
			w.Finish(l.Intent, logworld.Publisher)
		}},
		"claim, again, after the outcome": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Publish()
			w.Claim(l.Receipt, logworld.Other)
		}},
		"claim, next epoch, after the outcome": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Publish()
			w.Claim(l.Receipt, logworld.Publisher, l.Claim)
		}},
		"claim, next epoch": {"", func(w *logworld.World) {
			l := w.Begin()
			again := w.Claim(l.Receipt, logworld.Other, l.Claim)
			w.Finish(w.Announce(again, logworld.Other), logworld.Other)
		}},
		"claim, of a key not listed": {marketops.AudienceMismatch, func(w *logworld.World) {
			w.Claim(w.Allow().Receipt, logworld.Stranger)
		}},
		"claim, an epoch is left out": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Allow()
			w.Claim(l.Receipt, logworld.Publisher)
			w.Edit[receipt.KindClaim] = func(b receipt.Body) {
				k := b.(*receipt.Claim)
				k.Epoch, k.Previous = 3, &l.Receipt.Record.Digest
			}
			w.Claim(l.Receipt, logworld.Publisher)
		}},
		"claim, of no receipt": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Allow()
			w.Edit[receipt.KindClaim] = func(b receipt.Body) { b.(*receipt.Claim).Receipt = l.First.Record.Digest }
			w.Claim(l.Receipt, logworld.Publisher)
		}},
		"intent, of no claim": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Allow()
			claim := w.Claim(l.Receipt, logworld.Publisher)
			w.Edit[receipt.KindIntent] = func(b receipt.Body) { b.(*receipt.Intent).Claim = l.First.Record.Digest }
			w.Announce(claim, logworld.Publisher)
		}},
		"intent, of an older claim": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Allow()
			first := w.Claim(l.Receipt, logworld.Publisher)
			w.Claim(l.Receipt, logworld.Publisher, first)
			w.Announce(first, logworld.Publisher)
		}},
		"outcome, of an older intent": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Begin()
			again := w.Claim(l.Receipt, logworld.Publisher, l.Claim)
			w.Announce(again, logworld.Publisher)
			w.Finish(l.Intent, logworld.Publisher)
		}},
		"intent, another epoch": {marketops.ReceiptReused, func(w *logworld.World) {
			claim := w.Claim(w.Allow().Receipt, logworld.Publisher)
			w.Edit[receipt.KindIntent] = func(b receipt.Body) { b.(*receipt.Intent).Epoch = 2 }
			w.Announce(claim, logworld.Publisher)
		}},
		"intent, again": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Begin()
			w.Announce(l.Claim, logworld.Publisher)
		}},
		"intent, another publisher": {marketops.AudienceMismatch, func(w *logworld.World) {
			w.Announce(w.Claim(w.Allow().Receipt, logworld.Publisher), logworld.Other)
		}},
		"intent, after the outcome": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Publish()
			w.Announce(l.Claim, logworld.Publisher)
		}},
		"outcome, again": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Publish()
			w.Finish(l.Intent, logworld.Publisher)
		}},
		"outcome, no claim": {marketops.OrderViolation, func(w *logworld.World) {
			l := w.Allow()
			o := &receipt.Outcome{Header: w.Head(), OperationID: w.Digest(0), RunID: w.Run, ReceiptID: l.Receipt.Record.Body.(*receipt.Receipt).ReceiptID,
				Receipt: l.Receipt.Record.Digest, OperationKind: w.Ops[0].Kind, Epoch: 1, Status: receipt.Rejected, Code: marketops.Expired}
			w.Add(o, logworld.Ledger)
		}},
		"outcome, no intent there": {marketops.OrderViolation, func(w *logworld.World) {
			w.Edit[receipt.KindOutcome] = func(b receipt.Body) { b.(*receipt.Outcome).Intent.Index-- }
			w.Publish()
		}},
		"outcome, a second success": {marketops.ReceiptReused, func(w *logworld.World) {
			l := w.Publish()
			second := w.Authorize(0, l.Submission, w.Vote(l.Submission, logworld.Alice, "approve"), w.Vote(l.Submission, logworld.Carol, "approve"))
			w.Finish(w.Announce(w.Claim(second, logworld.Publisher), logworld.Publisher), logworld.Publisher)
		}},
		"resolution, of a success": {marketops.OrderViolation, func(w *logworld.World) {
			logworld.Resolve(w, w.Publish().Outcome, logworld.Alice)
		}},
		"at the end, no outcome": {marketops.OutcomeMissing, func(w *logworld.World) { w.Begin() }},
	} {
		w := logworld.New()
		c.story(w)
		for of, r := range map[string]*verifier.Report{"pack": readPack(w, verifier.Demand{}), "log": readLog(w, w.Log, audit.Options{At: w.Now + 3*86400})} {
			want := c.code
			if name == "outcome, no claim" && of == "pack" {
				want = marketops.RecordWithheld
			}
			found := slices.ContainsFunc(r.Checks, func(k verifier.Check) bool { return k.Status == marketops.Fail && k.Code == want })
			if r.Verified() != (want == "") || want != "" && !found {
				t.Errorf("%s, %s: %s %s, want %q: %+v", name, of, r.Verdict, r.Code, want, r.Checks)
			}
		}
	}
}

// TestZeroDigests: which digests may be zero, and which lists may be empty.
func TestZeroDigests(t *testing.T) {
	zero := []string{"advisory.Policy", "advisory.WhyNot", "outcome.Error", "outcome.Response", "refusal.OperationID", "refusal.Evidence", "trust-adopted.Previous"}
	full := []string{"submission.Operations", "approval.Operations", "receipt.Audience", "outcome.Effects"}
	tried := 0
	for kind, body := range sample.Bodies() {
		seals := func() bool {
			_, err := receipt.Seal(body, logworld.Alice)
			return err == nil
		}
		if !seals() {
			t.Fatalf("%s: the control is refused", kind)
		}
		var visit func(path string, v reflect.Value)
		try := func(path string, v, other reflect.Value, allowed []string) {
			old := reflect.ValueOf(v.Interface())
			v.Set(other)
			if want := slices.Contains(allowed, path); seals() != want {
				t.Errorf("%s as %v: accepted is %v", path, other, !want)
			}
			v.Set(old)
			tried++
		}
		visit = func(path string, v reflect.Value) {
			switch {
			case v.Type() == reflect.TypeFor[marketops.Digest]():
				try(path, v, reflect.Zero(v.Type()), zero)
			case v.Kind() == reflect.Pointer && !v.IsNil():
				visit(path, v.Elem())
			case v.Kind() == reflect.Struct:
				for i := range v.NumField() {
					visit(path+"."+v.Type().Field(i).Name, v.Field(i))
				}
			case v.Kind() == reflect.Slice && v.Len() > 0:
				old := reflect.ValueOf(v.Interface())
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
				if want := !slices.Contains(full, path); seals() != want {
					t.Errorf("an empty %s: accepted is %v", path, !want)
				}
				v.Set(old)
				visit(path, v.Index(0))
				tried++
			}
		}
		visit(string(kind), reflect.ValueOf(body).Elem())
	}
	if tried < 50 {
		t.Errorf("%d members were tried", tried)
	}
}
