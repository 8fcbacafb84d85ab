package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	portFile  = "internal/cli/publication/port.go"
	sleepFile = "publisher/github/internal/wire/client.go"
	renewFile = "publisher/lease.go"

	fastClock = overlay.Module + "/internal/test/fastclock"
)

// FastClock lets the time of all processes run faster (package fastclock): expiry, leases, the pace and every pause of the
// publisher at GitHub. No wait is left out, and no limit is another one. How long an answer may take is
// measured by the machine's clock, for a machine does not become faster.
var FastClock = []overlay.Patch{
	fast(nowFile, "marketops.TimeOf(time.Now())", "marketops.TimeOf(time.Time(fastclock.Now()))"),
	fast(planFile, "Preview: github.Preview, Advisor: advisor, Now: time.Now,", "Preview: github.Preview, Advisor: advisor, Now: fastclock.Now,"),
	fast(verifyFile, "Now: time.Now,", "Now: func() time.Time { return fastclock.Now() },"),
	fast(portFile, "Now: time.Now, Pauses", "Now: fastclock.Now, Pauses"),
	fast(sleepFile, "time.NewTimer(d)", "time.NewTimer(fastclock.Real(d))"),
	fast(publishFile, "context.WithTimeout(ctx, lasts)", "context.WithTimeout(ctx, fastclock.Real(lasts))"),
	fast(renewFile, "time.After(max(left/heartbeats, time.Second))", "time.After(fastclock.Real(max(left/heartbeats, time.Second)))"),
}

func fast(file, old, text string) overlay.Patch {
	return overlay.Patch{File: file, Old: old, New: text, Import: fastClock}
}
