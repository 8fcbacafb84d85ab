package ratelimit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops/publisher/ratelimit"
)

var (
	ctx   = context.Background()
	begin = time.Unix(1770000000, 0)
)

const secret = "gho_canary0123456789"

func who(context.Context) (string, error) {
	return ratelimit.Credential("https://api.example.com/", "token", secret), nil
}

func reserved(t *testing.T, b *ratelimit.Limiter, now time.Time) bool {
	t.Helper()
	d, why, err := b.Reserve(ctx, now)
	if err != nil || d < 0 || d > 0 && why == "" {
		t.Fatalf("%s %q, %v", d, why, err)
	}
	return d == 0
}

// childVariable makes the test binary one of many processes that want to write at one moment.
const childVariable = "MARKETOPS_PACE_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	d, _, err := ratelimit.New(dir, ratelimit.Limits{PerSecond: 3, PerMinute: 80, PerHour: 500}, who).Reserve(ctx, begin)
	fmt.Println(d == 0, err)
}

// TestProcesses: of many processes at one moment exactly as many write as the second allows.
func TestProcesses(t *testing.T) {
	dir := t.TempDir()
	var all []*exec.Cmd
	var out []*strings.Builder
	for range 8 {
		c, text := exec.Command(os.Args[0]), &strings.Builder{}
		c.Env, c.Stdout = append(os.Environ(), childVariable+"="+dir), text
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		all, out = append(all, c), append(out, text)
	}
	wrote := 0
	for i, c := range all {
		if err := c.Wait(); err != nil || !strings.HasSuffix(out[i].String(), "<nil>\n") {
			t.Errorf("%v: %s", err, out[i])
		}
		wrote += strings.Count(out[i].String(), "true")
	}
	if wrote != 3 {
		t.Errorf("%d wrote", wrote)
	}
}

// TestWindows: whoever obeys the waits breaks no limit, and is not made to wait longer than needed.
func TestWindows(t *testing.T) {
	dir := t.TempDir()
	l := ratelimit.Limits{PerSecond: 2, PerMinute: 9, PerHour: 60}
	var books []*ratelimit.Limiter
	for range 3 {
		books = append(books, ratelimit.New(dir, l, who))
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var at []time.Time
	for now := begin; len(at) < 150; {
		d, _, err := books[rnd.IntN(3)].Reserve(ctx, now)
		if err != nil {
			t.Fatal(err)
		}
		if d == 0 {
			at = append(at, now)
		}
		now = now.Add(d)
	}
	for _, w := range []struct {
		most int
		in   time.Duration
	}{{l.PerSecond, time.Second}, {l.PerMinute, time.Minute}, {l.PerHour, time.Hour}} {
		for i := w.most; i < len(at); i++ {
			if gap := at[i].Sub(at[i-w.most]); gap < w.in {
				t.Fatalf("%d writes in %s, want no more than %d in %s", w.most+1, gap, w.most, w.in)
			}
		}
	}
	if took := at[149].Sub(at[0]); took > 2*time.Hour+10*time.Minute {
		t.Errorf("150 writes took %s", took)
	}
}

// TestLimited: what one learns holds back the others, and only those of the same credential.
func TestLimited(t *testing.T) {
	dir := t.TempDir()
	one, two := ratelimit.New(dir, ratelimit.GitHub(), who), ratelimit.New(dir, ratelimit.GitHub(), who)
	other := ratelimit.New(dir, ratelimit.GitHub(), func(context.Context) (string, error) {
		return ratelimit.Credential("https://api.example.com/", "token", "another"), nil
	})
	if err := one.SetBackOff(ctx, begin, begin.Add(10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := one.SetBackOff(ctx, begin, begin.Add(time.Minute)); err != nil { // the longer one stands
		t.Fatal(err)
	}
	for name, ask := range map[string]func(context.Context, time.Time) (time.Duration, string, error){"back off": two.BackOff, "peek": two.Peek, "reserve": two.Reserve} {
		d, why, err := ask(ctx, begin.Add(time.Minute))
		if err != nil || d != 9*time.Minute || !strings.Contains(why, "rate limit") {
			t.Errorf("%s: %s %q, %v", name, d, why, err)
		}
	}
	if !reserved(t, other, begin) {
		t.Error("another credential is held back")
	}
	if !reserved(t, two, begin.Add(10*time.Minute)) {
		t.Error("still held back when it is over")
	}
	if err := one.SetBackOff(ctx, begin, begin.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d, _, _ := two.BackOff(ctx, begin); d != ratelimit.Longest {
		t.Errorf("a rest of %s", d)
	}
}

// TestClock: a clock that goes back makes nobody write more, and nobody wait for longer than an hour.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	l := ratelimit.Limits{PerSecond: 1, PerMinute: 80, PerHour: 5}
	now := begin
	for range 5 {
		if !reserved(t, ratelimit.New(dir, l, who), now) {
			t.Fatal("not reserved")
		}
		now = now.Add(time.Second)
	}
	for range 3 {
		now = now.Add(-30 * 24 * time.Hour)
		b := ratelimit.New(dir, l, who)
		d, _, err := b.Reserve(ctx, now)
		if err != nil || d != time.Hour {
			t.Fatalf("%s, %v", d, err)
		}
	}
	if !reserved(t, ratelimit.New(dir, l, who), now.Add(time.Hour)) {
		t.Error("an hour later it still waits")
	}
	// What this process wrote it still knows when the file's memory of it is gone.
	dir = t.TempDir()
	b := ratelimit.New(dir, l, who)
	if !reserved(t, b, begin) {
		t.Fatal("not reserved")
	}
	must(0, os.Remove(filepath.Join(dir, must(who(ctx))+".json")))
	if reserved(t, b, begin.Add(time.Millisecond)) {
		t.Error("twice in a second")
	}
}

// TestFile: no secret in it, bounded, damage heals after a minute, and what nobody needs goes.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	l := ratelimit.Limits{PerSecond: 1000, PerMinute: 1000, PerHour: 50}
	b := ratelimit.New(dir, l, who)
	for i := range 200 {
		b.Reserve(ctx, begin.Add(time.Duration(i)*time.Minute))
	}
	name := must(who(ctx)) + ".json"
	file := filepath.Join(dir, name)
	text := must(os.ReadFile(file))
	if len(text) > 50*20+100 || strings.Contains(string(text)+name, secret) {
		t.Errorf("%d bytes: %s", len(text), text)
	}
	now := begin.Add(24 * time.Hour)
	for _, damaged := range []string{"", "{", `{"schema":"marketops.pace/v2"}`, `{"schema":"marketops.pace/v1","more":1}`, strings.Repeat(" ", 1<<20)} {
		now = now.Add(time.Hour)
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		fresh := ratelimit.New(dir, l, who)
		if d, _, err := fresh.BackOff(ctx, now); err != nil || d != time.Minute {
			t.Errorf("%.20q: %s, %v", damaged, d, err)
		}
		if reserved(t, fresh, now) || !reserved(t, fresh, now.Add(time.Minute)) {
			t.Errorf("%.20q: not a minute", damaged)
		}
	}
	old := filepath.Join(dir, "0123.json")
	must(0, os.WriteFile(old, []byte("{}"), 0o600))
	must(0, os.Chtimes(old, begin, begin))
	next := ratelimit.New(dir, l, func(context.Context) (string, error) { return "next", nil })
	if !reserved(t, next, begin.Add(48*time.Hour)) {
		t.Error("not reserved")
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if slices.Contains(left, old) || !slices.Contains(left, filepath.Join(dir, "lock")) || len(left) > 3 {
		t.Errorf("left: %q", left)
	}
}

// TestRefuses: what is no file, and a credential that has no name, book nothing.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, must(who(ctx))+".json"), 0o700); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain")
	must(0, os.WriteFile(plain, nil, 0o600))
	nobody := func(context.Context) (string, error) { return "", nil }
	for name, b := range map[string]*ratelimit.Limiter{
		"a folder": ratelimit.New(dir, ratelimit.GitHub(), who), "nobody": ratelimit.New(t.TempDir(), ratelimit.GitHub(), nobody),
		"no room": ratelimit.New(filepath.Join(plain, "below"), ratelimit.GitHub(), who),
	} {
		if _, _, err := b.Reserve(ctx, begin); err == nil {
			t.Errorf("%s: reserved", name)
		}
		if name == "a folder" {
			continue
		}
		if _, _, err := b.Peek(ctx, begin); err == nil {
			t.Errorf("%s: no objection", name)
		}
	}
	if d, _, err := ratelimit.New(t.TempDir(), ratelimit.Limits{}, who).Reserve(ctx, begin); err != nil || d == 0 {
		t.Errorf("no limits at all: %s, %v", d, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
