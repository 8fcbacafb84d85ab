package script

import (
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// leaves counts the log through the product's own verified view of it.
func leaves(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := decode(ts, command(ts, "marketops", "log", "checkpoint", "--json"))["size"]
	if got != float64(want) {
		ts.Fatalf("the log has %v leaves, want %d", got, want)
	}
}

// leaf demands the type of a record, and optionally one member of its body.
func leaf(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 4 {
		ts.Fatalf("usage: leaf INDEX RECORD [PATH VALUE]")
	}
	v := decode(ts, command(ts, "marketops", "log", "leaf", args[0], "--json"))
	if v["record"] != args[1] {
		ts.Fatalf("leaf %s is %v, want %s", args[0], v["record"], args[1])
	}
	if len(args) == 4 {
		demand(ts, false, v["body"], args[2], &args[3])
	}
}

// command runs one that must succeed and returns what it says; the story's own stdout changes too.
func command(ts *testscript.TestScript, name string, args ...string) string {
	ts.Check(ts.Exec(name, args...))
	return ts.ReadFile("stdout")
}
