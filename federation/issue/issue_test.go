package issue

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/sample"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

const now = sample.Noon

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(t *testing.T) *crypto.PrivateKey {
	t.Helper()
	seed := make([]byte, 32)
	rand.Read(seed)
	k, err := crypto.NewPrivateKey(seed)
	must(t, err)
	return k
}

func mint(t *testing.T) (*Issuer, Keys) {
	t.Helper()
	return mintUnder(t, func(*trust.File) {})
}

func mintUnder(t *testing.T, edit func(*trust.File)) (*Issuer, Keys) {
	t.Helper()
	f := sample.NewTrust(sample.NewLog())
	edit(&f)
	inForce, err := trust.Parse(sample.TrustText(t, f))
	must(t, err)
	k := Keys{logtest.Key(sample.KeyAuthority1), logtest.Key(sample.KeyAdvisory), logtest.Key(sample.KeyLedger)}
	m, err := New(k, rand.Reader, func() marketops.Time { return now }, func() *trust.Trust { return inForce })
	must(t, err)
	return m, k
}

// TestOwnKeys: nothing is signed with a key that an audit will not admit.
func TestOwnKeys(t *testing.T) {
	ledger := func(f *trust.File) *trust.Key { return &f.Ledger[0] }
	for name, c := range map[string]struct {
		edit func(*trust.File)
		want marketops.Code
	}{
		"control":            {func(f *trust.File) { ledger(f).NotAfter = now + 61 }, ""},
		"it ends at once":    {func(f *trust.File) { ledger(f).NotAfter = now + 60 }, marketops.KeyOutsideValidity},
		"it has ended":       {func(f *trust.File) { ledger(f).NotAfter = now - 1 }, marketops.KeyOutsideValidity},
		"it has not begun":   {func(f *trust.File) { ledger(f).NotBefore = now + 3600 }, marketops.KeyOutsideValidity},
		"it was revoked":     {func(f *trust.File) { ledger(f).RevokedFrom = []log.Position{{Origin: "log.example", Index: 7}} }, marketops.KeyRevoked},
		"it is not of trust": {func(f *trust.File) { f.Ledger[0] = sample.TrustKey(sample.KeyStranger, "ledger-2") }, marketops.KeyUnknown},
	} {
		m, _ := mintUnder(t, c.edit)
		if rec, err := m.Claim(spending, publisherKey, 1, marketops.Digest{}); marketops.CodeOf(err) != c.want || (rec == nil) != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var spending = ReceiptHistory{Run: marketops.NewRunID([16]byte{1}), Receipt: marketops.NewReceiptID([16]byte{2}), Digest: marketops.Digest{3}, Kind: marketops.TagRepo, Operation: marketops.Digest{4}}

func TestNewRefuses(t *testing.T) {
	a, b := key(t), key(t)
	clock := func() marketops.Time { return now }
	inForce := func() *trust.Trust { return nil }
	for name, k := range map[string]Keys{"none": {}, "one missing": {Authority: a, Advisory: b}, "one twice": {a, b, a}} {
		if _, err := New(k, rand.Reader, clock, inForce); marketops.CodeOf(err) != marketops.KeyUnreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Keys{a, b, key(t)}, nil, clock, inForce); err == nil {
		t.Error("a mint without randomness")
	}
	if _, err := New(Keys{a, b, key(t)}, rand.Reader, nil, inForce); err == nil {
		t.Error("a mint without a clock")
	}
	if _, err := New(Keys{a, b, key(t)}, rand.Reader, clock, nil); err == nil {
		t.Error("a mint without a trust file")
	}
}

// TestNoReceiptWithoutLeave: nothing that was not decided can be minted.
var publisherKey = logtest.Key(9).Public().ID()

func TestNoReceiptWithoutLeave(t *testing.T) {
	m, _ := mint(t)
	for _, l := range []*federation.Authorization{nil, {}, (&federation.Verdict{}).Leave()} {
		if rec, err := m.Receipt(l, []crypto.KeyID{publisherKey}, 60); err == nil {
			t.Errorf("a receipt was signed: %+v", rec.Body)
		}
	}
}

// TestRolesOfKeys: each record is signed by the key that the trust file gives it.
func TestRolesOfKeys(t *testing.T) {
	m, k := mint(t)
	id := func(s crypto.Signer) crypto.KeyID { return s.Public().ID() }
	check := func(kind receipt.Kind, by crypto.KeyID, rec *receipt.Record, err error) {
		t.Helper()
		must(t, err)
		if rec.By != by || rec.Body.Kind() != kind {
			t.Errorf("%s is a %s by %s", kind, rec.Body.Kind(), rec.By)
		}
	}
	rec, err := m.Claim(spending, publisherKey, 1, marketops.Digest{})
	check("claim", id(k.Ledger), rec, err)
	rec, err = m.Claim(spending, publisherKey, 2, marketops.Digest{9})
	check("claim", id(k.Ledger), rec, err)
	rec, err = m.Rejected(spending, 2, marketops.Expired)
	check("outcome", id(k.Ledger), rec, err)
	at := log.Position{Origin: "log.test", Index: 7}
	if o := rec.Body.(*receipt.Outcome); o.Status != "rejected" || o.Intent != nil || len(o.Effects) != 0 {
		t.Errorf("%+v", o)
	}
	rec, err = m.Unknown(spending, 2, at, []receipt.Effect{{Name: "tag", State: "unknown", Attempts: 1}})
	check("outcome", id(k.Ledger), rec, err)
	if o := rec.Body.(*receipt.Outcome); o.Status != "unknown" || o.Intent == nil || o.Checkpoint != nil || o.Code != marketops.OutcomeUnknown {
		t.Errorf("%+v", o)
	}
	rec, err = m.RunClosed(spending.Run, marketops.Digest{5}, nil, []marketops.Digest{{6}}, nil)
	check("run-closed", id(k.Ledger), rec, err)
	rec, ev, err := m.Refusal(Refused{Request: marketops.Digest{7}, Code: marketops.SelfApproval, Text: "bob is the requester"})
	check("refusal", id(k.Ledger), rec, err)
	if r := rec.Body.(*receipt.Refusal); r.Header.Salted(ev.Text) != r.Evidence || rec.Subject[0] != receipt.SubjectOf("request", r.Request) {
		t.Errorf("%+v", r)
	}
	rec, ev, err = m.Revocation(spending, "bob", "second thoughts")
	check("revocation", id(k.Authority), rec, err)
	if strings.Contains(string(rec.Opened.Payload), "second thoughts") {
		t.Error("the reason stands in the record")
	}
	if r := rec.Body.(*receipt.Revocation); r.Header.Salted(ev.Text) != r.Reason {
		t.Errorf("%+v", r)
	}
}

// TestLedgerOutcomes: the ledger never signs success or failure, nor a rejection for other reasons.
func TestLedgerOutcomes(t *testing.T) {
	m, _ := mint(t)
	for _, code := range []marketops.Code{"", marketops.GitHubDenied, marketops.PolicyDenied} {
		if _, err := m.Rejected(spending, 1, code); err == nil {
			t.Errorf("rejected as %q", code)
		}
	}
	for _, code := range []marketops.Code{marketops.Revoked, marketops.Expired, marketops.RejectedByApprover} {
		_, err := m.Rejected(spending, 1, code)
		must(t, err)
	}
}

func TestClaimChain(t *testing.T) {
	m, _ := mint(t)
	if _, err := m.Claim(spending, publisherKey, 2, marketops.Digest{}); err == nil {
		t.Error("epoch 2 without a previous claim")
	}
	if _, err := m.Claim(spending, publisherKey, 0, marketops.Digest{}); err == nil {
		t.Error("epoch 0")
	}
}
