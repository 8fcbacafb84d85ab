package log_test

import (
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
)

// TestEnd: a key that was replaced opens what it signed while it was the log's, and nothing later.
func TestEnd(t *testing.T) {
	old, next := logtest.New(origin, logtest.Key(1)), logtest.New(origin, logtest.Key(2))
	other := logtest.New("other.example.com", logtest.Key(3))
	for i := range 5 {
		for _, l := range []*logtest.Log{old, next, other} {
			l.Append([]byte{byte(i)})
		}
	}
	policy := func(t *testing.T) *log.Policy {
		p, err := log.ParsePolicy("log " + old.Vkey() + "\nlog " + next.Vkey() + "\nlog " + other.Vkey() + "\nquorum none\n")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := policy(t)
	if _, err := p.Open(old.CheckpointAt(4)); err != nil { // the control
		t.Fatal(err)
	}
	if err := p.End(old.Vkey(), 3); err != nil || !p.Ended(old.Vkey()) || p.Ended(next.Vkey()) {
		t.Fatal(err)
	}
	for _, c := range []struct {
		l    *logtest.Log
		size uint64
		code marketops.Code
	}{
		{old, 0, ""}, {old, 3, ""}, {old, 4, marketops.CheckpointUnsigned}, {old, 5, marketops.CheckpointUnsigned},
		{next, 3, ""}, {next, 5, ""}, {other, 5, ""},
	} {
		_, err := p.Open(c.l.CheckpointAt(c.size))
		wantCode(t, c.l.Vkey(), err, c.code)
		_, err = p.OpenUnwitnessed(c.l.CheckpointAt(c.size))
		wantCode(t, "unwitnessed "+c.l.Vkey(), err, c.code)
	}
	// Both signed: the one that still may is enough.
	both := string(next.CheckpointAt(5)) + lastLine(old.CheckpointAt(5))
	if _, err := p.Open([]byte(both)); err != nil {
		t.Error(err)
	}
	wantCode(t, "twice", p.End(old.Vkey(), 4), marketops.ConfigInvalid)
	wantCode(t, "unknown", p.End(logtest.New(origin, logtest.Key(9)).Vkey(), 4), marketops.ConfigInvalid)
	wantCode(t, "empty", p.End("", 4), marketops.ConfigInvalid)
	wantCode(t, "no log's size", policy(t).End(old.Vkey(), log.MaxSize+1), marketops.ConfigInvalid)
}
