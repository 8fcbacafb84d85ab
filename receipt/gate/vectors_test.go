package gate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

var update = flag.Bool("update", false, "write vectors anew")

const (
	vectorDir   = "../../testdata/vectors"
	vectorLimit = 24 << 10 // bytes of one vector, but for those of packs and logs
)

// raw is bytes in a vector: text as it stands, or "base64:" and their base64.
type raw []byte

func (r raw) MarshalText() ([]byte, error) {
	if utf8.Valid(r) && !bytes.HasPrefix(r, []byte("base64:")) && !bytes.ContainsRune(r, utf8.RuneError) {
		return r, nil
	}
	return []byte("base64:" + base64.StdEncoding.EncodeToString(r)), nil
}

func (r *raw) UnmarshalText(b []byte) (err error) {
	if s, ok := strings.CutPrefix(string(b), "base64:"); ok {
		*r, err = base64.StdEncoding.DecodeString(s)
		return err
	}
	*r = append(raw{}, b...)
	return nil
}

// vector is one file below testdata/vectors; README.md there says what the members mean.
type vector struct {
	Schema   string          `json:"schema"`
	Comment  string          `json:"comment"`
	Function string          `json:"function"`
	Input    json.RawMessage `json:"input"`
	Want     wanted          `json:"want"`
}

type wanted struct {
	Code    marketops.Code   `json:"code"`              // "" accepts
	Verdict verifier.Verdict `json:"verdict,omitempty"` // pack and log
	Codes   []marketops.Code `json:"codes,omitzero"`    // pack and log: of all checks that failed, in alphabetical order
	Failed  []marketops.Code `json:"failed,omitempty"`  // gate: every check that failed, in order
	Digest  string           `json:"digest,omitempty"`  // what an accepted input is called
}

type vectorProof struct {
	Index  uint64     `json:"index"`
	Hashes []log.Hash `json:"hashes"`
}

type vectorLogged struct {
	Envelope raw          `json:"envelope"`
	Proof    *vectorProof `json:"proof"`
}

type gateInput struct {
	Trust      raw                `json:"trust"`
	Former     []raw              `json:"former,omitempty"` // versions before it, the newest first
	Mode       string             `json:"mode"`
	Run        string             `json:"run"`
	Operation  raw                `json:"operation"`
	Host       string             `json:"host"`
	Content    []marketops.Digest `json:"content"`
	Publisher  string             `json:"publisher"`
	Now        marketops.Time     `json:"now"`
	Receipts   []vectorLogged     `json:"receipts"`
	Submission vectorLogged       `json:"submission"`
	Approvals  []vectorLogged     `json:"approvals"`
	Checkpoint raw                `json:"checkpoint"`
}

type openInput struct {
	Envelope    raw      `json:"envelope"`
	PayloadType string   `json:"payload_type"`
	Keys        [][]byte `json:"keys"` // SPKI
}

type recordInput struct {
	Envelope raw      `json:"envelope"`
	Keys     [][]byte `json:"keys"`
}

type documentInput struct {
	Document raw `json:"document"`
}

type policyInput struct {
	Policy raw `json:"policy"`
}

type checkpointInput struct {
	Policy     raw `json:"policy"`
	Checkpoint raw `json:"checkpoint"`
}

type consistencyInput struct {
	Policy raw        `json:"policy"`
	Old    raw        `json:"old"`
	New    raw        `json:"new"`
	Hashes []log.Hash `json:"hashes"`
}

type proofInput struct {
	Policy raw `json:"policy"`
	Leaf   raw `json:"leaf"`
	Proof  raw `json:"proof"`
}

type leafInput struct {
	Leaf raw `json:"leaf"`
}

type entryInput struct {
	Policy     raw            `json:"policy"`
	Checkpoint raw            `json:"checkpoint"`
	Index      uint64         `json:"index"`
	Files      map[string]raw `json:"files"`
}

type storeInput struct {
	Leaf  log.Hash       `json:"leaf"`
	Files map[string]raw `json:"files"`
}

type bundleInput struct {
	Trust  raw            `json:"trust"`
	Bundle raw            `json:"bundle"`
	Now    marketops.Time `json:"now"`
}

// files is a log's folder out of a vector.
type files map[string]raw

func (f files) ReadFile(name string) ([]byte, error) {
	b, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return b, nil
}

// functions run one kind of vector each, on nothing but its input.
var functions = map[string]func(input []byte) (wanted, error){
	"gate": runGate, "open": runOpen, "record": runRecord, "operation": runOperation, "trust": runTrust, "policy": runPolicy,
	"checkpoint": runCheckpoint, "consistency": runConsistency, "proof": runProof, "leaf": runLeaf, "entry": runEntry, "store": runStore, "bundle": runBundle,
	"pack": runPack, "log": runLog,
}

func decodeInput[T any](b []byte) (in T, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return in, d.Decode(&in)
}

func (l vectorLogged) logged() receipt.LoggedEnvelope {
	out := receipt.LoggedEnvelope{Envelope: l.Envelope}
	if l.Proof != nil {
		out.Proof = &log.Proof{Index: l.Proof.Index, Hashes: l.Proof.Hashes}
	}
	return out
}

func runGate(b []byte) (wanted, error) {
	in, err := decodeInput[gateInput](b)
	if err != nil {
		return wanted{}, err
	}
	trust, err := trust.Parse(in.Trust)
	if err != nil {
		return wanted{}, err
	}
	if trust, err = trust.With(formerOf(in.Former)); err != nil {
		return wanted{}, err
	}
	ask := gate.Query{Mode: marketops.Mode(in.Mode), Run: marketops.RunID(in.Run), Host: marketops.Host(in.Host), Content: in.Content,
		Publisher: crypto.KeyID(in.Publisher), Now: in.Now}
	op, err := marketops.ParseOperation(in.Operation)
	if err != nil {
		return wanted{}, err
	}
	ask.Op = *op
	ev := gate.Evidence{Submission: in.Submission.logged()}
	for _, l := range in.Receipts {
		ev.Receipts = append(ev.Receipts, l.logged())
	}
	for _, l := range in.Approvals {
		ev.Approvals = append(ev.Approvals, l.logged())
	}
	if len(in.Checkpoint) > 0 {
		if ev.Checkpoint, err = trust.Log().Open(in.Checkpoint); err != nil {
			return wanted{}, err
		}
	}
	rec, checks := gate.Check(ask, ev, trust)
	first, failed := checks.FirstFailure()
	if failed != (rec == nil) {
		return wanted{}, errors.New("the receipt and the checks disagree")
	}
	if !failed {
		return wanted{Digest: rec.Digest.String()}, nil
	}
	return wanted{Code: first.Code, Failed: failures(checks)}, nil
}

func ring(spki [][]byte) (*crypto.Keyring, error) {
	var keys []crypto.PublicKey
	for _, der := range spki {
		k, err := crypto.ParseSPKI(der)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return crypto.NewKeyring(keys...)
}

func runOpen(b []byte) (wanted, error) {
	in, err := decodeInput[openInput](b)
	if err != nil {
		return wanted{}, err
	}
	known, err := ring(in.Keys)
	if err != nil {
		return wanted{}, err
	}
	o, err := crypto.Open(in.Envelope, in.PayloadType, known)
	if err != nil {
		return wanted{}, err
	}
	return wanted{Digest: o.Digest().String()}, nil
}

func runRecord(b []byte) (wanted, error) {
	in, err := decodeInput[recordInput](b)
	if err != nil {
		return wanted{}, err
	}
	known, err := ring(in.Keys)
	if err != nil {
		return wanted{}, err
	}
	r, err := receipt.Open(in.Envelope, known)
	if err != nil {
		return wanted{}, err
	}
	return wanted{Digest: r.Digest.String()}, nil
}

// runOperation answers the code of the cause: reading puts operation-mismatch around it.
func runOperation(b []byte) (wanted, error) {
	in, err := decodeInput[documentInput](b)
	if err != nil {
		return wanted{}, err
	}
	if _, err := marketops.ParseOperation(in.Document); err != nil {
		var r *marketops.Refusal
		if errors.As(err, &r) && r.Err != nil && marketops.CodeOf(r.Err) != "" {
			return wanted{}, r.Err
		}
		return wanted{}, err
	}
	return wanted{Digest: marketops.DigestOf(in.Document).String()}, nil
}

func runTrust(b []byte) (wanted, error) {
	in, err := decodeInput[documentInput](b)
	if err != nil {
		return wanted{}, err
	}
	t, err := trust.Parse(in.Document)
	if err != nil {
		return wanted{}, err
	}
	return wanted{Digest: t.Digest().String()}, nil
}

func runPolicy(b []byte) (wanted, error) {
	in, err := decodeInput[policyInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, err = log.ParsePolicy(string(in.Policy))
	return wanted{}, err
}

func openCheckpoint(policy, checkpoint raw) (*log.Policy, *log.Checkpoint, error) {
	p, err := log.ParsePolicy(string(policy))
	if err != nil {
		return nil, nil, err
	}
	cp, err := p.Open(checkpoint)
	return p, cp, err
}

func runCheckpoint(b []byte) (wanted, error) {
	in, err := decodeInput[checkpointInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, _, err = openCheckpoint(in.Policy, in.Checkpoint)
	return wanted{}, err
}

func runConsistency(b []byte) (wanted, error) {
	in, err := decodeInput[consistencyInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, before, err := openCheckpoint(in.Policy, in.Old)
	if err != nil {
		return wanted{}, err
	}
	_, after, err := openCheckpoint(in.Policy, in.New)
	if err != nil {
		return wanted{}, err
	}
	return wanted{}, log.VerifyConsistency(before, after, in.Hashes)
}

func runProof(b []byte) (wanted, error) {
	in, err := decodeInput[proofInput](b)
	if err != nil {
		return wanted{}, err
	}
	p, err := log.ParsePolicy(string(in.Policy))
	if err != nil {
		return wanted{}, err
	}
	proof, err := log.ParseProof(in.Proof)
	if err != nil {
		return wanted{}, err
	}
	_, err = p.VerifyProof(in.Leaf, proof)
	return wanted{}, err
}

func runLeaf(b []byte) (wanted, error) {
	in, err := decodeInput[leafInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, err = log.ParseLeaf(in.Leaf)
	return wanted{}, err
}

func runEntry(b []byte) (wanted, error) {
	in, err := decodeInput[entryInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, cp, err := openCheckpoint(in.Policy, in.Checkpoint)
	if err != nil {
		return wanted{}, err
	}
	_, err = log.NewTree(cp, files(in.Files)).Entry(in.Index)
	return wanted{}, err
}

func runStore(b []byte) (wanted, error) {
	in, err := decodeInput[storeInput](b)
	if err != nil {
		return wanted{}, err
	}
	_, err = log.ReadRecord(files(in.Files), in.Leaf)
	return wanted{}, err
}

// runBundle answers the name of the record, which the report does not tell: it is opened once more.
func runBundle(b []byte) (wanted, error) {
	in, err := decodeInput[bundleInput](b)
	if err != nil {
		return wanted{}, err
	}
	trust, err := trust.Parse(in.Trust)
	if err != nil {
		return wanted{}, err
	}
	if r := (verifier.Demand{}).VerifyBundle(in.Bundle, trust, in.Now); !r.Verified() {
		return wanted{}, r.Code
	}
	var bundle struct{ DSSEEnvelope json.RawMessage }
	if err := json.Unmarshal(in.Bundle, &bundle); err != nil {
		return wanted{}, err
	}
	rec, err := receipt.Open(bundle.DSSEEnvelope, trust.Ring())
	if err != nil {
		return wanted{}, err
	}
	return wanted{Digest: rec.Digest.String()}, nil
}

// TestVectors runs every vector from disk. A refusal without a code is a broken vector.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	good, bad := 0, 0
	err := filepath.WalkDir(vectorDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		code := filepath.Base(filepath.Dir(path))
		if code == "accept" {
			good++
		} else {
			bad++
		}
		t.Run(code+"/"+filepath.Base(path), func(t *testing.T) { checkVector(t, path, code) })
		return nil
	})
	if err != nil || good == 0 || bad < 100 {
		t.Fatalf("%d good and %d bad vectors (%v)", good, bad, err)
	}
}

func checkVector(t *testing.T, path, code string) {
	v := readVector(t, path)
	if err := v.judge(); err != nil {
		t.Error(err)
	}
	if code == "accept" && v.Want.Code != "" || code != "accept" && string(v.Want.Code) != code && !strings.Contains(fmt.Sprint(v.Want.Failed), code) {
		t.Errorf("a vector of %q stands under %s", v.Want.Code, code)
	}
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := decodeInput[vector](data)
	if err != nil || v.Schema != "marketops.vector/v1" || functions[v.Function] == nil || v.Comment == "" {
		t.Fatalf("%s is not a vector: %v", path, err)
	}
	if len(data) > vectorLimit && !v.isWhole() || len(data) > worldLimit {
		t.Fatalf("%s has %d bytes", path, len(data))
	}
	return v
}

// isWhole reports whether a vector holds a whole pack or a whole log.
func (v *vector) isWhole() bool { return v.Function == "pack" || v.Function == "log" }

// judge runs a vector. The error says how the answer differs from the one that is wanted.
func (v *vector) judge() error {
	got, err := functions[v.Function](v.Input)
	if err != nil {
		got = wanted{Code: marketops.CodeOf(err)}
		if got.Code == "" {
			return fmt.Errorf("no code: %v", err)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(v.Want) {
		return fmt.Errorf("answered %+v (%v), want %+v", got, err, v.Want)
	}
	return nil
}
