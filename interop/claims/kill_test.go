//go:build unix

package claims_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log/claims"
)

// TestMain also runs the test binary as the ledger's process.
func TestMain(m *testing.M) {
	if os.Getenv("CLAIMS_ROLE") == "calls" {
		callsChild(os.Getenv("CLAIMS_PATH"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// question and answer travel as lines of JSON between the clients and the ledger's process.
type question struct {
	N int
	call
}

type answer struct {
	N int
	reply
}

// say writes one line in one write, so that a kill cannot tear it.
func say(format string, args ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", args...)) }

// callsChild answers calls until it is killed or its standard input ends.
func callsChild(path string) {
	at, _ := strconv.ParseInt(os.Getenv("CLAIMS_AT"), 10, 64)
	l, err := claims.Open(path, hasty(marketops.Time(at)))
	say("open %v", err)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			say("%v", err)
			return
		}
		go func() {
			b, _ := json.Marshal(answer{q.N, perform(l, q.call)})
			say("%s", b)
		}()
	}
}

// mortal is a ledger in a process of its own that is killed after some answers, and started again.
type mortal struct {
	*testing.T
	path string
	rnd  *rand.Rand

	mu    sync.Mutex
	lives int // left
	asked int
	life  *life
	at    marketops.Time
	heard sync.WaitGroup
}

// life is one process of it.
type life struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	waiting map[int]chan reply // guarded by mortal.mu; nil once it is dead
}

// begin is called with mu held.
func (m *mortal) begin() {
	m.at += 1000 // seconds of the hasty clock: more than one life counts
	l := &life{cmd: exec.Command(os.Args[0], "-test.run=^$"), waiting: map[int]chan reply{}}
	l.cmd.Env = append(os.Environ(), "CLAIMS_ROLE=calls", "CLAIMS_PATH="+m.path, fmt.Sprintf("CLAIMS_AT=%d", m.at))
	l.cmd.Stderr = os.Stderr
	var err error
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		m.Fatal(err)
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		m.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		m.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "open <nil>" {
		m.Fatalf("the ledger says %q", lines.Text())
	}
	answers := -1
	if m.lives--; m.lives > 0 {
		answers = 5 + m.rnd.IntN(25)
	}
	m.life = l
	m.heard.Go(func() { m.hear(l, lines, answers) })
}

// hear hands out answers, kills the process after so many, and what nobody will answer is lost.
func (m *mortal) hear(l *life, lines *bufio.Scanner, answers int) {
	for ; lines.Scan(); answers-- {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			m.Errorf("the ledger says %q", lines.Text())
		}
		m.mu.Lock()
		l.waiting[a.N] <- a.reply
		delete(l.waiting, a.N)
		m.mu.Unlock()
		if answers == 0 {
			l.cmd.Process.Kill()
		}
	}
	l.cmd.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range l.waiting {
		w <- reply{lost: true}
	}
	l.waiting = nil
	if m.lives > 0 {
		m.begin()
	}
}

func (m *mortal) do(c call) reply {
	m.mu.Lock()
	m.asked++
	w := make(chan reply, 1)
	m.life.waiting[m.asked] = w
	b, _ := json.Marshal(question{m.asked, c})
	m.life.in.Write(append(b, '\n')) // an error is a dead process, which is heard
	m.mu.Unlock()
	return <-w
}

// end lets the last life end by itself.
func (m *mortal) end() {
	m.mu.Lock()
	m.lives = 0
	m.life.in.Close()
	m.mu.Unlock()
	m.heard.Wait()
}

// TestLinearizableThroughKills: the ledger is killed in the middle of its calls and opened again. A
// call that nobody answered may have happened, or not; everything that was answered holds.
func TestLinearizableThroughKills(t *testing.T) {
	const clients, calls, lives = 3, 50, 5 // more calls under way would take the search too long
	reached, lost := map[string]int{}, 0
	for seed := range seeds(20, reached) {
		m := &mortal{T: t, path: filepath.Join(t.TempDir(), "claims.db"), rnd: rand.New(rand.NewPCG(seed, 1<<32)), lives: lives, at: start}
		m.mu.Lock()
		m.begin()
		m.mu.Unlock()
		ops := history(clients, calls, seed, m.do)
		m.end()
		for _, o := range ops {
			if o.Output.(reply).lost {
				lost++
			}
		}
		lawful(t, ops, 4, reached)
	}
	if everySucceeded(t, reached); lost == 0 {
		t.Error("no call was lost: nothing is proved about those")
	}
	t.Logf("%d calls lost", lost)
}
