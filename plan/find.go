package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// minPrefix is how much of a run id must be typed: "r-" and two digits.
const minPrefix = 4

// FindRun resolves what a person typed for a run: the path of its folder, or a run id or an
// unambiguous beginning of one under stateDir/runs. The code is [marketops.StateMissing].
func FindRun(stateDir, arg string) (string, error) {
	if arg != "" && isRunFolder(arg) {
		return arg, nil
	}
	if len(arg) < minPrefix || !strings.HasPrefix(arg, "r-") || filepath.Base(arg) != arg {
		return "", marketops.Refuse(marketops.StateMissing, fmt.Sprintf("%.200q is neither a run folder nor the beginning of a run id", arg))
	}
	runs := filepath.Join(stateDir, "runs")
	list, err := regular.EntriesPath(runs, maxListed)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", broken(runs, err)
	}
	var found []string
	for _, d := range list {
		if strings.HasPrefix(d.Name(), arg) && marketops.RunID(d.Name()).Valid() && d.IsDir() {
			found = append(found, d.Name())
		}
	}
	switch len(found) {
	case 1:
		return filepath.Join(runs, found[0]), nil
	case 0:
		return "", marketops.Refuse(marketops.StateMissing, fmt.Sprintf("no run begins with %q", arg))
	}
	return "", marketops.Refuse(marketops.StateMissing, fmt.Sprintf("%d runs begin with %q: %s and %s", len(found), arg, found[0], found[1]))
}

// isRunFolder reports whether something called run.json is in the folder; [Open] says whether it can be used.
func isRunFolder(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	_, err = root.Lstat("run.json")
	return err == nil
}
