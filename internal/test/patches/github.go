package patches

import "github.com/omega/marketops/internal/test/overlay"

const (
	callFile     = "publisher/github/internal/wire/call.go"
	downloadFile = "publisher/github/internal/wire/download.go"
	sessionFile  = "publisher/github/session.go"
)

var githubPoints = []overlay.Patch{
	follow(callFile, "req, sent, err := c.request(call)", `"github.send", call.Method, call.Step`),
	swap(callFile, "if c.journal == nil {", `if err := faults.At("github.answered", call.Method, call.Step); err != nil { return err }; if c.journal == nil {`),
	follow(downloadFile, "req, err := http.NewRequestWithContext(x.attach(ctx), http.MethodGet, at.String(), nil)", `"github.send", call.Method, "follow"`),
	wrap(sessionFile, "s.journal.Record(key, value)", `"S5.recorded"`),
}
