package testenv

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Effect is one line of what the practice GitHub saw.
type Effect struct{ Kind, Repo, Subject string }

// Effects are all that the practice GitHub saw, in order.
func (w *World) Effects(ctx context.Context) (seen []Effect, err error) {
	out, err := w.Run(ctx, "practice-github", "effects", "--json", "--admin", w.Admin)
	if err == nil {
		err = json.Unmarshal(out, &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("effects: %w\n%s", err, out)
	}
	return seen, nil
}

// Audit is nil if the auditor says that the whole log is in order.
func (w *World) Audit(ctx context.Context) error {
	out, err := w.Run(ctx, "marketops-verify", "audit", "--log", w.Path(".marketops", "log"), "--records", w.Path(".marketops", "records"),
		"--operations", w.Path(".marketops", "documents"), "--trust", w.Path(".marketops", "trust.json"))
	if err != nil || !strings.Contains(string(out), "\nverified") {
		return fmt.Errorf("the audit: %w\n%s", err, out)
	}
	return nil
}
