package sigstore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// later is when these tests verify.
var later = logworld.Start + 3600

func lived(t *testing.T) *logworld.World {
	t.Helper()
	w := logworld.New()
	w.Live()
	return w
}

func exported(t *testing.T, w *logworld.World, what Subject) *Set {
	t.Helper()
	s, err := New(w.Pack(), w.Trust(), later, w.Digest(0), what)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stock checks one signature of a set as a stock verifier does, from the files alone. It shares no
// code with what wrote them and returns the payload.
func stock(t *testing.T, s *Set, one Signed) []byte {
	t.Helper()
	var b bundleFile
	strict(t, one.Bundle, &b)
	block, rest := pem.Decode(one.Key)
	if block == nil || len(rest) != 0 || block.Type != "PUBLIC KEY" {
		t.Fatalf("not one public key: %q", one.Key)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	env := b.Envelope
	pae := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(env.PayloadType), env.PayloadType, len(env.Payload), env.Payload)
	if len(env.Signatures) != 1 || !ed25519.Verify(key.(ed25519.PublicKey), pae, env.Signatures[0].Sig) {
		t.Fatal("the key does not verify the envelope")
	}
	e := b.Material.Entries[0]
	if err := included(t, e, theLog(t, s.Root, e.LogID.KeyID)); err != nil {
		t.Fatal(err)
	}
	var st struct {
		PredicateType string
		Subject       []struct{ Digest struct{ SHA256 string } }
	}
	if err := json.Unmarshal(env.Payload, &st); err != nil {
		t.Fatal(err)
	}
	digest := fmt.Sprintf("%x", sha256.Sum256(s.Operation))
	if st.PredicateType != s.PredicateType || st.Subject[0].Digest.SHA256 != digest {
		t.Fatalf("a %s about %s, want a %s about %s", st.PredicateType, st.Subject[0].Digest.SHA256, s.PredicateType, digest)
	}
	return env.Payload
}

type bundleFile struct {
	MediaType string
	Material  struct {
		PublicKey struct{ Hint string }
		Entries   []entryFile `json:"tlogEntries"`
	} `json:"verificationMaterial"`
	Envelope struct {
		Payload     []byte
		PayloadType string
		Signatures  []struct {
			Sig   []byte
			KeyID string
		}
	} `json:"dsseEnvelope"`
}

type entryFile struct {
	LogIndex string
	LogID    struct{ KeyID []byte }
	Kind     struct{ Kind, Version string } `json:"kindVersion"`
	Proof    struct {
		LogIndex, TreeSize string
		RootHash           []byte
		Hashes             [][]byte
		Checkpoint         struct{ Envelope string }
	} `json:"inclusionProof"`
	Body []byte `json:"canonicalizedBody"`
}

func strict(t *testing.T, data []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
}

// theLog returns the verifier key of the log with this id in a trusted root.
func theLog(t *testing.T, root, id []byte) note.Verifier {
	t.Helper()
	for _, l := range logs(t, root) {
		if !bytes.Equal(l.LogID.KeyID, id) {
			continue
		}
		key, err := x509.ParsePKIXPublicKey(l.PublicKey.RawBytes)
		if err != nil {
			t.Fatal(err)
		}
		vkey, err := note.NewEd25519VerifierKey(l.BaseURL[len("https://"):], key.(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	t.Fatalf("the trusted root has no log %x", id)
	return nil
}

type logFile struct {
	BaseURL, HashAlgorithm string
	PublicKey              struct {
		RawBytes   []byte
		KeyDetails string
		ValidFor   struct{ Start string }
	}
	LogID, CheckpointKeyID struct{ KeyID []byte }
}

func logs(t *testing.T, root []byte) []logFile {
	t.Helper()
	var r struct {
		MediaType string
		Logs      []logFile `json:"tlogs"`
	}
	strict(t, root, &r)
	return r.Logs
}

func included(t *testing.T, e entryFile, by note.Verifier) error {
	n, err := note.Open([]byte(e.Proof.Checkpoint.Envelope), note.VerifierList(by))
	if err != nil {
		return err
	}
	var origin, root string
	var size uint64
	if _, err := fmt.Sscanf(n.Text, "%s\n%d\n%s\n", &origin, &size, &root); err != nil {
		return err
	}
	index, err := strconv.ParseUint(e.LogIndex, 10, 64)
	if err != nil || e.Proof.LogIndex != e.LogIndex || e.Proof.TreeSize != strconv.FormatUint(size, 10) {
		return fmt.Errorf("index %q and %q, size %q of %d, %w", e.LogIndex, e.Proof.LogIndex, e.Proof.TreeSize, size, err)
	}
	hash := rfc6962.DefaultHasher.HashLeaf(e.Body)
	return proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, hash, e.Proof.Hashes, e.Proof.RootHash)
}

func TestExport(t *testing.T) {
	for what, role := range map[Subject]trust.Role{Receipt: trust.RoleAuthority, Outcome: trust.RolePublisher} {
		t.Run(string(what), func(t *testing.T) {
			w := lived(t)
			s := exported(t, w, what)
			if len(s.Signed) != 1 || s.Status != "success" || s.Report.Unwitnessed == "" {
				t.Fatalf("%d signatures, status %q", len(s.Signed), s.Status)
			}
			one := s.Signed[0]
			stock(t, s, one)
			if one.By.Role != role || one.KeyFile != string(role)+".pub" || one.BundleFile != "bundle.json" || one.Position.Origin != logworld.Origin {
				t.Errorf("by %+v in %s and %s", one.By, one.KeyFile, one.BundleFile)
			}
			var b bundleFile
			strict(t, one.Bundle, &b)
			if b.MediaType != verifier.BundleType || b.Material.PublicKey.Hint != string(one.KeyID) || b.Envelope.Signatures[0].KeyID != string(one.KeyID) {
				t.Errorf("hint %q, keyid %q, key %s", b.Material.PublicKey.Hint, b.Envelope.Signatures[0].KeyID, one.KeyID)
			}
			if again := exported(t, w, what); !bytes.Equal(again.Signed[0].Bundle, one.Bundle) || !bytes.Equal(again.Root, s.Root) {
				t.Error("the same evidence gives other bytes")
			}
		})
	}
}

// TestLeafIsRebuilt compares the leaf with one made from the envelope in the bundle, as a stock
// verifier makes it: it believes no canonicalizedBody.
func TestLeafIsRebuilt(t *testing.T) {
	s := exported(t, lived(t), Receipt)
	var b bundleFile
	strict(t, s.Signed[0].Bundle, &b)
	env, err := json.Marshal(map[string]any{"payload": b.Envelope.Payload, "payloadType": b.Envelope.PayloadType,
		"signatures": []map[string]any{{"keyid": "", "sig": b.Envelope.Signatures[0].Sig}}})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := crypto.NewKeyring(logworld.Authority.Public())
	if err != nil {
		t.Fatal(err)
	}
	o, err := crypto.Open(env, receipt.PayloadType, ring)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(log.Leaf(o), b.Material.Entries[0].Body) {
		t.Error("the entry's body is not the leaf of the envelope")
	}
}

// TestTrustedRoot keeps everything of a run out of what its verifier is to believe.
func TestTrustedRoot(t *testing.T) {
	one, two := lived(t), logworld.New()
	two.Refuse(marketops.ContentMismatch)
	two.Live()
	if a, b := exported(t, one, Receipt), exported(t, two, Receipt); !bytes.Equal(a.Root, b.Root) || bytes.Equal(a.Signed[0].Bundle, b.Signed[0].Bundle) {
		t.Error("two runs under one trust file have different trusted roots, or one bundle")
	}
	s := exported(t, one, Receipt)
	ls := logs(t, s.Root)
	id := log.LogID(logworld.Origin, logworld.LogKey.Public())
	if len(ls) != 1 || ls[0].BaseURL != "https://"+logworld.Origin || !bytes.Equal(ls[0].LogID.KeyID, id[:]) || ls[0].PublicKey.ValidFor.Start == "" {
		t.Errorf("%+v", ls)
	}
}

// TestRotatedLogKey exports under a trust file that knows two keys of one origin: the entry must
// name the one that signed.
func TestRotatedLogKey(t *testing.T) {
	for _, order := range []string{"old first", "new first"} {
		w := lived(t)
		old := log.Vkey(logworld.Origin, logtest.Key(99).Public())
		lines := "log " + old + "\nlog " + w.Log.Vkey() + "\nquorum none\n"
		if order == "new first" {
			lines = "log " + w.Log.Vkey() + "\nlog " + old + "\nquorum none\n"
		}
		w.File.LogPolicy = lines
		s := exported(t, w, Receipt)
		stock(t, s, s.Signed[0])
		if len(logs(t, s.Root)) != 2 {
			t.Errorf("%s: the trusted root has %d logs", order, len(logs(t, s.Root)))
		}
	}
}

func TestTwoAuthorities(t *testing.T) {
	w := logworld.New()
	w.File.AuthorityRules[0].Threshold = 2
	sub := w.Submit()
	a, b := w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")
	body := w.NewReceipt(0, sub, a, b)
	first := w.Add(body, logworld.Authority, receipt.Files(&w.Ops[0])...)
	w.Add(body, logworld.Second, receipt.Files(&w.Ops[0])...)
	w.Finish(w.Announce(w.Claim(first, logworld.Publisher), logworld.Publisher), logworld.Publisher)
	w.Close()
	s := exported(t, w, Receipt)
	if len(s.Signed) != 2 {
		t.Fatalf("%d signatures", len(s.Signed))
	}
	one, two := s.Signed[0], s.Signed[1]
	if !bytes.Equal(stock(t, s, one), stock(t, s, two)) {
		t.Error("the authorities signed different payloads")
	}
	if one.KeyID == two.KeyID || two.BundleFile != "bundle-2.json" || two.KeyFile != "authority-2.pub" {
		t.Errorf("the second is %s by %s in %s and %s", two.KeyID, two.By.Name, two.BundleFile, two.KeyFile)
	}
}

// TestSeveralReceipts exports the receipt that was claimed, whichever was issued last.
func TestSeveralReceipts(t *testing.T) {
	for used := range 2 {
		w := logworld.New()
		sub := w.Submit()
		var issued []logworld.Entry
		for range 2 {
			issued = append(issued, w.Authorize(0, sub, w.Vote(sub, logworld.Alice, "approve"), w.Vote(sub, logworld.Carol, "approve")))
		}
		unclaimed := exported(t, w, Receipt)
		if want := issued[1].Record.Body.(*receipt.Receipt).ReceiptID; unclaimed.Receipt != want || unclaimed.Status != "authorized" {
			t.Errorf("before any claim: %s, %s, want the last, %s", unclaimed.Receipt, unclaimed.Status, want)
		}
		w.Finish(w.Announce(w.Claim(issued[used], logworld.Publisher), logworld.Publisher), logworld.Publisher)
		w.Close()
		want := issued[used].Record.Body.(*receipt.Receipt).ReceiptID
		for _, what := range []Subject{Receipt, Outcome} {
			s := exported(t, w, what)
			stock(t, s, s.Signed[0])
			if s.Receipt != want || s.Status != "success" {
				t.Errorf("%s of %s, %s, want %s", what, s.Receipt, s.Status, want)
			}
		}
	}
}

// TestUnverified demands that nothing leaves a pack that does not verify.
func TestUnverified(t *testing.T) {
	stranger := logworld.New()
	stranger.Log = logtest.New(logworld.Origin, logtest.Key(50))
	for name, c := range map[string]struct {
		bend func(*pack.Pack)
		t    *trust.Trust
		at   marketops.Time
		want marketops.Code
	}{
		"another log's trust":  {func(*pack.Pack) {}, stranger.Trust(), later, marketops.CheckpointUnsigned},
		"no trust":             {func(*pack.Pack) {}, nil, later, marketops.TrustMissing},
		"before it happened":   {func(*pack.Pack) {}, lived(t).Trust(), logworld.Start - 1e6, marketops.ClockUnsure},
		"a proof of another":   {swapProofs, lived(t).Trust(), later, marketops.InclusionInvalid},
		"no record":            {func(p *pack.Pack) { p.Records = nil }, lived(t).Trust(), later, marketops.NothingToVerify},
		"another document":     {func(p *pack.Pack) { bendDocuments(p) }, lived(t).Trust(), later, ""},
		"a checkpoint altered": {func(p *pack.Pack) { p.Checkpoint[20] ^= 1 }, lived(t).Trust(), later, marketops.CheckpointUnsigned},
	} {
		w := lived(t)
		p := w.Pack()
		if _, err := New(p, w.Trust(), later, w.Digest(0), Receipt); err != nil {
			t.Fatalf("%s: untouched: %v", name, err)
		}
		c.bend(p)
		s, err := New(p, c.t, c.at, w.Digest(0), Receipt)
		unverified := new(Unverified)
		if s != nil || !errors.As(err, &unverified) || unverified.Report.Verified() || c.want != "" && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if s, err := New(nil, lived(t).Trust(), later, marketops.Digest{}, Receipt); s != nil || !errors.Is(err, marketops.NothingToVerify) {
		t.Errorf("no pack: %v", err)
	}
}

func swapProofs(p *pack.Pack) {
	var names []log.Hash
	for name := range p.Proofs {
		names = append(names, name)
	}
	p.Proofs[names[0]], p.Proofs[names[1]] = p.Proofs[names[1]], p.Proofs[names[0]]
}

func bendDocuments(p *pack.Pack) {
	for d, doc := range p.Operations {
		p.Operations[d] = append(bytes.Clone(doc), ' ')
	}
}

// TestRefuses asks a verified pack for what it does not hold.
func TestRefuses(t *testing.T) {
	open := logworld.New()
	open.Allow()
	for name, c := range map[string]struct {
		w         *logworld.World
		operation marketops.Digest
		what      Subject
		want      marketops.Code
	}{
		"unknown operation": {lived(t), marketops.DigestOf([]byte("x")), Receipt, marketops.OperationMismatch},
		"zero operation":    {lived(t), marketops.Digest{}, Receipt, marketops.OperationMismatch},
		"no outcome yet":    {open, open.Digest(0), Outcome, marketops.OutcomeMissing},
		"another record":    {lived(t), open.Digest(0), "claim", marketops.RecordUnknown},
		"no record named":   {lived(t), open.Digest(0), "", marketops.RecordUnknown},
	} {
		s, err := New(c.w.Pack(), c.w.Trust(), later, c.operation, c.what)
		if s != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
