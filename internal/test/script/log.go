package script

import (
	"fmt"
	"strconv"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

// leaves counts the log through the product's own verified view of it. What a call has recorded besides its
// answer is in the log and may not be in a checkpoint yet.
func leaves(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := awaitSize(ts, want); got != want {
		ts.Fatalf("the log has %d leaves, want %d", got, want)
	}
}

// awaitSize waits until a checkpoint covers so many leaves, and returns how many it covers.
func awaitSize(ts *testscript.TestScript, want int) (got int) {
	ts.Check(testenv.Await(func() error {
		if got = logSize(ts); got < want {
			return fmt.Errorf("the log has %d leaves, want %d", got, want)
		}
		return nil
	}))
	return got
}

func logSize(ts *testscript.TestScript) int {
	size, _ := decode(ts, command(ts, "marketops", "log", "checkpoint", "--json"))["size"].(float64)
	return int(size)
}

// leaf demands the type of a record, and optionally one member of its body.
func leaf(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 4 {
		ts.Fatalf("usage: leaf INDEX RECORD [PATH VALUE]")
	}
	if ts.Exec("marketops", "log", "leaf", args[0], "--json") != nil {
		index, err := strconv.Atoi(args[0])
		ts.Check(err)
		awaitSize(ts, index+1)
		ts.Check(ts.Exec("marketops", "log", "leaf", args[0], "--json"))
	}
	v := decode(ts, ts.ReadFile("stdout"))
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
