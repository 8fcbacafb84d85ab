package story

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
	"github.com/rogpeppe/go-internal/testscript"
)

// cosigner is a witness of one story: its address stays the same however often it is started.
type cosigner struct {
	key, name, vkey, address string
	b                        *background
}

var (
	cosignersMu sync.Mutex // stories run in parallel
	cosigners   = map[string][]*cosigner{}
)

func ofStory(ts *testscript.TestScript) []*cosigner {
	cosignersMu.Lock()
	defer cosignersMu.Unlock()
	return cosigners[ts.Getenv("WORK")]
}

func witness(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: witness new N, or start|stop|kill|log|latest I")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if args[0] == "new" {
		newWitnesses(ts, n)
		return
	}
	c := ofStory(ts)[n-1]
	switch args[0] {
	case "start":
		c.start(ts)
	case "stop", "kill":
		c.b.end(map[string]os.Signal{"stop": syscall.SIGTERM, "kill": syscall.SIGKILL}[args[0]])
		if args[0] == "stop" && !c.b.cmd.ProcessState.Success() {
			ts.Fatalf("the witness did not stop cleanly: %v\n%s", c.b.cmd.ProcessState, c.b.out.String())
		}
	case "latest":
		c.latest(ts)
	case "log":
		c.b.end(syscall.SIGTERM)
		ts.Check(os.WriteFile(ts.MkAbs("witness.txt"), c.b.out.Bytes(), 0o644))
		c.start(ts)
	default:
		ts.Fatalf("witness %s?", args[0])
	}
}

// latest fetches what the witness cosigned last, as a monitor would.
func (c *cosigner) latest(ts *testscript.TestScript) {
	r, err := http.Get(fmt.Sprintf("http://%s/%x/checkpoint", c.address, sha256.Sum256([]byte("log.example.com"))))
	ts.Check(err)
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("witness.txt"), b, 0o644))
}

func newWitnesses(ts *testscript.TestScript, n int) {
	var all []*cosigner
	for i := range n {
		c := &cosigner{key: ts.MkAbs(fmt.Sprintf("w%d.pem", i+1)), name: fmt.Sprintf("w%d.example", i+1)}
		ts.Check(ts.Exec("marketops", "key", "new", "--plain", c.key))
		ts.Check(ts.Exec("marketops", "witness", "key", c.key, "--name", c.name))
		c.vkey = strings.TrimSpace(ts.ReadFile("stdout"))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		c.address = l.Addr().String()
		ts.Check(l.Close())
		all = append(all, c)
	}
	cosignersMu.Lock()
	defer cosignersMu.Unlock()
	cosigners[ts.Getenv("WORK")] = all
}

// makeWitnesses adds the flags of init for the story's witnesses, and returns how to start them once the
// log has its key, which LOG then holds.
func makeWitnesses(ts *testscript.TestScript, flags *[]string) (start func()) {
	for _, c := range ofStory(ts) {
		*flags = append(*flags, "--witness", c.vkey+" http://"+c.address)
	}
	return func() {
		for line := range strings.Lines(ts.ReadFile("stdout")) {
			if vkey, ok := strings.CutPrefix(strings.TrimSpace(line), "log "); ok {
				ts.Setenv("LOG", vkey)
			}
		}
		for _, c := range ofStory(ts) {
			c.start(ts)
		}
	}
}

func (c *cosigner) start(ts *testscript.TestScript) {
	c.b = start(ts, nil, "marketops", "witness", "serve", "--key", c.key, "--name", c.name, "--listen", c.address, "--log", ts.Getenv("LOG"))
	await(ts, c.name, c.b, func() error {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// uncosign copies a pack without the last cosignature of its checkpoint, which is all that is wrong with it.
func uncosign(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: uncosign PACK OUT")
	}
	text := ts.ReadFile(args[0])
	p, err := pack.Read(strings.NewReader(text), int64(len(text)))
	ts.Check(err)
	trust, err := trust.Parse([]byte(ts.ReadFile(".marketops/trust.json")))
	ts.Check(err)
	cp, err := trust.Log().Open(p.Checkpoint)
	ts.Check(err)
	lines := bytes.SplitAfter(cp.Raw, []byte("\n"))
	cp.Raw = bytes.Join(lines[:len(lines)-2], nil)
	c := pack.Contents{Run: p.Manifest.RunID, Plan: p.Plan, Checkpoint: cp}
	for _, d := range p.Operations {
		c.Operations = append(c.Operations, d)
	}
	for d, t := range p.Evidence {
		c.Evidence = append(c.Evidence, pack.Evidence{Digest: d, Text: t})
	}
	for leaf, envelope := range p.Records {
		rec, err := receipt.Open(envelope, trust.Ring())
		ts.Check(err)
		proof, err := log.ParseProof(p.Proofs[leaf])
		ts.Check(err)
		c.Entries = append(c.Entries, pack.Entry{Record: rec, Proof: &log.Proof{Index: proof.Index, Hashes: proof.Hashes, Checkpoint: cp.Raw}})
	}
	var b bytes.Buffer
	ts.Check(pack.Write(&b, c))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}
