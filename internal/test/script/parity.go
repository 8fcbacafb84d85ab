package script

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/githubtest"
	"github.com/rogpeppe/go-internal/testscript"
)

// The parity suite has these commands besides:
//
//	grant DIR [FLAG…]              plan with these flags, submit, approve and authorize into DIR
//	refused DIR CODES [FLAG…]      publish DIR --mode prod (or what FLAG says) is refused; see there
//	rehearsed DIR [CODE]           publish DIR without a mode and a read token passes the gate, or would be refused
//	published DIR [FLAG…]          it publishes every operation of DIR, for the first time
//	packed DIR STATUS [CODE…]      the offline verifier on a pack of DIR: each operation is STATUS,
//	                               and the run's refusals are these, in this order
//	! packed DIR CODE              it fails a pack of DIR under this code
//	audited verified               the offline verifier on the whole log
//	audited failed CODE…           it finds these, and maybe more

func grant(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: grant DIR [FLAG…]")
	}
	authorise(ts, append([]string{"plan", "-o"}, args...), args[0])
}

// seen is everything that the practice GitHub was asked and what it did.
func seen(ts *testscript.TestScript) string {
	return string(admin(ts, http.MethodGet, "requests", nil)) + string(admin(ts, http.MethodGet, "effects", nil))
}

// untouched demands that the practice GitHub was not even asked since, let alone changed.
func untouched(ts *testscript.TestScript, before string) {
	if seen(ts) != before {
		ts.Fatalf("GitHub was called:\n%s", strings.Join(lines(list[githubtest.Request](ts, "requests")), "\n"))
	}
}

// recorded returns the refusals at this position of the log and above, once it has the last leaf that the
// command named. Nothing else may stand there but the seal of a run, which the Core adds when it comes to it.
func recorded(ts *testscript.TestScript, from int, v view) map[int]any {
	refusals, last := map[int]any{}, from-1
	for _, op := range v.Operations {
		if op.Leaf != nil {
			last = max(last, *op.Leaf)
		}
	}
	for i, size := from, awaitSize(ts, last+1); i < size; i++ {
		switch rec := decode(ts, command(ts, "marketops", "log", "leaf", fmt.Sprint(i), "--json")); rec["record"] {
		case "refusal":
			refusals[i] = rec
		case "run-closed":
		default:
			ts.Fatalf("leaf %d is a new %v", i, rec["record"])
		}
	}
	return refusals
}

// gateChecks is how many checks a gate answers, each once.
const gateChecks = 34

// view is what publish --json says.
type view struct {
	Run, Mode   string
	Exit        int
	NotRecorded int `json:"not_recorded"`
	Operations  []struct {
		Number                                  int
		Kind, Repository, Resource, Status, URL string
		Already                                 bool
		Leaf                                    *int
		Problem                                 *struct{ Code, State string }
		Checks                                  []struct{ Code, Status string }
	}
}

// publish runs the command and returns its object; the exit code must be the one that it names.
func publish(ts *testscript.TestScript, dir string, flags ...string) (v view) {
	code := exitCode(ts, ts.Exec("marketops", append([]string{"publish", dir, "--json"}, flags...)...))
	text := ts.ReadFile("stdout")
	decode(ts, text)
	ts.Check(json.Unmarshal([]byte(text), &v))
	if v.Exit != code {
		ts.Fatalf("exit code %d, and the object says %d", code, v.Exit)
	}
	return v
}

func inProd(flags []string) []string {
	for _, f := range flags {
		if strings.HasPrefix(f, "--mode") {
			return flags
		}
	}
	return append([]string{"--mode", "prod"}, flags...)
}

// refused demands that publishing is refused under the first code of a comma-separated list; the
// further ones must be among the failed checks, and those with a ! must have passed. No request
// at all reached the practice GitHub, and each refused operation left one refusal in the log,
// signed and bound to its run, kind and operation, with all checks.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refused DIR CODE[,CODE…][,!CODE…] [FLAG…]")
	}
	codes := strings.Split(args[1], ",")
	before, size := seen(ts), logSize(ts)
	v := publish(ts, args[0], inProd(args[2:])...)
	untouched(ts, before)
	if v.Exit != 10 || v.NotRecorded != 0 {
		ts.Fatalf("exit code %d with %d records not handed over, want 10 with none", v.Exit, v.NotRecorded)
	}
	count, leaves := 0, recorded(ts, size, v)
	for _, op := range v.Operations {
		if op.Status == "not-attempted" {
			continue
		}
		if op.Status != "refused" || op.Problem == nil || op.Leaf == nil || op.Problem.Code != codes[0] {
			ts.Fatalf("operation %d is %s under %+v in leaf %v, want refused under %s", op.Number, op.Status, op.Problem, op.Leaf, codes[0])
		}
		if !strings.HasPrefix(op.Problem.State, "nothing was sent") {
			ts.Fatalf("the state is %q", op.Problem.State)
		}
		checks := map[string]string{}
		for _, c := range op.Checks {
			checks[c.Code] = c.Status
		}
		answers(ts, checks, len(op.Checks), codes)
		refusalLeaf(ts, v.Run, op.Kind, leaves[*op.Leaf], checks)
		count++
	}
	if count == 0 || len(leaves) != count {
		ts.Fatalf("%d operations were refused and %d refusals were recorded", count, len(leaves))
	}
}

func answers(ts *testscript.TestScript, checks map[string]string, listed int, codes []string) {
	if listed != gateChecks || len(checks) != gateChecks {
		ts.Fatalf("%d checks of %d codes, want %d of each once", listed, len(checks), gateChecks)
	}
	for _, c := range codes {
		name, passed := strings.CutPrefix(c, "!")
		if want := map[bool]string{true: "pass", false: "fail"}[passed]; checks[name] != want {
			ts.Fatalf("%s is %q, want %s: %v", name, checks[name], want, checks)
		}
	}
}

func refusalLeaf(ts *testscript.TestScript, run, kind string, rec any, checks map[string]string) {
	if at(rec, "body.run_id") != run || at(rec, "body.operation_kind") != kind || at(rec, "by") != "publisher publisher-1" {
		ts.Fatalf("no refusal of %s in %s by the publisher: %s", kind, run, all(rec))
	}
	// A receipt has a name here once its signatures held, and what is forged has none.
	if id := at(rec, "body.receipt_id"); (id != "") != (checks["threshold-unmet"] != "not_run") {
		ts.Fatalf("the refusal names receipt %q, with the checks %v", id, checks)
	}
	logged := map[string]string{}
	for i := range gateChecks {
		code, status := at(rec, fmt.Sprintf("body.checks.%d.code", i)), at(rec, fmt.Sprintf("body.checks.%d.status", i))
		logged[fmt.Sprint(code)] = fmt.Sprint(status)
	}
	if !maps.Equal(logged, checks) {
		ts.Fatalf("the log has other checks than the command: %v", logged)
	}
}

// rehearsed demands that not giving a mode calls nobody and records nothing.
func rehearsed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: rehearsed DIR [CODE]")
	}
	before, size := seen(ts), logSize(ts)
	v := publish(ts, args[0])
	untouched(ts, before)
	if grown := len(recorded(ts, size, v)); grown != 0 || v.Mode != "dry_run" || len(v.Operations) == 0 {
		ts.Fatalf("a rehearsal in mode %s of %d operations, %d refusals recorded", v.Mode, len(v.Operations), grown)
	}
	for _, op := range v.Operations {
		good := op.Status == "gate-passed" && len(args) == 1
		bad := op.Status == "refused" && len(args) == 2 && op.Problem.Code == args[1]
		if !good && !bad || op.Leaf != nil {
			ts.Fatalf("operation %d is %s under %+v", op.Number, op.Status, op.Problem)
		}
	}
}

// published demands that every operation is published now: once on the practice GitHub, and in
// the log by one outcome with every binding. It is the control of every attack.
func published(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: published DIR [FLAG…]")
	}
	v := publish(ts, args[0], inProd(args[1:])...)
	if v.Exit != 0 || len(v.Operations) == 0 {
		ts.Fatalf("exit code %d for %d operations", v.Exit, len(v.Operations))
	}
	for _, op := range v.Operations {
		if op.Status != "success" || op.Already || op.Leaf == nil || op.URL == "" {
			ts.Fatalf("operation %d is %s, already published %v, in leaf %v at %q", op.Number, op.Status, op.Already, op.Leaf, op.URL)
		}
		outcomeLeaf(ts, v, *op.Leaf, op.Kind)
		if strings.HasPrefix(op.Resource, "refs/tags/") {
			effect(ts, false, []string{"1", "ref-created " + op.Repository + " " + op.Resource + " "})
		}
	}
	schema(ts, false, nil)
}

func outcomeLeaf(ts *testscript.TestScript, v view, index int, kind string) {
	rec := decode(ts, command(ts, "marketops", "log", "leaf", fmt.Sprint(index), "--json"))
	good := rec["record"] == "outcome"
	for path, want := range map[string]string{"status": "success", "run_id": v.Run, "operation_kind": kind, "code": "", "retry_count": "0"} {
		good = good && fmt.Sprint(at(rec, "body."+path)) == want
	}
	id, _ := at(rec, "body.receipt_id").(string)
	op, _ := at(rec, "body.operation_id").(string)
	response, _ := at(rec, "body.response").(string)
	if !good || !strings.HasPrefix(id, "c-") || !strings.HasPrefix(op, "sha256:") || strings.Trim(response, "sha256:0") == "" {
		ts.Fatalf("leaf %d is not the outcome of %s in %s: %s", index, kind, v.Run, all(rec))
	}
}

// report runs the offline verifier, which must exit as its verdict says.
func report(ts *testscript.TestScript, args ...string) map[string]any {
	err := ts.Exec("marketops-verify", append(args, "--trust", ".marketops/trust.json", "--json")...)
	r := decode(ts, ts.ReadFile("stdout"))
	if (err == nil) != (r["verdict"] == "verified") {
		ts.Fatalf("%v, and the verdict is %v", err, r["verdict"])
	}
	return r
}

func packed(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg && len(args) != 2 {
		ts.Fatalf("usage: packed DIR STATUS [CODE…], or ! packed DIR CODE")
	}
	file := args[0] + ".mopack"
	os.Remove(ts.MkAbs(file))
	ts.Check(ts.Exec("marketops", "pack", args[0], "-o", file))
	r := report(ts, file)
	if neg {
		if r["verdict"] != "failed" || r["code"] != args[1] {
			ts.Fatalf("the pack of %s is %v: %v, want failed: %s", args[0], r["verdict"], r["code"], args[1])
		}
		return
	}
	if r["verdict"] != "verified" {
		ts.Fatalf("the pack of %s is %v: %v", args[0], r["verdict"], r["code"])
	}
	operations, _ := r["operations"].([]any)
	for _, op := range operations {
		if at(op, "status") != args[1] {
			ts.Fatalf("an operation of the pack is %v, want %s: %s", at(op, "status"), args[1], all(op))
		}
	}
	refusals, _ := r["refusals"].([]any)
	codes := []string{}
	for _, x := range refusals {
		codes = append(codes, fmt.Sprint(at(x, "code")))
	}
	if len(operations) == 0 || !slices.Equal(codes, args[2:]) {
		ts.Fatalf("the pack of %s has %d operations and the refusals %v, want %v", args[0], len(operations), codes, args[2:])
	}
}

// audited reads log and records as they lie in the state folder, with the operation documents.
func audited(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || (args[0] == "verified") != (len(args) == 1) {
		ts.Fatalf("usage: audited verified, or audited failed|indeterminate CODE…")
	}
	r := report(ts, "audit", "--log", ".marketops/log", "--records", ".marketops/records", "--operations", documents(ts))
	found := map[string]bool{}
	checks, _ := r["checks"].([]any)
	for _, c := range checks {
		if code := at(c, "code"); at(c, "status") == "fail" && code != nil {
			found[fmt.Sprint(code)] = true
		}
	}
	for _, code := range args[1:] {
		if !found[code] {
			ts.Fatalf("the audit did not find %s: %v", code, slices.Sorted(maps.Keys(found)))
		}
	}
	if r["verdict"] != args[0] {
		ts.Fatalf("the audit is %v, want %s; it found %v", r["verdict"], args[0], slices.Sorted(maps.Keys(found)))
	}
}

// documents copies the Core's documents to the names under which an auditor gets them.
func documents(ts *testscript.TestScript) string {
	found, err := os.ReadDir(ts.MkAbs(".marketops/documents"))
	ts.Check(err)
	dir := ts.MkAbs("documents")
	ts.Check(os.MkdirAll(dir, 0o755))
	for _, f := range found {
		b, err := os.ReadFile(filepath.Join(ts.MkAbs(".marketops/documents"), f.Name()))
		ts.Check(err)
		if _, err := marketops.ParseOperation(b); err == nil {
			ts.Check(os.WriteFile(filepath.Join(dir, f.Name()+".json"), b, 0o644))
		}
	}
	return dir
}
