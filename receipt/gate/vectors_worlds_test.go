package gate_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/plan/document"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
	"github.com/omega/marketops/verifier/pack"
)

type packInput struct {
	Trust  raw            `json:"trust"`
	Former []raw          `json:"former,omitempty"` // versions before it, the newest first
	Pack   raw            `json:"pack"`
	Now    marketops.Time `json:"now"`
}

type logInput struct {
	Trust      raw            `json:"trust"`
	Former     []raw          `json:"former,omitempty"` // versions before it, the newest first
	Checkpoint raw            `json:"checkpoint"`
	Leaves     []raw          `json:"leaves"`
	Records    []raw          `json:"records"`
	Documents  []raw          `json:"documents"`
	Now        marketops.Time `json:"now"`
}

// formerOf finds a version of the trust file by its digest.
func formerOf(versions []raw) verifier.Former {
	return func(d marketops.Digest) []byte {
		for _, text := range versions {
			if marketops.DigestOf(text) == d {
				return text
			}
		}
		return nil
	}
}

func runPack(b []byte) (wanted, error) {
	in, err := decodeInput[packInput](b)
	if err != nil {
		return wanted{}, err
	}
	trust, err := trust.Parse(in.Trust)
	if err != nil {
		return wanted{}, err
	}
	p, err := pack.Read(bytes.NewReader(in.Pack), int64(len(in.Pack)))
	if err != nil {
		return answered(verifier.Refused(verifier.OfPack, verifier.CheckPack, trust, err)), nil
	}
	return answered(verifier.Demand{Former: formerOf(in.Former)}.Verify(p, trust, in.Now)), nil
}

func runLog(b []byte) (wanted, error) {
	in, err := decodeInput[logInput](b)
	if err != nil {
		return wanted{}, err
	}
	trust, err := trust.Parse(in.Trust)
	if err != nil {
		return wanted{}, err
	}
	documents, plans, err := in.documents()
	if err != nil {
		return wanted{}, err
	}
	tiles := rebuilt{logtest.New(logworld.Origin, logworld.LogKey), in.Checkpoint}
	for _, leaf := range in.Leaves {
		tiles.Append(leaf)
	}
	records, err := in.store()
	if err != nil {
		return wanted{}, err
	}
	return answered(audit.Audit(tiles, records, trust, audit.Options{At: in.Now, Document: documents, Plan: plans, Former: formerOf(in.Former)})), nil
}

// rebuilt is a log of given leaves under a given checkpoint: it signs nothing.
type rebuilt struct {
	*logtest.Log
	checkpoint []byte
}

func (r rebuilt) ReadFile(name string) ([]byte, error) {
	if name == log.CheckpointPath {
		return r.checkpoint, nil
	}
	return r.Log.ReadFile(name)
}

// documents reads the operation documents and plans. One that is neither makes a broken vector.
func (in *logInput) documents() (func(marketops.Digest) *marketops.Operation, func(marketops.Digest) *document.Plan, error) {
	operations, plans := map[marketops.Digest]*marketops.Operation{}, map[marketops.Digest]*document.Plan{}
	for _, doc := range in.Documents {
		d := marketops.DigestOf(doc)
		op, err := marketops.ParseOperation(doc)
		if err == nil {
			operations[d] = op
			continue
		}
		if plans[d], err = document.Parse(doc); err != nil {
			return nil, nil, fmt.Errorf("neither an operation document nor a plan: %v", err)
		}
	}
	return func(d marketops.Digest) *marketops.Operation { return operations[d] }, func(d marketops.Digest) *document.Plan { return plans[d] }, nil
}

// store puts each record where its leaf says. A record without a leaf makes a broken vector.
func (in *logInput) store() (files, error) {
	out := files{}
	for _, env := range in.Records {
		i := slices.IndexFunc(in.Leaves, func(leaf raw) bool { return belongs(leaf, env) })
		if i < 0 {
			return nil, errors.New("a record belongs to no leaf")
		}
		out[log.RecordPath(log.LeafHash(in.Leaves[i]))] = env
	}
	return out, nil
}

// belongs reports whether a leaf is that of a record: the key in the leaf signed the record, and the leaf that
// this makes is the same.
func belongs(leaf, env []byte) bool {
	entry, err := log.ParseLeaf(leaf)
	if err != nil {
		return false
	}
	signer, err := crypto.NewKeyring(entry.Key)
	if err != nil {
		return false
	}
	o, err := crypto.Open(env, receipt.PayloadType, signer)
	return err == nil && bytes.Equal(log.Leaf(o), leaf)
}

// answered is a report in the words of a vector: its verdict, and each code of a failed check once, in
// alphabetical order.
func answered(r *verifier.Report) wanted {
	out := wanted{Verdict: r.Verdict, Codes: []marketops.Code{}}
	for _, c := range r.Checks {
		if c.Status == marketops.Fail {
			out.Codes = append(out.Codes, c.Code)
		}
	}
	slices.Sort(out.Codes)
	out.Codes = slices.Compact(out.Codes)
	if len(out.Codes) > 0 {
		out.Code = out.Codes[0]
	}
	return out
}

// wantedOf says what codes mean: without one it is verified, and it is not known to be wrong if each of them says
// that something is not there.
func wantedOf(codes logworld.Codes) wanted {
	if len(codes) == 0 {
		return wanted{Verdict: verifier.Verified, Codes: []marketops.Code{}}
	}
	verdict := verifier.Indeterminate
	if slices.ContainsFunc(codes, func(c marketops.Code) bool { return !verifier.Undecided(c) }) {
		verdict = verifier.Failed
	}
	return wanted{Code: codes[0], Verdict: verdict, Codes: codes}
}

// whole is a vector that holds a whole pack or a whole log.
type whole struct {
	name, comment, function string
	input                   any
	want                    wanted
}

// vectors are the forms of a world that its codes ask for.
func (x world) vectors() (out []whole) {
	w := x.play()
	if x.pack != nil {
		out = append(out, whole{"pack-" + x.file(), x.about(x.pack, x.log), "pack", packVector(x, w), wantedOf(x.pack)})
	}
	if x.log != nil {
		out = append(out, whole{"log-" + x.file(), x.about(x.log, x.pack), "log", logVector(x, w), wantedOf(x.log)})
	}
	return out
}

// size is how many bytes the files of a world have.
func (x world) size() (n int) {
	for _, v := range x.vectors() {
		n += len(encodeVector(v.comment, v.function, v.input, v.want))
	}
	return n
}

// worlds writes the chosen worlds as packs and as logs.
func (m maker) worlds() {
	for _, x := range chooseWorlds(m.t) {
		for _, v := range x.vectors() {
			m.write(v.want.Code, v.name, v.comment, v.function, v.input, v.want)
		}
	}
}

func packVector(x world, w *logworld.World) packInput {
	in := packInput{Trust: w.TrustBytes(), Now: x.now(w)}
	contents := w.Contents()
	if x.apart || x.lost {
		contents.Trust = nil
	}
	if x.apart {
		in.Former = formerVersions(w)
	}
	var b bytes.Buffer
	if err := pack.Write(&b, contents); err != nil {
		panic(err)
	}
	in.Pack = b.Bytes()
	return in
}

func logVector(x world, w *logworld.World) logInput {
	in := logInput{Trust: w.TrustBytes(), Checkpoint: w.Log.Checkpoint(), Records: []raw{}, Documents: []raw{}, Now: x.now(w)}
	if !x.lost {
		in.Former = formerVersions(w)
	}
	for _, doc := range w.Contents().Operations {
		in.Documents = append(in.Documents, doc)
	}
	if w.After != nil {
		in.Documents = append(in.Documents, w.PlanBytes())
	}
	in.Leaves = leavesIn(w.Log)
	seen := map[log.Hash]bool{}
	for _, leaf := range in.Leaves {
		h := log.LeafHash(leaf)
		if env, given := w.Store[log.RecordPath(h)]; given && !seen[h] {
			in.Records = append(in.Records, env)
		}
		seen[h] = true
	}
	return in
}

func formerVersions(w *logworld.World) (out []raw) {
	for _, v := range w.Trust().Versions()[1:] {
		out = append(out, v.Text())
	}
	return out
}

func leavesIn(l *logtest.Log) (out []raw) {
	err := l.Tree().Entries(0, l.Size(), func(_ uint64, leaf []byte) error { out = append(out, slices.Clone(leaf)); return nil })
	if err != nil {
		panic(err)
	}
	return out
}
