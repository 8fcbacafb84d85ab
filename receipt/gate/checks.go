package gate

import (
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// CheckMode answers [marketops.ModeNotProd]: only a mode that is exactly "prod" passes.
func CheckMode(m marketops.Mode) marketops.Check {
	c := marketops.Check{Code: marketops.ModeNotProd, Status: marketops.Fail, Expected: string(marketops.Prod), Got: string(m)}
	if m == marketops.Prod {
		c.Status = marketops.Pass
	}
	return c
}

// checkTrust asks whether the trust file may still be used for something new.
func (e *examination) checkTrust() {
	if e.trust != nil { // without one, opening says so
		e.say(marketops.TrustExpired, !e.trust.Expired(e.ask.Now), e.trust.File().Expires.String(), e.ask.Now.String())
	}
}

func (e *examination) checkBindings() {
	r, op := e.receipt, e.ask.Op
	e.say(marketops.NotEnforceable, r.Enforceable && r.Mode == marketops.Prod, "enforceable in prod",
		fmt.Sprintf("enforceable=%v in %q", r.Enforceable, r.Mode))
	e.say(marketops.AudienceMismatch, slices.Contains(r.Audience, e.ask.Publisher), fmt.Sprintf("%s", r.Audience), string(e.ask.Publisher))
	e.say(marketops.RunMismatch, r.RunID == e.ask.Run && r.RunID.Valid(), string(r.RunID), string(e.ask.Run))
	if op.Kind == "" {
		for _, code := range []marketops.Code{marketops.KindMismatch, marketops.RepositoryMismatch, marketops.OperationMismatch} {
			e.put(marketops.Check{Code: code, Status: marketops.NotRun, Detail: "the operation document was not given"})
		}
		return
	}
	e.say(marketops.KindMismatch, r.OperationKind == op.Kind && op.Kind != "", string(r.OperationKind), string(op.Kind))
	e.say(marketops.RepositoryMismatch, r.Target == op.Target && e.ask.Host == op.Target.Host && op.Target.RepositoryID > 0,
		r.Target.FullName+" "+r.Target.ID(), op.Target.FullName+" "+op.Target.ID()+" at "+string(e.ask.Host))
	if err := e.law.CheckHost(op.Target.Host); err != nil {
		e.fail(marketops.RepositoryMismatch, err)
	}
	d, err := op.Digest()
	if !e.say(marketops.OperationMismatch, err == nil && d == r.Operation, r.Operation.String(), d.String()) {
		return
	}
	e.say(marketops.OperationMismatch, slices.Equal(e.record.Subject[1:], receipt.Files(&op)),
		fmt.Sprintf("the assets %v", receipt.Files(&op)), fmt.Sprintf("%v", e.record.Subject[1:]))
}

// checkContent compares the measured bytes with those that the document names.
func (e *examination) checkContent() {
	files, measured := e.ask.Op.Files(), e.ask.Content
	if measured == nil {
		e.put(marketops.Check{Code: marketops.ContentMismatch, Status: marketops.NotRun, Detail: "no content was measured"})
		return
	}
	for i := range max(len(files), len(measured)) {
		name, expected, got := "a file that the document does not name", "no file", "no file"
		if i < len(files) {
			name, expected = files[i].Name, files[i].SHA256.String()
		}
		if i < len(measured) {
			got = measured[i].String()
		}
		if expected != got {
			e.put(marketops.Check{Code: marketops.ContentMismatch, Status: marketops.Fail, Expected: expected, Got: got,
				Detail: name + " is not the file that was authorised"})
			return
		}
	}
	e.say(marketops.ContentMismatch, true, fmt.Sprintf("%d files", len(files)), fmt.Sprintf("%d files", len(measured)))
}

func (e *examination) checkTimes() {
	r, now := e.receipt, e.ask.Now
	limit := receipt.MaxLifetime
	if m := marketops.Time(e.law.File().MaxLifetime); m < limit {
		limit = m
	}
	life := max(r.ExpiresAt-r.IssuedAt, r.ExpiresAt-r.NotBefore)
	e.say(marketops.LifetimeExcessive, life <= limit, seconds(limit), seconds(life))
	if e.ask.Unclaimed {
		for _, code := range []marketops.Code{marketops.NotYetValid, marketops.Expired, marketops.Stale} {
			e.say(code, true, "", "it was not claimed")
		}
		return
	}
	e.say(marketops.NotYetValid, r.NotBefore <= now+Epsilon && r.IssuedAt <= now+Epsilon, r.NotBefore.String(), now.String())
	e.say(marketops.Expired, now+Epsilon < r.ExpiresAt, r.ExpiresAt.String(), now.String())
	e.say(marketops.Stale, now-r.IssuedAt <= MaxAge-Epsilon, seconds(MaxAge), seconds(now-r.IssuedAt))
}

func seconds(t marketops.Time) string { return (time.Duration(t) * time.Second).String() }
