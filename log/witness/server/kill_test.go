package server_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log/witness/server"
)

const patience = 30 * time.Second // until a witness has signed something; never a measure of speed

// folder tells a child of TestKill where its state lies.
const folder = "WITNESS_TEST_STATE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(folder); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child is a witness in a process of its own, which only a signal ends.
func child(dir string) {
	w, err := open(dir)
	if err != nil {
		fmt.Println("error", err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("ready", l.Addr())
	server.Serve(context.Background(), l, w, slog.New(slog.DiscardHandler))
}

func begin(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), folder+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		t.Fatalf("it did not start: %q, %v", line, err)
	}
	return cmd, "http://" + addr
}

func mkdir(path string) error  { return os.Mkdir(path, 0o700) }
func remove(path string) error { return os.Remove(path) }

// signings is what a witness ever signed, as its callers saw it.
type signings struct {
	mu    sync.Mutex
	sides map[string]int
	high  uint64 // the largest size signed in an answer that has arrived
	back  []string
}

func (s *signings) floor() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.high
}

// note takes an answer to a request that was sent when floor had been signed.
func (s *signings) note(side string, size, floor uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sides[side]++
	s.high = max(s.high, size)
	if size < floor {
		s.back = append(s.back, fmt.Sprintf("%d of %s after %d", size, side, floor))
	}
}

// TestKill: 64 callers offer two histories of one log while the witness's process is killed
// again and again. All that was ever signed lies on one history, and nothing is signed that is
// smaller than what had been.
func TestKill(t *testing.T) {
	const lives, size = 12, 4000
	histories := map[string]*logtest.Log{"a": grown("entry", size), "b": grown("other", size)}
	dir := filepath.Join(t.TempDir(), "w")
	seen := &signings{sides: map[string]int{}}
	for range lives {
		cmd, url := begin(t, dir)
		before := seen.total()
		var wg sync.WaitGroup
		for i := range 64 {
			side := []string{"a", "b"}[i%2]
			wg.Go(func() { push(url, side, histories[side], seen) })
		}
		// Some work first, so that the kill strikes in the middle of it.
		for end := time.Now().Add(patience); seen.total() < before+20 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(10_000)) * time.Microsecond) // where it strikes is chance
		must(t, cmd.Process.Kill())
		cmd.Wait()
		wg.Wait()
		if seen.total() == before {
			t.Fatal("nothing was signed in this life")
		}
	}
	if len(seen.sides) != 1 || len(seen.back) > 0 {
		t.Errorf("signed: %v; backwards: %v", seen.sides, seen.back)
	}
	t.Logf("%d cosignatures in %d lives, up to size %d", seen.total(), lives, seen.high)
}

func (s *signings) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sides["a"] + s.sides["b"]
}

// push offers one history, ever longer and now and then shorter, until nobody answers.
func push(url, side string, l *logtest.Log, seen *signings) {
	for old, size := uint64(0), uint64(0); ; {
		floor := seen.floor()
		status, _, answer, err := post(url, body(l, old, size))
		if err != nil {
			return
		}
		if status == 200 {
			if size > 0 { // both begin with the same nothing
				seen.note(side, size, floor)
			}
			old = size
		} else if n, err := strconv.ParseUint(strings.TrimSpace(answer), 10, 64); err == nil {
			old = n
		}
		size = min(old+rand.Uint64N(3), l.Size())
		if rand.IntN(8) == 0 {
			size = rand.Uint64N(size + 1) // a rollback
		}
	}
}
