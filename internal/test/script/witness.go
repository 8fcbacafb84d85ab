package script

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

func witness(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: witness new N, or start|stop|kill|log|latest I")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	s := of(ts)
	if args[0] == "new" {
		ts.Check(s.MakeWitnesses(n))
		return
	}
	c := s.Witnesses[n-1]
	switch args[0] {
	case "start":
		ts.Check(c.Start(ts.Getenv("LOG")))
	case "stop", "kill":
		state := c.Stop(map[string]os.Signal{"stop": syscall.SIGTERM, "kill": syscall.SIGKILL}[args[0]])
		if args[0] == "stop" && !state.Success() {
			ts.Fatalf("the witness did not stop cleanly: %v", state)
		}
	case "latest":
		latest(ts, c)
	case "log":
		c.Stop(syscall.SIGTERM)
		ts.Check(os.WriteFile(ts.MkAbs("witness.txt"), []byte(c.Said()), 0o644))
		ts.Check(c.Start(ts.Getenv("LOG")))
	default:
		ts.Fatalf("witness %s?", args[0])
	}
}

// latest fetches what the witness cosigned last, as a monitor would.
func latest(ts *testscript.TestScript, c *testenv.Witness) {
	r, err := http.Get(fmt.Sprintf("http://%s/%x/checkpoint", c.Address, sha256.Sum256([]byte("log.example.com"))))
	ts.Check(err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("witness.txt"), b, 0o644))
}
