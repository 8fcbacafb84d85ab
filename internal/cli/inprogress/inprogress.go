// Package inprogress remembers which runs a state folder began to publish and did not bring to an end.
package inprogress

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/receipt"
)

// Runs is a folder with one file a run, named by its id, that holds the path of the run's folder. The
// next publish or reconcile finds these runs wherever their folders lie. The files are only a hint;
// the Core and GitHub are the sources of truth.
type Runs string

const (
	maxRuns = 10_000  // in progress at one time
	maxPath = 1 << 16 // bytes of one
)

// In returns the runs in progress of a state folder.
func In(state string) Runs { return Runs(filepath.Join(state, "begun")) }

// Remember is called before the first claim. It reports whether an earlier try had left the run.
func (b Runs) Remember(r *plan.Run) (again bool, err error) {
	root, err := durable.Folder(string(b))
	if err == nil {
		defer root.Close()
		_, err = root.Lstat(string(r.Info.RunID))
		again = err == nil
		err = regular.Write(root, string(r.Info.RunID), []byte(r.Dir+"\n"))
	}
	if err != nil {
		return again, &marketops.Failure{Code: marketops.StateMissing, What: "it cannot be noted that the run begins", Err: err,
			State: "nothing was sent", Next: "fix the state folder or its disk, then type the same command again"}
	}
	return again, nil
}

// ForgetEnded forgets a run of so many operations that has just been published, unless something of it may be
// open: with what an earlier try left, only outcomes of all of them say that there is nothing.
func (b Runs) ForgetEnded(run marketops.RunID, again bool, operations int, results []publisher.Result) error {
	if again && len(results) < operations {
		return nil
	}
	for _, res := range results {
		switch res.Status {
		case receipt.Success, receipt.Failed, receipt.Rejected, receipt.Unknown:
		case "not-attempted", "refused":
			if again {
				return nil
			}
		default:
			return nil
		}
	}
	return b.Forget(run)
}

// Forget forgets a run; one that is not in progress is no error.
func (b Runs) Forget(run marketops.RunID) error {
	root, err := os.OpenRoot(string(b))
	if err == nil {
		err = errors.Join(root.Remove(string(run)), root.Close())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Folders returns where the runs lie, by their ids.
func (b Runs) Folders() (map[marketops.RunID]string, error) {
	list, err := regular.EntriesPath(string(b), maxRuns)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	out := map[marketops.RunID]string{}
	for _, e := range list {
		id := marketops.RunID(e.Name())
		if !id.Valid() {
			continue // the part of a write that was cut off
		}
		path, rerr := regular.ReadPath(filepath.Join(string(b), e.Name()), maxPath)
		err = errors.Join(err, rerr)
		out[id] = strings.TrimSuffix(string(path), "\n")
	}
	return out, err
}
