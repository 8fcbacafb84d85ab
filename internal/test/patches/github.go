package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	callFile     = "publisher/github/call.go"
	downloadFile = "publisher/github/download.go"
	sessionFile  = "publisher/github/session.go"
)

var githubPoints = []overlay.Patch{
	follow(callFile, "req, sent, err := r.request(c)", `"github.send", c.method, c.step`),
	swap(callFile, "clean := r.port.secrets.clean", `if err := faults.At("github.answered", c.method, c.step); err != nil { return err }; clean := r.port.secrets.clean`),
	follow(downloadFile, "req, err := http.NewRequestWithContext(x.attach(ctx), http.MethodGet, at.String(), nil)", `"github.send", c.method, "follow"`),
	wrap(sessionFile, "s.journal.Record(key, value)", `"S5.recorded"`),
}
