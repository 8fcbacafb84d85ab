package inprogress_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/inprogress"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// TestRemember: a run is found again until it is forgotten.
func TestRemember(t *testing.T) {
	state := t.TempDir()
	runs, id := inprogress.In(state), marketops.NewRunID([16]byte{1})
	if found, err := runs.Folders(); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
	for _, again := range []bool{false, true} {
		if got, err := runs.Remember(&plan.Run{Dir: "/elsewhere/run", Info: plan.Info{RunID: id}}); err != nil || got != again {
			t.Errorf("again %v %v", got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(state, "begun", "cut.tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := runs.Folders(); err != nil || len(found) != 1 || found[id] != "/elsewhere/run" {
		t.Errorf("%v %v", found, err)
	}
	for range 2 {
		if err := runs.Forget(id); err != nil {
			t.Error(err)
		}
	}
	if found, err := runs.Folders(); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
}

// TestForgetEnded keeps a run of which something may be open.
func TestForgetEnded(t *testing.T) {
	const notAttempted, refused, open = "not-attempted", "refused", "open"
	for name, c := range map[string]struct {
		again    bool
		statuses []receipt.Status
		kept     bool
		others   int // operations that were not selected
	}{
		"all done":                    {false, []receipt.Status{receipt.Success, receipt.Failed, receipt.Rejected, receipt.Unknown}, false, 0},
		"one is open":                 {false, []receipt.Status{receipt.Success, open}, true, 0},
		"the rest was not attempted":  {false, []receipt.Status{receipt.Failed, notAttempted}, false, 0},
		"refused":                     {false, []receipt.Status{refused}, false, 0},
		"refused, after another try":  {true, []receipt.Status{refused}, true, 0},
		"all done, after another try": {true, []receipt.Status{receipt.Success}, false, 0},
		"a status that is not known":  {false, []receipt.Status{"new"}, true, 0},
		"all selected are done":       {false, []receipt.Status{receipt.Success}, false, 1},
		"all selected, another try":   {true, []receipt.Status{receipt.Success}, true, 1},
	} {
		runs, id := inprogress.In(t.TempDir()), marketops.NewRunID([16]byte{1})
		if _, err := runs.Remember(&plan.Run{Dir: "/run", Info: plan.Info{RunID: id}}); err != nil {
			t.Fatal(err)
		}
		var results []publisher.Result
		for _, s := range c.statuses {
			results = append(results, publisher.Result{Status: s})
		}
		if err := runs.ForgetEnded(id, c.again, len(results)+c.others, results); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if found, err := runs.Folders(); err != nil || (len(found) == 1) != c.kept {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}
