//go:build crash

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
)

const (
	strikeWait = 10 * time.Minute // until an order must have been obeyed; only a hang takes so long
	leaseWait  = 2 * time.Second  // a lease of 1 s, by clocks of whole seconds
	tries      = 100              // of the process that continues; after them none can
)

// passing is one moment: the n-th time that a process passes a point.
type passing struct {
	who   string // "core", or the publisher's seat
	point string
	n     int
}

// strike is what happens there.
type strike struct {
	passing
	action string
}

// trial is one publication that breaks off.
type trial struct {
	variant *variant
	strike  strike
	expires bool // the receipt is over when the next publisher comes
}

func (c trial) String() string {
	end := ""
	if c.expires {
		end = ", the receipt expires"
	}
	return fmt.Sprintf("%s: %s at %s %d of %s%s", c.variant.name, c.strike.action, c.strike.point, c.strike.n, c.strike.who, end)
}

// hits reads what a process passed, from line skip on.
func (m *crashWorld) hits(who string, skip int) (out []passing) {
	b, err := os.ReadFile(filepath.Join(m.faults(who), "hits"))
	if err != nil && !os.IsNotExist(err) {
		m.t.Error(err)
	}
	times := map[string]int{}
	s := bufio.NewScanner(bytes.NewReader(b))
	for i := 0; s.Scan(); i++ {
		_, point, _ := strings.Cut(s.Text(), " ")
		if i < skip {
			continue
		}
		times[point]++
		out = append(out, passing{who, point, times[point]})
	}
	return out
}

// walk publishes a variant undisturbed and returns what was passed.
func (m *crashWorld) walk(v *variant) []passing {
	r, seat := m.begun(v), fmt.Sprint(v.seat)
	skip := [2]int{len(m.hits("core", 0)), len(m.hits(seat, 0))}
	if out, err := m.publisher(r, v.seat, v.verb()).CombinedOutput(); (err != nil) != v.refused {
		m.t.Fatalf("%s: %v\n%s", v.name, err, out)
	}
	if v.refused { // another process passes the points again
		defer m.goOn(trial{variant: v}, r, v.seat)
	} else {
		m.await("the run is sealed", func() bool { return m.sealed(r) })
	}
	return append(m.hits(seat, skip[1]), m.hits("core", skip[0])...)
}

// begun authorises a run and lets the prelude's publisher be killed.
func (m *crashWorld) begun(v *variant) *run {
	r := m.prepare(v)
	if v.prelude == "" {
		return r
	}
	c := trial{variant: v, strike: strike{passing{"0", v.prelude, 1}, "kill"}}
	m.order(c)
	p := m.publisher(r, 0, "publish")
	if p.Run(); !testenv.Killed(p.ProcessState) {
		m.problem(c, "ended by itself: %s", p.ProcessState)
	}
	m.obeyed(c)
	if v.seat == 1 {
		time.Sleep(leaseWait)
	}
	return r
}

// try lets one publication break off and somebody else go on.
func (m *crashWorld) try(c trial) {
	r := m.begun(c.variant)
	m.order(c)
	p := m.publisher(r, c.variant.seat, c.variant.verb())
	var talk bytes.Buffer
	p.Stdout, p.Stderr = &talk, &talk
	must(m.t, p.Start())
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	switch {
	case c.strike.who == "core":
		m.strikeCore(c, r, ended)
	case c.strike.action == "pause":
		m.obeyed(c)
		time.Sleep(leaseWait)
		m.goOn(c, r, 1-c.variant.seat)
		must(m.t, p.Process.Signal(syscall.SIGCONT))
		<-ended
	default:
		<-ended
		m.obeyed(c)
		if c.strike.action == "kill" && !testenv.Killed(p.ProcessState) {
			m.problem(c, "ended by itself: %s\n%s", p.ProcessState, talk.Bytes())
		}
	}
	if c.strike.action == "error" && strings.HasPrefix(c.strike.point, "github.") {
		m.publisher(r, c.variant.seat, "reconcile").Run() // what it finds out is judged in the end
	}
	if c.expires {
		must(m.t, m.clock.Pass(lifetime))
	}
	m.goOn(c, r, m.successor(c))
}

// successor is the seat of the one who goes on: after an error the same one types the command again,
// otherwise it is another key of the audience with another copy of the run's folder.
func (m *crashWorld) successor(c trial) int {
	if c.strike.action == "error" {
		return c.variant.seat
	}
	return 1 - c.variant.seat
}

// strikeCore is what is special about the Core: it is one, and comes back.
func (m *crashWorld) strikeCore(c trial, r *run, ended <-chan error) {
	m.obeyed(c)
	switch c.strike.action {
	case "kill":
		if state := m.Core.Wait(); !testenv.Killed(state) {
			m.problem(c, "the Core ended by itself: %s", state)
		}
		must(m.t, m.StartCore())
	case "pause":
		time.Sleep(leaseWait)
		rival := m.publisher(r, 1-c.variant.seat, "publish")
		must(m.t, rival.Start())
		must(m.t, m.Core.Signal(syscall.SIGCONT))
		rival.Wait()
	}
	<-ended
}

// order writes down what is to happen, for one process to read.
func (m *crashWorld) order(c trial) {
	path := filepath.Join(m.faults(c.strike.who), "order")
	if err := os.Remove(filepath.Join(m.faults(c.strike.who), "struck")); err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	line := fmt.Sprintf("%s %d %s of trial %d\n", c.strike.point, c.strike.n, c.strike.action, len(m.runs))
	must(m.t, os.WriteFile(path+".new", []byte(line), 0o644))
	must(m.t, os.Rename(path+".new", path))
}

// obeyed waits until the order was carried out, and takes it away: who comes next is not meant.
func (m *crashWorld) obeyed(c trial) {
	dir := m.faults(c.strike.who)
	m.await(c.String(), func() bool { _, err := os.Stat(filepath.Join(dir, "struck")); return err == nil })
	must(m.t, os.Remove(filepath.Join(dir, "order")))
}

func (m *crashWorld) await(what string, done func() bool) {
	for end := time.Now().Add(strikeWait); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Errorf("%s: %s: it did not happen", m.Dir, what)
			return
		}
	}
}

// goOn publishes from a seat until that says that everything is done, there or elsewhere. Where a receipt has
// ended it asks for another one, on the same approvals.
func (m *crashWorld) goOn(c trial, r *run, seat int) {
	var talk bytes.Buffer
	for range tries {
		talk.Reset()
		p := m.publisher(r, seat, "publish")
		p.Stderr = &talk
		out, err := p.Output()
		if err == nil {
			return
		}
		if r.hear(out); r.ended {
			r.ended = false
			if m.another(r, seat) {
				return
			}
		}
		time.Sleep(retryRest)
	}
	m.problem(c, "no publisher could continue:\n%s", talk.Bytes())
}

// another finds out how a receipt ended, lets a person decide what is unknown, and asks for another receipt. It
// reports whether there is nothing left to do.
func (m *crashWorld) another(r *run, seat int) bool {
	ctx := context.Background()
	if v, err := r.show(ctx, seat, 1); err == nil && v.State == "closed" && v.Outcome == "success" {
		return true
	}
	out, _ := m.publisher(r, seat, "reconcile").Output() // what it cannot find out is asked again
	r.hear(out)
	r.resolve(ctx)
	_, _ = m.Run(ctx, "marketops", "authorize", r.folder(seat)) // refused as long as a receipt is open
	return false
}

// publisher is a process with the key, the run's folder and the memory of a seat.
func (m *crashWorld) publisher(r *run, seat int, verb string) *exec.Cmd {
	key := []string{"publisher", "second"}[seat]
	args := []string{verb, r.folder(seat), "--quiet", "--json", "--key", filepath.Join(".marketops", "keys", key+".pem")}
	if verb == "publish" {
		args = append(args, "--mode", "prod")
	}
	ctx, cancel := context.WithTimeout(context.Background(), testenv.Patience)
	m.t.Cleanup(cancel)
	p := m.Command(ctx, "marketops", args...)
	p.Env = append(p.Env, "MARKETOPS_FAULTS="+m.faults(fmt.Sprint(seat)), "HOME="+m.Path("home-"+key))
	return p
}
