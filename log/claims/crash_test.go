//go:build unix

package claims

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

func init() {
	roles["crash"] = crashChild
	roles["limit"] = limitChild
	roles["hold"] = holdChild
}

// child starts this test binary in a role.
func child(t *testing.T, role, path string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), append(env, "CLAIMS_ROLE="+role, "CLAIMS_PATH="+path)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// say writes one line in one write, so that a kill cannot tear it.
func say(format string, args ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", args...)) }

// crashChild walks receipts from CLAIMS_FROM on with eight workers that race for each, and says
// what was acknowledged only after it was.
func crashChild(path string) {
	from, _ := strconv.Atoi(os.Getenv("CLAIMS_FROM"))
	l, err := Open(path, newClock().now)
	if err != nil {
		say("error %v", err)
		return
	}
	say("open")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			me := crypto.KeyID(fmt.Sprintf("SHA256:%s-%d", os.Getenv("CLAIMS_LIFE"), w))
			for i := from; ; i++ {
				if err := spend(l, ask(i, me), i); err != nil {
					say("error %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func spend(l *Ledger, n NewClaim, i int) error {
	c, _, err := l.Claim(ctx, n)
	if code := marketops.CodeOf(err); code == marketops.OperationInFlight || code == marketops.Consumed {
		return nil // another worker, or another life, has it
	}
	if err != nil {
		return err
	}
	say("claimed %d %s", i, c.Owner)
	if _, err := l.Execute(ctx, n.Receipt, 1, n.Owner, lease, pass); err != nil {
		return err
	}
	say("executing %d %s", i, c.Owner)
	if _, err := l.Attempt(ctx, n.Receipt, 1, n.Owner, "tag", pass); err != nil {
		return err
	}
	say("attempted %d %s", i, c.Owner)
	if _, err := l.Decide(ctx, n.Receipt, 1, n.Owner, Success, n.outcome(1, Success)); err != nil {
		return err
	}
	say("decided %d %s", i, c.Owner)
	if err := l.CloseClaim(ctx, n.Receipt, 1, uint64(i)); err != nil {
		return err
	}
	say("closed %d %s", i, c.Owner)
	return nil
}

var rank = map[string]int{"claimed": 1, "executing": 2, "attempted": 3, "decided": 4, "closed": 5}

// witness is what the parent was told about each receipt.
type witness struct {
	t     *testing.T
	owner map[int]string
	step  map[int]string
	acks  int
	top   int
}

func (w *witness) hear(line string) {
	var step, owner string
	var i int
	if _, err := fmt.Sscanf(line, "%s %d %s", &step, &i, &owner); err != nil || rank[step] == 0 {
		w.t.Fatalf("the child says %q", line)
	}
	if was, ok := w.owner[i]; ok && was != owner {
		w.t.Fatalf("receipt %d was granted to %s and to %s", i, was, owner)
	}
	if rank[step] != rank[w.step[i]]+1 {
		w.t.Fatalf("receipt %d: %s after %q", i, step, w.step[i])
	}
	w.owner[i], w.step[i] = owner, step
	w.acks++
	w.top = max(w.top, i)
}

func TestKill(t *testing.T) {
	const kills = 25
	path := filepath.Join(t.TempDir(), "claims.db")
	w := &witness{t: t, owner: map[int]string{}, step: map[int]string{}}
	rnd := rand.New(rand.NewPCG(1, 2))
	for life := range kills {
		cmd, lines := child(t, "crash", path, fmt.Sprintf("CLAIMS_LIFE=%d", life), fmt.Sprintf("CLAIMS_FROM=%d", max(0, w.top-20)))
		if !lines.Scan() || lines.Text() != "open" {
			t.Fatalf("life %d: %q", life, lines.Text())
		}
		for range 1 + rnd.IntN(400) {
			if !lines.Scan() {
				t.Fatalf("life %d ended by itself", life)
			}
			w.hear(lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // said before the kill, so acknowledged before it
			w.hear(lines.Text())
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("life %d: %v", life, err)
		}
	}
	w.compare(path)
}

// compare demands of the disk everything that was acknowledged, and nothing that contradicts it.
func (w *witness) compare(path string) {
	f := &fixture{t: w.t, path: path, clock: newClock()}
	f.reopen()
	defer f.Close()
	for i, step := range w.step {
		n := ask(i, "")
		c := f.get(n)
		got := rank[string(c.State)]
		if got == 2 && c.Attempts == 1 {
			got = 3
		}
		if string(c.Owner) != w.owner[i] || c.Epoch != 1 || got < rank[step] {
			w.t.Errorf("receipt %d: %s acknowledged to %s, on disk %+v", i, step, w.owner[i], c)
		}
		records := must[[]Record](w.t)(f.ByReceipt(ctx, n.Receipt))
		if want := 1 + min(1, max(0, got-3)); len(records) != want {
			w.t.Errorf("receipt %d: %d records for %s", i, len(records), c.State)
		}
		moves := map[State]int{}
		for _, m := range must[[]Transition](w.t)(f.History(ctx, n.Receipt)) {
			if m.Attempted() != "" {
				continue
			}
			if moves[m.To]++; moves[m.To] > 1 {
				w.t.Errorf("receipt %d became %s twice", i, m.To)
			}
		}
	}
	f.intact()
	w.t.Logf("%d receipts, %d acknowledgements, 0 lost, 0 double", len(w.step), w.acks)
	if w.acks < 25 {
		w.t.Error("too few acknowledgements to prove anything")
	}
}

// holdChild keeps the ledger open until its standard input ends.
func holdChild(path string) {
	l, err := Open(path, newClock().now)
	say("open %v", err)
	bufio.NewReader(os.Stdin).ReadByte()
	if l != nil {
		l.Close()
	}
}

func TestAnotherProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "CLAIMS_ROLE=hold", "CLAIMS_PATH="+path)
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "open <nil>" {
		t.Fatalf("the child says %q", lines.Text())
	}
	_, err := Open(path, newClock().now)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, newClock().now)
	wantCode(t, err, marketops.CoreAlreadyRunning)
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	l, err := Open(path, newClock().now) // control
	wantCode(t, err, "")
	l.Close()
}

// limitChild claims until a file size limit makes a write fail, which SQLite reports as an
// input or output error, and says what was acknowledged before and after.
func limitChild(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	l, err := Open(path, newClock().now)
	if err != nil {
		say("error %v", err)
		return
	}
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)
	limit.Cur = 300 << 10
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	for i := range 10000 {
		if _, _, err := l.Claim(ctx, ask(i, alice)); err != nil {
			say("failed %d %s", i, marketops.CodeOf(err))
			break
		}
		say("claimed %d", i)
	}
	limit.Cur = limit.Max
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	_, _, err = l.Claim(ctx, ask(20000, alice))
	say("after %s", marketops.CodeOf(err))
	_, _, err = l.Get(ctx, ask(0, alice).Receipt)
	say("read %s", marketops.CodeOf(err))
}

func TestAfterAnIOErrorNothingIsAnsweredUntilReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	cmd, lines := child(t, "limit", path)
	acked, said := 0, []string{}
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "claimed ") {
			acked++
			continue
		}
		said = append(said, lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("[failed %d ledger-unavailable after ledger-unavailable read ledger-unavailable]", acked)
	if fmt.Sprint(said) != want || acked == 0 {
		t.Fatalf("%d acknowledged, then %v", acked, said)
	}
	f := &fixture{t: t, path: path, clock: newClock()}
	f.reopen()
	defer f.Close()
	for i := range acked {
		if c := f.get(ask(i, alice)); c.State != Claimed {
			t.Fatalf("claim %d was acknowledged and is %+v", i, c)
		}
	}
	if _, found, _ := f.Get(ctx, ask(20000, alice).Receipt); found {
		t.Error("a claim of the broken ledger was kept")
	}
	f.claim(ask(30000, alice))
	f.intact()
}

func BenchmarkClaim(b *testing.B) {
	for _, clients := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			f := open(b)
			asks := make([]NewClaim, b.N)
			for i := range asks {
				asks[i] = ask(i, alice)
			}
			b.ResetTimer()
			began := time.Now()
			errs := race(clients, func(id int) error {
				for i := id; i < b.N; i += clients {
					if _, _, err := f.Claim(ctx, asks[i]); err != nil {
						return err
					}
				}
				return nil
			})
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "claims/s")
			b.StopTimer()
			if err := errors.Join(errs...); err != nil {
				b.Fatal(err)
			}
		})
	}
}
