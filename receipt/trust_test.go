package receipt_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
)

// weakSPKI returns the SubjectPublicKeyInfo of 32 bytes that no good key has.
func weakSPKI(y []byte) string {
	der := slices.Clone(logtest.Key(1).Public().SPKI())
	return base64.StdEncoding.EncodeToString(append(der[:12], y...))
}

var badTrust = []struct {
	name string
	edit func(*receipt.TrustFile)
}{
	{"other-schema", func(f *receipt.TrustFile) { f.Schema = "marketops.trust/v2" }},
	{"no-version", func(f *receipt.TrustFile) { f.Version = 0 }},
	{"negative-version", func(f *receipt.TrustFile) { f.Version = -1 }},
	{"no-expiry", func(f *receipt.TrustFile) { f.Expires = 0 }},
	{"log-key-end-of-no-log", func(f *receipt.TrustFile) {
		f.LogKeyEnds = []receipt.LogKeyEnd{{Vkey: log.Vkey("log.example", logtest.Key(keyStranger).Public()), Size: 5}}
	}},
	{"log-key-end-below-zero", func(f *receipt.TrustFile) { f.LogKeyEnds = []receipt.LogKeyEnd{{Vkey: newLog().Vkey(), Size: -1}} }},
	{"log-key-ends-twice", func(f *receipt.TrustFile) {
		f.LogKeyEnds = []receipt.LogKeyEnd{{Vkey: newLog().Vkey(), Size: 5}, {Vkey: newLog().Vkey(), Size: 6}}
	}},
	{"no-lifetime", func(f *receipt.TrustFile) { f.MaxLifetime = 0 }},
	{"lifetime-over-24h", func(f *receipt.TrustFile) { f.MaxLifetime = 86401 }},
	{"small-order-key", func(f *receipt.TrustFile) {
		f.Authorities[0].SPKI = weakSPKI(append([]byte{1}, make([]byte, 31)...))
	}},
	{"zero-key", func(f *receipt.TrustFile) { f.Authorities[0].SPKI = weakSPKI(make([]byte, 32)) }},
	{"non-canonical-key", func(f *receipt.TrustFile) {
		y := bytes.Repeat([]byte{0xff}, 32)
		y[0], y[31] = 0xf0, 0x7f
		f.Authorities[0].SPKI = weakSPKI(y)
	}},
	{"truncated-key", func(f *receipt.TrustFile) { f.Authorities[0].SPKI = f.Authorities[0].SPKI[:56] }},
	{"private-key", func(f *receipt.TrustFile) {
		f.Authorities[0].SPKI = base64.StdEncoding.EncodeToString(logtest.Key(keyAuthority1).PKCS8())
	}},
	{"elliptic-curve-key", func(f *receipt.TrustFile) {
		f.Authorities[0].SPKI = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnFiCbEq4gCsU8eS+IlzrHcN1gY1/F6IRzzYMyOmXxmklO2SQ4LYQ3SMKYsNpO/18D5bEeqg+Bv48BmoQJGkyrQ=="
	}},
	{"rsa-key", func(f *receipt.TrustFile) {
		f.Authorities[0].SPKI = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDZCxfm5rPNobebj0Fcn2rDXaT5yBYyrOGBsiVslJQ8xyfav5bie475uNTYKPJKrkub3/mwdEPiXKtqGl0JnITTdp3TfMWroxqHZt8YNby4Wd0Ot/qQ0FMYHQqrcWhBDZYLUUu2cgXKHAR8Ss2QB8S8L8zjjYXZj07Z09rEmGts1QIDAQAB"
	}},
	{"key-with-newline", func(f *receipt.TrustFile) { f.Authorities[0].SPKI += "\n" }},
	{"other-algorithm", func(f *receipt.TrustFile) { f.Authorities[0].Alg = "ed25519ph" }},
	{"no-algorithm", func(f *receipt.TrustFile) { f.Authorities[0].Alg = "" }},
	{"key-id-with-space", func(f *receipt.TrustFile) { f.Authorities[0].ID = "core 1" }},
	{"window-reversed", func(f *receipt.TrustFile) { f.Authorities[0].NotAfter = f.Authorities[0].NotBefore }},
	{"revoked-from-no-origin", func(f *receipt.TrustFile) { f.Authorities[0].RevokedFrom = []log.Position{{Index: 4}} }},
	{"key-of-two-persons", func(f *receipt.TrustFile) { f.Persons[1].Keys[0].SPKI = f.Persons[0].Keys[0].SPKI }},
	{"key-twice-in-one-person", func(f *receipt.TrustFile) { f.Persons[1].Keys[1].SPKI = f.Persons[1].Keys[0].SPKI }},
	{"key-of-two-authorities", func(f *receipt.TrustFile) { f.Authorities[1].SPKI = f.Authorities[0].SPKI }},
	{"authority-is-publisher", func(f *receipt.TrustFile) { f.Publishers[0].SPKI = f.Authorities[0].SPKI }},
	{"authority-is-advisory", func(f *receipt.TrustFile) { f.Advisory[0].SPKI = f.Authorities[0].SPKI }},
	{"approver-is-ledger", func(f *receipt.TrustFile) { f.Ledger[0].SPKI = f.Persons[1].Keys[0].SPKI }},
	{"person-twice", func(f *receipt.TrustFile) { f.Persons[2].ID = "alice" }},
	{"person-id-with-at", func(f *receipt.TrustFile) { f.Persons[2].ID = "bob@example.com" }},
	{"person-id-empty", func(f *receipt.TrustFile) { f.Persons[2].ID = "" }},
	{"authority-threshold-unmet", func(f *receipt.TrustFile) { f.AuthorityRules[0].Threshold = 3 }},
	{"authority-threshold-zero", func(f *receipt.TrustFile) { f.AuthorityRules[0].Threshold = 0 }},
	{"authority-threshold-of-one-with-two-keys", func(f *receipt.TrustFile) { f.Authorities[1].ID = f.Authorities[0].ID }},
	{"authority-rule-with-group", func(f *receipt.TrustFile) { f.AuthorityRules[0].Group = "release" }},
	{"approval-threshold-unmet", func(f *receipt.TrustFile) { f.Approvals[0].Threshold = 4 }},
	{"approval-threshold-zero", func(f *receipt.TrustFile) { f.Approvals[0].Threshold = 0 }},
	{"approval-threshold-negative", func(f *receipt.TrustFile) { f.Approvals[0].Threshold = -1 }},
	{"approval-group-unknown", func(f *receipt.TrustFile) { f.Approvals[0].Group = "nobody" }},
	{"approval-group-without-keys", func(f *receipt.TrustFile) {
		f.Persons[3].Keys = nil
		f.Approvals = everything("guests", 1)
	}},
	{"rule-without-kinds", func(f *receipt.TrustFile) { f.Approvals[0].Kinds = nil }},
	{"rule-without-targets", func(f *receipt.TrustFile) { f.Approvals[0].Targets = nil }},
	{"rule-of-unknown-kind", func(f *receipt.TrustFile) { f.Approvals[0].Kinds = []string{"publish"} }},
	{"rule-by-name", func(f *receipt.TrustFile) { f.Approvals[0].Targets = []string{"octo-org/widgets"} }},
	{"rule-by-pattern", func(f *receipt.TrustFile) { f.Approvals[0].Targets = []string{"github.com#*"} }},
	{"resolvers-unknown-group", func(f *receipt.TrustFile) { f.Resolvers[0].Group = "nobody" }},
	{"revokers-unknown-group", func(f *receipt.TrustFile) { f.Revokers[0].Group = "" }},
	{"revokers-with-threshold", func(f *receipt.TrustFile) { f.Revokers[0].Threshold = 2 }},
	{"no-log-policy", func(f *receipt.TrustFile) { f.LogPolicy = "" }},
	{"log-policy-without-quorum", func(f *receipt.TrustFile) { f.LogPolicy = strings.Split(f.LogPolicy, "group")[0] }},
	{"log-policy-without-log", func(f *receipt.TrustFile) { f.LogPolicy = "quorum none\n" }},
}

var badTrustText = []struct {
	name string
	edit func([]byte) []byte
}{
	{"empty", func([]byte) []byte { return nil }},
	{"null", func([]byte) []byte { return []byte("null") }},
	{"list", func([]byte) []byte { return []byte("[]") }},
	{"truncated", func(b []byte) []byte { return b[:len(b)-1] }},
	{"trailing-data", func(b []byte) []byte { return append(slices.Clone(b), "{}"...) }},
	{"unknown-member", swap(`{"schema"`, `{"admins":[],"schema"`)},
	{"unknown-member-of-key", swap(`"alg":`, `"role":"any","alg":`)},
	{"unknown-member-of-rule", swap(`"kinds":`, `"except":[],"kinds":`)},
	{"duplicate-member", swap(`"version":3`, `"version":3,"version":4`)},
	{"wrong-case", swap(`"version":3`, `"Version":3`)},
	{"version-as-text", swap(`"version":3`, `"version":"3"`)},
	{"no-schema", swap(`"schema":"marketops.trust/v1",`, ``)},
}

func TestTrustFileControl(t *testing.T) {
	text := trustText(t, newTrust(newLog()))
	for name, b := range map[string][]byte{"compact": text, "spaced": append([]byte("\n  "), text...)} {
		tr, err := receipt.ParseTrust(b)
		if err != nil {
			t.Fatal(name, err)
		}
		if tr.Version() != 3 || tr.Digest() != marketops.DigestOf(b) || tr.Log().Quorum() != "2 of 2" || tr.Ref() != (receipt.TrustRef{Version: 3, Digest: tr.Digest()}) {
			t.Errorf("%s: %+v", name, tr.Ref())
		}
		if h, ok := tr.Holder(id(keyAlicePhone)); !ok || h.Role != receipt.RolePerson || h.Name != "alice" {
			t.Errorf("%s: the second key is %+v", name, h)
		}
		if tr.Expired(noon) || !tr.Expired(noon+1000*hour) {
			t.Error("the expiry is off")
		}
	}
}

func TestTrustFileRefusals(t *testing.T) {
	for _, c := range badTrust {
		f := newTrust(newLog())
		c.edit(&f)
		refuseTrust(t, c.name, trustText(t, f))
	}
	for _, c := range badTrustText {
		refuseTrust(t, c.name, c.edit(trustText(t, newTrust(newLog()))))
	}
	refuseTrust(t, "too long", append(trustText(t, newTrust(newLog())), bytes.Repeat([]byte(" "), receipt.MaxTrust)...))
}

func refuseTrust(t *testing.T, name string, b []byte) {
	t.Helper()
	if tr, err := receipt.ParseTrust(b); tr != nil || marketops.CodeOf(err) != marketops.TrustMissing {
		t.Errorf("%s: %v", name, err)
	}
}

func parseTrust(t testing.TB, f receipt.TrustFile) *receipt.Trust {
	t.Helper()
	tr, err := receipt.ParseTrust(trustText(t, f))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestAdmitRoles lets every role sign every record; only the pairs of the formats page pass.
func TestAdmitRoles(t *testing.T) {
	tr := parseTrust(t, newTrust(newLog()))
	roles := map[string]byte{"person": keyAlice, "authority": keyAuthority1, "advisory": keyAdvisory, "publisher": keyPublisher, "ledger": keyLedger}
	may := map[string]string{"submission": "person", "approval": "person", "resolution": "person", "receipt": "authority", "revocation": "authority",
		"advisory": "advisory", "claim": "ledger", "shard-sealed": "ledger", "shard-genesis": "ledger", "run-closed": "ledger", "intent": "publisher", "outcome": "publisher ledger", "refusal": "publisher ledger", "request": "person publisher ledger"}
	pos := &log.Position{Origin: "log.example"}
	for name, body := range bodies() {
		for role, key := range roles {
			r := seal(t, body, key, marketops.DigestOf([]byte("x")), "x")
			_, err := tr.Admit(r, noon, pos)
			if want := slices.Contains(strings.Fields(may[name]), role); want != (err == nil) || !want && !errors.Is(err, marketops.KeyUnknown) {
				t.Errorf("%s by %s: %v", name, role, err)
			}
		}
		if _, _, err := tr.Open(seal(t, body, keyStranger, marketops.DigestOf([]byte("x")), "x").Envelope, noon, pos); !errors.Is(err, marketops.KeyUnknown) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
}

func TestAdmitWindowAndRevocation(t *testing.T) {
	f := newTrust(newLog())
	f.Persons[1].Keys[0].NotBefore, f.Persons[1].Keys[0].NotAfter = noon, noon+hour
	f.Persons[2].Keys[0].RevokedFrom = []log.Position{{Origin: "log.example", Index: 7}, {Origin: "new.example", Index: 0}}
	tr := parseTrust(t, f)
	at := func(origin string, i uint64) *log.Position { return &log.Position{Origin: origin, Index: i} }
	alice, bob := seal(t, bodies()["approval"], keyAlice, marketops.DigestOf([]byte("x")), "x"), seal(t, bodies()["approval"], keyBob, marketops.DigestOf([]byte("x")), "x")
	for _, c := range []struct {
		name string
		rec  *receipt.Record
		now  marketops.Time
		pos  *log.Position
		want marketops.Code
	}{
		{"first second", alice, noon, nil, ""},
		{"last second", alice, noon + hour - 1, nil, ""},
		{"before", alice, noon - 1, nil, marketops.KeyOutsideValidity},
		{"at the end", alice, noon + hour, nil, marketops.KeyOutsideValidity},
		{"below the revocation", bob, noon, at("log.example", 6), ""},
		{"at the revocation", bob, noon, at("log.example", 7), marketops.KeyRevoked},
		{"above", bob, noon, at("log.example", 1<<40), marketops.KeyRevoked},
		{"in a later shard", bob, noon, at("new.example", 0), marketops.KeyRevoked},
		{"in a shard that is not named", bob, noon, at("old.example", 100), ""},
		{"not in a log yet", bob, noon, nil, marketops.KeyRevoked},
	} {
		if _, err := tr.Admit(c.rec, c.now, c.pos); marketops.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	var none *receipt.Trust
	if _, _, err := none.Open(alice.Envelope, noon, nil); !errors.Is(err, marketops.TrustMissing) {
		t.Error("no trust file opened a record:", err)
	}
}

func TestRulesMatchByID(t *testing.T) {
	f := newTrust(newLog())
	f.Approvals = append(f.Approvals, receipt.Rule{Kinds: []string{"tag_repo"}, Targets: []string{"github.com#7"}, Group: "guests", Threshold: 1})
	f.AuthorityRules = append(everything("", 1), receipt.Rule{Kinds: []string{"*"}, Targets: []string{"github.com#7"}, Threshold: 2})
	f.Resolvers[0].Kinds = []string{"tag_repo"}
	tr := parseTrust(t, f)
	seven := marketops.Target{Type: "github", Host: "github.com", RepositoryID: 7, FullName: "octo-org/widgets"}
	eight := seven
	eight.RepositoryID = 8
	if n := len(tr.Floor(marketops.TagRepo, seven)); n != 2 {
		t.Errorf("%d rules", n)
	}
	if len(tr.Floor(marketops.TagRepo, eight)) != 1 || len(tr.Floor(marketops.OpenPR, seven)) != 1 {
		t.Error("a rule matches what it does not name")
	}
	if tr.AuthorityThreshold(marketops.OpenPR, seven) != 2 || tr.AuthorityThreshold(marketops.OpenPR, eight) != 1 {
		t.Error("the highest threshold does not count")
	}
	alice, _ := tr.Holder(id(keyAlice))
	carol, _ := tr.Holder(id(keyCarol))
	core, _ := tr.Holder(id(keyAuthority1))
	core.Groups = []string{"release"} // no key but a person's acts for a group
	if !tr.MayResolve(alice, marketops.TagRepo, seven) || tr.MayResolve(alice, marketops.OpenPR, seven) || tr.MayResolve(carol, marketops.TagRepo, seven) ||
		!tr.MayRevoke(alice, marketops.OpenPR, seven) || tr.MayRevoke(carol, marketops.OpenPR, seven) || tr.MayRevoke(core, marketops.OpenPR, seven) {
		t.Error("resolvers or revokers are not those of the file")
	}
}
