package publisher_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/test/world"
	"github.com/omega/marketops/receipt/trust"
)

const ordersEnv = "MARKETOPS_TEST_ORDERS"

// orders is all that a process of publishers is told: where everybody is, and who sits where.
type orders struct {
	Dir, API, Files string
	Clock           marketops.Time
	Trust           []byte
	Seeds           map[string][]byte
	Runs            []share
	Seats           []place
}

// share is what a publisher knows of a run.
type share struct {
	ID         marketops.RunID
	Documents  [][]byte
	Submission api.Entry
	Approvals  []api.Entry
	Receipts   [][]api.Entry
}

type place struct {
	Run         int
	Key, Folder string
}

// process is the test binary again, with publishers under these keys that share the runs.
type process struct {
	*stage
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

func (s *stage) process(runs []*run, keys []string) *process {
	s.Helper()
	_, trust := s.ParseTrust(s.File.Version, func(f *trust.File) { *f = s.File })
	o := orders{Dir: s.Dir, API: s.api, Files: s.files, Clock: s.World.Now(), Trust: trust, Seeds: map[string][]byte{}}
	for _, r := range runs {
		o.Runs = append(o.Runs, share{r.plan.ID, r.plan.Docs, r.submission, r.approvals, r.receipts})
	}
	for i, key := range keys {
		n := i % len(runs)
		o.Seeds[key] = s.Keys[key].Seed()
		o.Seats = append(o.Seats, place{n, key, runs[n].folder()})
	}
	path := filepath.Join(s.TempDir(), "orders.json")
	s.ok(os.WriteFile(path, must(json.Marshal(o)), 0o600))
	p := &process{stage: s, cmd: exec.Command(os.Args[0], "-test.run=^"+s.Name()+"$")}
	p.cmd.Env = append(os.Environ(), ordersEnv+"="+path)
	p.cmd.Stderr = os.Stderr
	p.in = must(p.cmd.StdinPipe())
	p.out = bufio.NewReader(must(p.cmd.StdoutPipe()))
	s.ok(p.cmd.Start())
	s.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	return p
}

func (p *process) say(word string) {
	p.Helper()
	_, err := fmt.Fprintln(p.in, word)
	p.ok(err)
}

func (p *process) hear(word string) {
	p.Helper()
	if line, err := p.out.ReadString('\n'); err != nil || line != word+"\n" {
		rest, _ := io.ReadAll(p.out)
		p.Fatalf("the process says %q, not %q (%v)\n%s", line, word, err, rest)
	}
}

// count is the last word of a process of racers.
func (p *process) count() (n map[string]int) {
	p.Helper()
	line, err := p.out.ReadString('\n')
	p.ok(err)
	p.ok(json.Unmarshal([]byte(line), &n))
	_, err = io.Copy(io.Discard, p.out)
	p.ok(err)
	p.ok(p.cmd.Wait())
	return n
}

// given are the orders of this process; nil in the test's own.
func given() *orders {
	path := os.Getenv(ordersEnv)
	if path == "" {
		return nil
	}
	var o orders
	if err := json.Unmarshal(must(os.ReadFile(path)), &o); err != nil {
		panic(err)
	}
	return &o
}

// race takes the seats, and publishes from all of them once the others have theirs.
func (o *orders) race(t *testing.T) {
	keys := map[string]*crypto.PrivateKey{}
	for name, seed := range o.Seeds {
		keys[name] = must(crypto.NewPrivateKey(seed))
	}
	s := &stage{World: world.Attach(t, o.Dir, o.Clock, must(trust.Parse(o.Trust)), keys), api: o.API, files: o.Files}
	var seats []*seat
	for _, p := range o.Seats {
		seats = append(seats, o.Runs[p.Run].on(s).sit(p.Key, p.Folder))
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(must(json.Marshal(race(seats)))))
	for _, p := range seats {
		p.leave()
	}
}

func (h share) on(s *stage) *run {
	r := &run{stage: s, plan: &world.Run{World: s.World, ID: h.ID, Docs: h.Documents}, submission: h.Submission, approvals: h.Approvals, receipts: h.Receipts}
	for _, doc := range h.Documents {
		r.plan.Ops = append(r.plan.Ops, *must(marketops.ParseOperation(doc)))
		r.plan.Digests = append(r.plan.Digests, marketops.DigestOf(doc))
	}
	return r
}
