package witness_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/witness"
)

const (
	origin = "log.example.com/2026" // no host name, which a witness does not ask for
	name   = "witness.example/w1"
	noon   = marketops.Time(1_770_000_000)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func party(t testing.TB, l *logtest.Log) log.Party {
	t.Helper()
	p, err := log.ParseVkey(l.Vkey())
	must(t, err)
	return p
}

func options(t testing.TB, logs ...*logtest.Log) witness.Options {
	o := witness.Options{Name: name, Signer: logtest.Key(50), Dir: filepath.Join(t.TempDir(), "state"), Now: func() marketops.Time { return noon }}
	for _, l := range logs {
		o.Logs = append(o.Logs, party(t, l))
	}
	return o
}

func open(t testing.TB, o witness.Options) *witness.Witness {
	t.Helper()
	w, err := witness.Open(o)
	must(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

// grown returns a log with n entries of this kind.
func grown(key byte, kind string, n int) *logtest.Log {
	l := logtest.New(origin, logtest.Key(key))
	for i := range n {
		l.Append(fmt.Appendf(nil, "%s %d", kind, i))
	}
	return l
}

// ask builds the request that leads from old to size.
func ask(t testing.TB, l *logtest.Log, old, size uint64) *witness.Request {
	t.Helper()
	r := &witness.Request{Old: old, Checkpoint: l.CheckpointAt(size)}
	if 0 < old && old < size {
		next := &log.Checkpoint{Origin: l.Origin, Size: size, Root: l.Root(size)}
		hs, err := log.NewTree(next, l).Consistency(&log.Checkpoint{Origin: l.Origin, Size: old, Root: l.Root(old)})
		must(t, err)
		r.Proof = hs
	}
	return r
}

// TestCosigns: what comes back is a signature by the witness over exactly that checkpoint, at the
// time of its clock, for logs from nothing to something and for the same checkpoint again.
func TestCosigns(t *testing.T) {
	l := grown(1, "entry", 9)
	w := open(t, options(t, l))
	for _, step := range [][2]uint64{{0, 0}, {0, 3}, {3, 3}, {3, 8}, {8, 9}} {
		req := ask(t, l, step[0], step[1])
		line, err := w.AddCheckpoint(req.Format())
		if err != nil {
			t.Fatalf("%v: %v", step, err)
		}
		text, _, _ := strings.Cut(string(req.Checkpoint), "\n\n")
		if want := (logtest.Witness{Name: name, Key: logtest.Key(50), At: noon}).Line(text + "\n"); string(line) != want {
			t.Errorf("%v: got %q, want %q", step, line, want)
		}
	}
	latest, err := w.Latest(origin)
	must(t, err)
	if want := string(l.CheckpointAt(9)); !strings.HasPrefix(string(latest), want) || !strings.Contains(string(latest), name) {
		t.Errorf("the latest is %q", latest)
	}
}

// TestExtensionLines: they are signed, and the cosignature covers them too.
func TestExtensionLines(t *testing.T) {
	l := grown(1, "entry", 2)
	w := open(t, options(t, l))
	text := (&log.Checkpoint{Origin: origin, Size: 2, Root: l.Root(2)}).Text() + "more\n"
	line, err := w.AddCheckpoint((&witness.Request{Checkpoint: l.SignText(text)}).Format())
	must(t, err)
	if want := (logtest.Witness{Name: name, Key: logtest.Key(50), At: noon}).Line(text); string(line) != want {
		t.Errorf("got %q, want %q", line, want)
	}
}

// TestRefuses: each way to be led astray, and after each the honest next checkpoint.
func TestRefuses(t *testing.T) {
	l, fork, stranger := grown(1, "entry", 12), grown(1, "other", 12), grown(9, "entry", 12)
	elsewhere := logtest.New("elsewhere.example", logtest.Key(1))
	rogue := *l
	rogue.Witnesses = []logtest.Witness{{Name: "w9.example", Key: logtest.Key(90), At: 1}} // unknown to this witness
	edit := func(old, now string) []byte {
		return bytes.Replace(ask(t, l, 5, 9).Format(), []byte(old), []byte(now), 1)
	}
	flipped := ask(t, l, 5, 9)
	flipped.Proof[0][3] ^= 1
	short := ask(t, l, 5, 9)
	short.Proof = short.Proof[1:]
	long := ask(t, l, 5, 9)
	long.Proof = append(long.Proof, log.Hash{1})
	many := &witness.Request{Old: 5, Proof: make([]log.Hash, 64), Checkpoint: l.CheckpointAt(9)}
	stale := &witness.Stale{Size: 5}
	for what, c := range map[string]struct {
		body []byte
		want error
	}{
		"a fork of the same size":              {ask(t, fork, 5, 5).Format(), witness.ErrFork},
		"a fork that is longer":                {ask(t, fork, 5, 9).Format(), witness.ErrProof},
		"a fork said to be new":                {ask(t, fork, 0, 9).Format(), stale},
		"a rollback":                           {ask(t, l, 3, 3).Format(), stale},
		"a rollback from the right size":       {ask(t, l, 5, 3).Format(), witness.ErrOldSize},
		"a proof from another size":            {ask(t, l, 4, 9).Format(), stale},
		"a size that was never cosigned":       {ask(t, l, 9, 9).Format(), stale},
		"a hash flipped":                       {flipped.Format(), witness.ErrProof},
		"a hash too few":                       {short.Format(), witness.ErrProof},
		"a hash too many":                      {long.Format(), witness.ErrProof},
		"a proof where none belongs":           {(&witness.Request{Old: 5, Proof: long.Proof, Checkpoint: l.CheckpointAt(5)}).Format(), witness.ErrProof},
		"64 hashes":                            {many.Format(), witness.ErrMalformed},
		"an unknown log":                       {(&witness.Request{Checkpoint: elsewhere.Checkpoint()}).Format(), witness.ErrUnknownLog},
		"an origin with spaces":                {edit(origin, "go.sum database tree"), witness.ErrUnknownLog},
		"another key under the log's name":     {ask(t, stranger, 5, 9).Format(), witness.ErrUnsigned},
		"signed by a witness alone":            {edit("\n\u2014 ", "\n\u2014 x"), witness.ErrUnsigned},
		"a size edited after signing":          {edit("\n9\n", "\n10\n"), witness.ErrUnsigned},
		"no checkpoint":                        {[]byte("old 5\n\n"), witness.ErrMalformed},
		"no empty line":                        {[]byte("old 5\n"), witness.ErrMalformed},
		"nothing":                              {nil, witness.ErrMalformed},
		"a leading zero":                       {edit("old 5", "old 05"), witness.ErrMalformed},
		"a sign":                               {edit("old 5", "old +5"), witness.ErrMalformed},
		"carriage returns":                     {bytes.ReplaceAll(ask(t, l, 5, 9).Format(), []byte("\n"), []byte("\r\n")), witness.ErrMalformed},
		"a hash that is no base64":             {edit("old 5\n", "old 5\nhello\n"), witness.ErrMalformed},
		"an old size beyond 64 bits":           {edit("old 5", "old 18446744073709551616"), witness.ErrMalformed},
		"too long":                             {append(ask(t, l, 5, 9).Format(), make([]byte, witness.MaxRequest)...), witness.ErrMalformed},
		"a size beyond the limit":              {(&witness.Request{Old: 5, Checkpoint: l.SignRoot(log.MaxSize+1, log.Hash{1})}).Format(), witness.ErrMalformed},
		"two lines, signed":                    {(&witness.Request{Old: 5, Checkpoint: l.SignText(origin + "\n9\n")}).Format(), witness.ErrMalformed},
		"signatures by unknown keys as well":   {(&witness.Request{Old: 5, Proof: ask(t, l, 5, 9).Proof, Checkpoint: rogue.CheckpointAt(9)}).Format(), nil},
		"the same checkpoint with a new proof": {ask(t, l, 5, 5).Format(), nil},
	} {
		w := open(t, options(t, l))
		_, err := w.AddCheckpoint(ask(t, l, 0, 5).Format())
		must(t, err)
		line, err := w.AddCheckpoint(c.body)
		var got *witness.Stale
		switch {
		case c.want == stale && (!errors.As(err, &got) || got.Size != 5):
			t.Errorf("%s: %v, want stale at 5", what, err)
		case c.want != stale && !errors.Is(err, c.want):
			t.Errorf("%s: %v, want %v", what, err, c.want)
		case c.want != nil && len(line) > 0:
			t.Errorf("%s: it was signed all the same: %s", what, line)
		}
		if c.want != nil {
			_, err = w.AddCheckpoint(ask(t, l, 5, 9).Format())
			must(t, err)
		}
	}
}

// TestEmptyLogWithARoot is refused before anything was cosigned and afterwards.
func TestEmptyLogWithARoot(t *testing.T) {
	l := grown(1, "entry", 1)
	w := open(t, options(t, l))
	bad := (&witness.Request{Checkpoint: l.SignRoot(0, log.Hash{1})}).Format()
	for range 2 {
		if _, err := w.AddCheckpoint(bad); !errors.Is(err, witness.ErrProof) {
			t.Errorf("%v", err)
		}
		_, err := w.AddCheckpoint(ask(t, l, 0, 0).Format())
		must(t, err)
	}
}

// TestForkIsKept: two roots of one size, both signed by the log, are kept as they convict it.
func TestForkIsKept(t *testing.T) {
	l, fork := grown(1, "entry", 5), grown(1, "other", 5)
	o := options(t, l)
	w := open(t, o)
	_, err := w.AddCheckpoint(ask(t, l, 0, 5).Format())
	must(t, err)
	if _, err := w.AddCheckpoint(ask(t, fork, 5, 5).Format()); !errors.Is(err, witness.ErrFork) {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(o.Dir, "*.fork"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	got, err := os.ReadFile(found[0])
	must(t, err)
	if want := string(l.CheckpointAt(5)) + "\n" + string(fork.CheckpointAt(5)); string(got) != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// TestRemembers: what one process signed binds the next, and state that cannot be read or
// believed is never taken for a first meeting.
func TestRemembers(t *testing.T) {
	l, fork := grown(1, "entry", 9), grown(1, "other", 9)
	o := options(t, l)
	w := open(t, o)
	_, err := w.AddCheckpoint(ask(t, l, 0, 5).Format())
	must(t, err)
	if _, err := witness.Open(o); !errors.Is(err, marketops.ConfigInvalid) {
		t.Errorf("a second witness on one folder: %v", err)
	}
	must(t, w.Close())
	w = open(t, o)
	if _, err := w.AddCheckpoint(ask(t, fork, 5, 5).Format()); !errors.Is(err, witness.ErrFork) {
		t.Errorf("after a restart: %v", err)
	}
	found, err := filepath.Glob(filepath.Join(o.Dir, "*.checkpoint"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	good, err := os.ReadFile(found[0])
	must(t, err)
	for what, content := range map[string][]byte{
		"empty": nil, "torn": good[:len(good)/2], "a size edited": bytes.Replace(good, []byte("\n5\n"), []byte("\n1\n"), 1),
		"a stranger's": grown(9, "entry", 5).CheckpointAt(5),
	} {
		must(t, os.WriteFile(found[0], content, 0o600))
		for _, body := range [][]byte{ask(t, l, 0, 9).Format(), ask(t, l, 5, 9).Format()} {
			if line, err := w.AddCheckpoint(body); err == nil || len(line) > 0 || errors.As(err, new(*witness.Stale)) {
				t.Errorf("%s: %q, %v", what, line, err)
			}
		}
		if _, err := w.Latest(origin); err == nil {
			t.Errorf("%s: shown as the latest", what)
		}
	}
	must(t, os.WriteFile(found[0], good, 0o600))
	_, err = w.AddCheckpoint(ask(t, l, 5, 9).Format())
	must(t, err)
}

// TestKeyRotation: a log's second key signs on where the first stopped, while both are listed.
func TestKeyRotation(t *testing.T) {
	old, rotated := grown(1, "entry", 9), grown(2, "entry", 9)
	o := options(t, old, rotated)
	w := open(t, o)
	_, err := w.AddCheckpoint(ask(t, old, 0, 5).Format())
	must(t, err)
	_, err = w.AddCheckpoint(ask(t, rotated, 5, 9).Format())
	must(t, err)
}

// TestOpenRefuses what could make one witness speak with two tongues.
func TestOpenRefuses(t *testing.T) {
	l := grown(1, "entry", 1)
	for what, change := range map[string]func(*witness.Options){
		"no log":                       func(o *witness.Options) { o.Logs = nil },
		"no key":                       func(o *witness.Options) { o.Signer = nil },
		"no clock":                     func(o *witness.Options) { o.Now = nil },
		"no folder":                    func(o *witness.Options) { o.Dir = "" },
		"a name with a space":          func(o *witness.Options) { o.Name = "w 1" },
		"a name with a plus":           func(o *witness.Options) { o.Name = "w+1" },
		"a log twice":                  func(o *witness.Options) { o.Logs = append(o.Logs, o.Logs...) },
		"the witness's key as a log's": func(o *witness.Options) { o.Signer = logtest.Key(1) },
		"a party that nobody parsed":   func(o *witness.Options) { o.Logs = []log.Party{{Name: origin}} },
		"the state of another key":     func(o *witness.Options) { must(t, open(t, *o).Close()); o.Signer = logtest.Key(51) },
		"the state under another name": func(o *witness.Options) { must(t, open(t, *o).Close()); o.Name = "w2.example" },
	} {
		o := options(t, l)
		change(&o)
		if _, err := witness.Open(o); !errors.Is(err, marketops.ConfigInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestClock: no cosignature without a time that verifiers accept, and what was stored meanwhile
// is cosigned once the clock is right.
func TestClock(t *testing.T) {
	l := grown(1, "entry", 3)
	o := options(t, l)
	at := marketops.Time(0)
	o.Now = func() marketops.Time { return at }
	w := open(t, o)
	for _, at = range []marketops.Time{0, -1, 253402300800} {
		if _, err := w.AddCheckpoint(ask(t, l, 0, 3).Format()); err == nil {
			t.Errorf("signed at %d", at)
		}
		must(t, w.Close())
		o.Dir = filepath.Join(t.TempDir(), "s")
		w = open(t, o)
	}
	w.AddCheckpoint(ask(t, l, 0, 3).Format())
	at = noon
	_, err := w.AddCheckpoint(ask(t, l, 3, 3).Format())
	must(t, err)
}

// TestConcurrent: 64 callers push two histories of one log through one witness. All that is ever
// signed lies on one of them.
func TestConcurrent(t *testing.T) {
	const size = 40
	a, b := grown(1, "entry", size), grown(1, "other", size)
	w := open(t, options(t, a))
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := map[string]int{}
	for i := range 64 {
		l, side := a, "a"
		if i%2 == 1 {
			l, side = b, "b"
		}
		bodies := make([][]byte, 0, size)
		for n := range uint64(size) {
			bodies = append(bodies, ask(t, l, n, n+1).Format())
		}
		wg.Go(func() {
			for _, body := range bodies {
				if _, err := w.AddCheckpoint(body); err == nil {
					mu.Lock()
					won[side]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("both histories were signed: %v", won)
	}
	side := a
	if won["b"] > 0 {
		side = b
	}
	latest, err := w.Latest(origin)
	must(t, err)
	at := uint64(won["a"] + won["b"])
	if at == 0 || !bytes.HasPrefix(latest, side.CheckpointAt(at)) {
		t.Errorf("%d steps were signed, the latest is %q", at, latest)
	}
}

func FuzzParseRequest(f *testing.F) {
	l := grown(1, "entry", 9)
	f.Add(ask(f, l, 5, 9).Format())
	f.Add(ask(f, l, 0, 0).Format())
	f.Add([]byte("old 18446744073709551615\n\n"))
	f.Add([]byte("old 1\n" + strings.Repeat("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 63) + "\nx\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := witness.ParseRequest(body)
		if err != nil {
			if !errors.Is(err, witness.ErrMalformed) || r != nil {
				t.Fatalf("%v, %v", r, err)
			}
			return
		}
		if !bytes.Equal(r.Format(), body) || len(r.Proof) > witness.MaxProof {
			t.Fatalf("%q became %q", body, r.Format())
		}
	})
}

// FuzzAddCheckpoint: whatever comes in, nothing but the log's own checkpoint is signed.
func FuzzAddCheckpoint(f *testing.F) {
	l := grown(1, "entry", 9)
	w := open(f, options(f, l))
	f.Add(ask(f, l, 0, 5).Format())
	f.Add(ask(f, l, 5, 9).Format())
	f.Add(ask(f, grown(9, "other", 9), 0, 9).Format())
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := w.AddCheckpoint(body); err != nil {
			return
		}
		_, raw, _ := bytes.Cut(body, []byte("\n\n"))
		text, _, _ := strings.Cut(string(raw), "\n\n")
		cp, err := log.ParseUnverified(text + "\n")
		if err != nil || cp.Size > 9 || cp.Root != l.Root(cp.Size) {
			t.Fatalf("it signed %q: %v", body, err)
		}
	})
}

// namedOtherwise returns a checkpoint of l whose origin is not the name of the key that signs it.
func namedOtherwise(t *testing.T, l *logtest.Log, origin string, size uint64) []byte {
	t.Helper()
	text := (&log.Checkpoint{Origin: origin, Size: size, Root: l.Root(size)}).Text()
	return l.SignText(text)
}

// TestOriginsThatAreNoKeyNames: a log is known by origin and key, not by the name of the key (C2SP tlog-checkpoint).
func TestOriginsThatAreNoKeyNames(t *testing.T) {
	l := grown(1, "entry", 5)
	for _, spelt := range []string{"go.sum database tree", "other.example.com", "https://log.example.com/+1"} {
		named := party(t, l)
		named.Name = spelt
		o := options(t)
		o.Logs = []log.Party{named}
		w := open(t, o)
		request := &witness.Request{Checkpoint: namedOtherwise(t, l, spelt, 5)}
		if line, err := w.AddCheckpoint(request.Format()); err != nil || !strings.HasPrefix(string(line), "— "+name+" ") {
			t.Errorf("%q: %q, %v", spelt, line, err)
		}
		if _, err := w.Latest(spelt); err != nil {
			t.Errorf("%q: %v", spelt, err)
		}
		// The same key signs no other origin here, not even its own name.
		own := &witness.Request{Checkpoint: l.CheckpointAt(5)}
		if _, err := w.AddCheckpoint(own.Format()); !errors.Is(err, witness.ErrUnknownLog) {
			t.Errorf("%q: the key's own name: %v", spelt, err)
		}
		must(t, w.Close())
	}
	for _, bad := range []string{"", "two\nlines", "esc\x1b", strings.Repeat("a", log.MaxOrigin+1), "bad\xff"} {
		named := party(t, l)
		named.Name = bad
		o := options(t)
		o.Logs = []log.Party{named}
		if _, err := witness.Open(o); !errors.Is(err, marketops.ConfigInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
