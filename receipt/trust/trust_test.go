package trust_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

func TestTrustFileControl(t *testing.T) {
	text := sample.TrustText(t, sample.NewTrust(sample.NewLog()))
	for name, b := range map[string][]byte{"compact": text, "spaced": append([]byte("\n  "), text...)} {
		tr, err := trust.Parse(b)
		if err != nil {
			t.Fatal(name, err)
		}
		if tr.Version() != 3 || tr.Digest() != marketops.DigestOf(b) || tr.Log().Quorum() != "2 of 2" || tr.Ref() != (receipt.TrustRef{Version: 3, Digest: tr.Digest()}) {
			t.Errorf("%s: %+v", name, tr.Ref())
		}
		if h, ok := tr.Holder(sample.ID(sample.KeyAlicePhone)); !ok || h.Role != trust.RolePerson || h.Name != "alice" {
			t.Errorf("%s: the second key is %+v", name, h)
		}
		if tr.Expired(sample.Noon) || !tr.Expired(sample.Noon+1000*sample.Hour) {
			t.Error("the expiry is off")
		}
	}
}

func TestTrustFileRefusals(t *testing.T) {
	for _, c := range sample.BadTrust {
		f := sample.NewTrust(sample.NewLog())
		c.Edit(&f)
		refuseTrust(t, c.Name, sample.TrustText(t, f))
	}
	for _, c := range sample.BadTrustText {
		refuseTrust(t, c.Name, c.Edit(sample.TrustText(t, sample.NewTrust(sample.NewLog()))))
	}
	refuseTrust(t, "too long", append(sample.TrustText(t, sample.NewTrust(sample.NewLog())), bytes.Repeat([]byte(" "), trust.MaxTrust)...))
}

func refuseTrust(t *testing.T, name string, b []byte) {
	t.Helper()
	if tr, err := trust.Parse(b); tr != nil || marketops.CodeOf(err) != marketops.TrustMissing {
		t.Errorf("%s: %v", name, err)
	}
}

func parseTrust(t testing.TB, f trust.File) *trust.Trust {
	t.Helper()
	tr, err := trust.Parse(sample.TrustText(t, f))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

const keyReader = 77

// TestReaders: a reader reads everything, or what is listed, and has no group.
func TestReaders(t *testing.T) {
	f := sample.NewTrust(sample.NewLog())
	f.Readers = []trust.Reader{{Key: sample.TrustKey(keyReader, "auditor")}, {Key: sample.TrustKey(keyReader+1, "monitor"), Targets: []string{"github.com#7"}}}
	tr := parseTrust(t, f)
	for key, want := range map[byte][]string{keyReader: {"*"}, keyReader + 1: {"github.com#7"}} {
		h, ok := tr.Holder(sample.ID(key))
		if !ok || h.Role != trust.RoleReader || !slices.Equal(h.Targets, want) || len(h.Groups) > 0 {
			t.Errorf("%+v, want targets %v", h, want)
		}
	}
	if h, _ := tr.Holder(sample.ID(sample.KeyAlice)); len(h.Targets) > 0 {
		t.Errorf("a person has targets: %+v", h)
	}
}

// TestAdmitRoles lets every role sign every record; only the pairs of the formats page pass.
func TestAdmitRoles(t *testing.T) {
	f := sample.NewTrust(sample.NewLog())
	f.Readers = []trust.Reader{{Key: sample.TrustKey(keyReader, "reader-1")}}
	tr := parseTrust(t, f)
	roles := map[string]byte{"reader": keyReader, "person": sample.KeyAlice, "authority": sample.KeyAuthority1, "advisory": sample.KeyAdvisory, "publisher": sample.KeyPublisher, "ledger": sample.KeyLedger}
	may := map[receipt.Kind]string{"submission": "person", "approval": "person", "resolution": "person", "receipt": "authority", "revocation": "authority",
		"advisory": "advisory", "claim": "ledger", "shard-sealed": "ledger", "shard-genesis": "ledger", "run-closed": "ledger", "trust-adopted": "ledger", "intent": "publisher", "outcome": "publisher ledger", "refusal": "publisher ledger", "request": "person publisher ledger reader", "answer": "ledger"}
	pos := &log.Position{Origin: "log.example"}
	for name, body := range sample.Bodies() {
		for role, key := range roles {
			r := sample.Seal(t, body, key)
			_, err := tr.Admit(r, sample.Noon, pos)
			if want := slices.Contains(strings.Fields(may[name]), role); want != (err == nil) || !want && !errors.Is(err, marketops.KeyUnknown) {
				t.Errorf("%s by %s: %v", name, role, err)
			}
		}
		if _, _, err := tr.Open(sample.Seal(t, body, sample.KeyStranger).Envelope, sample.Noon, pos); !errors.Is(err, marketops.KeyUnknown) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
}

func TestAdmitWindowAndRevocation(t *testing.T) {
	f := sample.NewTrust(sample.NewLog())
	f.Persons[1].Keys[0].NotBefore, f.Persons[1].Keys[0].NotAfter = sample.Noon, sample.Noon+sample.Hour
	f.Persons[2].Keys[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 7}}
	line := func(origin string, key byte) string {
		return "log " + log.Vkey(origin, logtest.Key(key).Public()) + "\n"
	}
	f.LogPolicy = line("old.example", 91) + f.LogPolicy + line("new.example", 92)
	tr := parseTrust(t, f)
	at := func(origin string, i uint64) *log.Position { return &log.Position{Origin: origin, Index: i} }
	alice, bob := sample.Seal(t, sample.Bodies()["approval"], sample.KeyAlice), sample.Seal(t, sample.Bodies()["approval"], sample.KeyBob)
	for _, c := range []struct {
		name string
		rec  *receipt.Record
		now  marketops.Time
		pos  *log.Position
		want marketops.Code
	}{
		{"first second", alice, sample.Noon, nil, ""},
		{"last second", alice, sample.Noon + sample.Hour - 1, nil, ""},
		{"before", alice, sample.Noon - 1, nil, marketops.KeyOutsideValidity},
		{"at the end", alice, sample.Noon + sample.Hour, nil, marketops.KeyOutsideValidity},
		{"below the revocation", bob, sample.Noon, at("log.example", 6), ""},
		{"at the revocation", bob, sample.Noon, at("log.example", 7), marketops.KeyRevoked},
		{"above", bob, sample.Noon, at("log.example", 1<<40), marketops.KeyRevoked},
		{"in a later shard", bob, sample.Noon, at("new.example", 0), marketops.KeyRevoked},
		{"in the log before", bob, sample.Noon, at("old.example", 100), ""},
		{"in a log that was never listed", bob, sample.Noon, at("other.example", 0), marketops.KeyRevoked},
		{"not in a log yet", bob, sample.Noon, nil, marketops.KeyRevoked},
	} {
		if _, err := tr.Admit(c.rec, c.now, c.pos); marketops.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	var none *trust.Trust
	if _, _, err := none.Open(alice.Envelope, sample.Noon, nil); !errors.Is(err, marketops.TrustMissing) {
		t.Error("no trust file opened a record:", err)
	}
}

func TestRulesMatchByID(t *testing.T) {
	f := sample.NewTrust(sample.NewLog())
	f.Approvals = append(f.Approvals, trust.Rule{Kinds: []string{"tag_repo"}, Targets: []string{"github.com#7"}, Group: "guests", Threshold: 1})
	f.AuthorityRules = append(sample.Everything("", 1), trust.Rule{Kinds: []string{"*"}, Targets: []string{"github.com#7"}, Threshold: 2})
	f.Resolvers[0].Kinds = []string{"tag_repo"}
	tr := parseTrust(t, f)
	seven := marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/widgets"}
	eight := seven
	eight.RepositoryID = 8
	if n := len(tr.Minimum(marketops.TagRepo, seven)); n != 2 {
		t.Errorf("%d rules", n)
	}
	if len(tr.Minimum(marketops.TagRepo, eight)) != 1 || len(tr.Minimum(marketops.OpenPR, seven)) != 1 {
		t.Error("a rule matches what it does not name")
	}
	if tr.AuthorityThreshold(marketops.OpenPR, seven) != 2 || tr.AuthorityThreshold(marketops.OpenPR, eight) != 1 {
		t.Error("the highest threshold does not count")
	}
	alice, _ := tr.Holder(sample.ID(sample.KeyAlice))
	carol, _ := tr.Holder(sample.ID(sample.KeyCarol))
	core, _ := tr.Holder(sample.ID(sample.KeyAuthority1))
	core.Groups = []string{"release"} // no key but a person's acts for a group
	if !tr.MayResolve(alice, marketops.TagRepo, seven) || tr.MayResolve(alice, marketops.OpenPR, seven) || tr.MayResolve(carol, marketops.TagRepo, seven) ||
		!tr.MayRevoke(alice, marketops.OpenPR, seven) || tr.MayRevoke(carol, marketops.OpenPR, seven) || tr.MayRevoke(core, marketops.OpenPR, seven) {
		t.Error("resolvers or revokers are not those of the file")
	}
}
