package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// jsonAt demands that FILE (stdout is one) is exactly one JSON object, and looks at a value in it.
//
//	json stdout schema marketops.plan-result/v1
//	json stdout plan.operations.0.number 1
//	json stdout plan.rejected.count 0    how many members or elements
//	! json stdout operations.0.leaf      there is no such value, or it is null
func jsonAt(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: json FILE PATH [VALUE]")
	}
	var want *string
	if len(args) == 3 {
		want = &args[2]
	}
	demand(ts, neg, decode(ts, ts.ReadFile(args[0])), args[1], want)
}

// keep puts one value into an environment variable.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: keep NAME FILE PATH")
	}
	v := at(decode(ts, ts.ReadFile(args[1])), args[2])
	if v == nil {
		ts.Fatalf("%s holds nothing at %s", args[1], args[2])
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// decode reads exactly one object: neither an empty text nor two objects will do.
func decode(ts *testscript.TestScript, text string) map[string]any {
	d := json.NewDecoder(strings.NewReader(text))
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		ts.Fatalf("not a JSON object: %v\n%s", err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("more than one JSON object:\n%s", text)
	}
	if s, ok := v["schema"].(string); !ok || s == "" {
		ts.Fatalf("the object has no schema:\n%s", text)
	}
	return v
}

func demand(ts *testscript.TestScript, neg bool, in any, path string, want *string) {
	got := at(in, path)
	found := got != nil
	if want != nil {
		found = got != nil && fmt.Sprint(got) == *want || got == nil && *want == "null"
	}
	if found == neg {
		ts.Fatalf("%s is %v; %s", path, got, all(in))
	}
}

func all(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// at walks a path of member names and indices; a final count counts. What is not there is nil.
func at(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			if v = in[step]; v == nil && step == "count" {
				v = len(in)
			}
		case []any:
			n, err := strconv.Atoi(step)
			switch {
			case step == "count":
				v = len(in)
			case err != nil || n < 0 || n >= len(in):
				return nil
			default:
				v = in[n]
			}
		default:
			return nil
		}
	}
	return v
}

// nowhere looks into every file below the paths; stdout and stderr count as files. Looking into
// nothing fails. Negated, it demands that the text is found.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || args[0] == "" {
		ts.Fatalf("usage: nowhere TEXT PATH…")
	}
	looked, found := 0, ""
	look := func(name string, text []byte) {
		looked++
		if bytes.Contains(text, []byte(args[0])) {
			found = name
		}
	}
	for _, path := range args[1:] {
		if path == "stdout" || path == "stderr" {
			look(path, []byte(ts.ReadFile(path)))
			continue
		}
		eachFile(ts, path, look)
	}
	if looked == 0 || (found != "") != neg {
		ts.Fatalf("%d files looked into, %q holds %q", looked, found, args[0])
	}
}
