// Package receipt defines the records that are signed and logged. Package trust says whose
// signatures count, package gate which receipts let a publisher act.
//
// A record is an in-toto Statement v1 in a DSSE envelope of payload type [PayloadType], signed
// by one key. Its predicate type is [PredicatePrefix] + name + [PredicateSuffix]:
//
//	submission   a requester's person key   asks for authority for the operations of one plan
//	approval     an approver's person key   says approve or reject to exactly that
//	receipt      an authority               lets a publisher do one operation once
//	advisory     engine or Core             says what would be or was decided; authorises nothing
//	claim        the ledger                 one epoch of using one receipt
//	intent       a publisher                what it is about to do, public before it does
//	outcome      a publisher or the ledger  what became of it
//	refusal      a publisher or the Core    who asked and was refused before a claim
//	resolution   a person                   decides what an unknown outcome was
//	revocation   an authority               withdraws a receipt
//	run-closed   the ledger                 seals a run
//	trust-adopted   the ledger          from here on another trust file is in force
//	shard-sealed, shard-genesis   the ledger   the last leaf of a frozen log, the first of the next
//	request      any caller                 one signed call to the Core; never logged
//
// Every payload is canonical JSON (RFC 8785) and is refused unless it is its own re-encoding, so
// no member can be absent, null by accident, unknown or there twice. A record's name is
// SHA-256(PAE); records refer to each other by it alone. Every record but a receipt names the key
// that signed it, so that two signers never make one record. A random nonce in each keeps
// anybody from confirming a guess at its content from the log, which shows only commitments.
//
// Records that may not be withheld hold codes and salted digests. Free text (reasons, errors,
// GitHub's answers) lies in evidence files that can be erased, each named by [Salted].
package receipt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
)

// The constants of the envelope and the statement in it.
const (
	PayloadType     = "application/vnd.in-toto+json"
	StatementType   = "https://in-toto.io/Statement/v1"
	PredicatePrefix = "https://github.com/omega/marketops/"
	PredicateSuffix = "/v2"
)

// MaxRecord is the largest statement, in bytes; it leaves room for [marketops.MaxAssets] subjects.
const MaxRecord = 1 << 20

// Subject is what a statement is about. Exactly one digest algorithm: digest sets match on any.
type Subject struct {
	Name   string    `json:"name"`
	Digest digestSet `json:"digest"`
}

type digestSet struct {
	SHA256 string `json:"sha256"`
}

func (s Subject) String() string {
	return fmt.Sprintf("%.80q with digest %.80s", s.Name, s.Digest.SHA256)
}

// SubjectOf names a thing and its digest.
func SubjectOf(name string, d marketops.Digest) Subject {
	return Subject{Name: name, Digest: digestSet{d.Hex()}}
}

type statement struct {
	Type          string         `json:"_type"`
	PredicateType string         `json:"predicateType"`
	Subject       []Subject      `json:"subject"`
	Predicate     jsontext.Value `json:"predicate"`
}

// whole is a [statement] with its predicate: written at once, both are canonical.
type whole struct {
	Type          string    `json:"_type"`
	PredicateType string    `json:"predicateType"`
	Subject       []Subject `json:"subject"`
	Predicate     Body      `json:"predicate"`
}

// Record is one verified record. Only [Open] and [Seal] make one.
type Record struct {
	Body     Body
	Digest   marketops.Digest // SHA-256(PAE)
	Subject  []Subject
	By       crypto.KeyID
	Envelope []byte
	Opened   *crypto.Opened

	under *crypto.Keyring // that opened it
}

// Leaf returns the log entry that commits to this envelope.
func (r *Record) Leaf() []byte { return log.Leaf(r.Opened) }

// LeafHash returns the RFC 6962 hash of [Record.Leaf], the record's name in the record store.
func (r *Record) LeafHash() log.Hash { return log.LeafHash(r.Leaf()) }

// Seal signs body, in which it names the signer. Only a receipt has files: the assets of its operation.
func Seal(body Body, by crypto.Signer, files ...Subject) (*Record, error) {
	body.header().Signer = signerOf(body, by.Public().ID())
	subjects := append([]Subject{body.about()}, files...)
	payload, err := canon.Encode(whole{StatementType, body.Kind().predicateType(), subjects, body})
	if err != nil {
		return nil, err
	}
	env, err := crypto.Sign(PayloadType, payload, by)
	if err != nil {
		return nil, err
	}
	ring, err := crypto.NewKeyring(by.Public())
	if err != nil {
		return nil, err
	}
	return Open(env, ring)
}

// Open verifies an envelope against the keyring and parses what is in it. It does not look at
// the role or the validity of the key: trust.Trust.Admit does. Codes: those of [crypto.Open],
// [marketops.ReceiptMalformed] and, for a predicate type that is not known here,
// [marketops.RecordUnknown].
func Open(envelope []byte, known *crypto.Keyring) (*Record, error) {
	r, err := OpenWith(crypto.Opener{}, envelope, known)
	if err != nil {
		return nil, err
	}
	r.under = known
	return r, nil
}

// OpenWith is [Open] in the opener's way. Who asks a gate about such a record has it verified again.
func OpenWith(opener crypto.Opener, envelope []byte, known *crypto.Keyring) (*Record, error) {
	o, err := opener.Open(envelope, PayloadType, known)
	if err != nil {
		return nil, err
	}
	st, body, err := parse(opener, o.Payload)
	if err != nil {
		return nil, err
	}
	if want, got := signerOf(body, o.By), body.header().Signer; got != want {
		return nil, marketops.Refuse(marketops.SignatureInvalid, fmt.Sprintf("a %s that key %s signed names %.60q as its signer", body.Kind(), o.By, got))
	}
	return &Record{Body: body, Digest: o.Digest(), Subject: st.Subject, By: o.By, Envelope: envelope, Opened: o}, nil
}

func parse(o crypto.Opener, payload []byte) (*statement, Body, error) {
	var st statement
	canonical, err := o.Decode(payload, MaxRecord, &st)
	if err != nil {
		return nil, nil, malformed("statement", err)
	}
	if st.Type != StatementType {
		return nil, nil, malformed("statement", fmt.Errorf("_type is %.80q", st.Type))
	}
	body := newBody(st.PredicateType)
	if body == nil {
		if err := canon.Check(payload, st); err != nil {
			return nil, nil, malformed("statement", err)
		}
		return nil, nil, marketops.Refuse(marketops.RecordUnknown, fmt.Sprintf("predicate type %.120q", st.PredicateType))
	}
	inside, err := o.Decode(st.Predicate, MaxRecord, body)
	if err == nil && !(canonical && inside) {
		err = canon.Check(payload, whole{st.Type, st.PredicateType, st.Subject, body})
	}
	if err == nil {
		err = errors.Join(body.header().validate(), body.validate(), checkSubjects(body, st.Subject))
	}
	if err != nil {
		return nil, nil, malformed(string(body.Kind()), err)
	}
	return &st, body, nil
}

// signerOf returns what the signer of a body must be: by, or in a receipt nothing.
func signerOf(body Body, by crypto.KeyID) crypto.KeyID {
	if body.Kind() == KindReceipt {
		return ""
	}
	return by
}

// checkSubjects compares the first subject with what the body is about. Others are the assets of a
// receipt, in name order.
func checkSubjects(body Body, ss []Subject) error {
	if len(ss) == 0 || ss[0] != body.about() {
		return fmt.Errorf("the first subject is not %s", body.about())
	}
	if files := ss[1:]; len(files) > marketops.MaxAssets || len(files) > 0 && body.Kind() != KindReceipt {
		return fmt.Errorf("%d subjects", len(ss))
	}
	for i, s := range ss[1:] {
		if _, err := marketops.ParseDigest("sha256:" + s.Digest.SHA256); err != nil || marketops.ValidateAssetName(s.Name) != nil {
			return fmt.Errorf("subject %.80q has no name of an asset or no SHA-256 digest", s.Name)
		}
		if i > 0 && ss[i].Name >= s.Name {
			return fmt.Errorf("subject %.80q is there twice or out of order", s.Name)
		}
	}
	return nil
}

func malformed(what string, err error) error {
	return marketops.RefuseErr(marketops.ReceiptMalformed, what, err)
}

// Header opens every predicate.
type Header struct {
	Nonce    string         `json:"nonce"` // 128 random bits in lower-case hex
	IssuedAt marketops.Time `json:"issued_at"`
	Signer   crypto.KeyID   `json:"signer,omitzero"` // the key that signs; none in a receipt
}

// NewHeader draws a nonce from random.
func NewHeader(random io.Reader, now marketops.Time) (Header, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return Header{}, err
	}
	return Header{Nonce: hex.EncodeToString(b[:]), IssuedAt: now}, nil
}

// NewHeaderAfter is [NewHeader] for a record that names others: where the clock went back since, it is dated
// like the latest of them.
func NewHeaderAfter(random io.Reader, now marketops.Time, named ...marketops.Time) (Header, error) {
	return NewHeader(random, slices.Max(append(named, now)))
}

func (h *Header) header() *Header { return h }

func (h *Header) validate() error {
	b, err := hex.DecodeString(h.Nonce)
	if err != nil || len(b) != 16 || strings.ToLower(h.Nonce) != h.Nonce || h.IssuedAt <= 0 {
		return fmt.Errorf("nonce %.40q or issued_at is not usable", h.Nonce)
	}
	return nil
}

// Issued returns when the signer says it signed.
func (h Header) Issued() marketops.Time { return h.IssuedAt }

// Salted names an evidence file: a digest that only a holder of the record's nonce can confirm.
func (h Header) Salted(content []byte) marketops.Digest {
	return marketops.DigestOf(append([]byte("marketops.evidence/v1\n"+h.Nonce+"\n"), content...))
}

// NameUnverified returns the record digest of an envelope that the caller has just sealed, and zero for
// anything that is no envelope. It verifies nothing and must name nothing but files.
func NameUnverified(envelope []byte) marketops.Digest {
	return crypto.NameUnverified(envelope, PayloadType)
}
