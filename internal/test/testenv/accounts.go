package testenv

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Account is what the log tells of one receipt, by distinct leaves.
type Account struct {
	Claims, Intents []int64           // their epochs
	Outcomes        []string          // their statuses
	Effects         map[string]string // the state of each, in the newest outcome
	Verdicts        []string          // of resolutions
	Run, Operation  string            // of the receipt itself
	Leaf            int               // of the receipt itself
}

// Accounts are those of the Core's own folders.
func (w *World) Accounts() (map[string]*Account, int, error) {
	return accounts(w.Path(".marketops", "log"), w.Path(".marketops", "records"))
}

// Sealed says that the log holds the end of a run.
func (w *World) Sealed(run string) (bool, error) {
	records, err := readRecords(w.Path(".marketops", "records"))
	if err != nil {
		return false, err
	}
	leaves, err := readLeaves(w.Path(".marketops", "log"))
	return slices.ContainsFunc(leaves, func(digest string) bool {
		s := records[digest]
		return s.Predicate.RunID == run && strings.Contains(s.PredicateType, "/run-closed/")
	}), err
}

// accounts reads the log's entry bundles and its record store, here and not with the product's code,
// and returns the account of each receipt, and how many leaves there are.
func accounts(logDir, recordsDir string) (map[string]*Account, int, error) {
	records, err := readRecords(recordsDir)
	if err != nil {
		return nil, 0, err
	}
	leaves, err := readLeaves(logDir)
	if err != nil {
		return nil, 0, err
	}
	out, seen := map[string]*Account{}, map[string]bool{}
	for i, digest := range leaves {
		rec, ok := records[digest]
		if !ok {
			return nil, 0, fmt.Errorf("leaf %d has no record", i)
		}
		if !seen[digest] { // a crash may leave one leaf twice
			rec.tell(out, i)
		}
		seen[digest] = true
	}
	return out, len(leaves), nil
}

type statement struct {
	PredicateType string `json:"predicateType"`
	Predicate     struct {
		RunID     string `json:"run_id"`
		ReceiptID string `json:"receipt_id"`
		Operation string `json:"operation"`
		Epoch     int64  `json:"epoch"`
		Status    string `json:"status"`
		Verdict   string `json:"verdict"`
		Effects   []struct{ Name, State string }
	} `json:"predicate"`
}

func (s statement) tell(all map[string]*Account, leaf int) {
	a := all[s.Predicate.ReceiptID]
	if a == nil {
		a = &Account{}
		all[s.Predicate.ReceiptID] = a
	}
	switch {
	case strings.Contains(s.PredicateType, "/claim/"):
		a.Claims = append(a.Claims, s.Predicate.Epoch)
	case strings.Contains(s.PredicateType, "/intent/"):
		a.Intents = append(a.Intents, s.Predicate.Epoch)
	case strings.Contains(s.PredicateType, "/outcome/"):
		a.Outcomes = append(a.Outcomes, s.Predicate.Status)
		for _, e := range s.Predicate.Effects {
			if a.Effects == nil {
				a.Effects = map[string]string{}
			}
			a.Effects[e.Name] = e.State
		}
	case strings.Contains(s.PredicateType, "/resolution/"):
		a.Verdicts = append(a.Verdicts, s.Predicate.Verdict)
	case strings.Contains(s.PredicateType, "/receipt/"):
		a.Run, a.Operation, a.Leaf = s.Predicate.RunID, s.Predicate.Operation, leaf
	}
}

// readRecords maps SHA-512 of the signed bytes (DSSE v1), in base64, to the statement.
func readRecords(dir string) (map[string]statement, error) {
	out := map[string]statement{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "trust" {
			return fs.SkipDir // versions of trust.json
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var env struct {
			PayloadType string
			Payload     []byte
		}
		var s statement
		if err := errors.Join(json.Unmarshal(b, &env), json.Unmarshal(env.Payload, &s)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		pae := fmt.Sprintf("DSSEv1 %d %s %d %s", len(env.PayloadType), env.PayloadType, len(env.Payload), env.Payload)
		sum := sha512.Sum512([]byte(pae))
		out[base64.StdEncoding.EncodeToString(sum[:])] = s
		return nil
	})
	return out, err
}

// readLeaves returns the digests of all entries under the checkpoint, in order (C2SP tlog-tiles).
func readLeaves(dir string) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return nil, err
	}
	var origin string
	var size int
	if _, err := fmt.Sscanf(string(b), "%s\n%d\n", &origin, &size); err != nil {
		return nil, fmt.Errorf("the checkpoint: %w", err)
	}
	var out []string
	for n := 0; len(out) < size; n++ {
		entries, err := readBundle(dir, n, min(size-len(out), 256))
		if err != nil {
			return nil, err
		}
		out = append(out, entries...)
	}
	return out, nil
}

func readBundle(dir string, n, width int) (out []string, err error) {
	path := filepath.Join(dir, "tile", "entries", fmt.Sprintf("%03d", n)) // no soak has 256 000 entries
	b, err := os.ReadFile(path)
	if err != nil && width < 256 {
		b, err = os.ReadFile(filepath.Join(path+".p", fmt.Sprint(width)))
	}
	if err != nil {
		return nil, err
	}
	for len(out) < width {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("%s is truncated", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		var leaf struct {
			Spec struct {
				HashedRekordV002 struct{ Data struct{ Digest string } }
			}
		}
		if err := json.Unmarshal(b[2:end], &leaf); err != nil {
			return nil, err
		}
		out, b = append(out, leaf.Spec.HashedRekordV002.Data.Digest), b[end:]
	}
	return out, nil
}
