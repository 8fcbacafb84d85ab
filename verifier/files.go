package verifier

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/lifecycle"
)

// Files is what a caller found in a folder of downloads. Who reads the folder follows no link.
type Files struct {
	Found map[string]File // by name
}

// File is one entry of a folder.
type File struct {
	Size   int64
	SHA256 marketops.Digest // zero if the file was not measured
	Not    string           // what it is instead of a regular file, or why it could not be read; "" for a file
}

// Wanted returns the names and sizes of the assets of which the documents of a pack speak, for
// whoever measures files. They are claims: [Demand.Verify] compares with what was verified. Where two
// documents differ in the size it is [AnySize].
func Wanted(documents map[marketops.Digest][]byte) map[string]int64 {
	out := map[string]int64{}
	for _, doc := range documents {
		op, err := marketops.ParseOperation(doc)
		if err != nil || op.Release == nil {
			continue
		}
		for _, f := range op.Files() {
			if size, twice := out[f.Name]; twice && size != f.Size {
				out[f.Name] = AnySize
				continue
			}
			out[f.Name] = f.Size
		}
	}
	return out
}

// WantedOf is [Wanted] for a bundle, which tells no sizes.
func WantedOf(bundle []byte) map[string]int64 {
	out := map[string]int64{}
	var b Bundle
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	var st struct {
		Subject []receipt.Subject `json:"subject"`
	}
	if json.Unmarshal(bundle, &b) != nil || json.Unmarshal(b.Envelope, &envelope) != nil || json.Unmarshal(envelope.Payload, &st) != nil {
		return out
	}
	for _, s := range st.Subject[min(1, len(st.Subject)):] {
		out[s.Name] = AnySize
	}
	return out
}

// checkFiles compares the caller's files with the assets of every operation that was published. An asset of
// another operation is refused, or not known, even if its bytes are equal.
func (v *verification) checkFiles() bool {
	if v.demand.Files == nil {
		return true
	}
	wanted, unpublished := v.assets()
	found := maps.Clone(v.demand.Files.Found)
	for _, name := range slices.Sorted(maps.Keys(unpublished)) {
		if _, given := found[name]; given && wanted[name] == nil {
			v.refuseUnpublished(name, unpublished[name])
			delete(found, name)
		}
	}
	if len(wanted) > 0 || !v.report.Answered(CheckFiles) {
		v.report.compare(found, wanted, "authorised and published")
	}
	return true
}

// assets returns those of the operations that were published, and by name which receipt allowed one of another.
func (v *verification) assets() (wanted map[string][]marketops.File, unpublished map[string]*lifecycle.ReceiptHistory) {
	wanted, unpublished = map[string][]marketops.File{}, map[string]*lifecycle.ReceiptHistory{}
	for _, s := range v.counted() {
		op := v.docs[s.Operation]
		if op == nil || op.Release == nil {
			continue
		}
		for _, f := range op.Files() {
			if s.Status() == receipt.Success {
				wanted[f.Name] = append(wanted[f.Name], f)
			} else {
				unpublished[f.Name] = s
			}
		}
	}
	return wanted, unpublished
}

// refuseUnpublished reports a file of the caller that is an asset of an operation that was not published.
func (v *verification) refuseUnpublished(name string, s *lifecycle.ReceiptHistory) {
	c := Check{Name: CheckFiles, Subject: name, Code: marketops.NotPublished, Expected: "an outcome success", Got: string(s.Status()), Detail: v.fate(s)}
	if slices.Contains(undecidedFates, s.Status()) {
		c.Code = marketops.OutcomeMissing
	}
	v.report.Fail(c)
}

// undecidedFates are those after which the files can be public, or can still become so.
var undecidedFates = []receipt.Status{receipt.Authorized, receipt.Claimed, receipt.Intended, receipt.Unknown}

// compare reports each file that is missing, different or more than was authorised.
func (r *Report) compare(found map[string]File, wanted map[string][]marketops.File, shown string) {
	if len(wanted) == 0 {
		r.Fail(Check{Name: CheckFiles, Code: marketops.NothingToVerify, Detail: "no operation that is " + shown + " has an asset"})
		return
	}
	good := true
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		for _, a := range wanted[name] {
			good = r.compareFile(found, a) && good
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if wanted[name] == nil {
			good = false
			r.Fail(Check{Name: CheckFiles, Subject: name, Code: marketops.ContentMismatch, Expected: "no file", Got: found[name].what(), Detail: "no receipt authorises it"})
		}
	}
	if good {
		r.Pass(CheckFiles, "", fmt.Sprintf("%d, each %s", len(found), shown))
	}
}

func (r *Report) compareFile(all map[string]File, a marketops.File) bool {
	f, found := all[a.Name]
	c := Check{Name: CheckFiles, Subject: a.Name, Code: marketops.ContentMismatch, Expected: describe(a), Got: f.what()}
	switch {
	case !found:
		c.Got, c.Detail = "no file", "it is missing"
	case f.Not != "":
		c.Code, c.Detail = marketops.AssetUnsafe, "it is no regular file that can be read"
	case f.SHA256.IsZero() || f.SHA256 != a.SHA256 || a.Size != AnySize && f.Size != a.Size:
		c.Detail = "it is not the file that was authorised"
	default:
		return true
	}
	r.Fail(c)
	return false
}

// AnySize is the size of an asset of which only the digest is known; no asset is empty.
const AnySize = 0

func describe(a marketops.File) string {
	if a.Size == AnySize {
		return a.SHA256.String()
	}
	return fmt.Sprintf("%s, %d bytes", a.SHA256, a.Size)
}

func (f File) what() string {
	switch {
	case f.Not != "":
		return f.Not
	case f.SHA256.IsZero():
		return fmt.Sprintf("%d bytes", f.Size)
	}
	return fmt.Sprintf("%s, %d bytes", f.SHA256, f.Size)
}

// subjects returns the further subjects of a record as what its files must be.
func subjects(rec *receipt.Record) map[string][]marketops.File {
	out := map[string][]marketops.File{}
	for _, s := range rec.Subject[1:] {
		if d, err := marketops.ParseDigest("sha256:" + s.Digest.SHA256); err == nil {
			out[s.Name] = append(out[s.Name], marketops.File{Name: s.Name, SHA256: d})
		}
	}
	return out
}
