package plan

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

// executor stands where the publisher stands; what it is given is what is tested.
type executor struct {
	calls int
	seen  []string
	err   error
}

func (e *executor) Execute(ctx context.Context, r *Run) error {
	e.calls++
	for i := range r.Operations {
		list, err := r.Content(ctx, i+1)
		if err != nil {
			return err
		}
		for _, c := range list {
			e.seen = append(e.seen, c.Name+" "+c.Problem)
		}
	}
	return e.err
}

func clock() time.Time { return base }

func prodStages(t *testing.T, r *Run) []string {
	t.Helper()
	entries, err := r.Entries()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		var s StageEntry
		if e.Kind == "stage" && json.Unmarshal(e.Value, &s) == nil && s.Mode == marketops.Prod && s.State != "begun" {
			out = append(out, string(s.Stage)+" "+s.State+" "+string(s.Code))
		}
	}
	return out
}

func TestResume(t *testing.T) {
	r := newFixture(t).planned()
	x := &executor{}
	if err := Resume(context.Background(), r, x, clock); err != nil {
		t.Fatal(err)
	}
	if x.calls != 1 || !slices.Equal(x.seen, []string{"SHA256SUMS ", "widget_darwin.tar.gz ", "widget_linux.tar.gz "}) {
		t.Errorf("the executor saw %+v", x)
	}
	want := []string{"discover done ", "select done ", "verify done ", "evaluate done ", "plan done ", "execute done ", "seal done "}
	if got := prodStages(t, r); !slices.Equal(got, want) {
		t.Errorf("stages are %q", got)
	}
	x.err = marketops.Refuse(marketops.Expired, "")
	if err := Resume(context.Background(), r, x, clock); !errors.Is(err, marketops.Expired) {
		t.Errorf("the executor's refusal became %v", err)
	}
	got := prodStages(t, r)
	if !slices.Equal(got[len(got)-2:], []string{"execute failed expired", "seal done "}) {
		t.Errorf("stages are %q", got)
	}
}

// The gate must see a changed file to name and record it; a changed folder must not get there.
func TestResumeOverChanges(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	f.write("dist/SHA256SUMS", "SUMS")
	x := &executor{}
	if err := Resume(context.Background(), r, x, clock); err != nil || x.calls != 1 || x.seen[0] != "SHA256SUMS is not the planned file" {
		t.Errorf("the executor saw %+v, %v", x, err)
	}
	for name, change := range map[string]func(*Run) error{
		"document":   func(r *Run) error { return replace(r.Dir, "operations/1.json", "Widgets", "Gadgets") },
		"run id":     func(r *Run) error { return replace(r.Dir, "run.json", "r-0", "r-f") },
		"in memory":  func(r *Run) error { r.Documents[0], r.Documents[1] = r.Documents[1], r.Documents[0]; return nil },
		"plan moved": func(r *Run) error { return replace(r.Dir, "plan.json", `"number":2`, `"number":3`) },
	} {
		r, x := newFixture(t).planned(), &executor{}
		if err := change(r); err != nil {
			t.Fatal(name, err)
		}
		if err := Resume(context.Background(), r, x, clock); !errors.Is(err, marketops.PlanMismatch) || x.calls != 0 {
			t.Errorf("%s: %v, %d calls", name, err, x.calls)
		}
	}
}

func TestResumeRefusesNothing(t *testing.T) {
	f := newFixture(t)
	f.publications = nil
	r, _ := f.run(f.options())
	x := &executor{}
	if err := Resume(context.Background(), r, x, clock); !errors.Is(err, marketops.NothingSelected) || x.calls != 0 {
		t.Errorf("a plan without operations: %v, %d calls", err, x.calls)
	}
	for _, err := range []error{Resume(context.Background(), nil, x, clock), Resume(context.Background(), r, nil, clock), Resume(context.Background(), r, x, nil)} {
		if !errors.Is(err, marketops.StateMissing) {
			t.Errorf("got %v", err)
		}
	}
}
