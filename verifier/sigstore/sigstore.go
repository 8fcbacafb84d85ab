// Package sigstore turns one record of a verified pack into files that stock cosign and
// sigstore-go check offline. It is pure, and it writes nothing that it has not verified.
//
// # Files
//
//	operation.json      the operation document, the artifact that the record is about
//	bundle.json         Sigstore bundle v0.3: the signed envelope and its place in the log
//	trusted_root.json   the logs of the trust file, as a Sigstore trusted root
//	authority.pub       the signer's key from the trust file, PEM; publisher.pub or ledger.pub for an outcome
//
// Where several authorities signed one receipt, each has a bundle and a key of its own:
// bundle-2.json with authority-2.pub and so on, because a bundle holds one signature.
//
// # Bundle
//
//	{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
//	 "verificationMaterial":{"publicKey":{"hint":"SHA256:…"},
//	   "tlogEntries":[{"logIndex":"3","logId":{"keyId":"…"},"kindVersion":{"kind":"hashedrekord","version":"0.0.2"},
//	     "inclusionProof":{"logIndex":"3","rootHash":"…","treeSize":"11","hashes":["…"],"checkpoint":{"envelope":"…"}},
//	     "canonicalizedBody":"…"}]},
//	 "dsseEnvelope":{"payload":"…","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"…","keyid":"SHA256:…"}]}}
//
// A verifier rebuilds the leaf from envelope and key, so the same leaf serves it and our own
// [log.Proof]. It finds the log by logId, SHA-256(origin "\n" 0x01 ‖ key), and takes the host name
// of the log's baseUrl for the checkpoint's origin; hence "https://" + origin there, which nobody
// calls. The trusted root must give each key a first day: it is the epoch, for a trust file sets none.
//
// # What stock verifiers do not see
//
// They check signature, subject, type and inclusion. They know nothing of witnesses, approvals,
// validity windows, single use or revocation. [New] therefore exports from a pack only what package
// verifier called verified, and what happens later is for marketops-verify to tell. A receipt's bundle proves
// that exactly this was authorised. It is the same for a receipt that was revoked or never used.
package sigstore

import (
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/pack"
)

// The names of the files that every export has.
const (
	OperationFile = "operation.json"
	RootFile      = "trusted_root.json"
)

// Subject is which record is exported.
type Subject string

// The records about which people ask. The zero value is none of them.
const (
	Receipt Subject = "receipt" // that exactly this was authorised
	Outcome Subject = "outcome" // what became of it
)

// Set is one export.
type Set struct {
	Operation     []byte // content of [OperationFile]
	Root          []byte // content of [RootFile]
	Signed        []Signed
	PredicateType string // what cosign wants after --type
	Receipt       marketops.ReceiptID
	Status        receipt.Status
	Shown         string // how far the operation came under the receipts of the pack, in words
	Report        *verifier.Report
}

// Signed is one signature over the record, with where it stands in the log.
type Signed struct {
	BundleFile, KeyFile string // names
	Bundle, Key         []byte // contents
	By                  trust.Holder
	KeyID               crypto.KeyID
	Position            log.Position
}

// Unverified says that nothing was exported because the pack is not verified.
type Unverified struct{ Report *verifier.Report }

// Error implements error.
func (u *Unverified) Error() string {
	return fmt.Sprintf("the pack is not verified: %s, %s", u.Report.Verdict, u.Report.Code)
}

// Unwrap returns the code of the report.
func (u *Unverified) Unwrap() error { return u.Report.Code }

// New verifies a pack as of a time and exports one record about the operation with this digest. Of
// several receipts it takes the one that was claimed last, or else the last; the outcome is that
// receipt's. Errors are [*Unverified], [marketops.OperationMismatch] for an operation that the pack
// does not hold, [marketops.ReceiptMissing] or [marketops.OutcomeMissing].
func New(p *pack.Pack, t *trust.Trust, at marketops.Time, operation marketops.Digest, what Subject) (*Set, error) {
	report := verifier.Verify(p, t, at)
	if !report.Verified() {
		return nil, &Unverified{report}
	}
	document, ok := p.Operations[operation]
	if !ok || marketops.DigestOf(document) != operation {
		return nil, marketops.Refuse(marketops.OperationMismatch, "the pack holds no operation "+operation.String())
	}
	t, err := t.With(func(d marketops.Digest) []byte { return p.Trust[d] })
	if err != nil {
		return nil, err
	}
	b, err := open(p, t)
	if err != nil {
		return nil, err
	}
	receipts, err := b.receipts(operation)
	if err != nil {
		return nil, err
	}
	about, err := b.about(receipts, what)
	if err != nil {
		return nil, err
	}
	s := &Set{Operation: document, Report: report, PredicateType: receipt.PredicatePrefix + string(what) + receipt.PredicateSuffix}
	s.Receipt = receipts[0].record.Body.(*receipt.Receipt).ReceiptID
	s.Status, s.Shown = shown(report, s.Receipt)
	if err := b.fill(s, about, operation); err != nil {
		return nil, err
	}
	return s, nil
}

// fill makes the files that hold signatures and the keys that judge them.
func (b *book) fill(s *Set, about []entry, operation marketops.Digest) (err error) {
	if s.Root, err = trustedRoot(b.trust.Log()); err != nil {
		return err
	}
	for i, e := range about {
		signed, err := b.sign(e, operation, i)
		if err != nil {
			return err
		}
		s.Signed = append(s.Signed, signed)
	}
	return nil
}

// shown returns how far a receipt came, as the report of its pack says.
func shown(r *verifier.Report, id marketops.ReceiptID) (receipt.Status, string) {
	for _, o := range r.Operations {
		if o.Receipt == id {
			return o.Status, o.Fate
		}
	}
	return "", ""
}

// sign makes the files of one signature. The place in the log is proved once more under the trust
// file, for these are the bytes that leave.
func (b *book) sign(e entry, operation marketops.Digest, n int) (Signed, error) {
	if about := e.record.Body.Refs().Operations; !slices.Equal(about, []marketops.Digest{operation}) {
		return Signed{}, marketops.Refuse(marketops.OperationMismatch, fmt.Sprintf("the record is about %s", about))
	}
	cp, err := b.trust.Log().VerifyProof(e.record.Leaf(), e.proof)
	if err != nil {
		return Signed{}, err
	}
	holder, ok := b.trust.Listing(e.record.By).Holder(e.record.By)
	key, known := b.trust.Ring().Key(e.record.By)
	if !ok || !known {
		return Signed{}, marketops.Refuse(marketops.KeyUnknown, "key "+string(e.record.By))
	}
	party, err := signerOf(b.trust.Log(), cp)
	if err != nil {
		return Signed{}, err
	}
	s := Signed{By: holder, KeyID: e.record.By, Position: log.Position{Origin: cp.Origin, Index: e.proof.Index}}
	s.Bundle, err = bundle(e.record, e.proof, cp, party)
	s.Key = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key.SPKI()})
	suffix := ""
	if n > 0 {
		suffix = "-" + strconv.Itoa(n+1)
	}
	s.BundleFile, s.KeyFile = "bundle"+suffix+".json", string(holder.Role)+suffix+".pub"
	return s, err
}

// signerOf returns the log key of the trust file that signed a checkpoint: a bundle names one, and
// an origin may have had several.
func signerOf(policy *log.Policy, cp *log.Checkpoint) (log.Party, error) {
	for _, p := range policy.Logs() {
		one, err := log.ParsePolicy("log " + p.Vkey + "\nquorum none\n")
		if err != nil {
			return log.Party{}, err
		}
		if _, err := one.Open(cp.Raw); err == nil {
			return p, nil
		}
	}
	return log.Party{}, errors.New("no log key of the trust file signed the checkpoint")
}
