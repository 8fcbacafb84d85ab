package audit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/audit"
)

// judge audits the log of a world with its documents, days after its last record.
func judge(w *logworld.World) *verifier.Report {
	return audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{At: w.Now + 5*86400, Document: w.Documents(), Plan: w.Plans()})
}

func codes(r *verifier.Report) (out []string) {
	for _, c := range r.Checks {
		if c.Status == marketops.Fail && !slices.Contains(out, string(c.Code)) {
			out = append(out, string(c.Code))
		}
	}
	slices.Sort(out)
	return out
}

func describe(r *verifier.Report) string {
	var b strings.Builder
	for _, c := range r.Checks {
		if c.Status != marketops.Pass {
			b.WriteString("\n  " + c.Name + " " + c.Subject + " " + string(c.Code) + " " + string(c.Status) + " " + c.Expected + " " + c.Got + " " + c.Detail)
		}
	}
	return string(r.Verdict) + b.String()
}

func TestControl(t *testing.T) {
	for name, story := range logworld.Stories {
		t.Run(name, func(t *testing.T) {
			w := logworld.New()
			story(w)
			if r := judge(w); !r.Verified() || r.ExitCode() != 0 {
				t.Fatal(describe(r))
			}
			if r := audit.Audit(w.Log, w.Store, w.Trust(), audit.Options{}); !r.Verified() || len(r.NotCovered) < 4 {
				t.Fatal("without options:", describe(r), r.NotCovered)
			}
		})
	}
}

func TestAttacks(t *testing.T) {
	for _, tc := range logworld.Attacks {
		t.Run(tc.Name, func(t *testing.T) {
			w := logworld.New()
			tc.Story(w)
			r := judge(w)
			want := tc.Audit
			if want == nil {
				want = tc.Pack
			}
			var text []string
			for _, c := range want {
				text = append(text, string(c))
			}
			if got := codes(r); !slices.Equal(got, text) {
				t.Errorf("codes %v, want %v\n%s", got, text, describe(r))
			}
			if r.Verified() != (len(want) == 0) {
				t.Errorf("verdict %s", r.Verdict)
			}
		})
	}
}

// kept serves files that were made once: a log in memory makes them anew each time.
type kept struct {
	log.TileReader
	files logworld.Store
}

func (k kept) ReadFile(name string) ([]byte, error) {
	if b, ok := k.files[name]; ok {
		return b, nil
	}
	b, err := k.TileReader.ReadFile(name)
	if err == nil {
		k.files[name] = b
	}
	return b, err
}
