package pack_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier/pack"
)

func live(t testing.TB) *logworld.World {
	t.Helper()
	w := logworld.New()
	w.Live()
	return w
}

func read(b []byte) (*pack.Pack, error) { return pack.Read(bytes.NewReader(b), int64(len(b))) }

func TestSameEvidenceSameBytes(t *testing.T) {
	w := live(t)
	one := w.PackBytes()
	c := w.Contents()
	slices.Reverse(c.Entries)
	slices.Reverse(c.Evidence)
	c.Entries = append(c.Entries, c.Entries[2]) // found twice
	var two bytes.Buffer
	if err := pack.Write(&two, c); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two.Bytes()) {
		t.Error("the order of the lists shows in the pack")
	}
}

func TestReadReturnsWhatWasWritten(t *testing.T) {
	w := live(t)
	p := w.Pack()
	c := w.Contents()
	if p.Manifest.RunID != w.Run || p.Manifest.CreatedAt != w.Now || p.Origin != logworld.Origin ||
		!bytes.Equal(p.Plan, c.Plan) || !bytes.Equal(p.Checkpoint, c.Checkpoint.Raw) {
		t.Errorf("%+v", p.Manifest)
	}
	if len(p.Records) != len(c.Entries) || len(p.Proofs) != len(c.Entries) || len(p.Evidence) != len(c.Evidence) || len(p.Operations) != 1 {
		t.Errorf("%d records, %d proofs, %d texts, %d operations", len(p.Records), len(p.Proofs), len(p.Evidence), len(p.Operations))
	}
	for _, e := range c.Entries {
		h := e.Record.LeafHash()
		if !bytes.Equal(p.Records[h], e.Record.Envelope) || !bytes.Equal(p.Proofs[h], e.Proof.Format()) {
			t.Errorf("record %s differs", h)
		}
	}
}

// TestOthersCanOpenIt holds the archive to a foreign implementation.
func TestOthersCanOpenIt(t *testing.T) {
	b := live(t).PackBytes()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(f.Name, err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil { // compares the CRC
			t.Error(f.Name, err)
		}
		if f.Method != zip.Store || f.Mode() != 0o644 || f.Modified.Year() > 1980 {
			t.Errorf("%s: method %d, mode %s, modified %s", f.Name, f.Method, f.Mode(), f.Modified)
		}
	}
	if !slices.IsSorted(names) || !slices.Contains(names, "manifest.json") || !slices.Contains(names, "checkpoints/"+logworld.Origin) {
		t.Error(names)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		want marketops.Code
		bend func(*pack.Contents)
	}{
		"no records":              {marketops.NothingToVerify, func(c *pack.Contents) { c.Entries = nil }},
		"no checkpoint":           {marketops.PackMalformed, func(c *pack.Contents) { c.Checkpoint = nil }},
		"no plan":                 {marketops.PackMalformed, func(c *pack.Contents) { c.Plan = nil }},
		"no run":                  {marketops.PackMalformed, func(c *pack.Contents) { c.Run = "" }},
		"no proof":                {marketops.PackMalformed, func(c *pack.Contents) { c.Entries[0].Proof = nil }},
		"no record":               {marketops.PackMalformed, func(c *pack.Contents) { c.Entries[0].Record = nil }},
		"other checkpoint":        {marketops.PackMalformed, func(c *pack.Contents) { c.Entries[0].Proof.Checkpoint = []byte("other") }},
		"two texts of one name":   {marketops.PackMalformed, func(c *pack.Contents) { c.Evidence[1].Digest = c.Evidence[0].Digest }},
		"a text that is too long": {marketops.PackMalformed, func(c *pack.Contents) { c.Evidence[0].Text = make([]byte, pack.MaxEvidence+1) }},
		"origin with a path":      {marketops.PackMalformed, func(c *pack.Contents) { c.Checkpoint.Origin = "log.example.com/a" }},
	} {
		c := live(t).Contents()
		tc.bend(&c)
		var b bytes.Buffer
		if err := pack.Write(&b, c); marketops.CodeOf(err) != tc.want || b.Len() != 0 {
			t.Errorf("%s: %v after %d bytes, want %s", name, err, b.Len(), tc.want)
		}
	}
}

// file is one file of an archive that a test makes by hand.
type file struct{ name, text string }

func unzip(t *testing.T, b []byte) (out []file) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		out = append(out, file{f.Name, string(text)})
	}
	return out
}

// rezip writes files in the order given, with headers that fit, and a manifest that lists them
// all unless manifest is set.
func rezip(t *testing.T, files []file, manifest func(*pack.Manifest)) []byte {
	t.Helper()
	var m pack.Manifest
	for i, f := range files {
		if f.name != "manifest.json" {
			continue
		}
		if err := canon.Decode([]byte(f.text), pack.MaxManifest, &m); err != nil {
			t.Fatal(err)
		}
		m.Files = nil
		for _, g := range files {
			if g.name != f.name {
				m.Files = append(m.Files, pack.File{Name: g.name, Size: int64(len(g.text)), SHA256: marketops.DigestOf([]byte(g.text))})
			}
		}
		if manifest != nil {
			manifest(&m)
		}
		text, err := canon.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		files[i].text = string(text)
	}
	return archive(files)
}

func archive(files []file) []byte {
	le := binary.LittleEndian
	var body, dir []byte
	for _, f := range files {
		common := le.AppendUint32([]byte{10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0}, crc32.ChecksumIEEE([]byte(f.text)))
		common = le.AppendUint32(le.AppendUint32(common, uint32(len(f.text))), uint32(len(f.text)))
		common = append(le.AppendUint16(common, uint16(len(f.name))), 0, 0)
		dir = append(append(append(dir, "PK\x01\x02\x14\x03"...), common...), 0, 0, 0, 0, 0, 0, 0, 0, 0xa4, 0x81)
		dir = append(le.AppendUint32(dir, uint32(len(body))), f.name...)
		body = append(append(append(append(body, "PK\x03\x04"...), common...), f.name...), f.text...)
	}
	end := append([]byte("PK\x05\x06\x00\x00\x00\x00"), byte(len(files)), byte(len(files)>>8), byte(len(files)), byte(len(files)>>8))
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(dir))), uint32(len(body)))
	return slices.Concat(body, dir, end, []byte{0, 0})
}

func TestReadRefuses(t *testing.T) {
	good := live(t).PackBytes()
	if !bytes.Equal(rezip(t, unzip(t, good), nil), good) {
		t.Fatal("control: the archive made by hand differs")
	}
	add := func(name, text string) func([]file) []file {
		return func(f []file) []file {
			f = append(f, file{name, text})
			slices.SortStableFunc(f, func(a, b file) int { return strings.Compare(a.name, b.name) })
			return f
		}
	}
	drop := func(prefix string) func([]file) []file {
		return func(f []file) []file {
			return slices.DeleteFunc(f, func(f file) bool { return strings.HasPrefix(f.name, prefix) })
		}
	}
	hash := strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		want     marketops.Code
		files    func([]file) []file
		manifest func(*pack.Manifest)
		bytes    func([]byte) []byte
	}{
		"a file that has no place":    {files: add("keys/authority.pub", "key")},
		"a policy":                    {files: add("trust.json", "{}")},
		"a parent path":               {files: add("evidence/../../x", "x")},
		"an absolute path":            {files: add("/evidence/"+hash, "x")},
		"another separator":           {files: add(`evidence\`+hash, "x")},
		"upper case":                  {files: add("evidence/"+strings.ToUpper(hash), "x")},
		"a name with NUL":             {files: add("evidence/"+hash+"\x00", "x")},
		"a folder entry":              {files: add("evidence/", "")},
		"a name that is too long":     {files: add("checkpoints/"+strings.Repeat("a", 400), "x")},
		"a checkpoint with a path":    {files: add("checkpoints/a/b", "x")},
		"a second checkpoint":         {files: add("checkpoints/z.example.com", "x")},
		"one name twice":              {files: add("plan.json", "{}")},
		"another order":               {files: func(f []file) []file { slices.Reverse(f); return f }},
		"no manifest":                 {files: drop("manifest.json")},
		"no plan":                     {files: drop("plan.json")},
		"no checkpoint":               {files: drop("checkpoints/")},
		"no proofs":                   {files: drop("proofs/")},
		"proofs without records":      {files: drop("records/")},
		"no records and no proofs":    {want: marketops.NothingToVerify, files: func(f []file) []file { return drop("proofs/")(drop("records/")(f)) }},
		"a record too large":          {files: add("records/"+hash+".json", strings.Repeat("x", 4<<20+1))},
		"an unlisted file":            {manifest: func(m *pack.Manifest) { m.Files = m.Files[1:] }},
		"a listed file is missing":    {manifest: func(m *pack.Manifest) { m.Files = append(m.Files, pack.File{Name: "plan.json"}) }},
		"another digest":              {manifest: func(m *pack.Manifest) { m.Files[0].SHA256[0] ^= 1 }},
		"another size":                {manifest: func(m *pack.Manifest) { m.Files[0].Size++ }},
		"another plan digest":         {manifest: func(m *pack.Manifest) { m.Plan[0] ^= 1 }},
		"another schema":              {manifest: func(m *pack.Manifest) { m.Schema = "marketops.pack/v2" }},
		"no run":                      {bytes: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"run_id":"r-`), []byte(`"run_id":"x-`)) }},
		"data before":                 {bytes: func(b []byte) []byte { return append([]byte("MZ"), b...) }},
		"data behind":                 {bytes: func(b []byte) []byte { return append(b, 0) }},
		"a comment":                   {bytes: func(b []byte) []byte { b[len(b)-2] = 1; return append(b, 'x') }},
		"truncated by one":            {bytes: func(b []byte) []byte { return b[:len(b)-1] }},
		"truncated in the middle":     {bytes: func(b []byte) []byte { return b[:len(b)/2] }},
		"truncated in a header":       {bytes: func(b []byte) []byte { return b[:7] }},
		"empty":                       {bytes: func([]byte) []byte { return nil }},
		"an empty archive":            {bytes: func([]byte) []byte { return archive(nil) }},
		"not an archive":              {bytes: func([]byte) []byte { return []byte("hello, world: this is not an archive at all") }},
		"a name length beyond":        {bytes: func(b []byte) []byte { b[26], b[27] = 0xff, 0xff; return b }},
		"a size beyond":               {bytes: func(b []byte) []byte { copy(b[18:], "\xff\xff\xff\xff\xff\xff\xff\xff"); return b }},
		"a data descriptor flag":      {bytes: func(b []byte) []byte { b[6] = 8; return b }},
		"compressed":                  {bytes: func(b []byte) []byte { b[8] = 8; return b }},
		"another directory than data": {bytes: func(b []byte) []byte { i := bytes.LastIndex(b, []byte("plan.json")); b[i] = 'q'; return b }},
	} {
		t.Run(name, func(t *testing.T) {
			files := unzip(t, good)
			if tc.files != nil {
				files = tc.files(files)
			}
			b := rezip(t, files, tc.manifest)
			if tc.bytes != nil {
				b = tc.bytes(bytes.Clone(good))
			}
			if tc.want == "" {
				tc.want = marketops.PackMalformed
			}
			if p, err := read(b); marketops.CodeOf(err) != tc.want || p != nil {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

// broken fails like a disk, not like a bad pack.
type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

func TestTroubleOfTheReaderIsNotThePacks(t *testing.T) {
	if _, err := pack.Read(broken{}, 100); err == nil || marketops.CodeOf(err) != "" {
		t.Errorf("%v", err)
	}
	if _, err := pack.Read(broken{}, pack.MaxPack+1); marketops.CodeOf(err) != marketops.PackMalformed {
		t.Errorf("too large: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	good := live(f).PackBytes()
	f.Add(good)
	f.Add(archive(nil))
	f.Add(archive([]file{{"manifest.json", "{}"}, {"plan.json", "{}"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := pack.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if p != nil || marketops.CodeOf(err) == "" {
				t.Fatal("an error without a code, or with a pack:", err)
			}
			return
		}
		if len(p.Records) == 0 || len(p.Records) != len(p.Proofs) {
			t.Fatal("an empty pack")
		}
		// What was read is all there is: the files written again are the same archive.
		files := []file{{"plan.json", string(p.Plan)}, {"checkpoints/" + p.Origin, string(p.Checkpoint)}}
		for d, text := range p.Operations {
			files = append(files, file{"operations/" + d.Hex() + ".json", string(text)})
		}
		for d, text := range p.Evidence {
			files = append(files, file{"evidence/" + d.Hex(), string(text)})
		}
		for d, text := range p.Trust {
			files = append(files, file{"trust/" + d.Hex() + ".json", string(text)})
		}
		for h := range p.Records {
			files = append(files, file{"records/" + h.String() + ".json", string(p.Records[h])}, file{"proofs/" + h.String() + ".tlog-proof", string(p.Proofs[h])})
		}
		m, err := canon.Encode(p.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{"manifest.json", string(m)})
		slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
		if !bytes.Equal(archive(files), b) {
			t.Fatal("a pack with bytes that mean nothing")
		}
	})
}
