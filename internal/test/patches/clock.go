package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	nowFile    = "internal/cli/run.go"
	planFile   = "internal/cli/plan/plan.go"
	verifyFile = "cmd/marketops-verify/main.go"
)

// Clock lets a test move the clocks of all processes forward while they run (faults.Ahead).
var Clock = []overlay.Patch{
	swap(nowFile, "marketops.TimeOf(time.Now())", "marketops.TimeOf(time.Now().Add(faults.Ahead()))"),
	swap(planFile, "Preview: github.Preview, Advisor: advisor, Now: time.Now,",
		"Preview: github.Preview, Advisor: advisor, Now: func() time.Time { return time.Now().Add(faults.Ahead()) },"),
	swap(verifyFile, "Now: time.Now,", "Now: func() time.Time { return time.Now().Add(faults.Ahead()) },"),
}
