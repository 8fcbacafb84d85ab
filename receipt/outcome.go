package receipt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops"
)

// MaxAttempts is how often the effects of one receipt may be tried altogether.
const MaxAttempts = 16

// EffectNames returns the forms that the effects of a kind can have, each in the order in which they
// are made; nil for a kind that is not known.
func EffectNames(k marketops.Kind) [][]string {
	switch k {
	case marketops.TagRepo:
		return [][]string{{marketops.EffectTag}}
	case marketops.PublishRelease:
		return [][]string{{marketops.EffectTag, marketops.EffectRelease}, {marketops.EffectRelease}} // no tag where it is there
	case marketops.OpenPR: // the branch only where a change set makes one
		return [][]string{{marketops.EffectPullRequest}, {marketops.EffectBranch, marketops.EffectPullRequest}}
	}
	return nil
}

func (o *Outcome) validate() error {
	if (o.Code == "") != (o.Status == Success) {
		return errors.New("every outcome but success has a code")
	}
	if o.Epoch < 1 || o.RetryCount < 0 {
		return errors.New("epochs count from 1 and retries from 0")
	}
	return errors.Join(digests(o.OperationID, o.Receipt), knownKind(o.OperationKind), oneOf("status", o.Status, Success, Failed, Rejected, Unknown),
		o.validateIntent(), o.validateEffects(), o.validateGitHub(), o.Checkpoint.validate())
}

// validateIntent: only a rejection may come before the intent, and then nothing can have been tried.
func (o *Outcome) validateIntent() error {
	if o.Intent != nil {
		return position(*o.Intent)
	}
	if o.Status != Rejected || len(o.Effects) > 0 {
		return errors.New("without an intent an outcome is rejected and has no effects")
	}
	return nil
}

func (o *Outcome) validateEffects() error {
	var names []string
	for _, e := range o.Effects {
		names = append(names, e.Name)
		if err := e.validate(o.Status); err != nil {
			return fmt.Errorf("effect %.40q: %w", e.Name, err)
		}
	}
	known := slices.ContainsFunc(EffectNames(o.OperationKind), func(form []string) bool { return slices.Equal(form, names) })
	if o.Intent != nil && !known {
		return fmt.Errorf("%.200q are not the effects of %s", names, o.OperationKind)
	}
	return nil
}

func (e Effect) validate(s Status) error {
	if (e.Earlier != nil) != (e.State == EffectAdopted) || e.Earlier != nil && e.Earlier.IsZero() {
		return errors.New("an effect is adopted from an earlier receipt, which it names")
	}
	if e.State == EffectAdopted && e.Attempts != 0 || e.State == EffectApplied && e.Attempts == 0 {
		return fmt.Errorf("it is %s after %d attempts", e.State, e.Attempts)
	}
	if e.Attempts < 0 || e.Attempts > MaxAttempts {
		return fmt.Errorf("%d attempts", e.Attempts)
	}
	if s == Success && !e.IsThere() || s == Failed && e.State == EffectUnknown || s == Rejected && (e.State != EffectAbsent || e.Attempts != 0) {
		return fmt.Errorf("it is %.40q after %d attempts in an outcome that is %s", e.State, e.Attempts, s)
	}
	return oneOf("state", e.State, EffectApplied, EffectAdopted, EffectAbsent, EffectUnknown)
}

// IsThere reports whether GitHub shows the effect.
func (e Effect) IsThere() bool { return e.State == EffectApplied || e.State == EffectAdopted }

// OnGitHub says what GitHub shows of an operation's effects, such as "on GitHub: tag; not known: release". It is empty
// for no effects.
func OnGitHub(effects []Effect) string {
	var there, unknown, said []string
	for _, e := range effects {
		switch {
		case e.IsThere():
			there = append(there, e.Name)
		case e.State == EffectUnknown:
			unknown = append(unknown, e.Name)
		}
	}
	if there != nil {
		said = append(said, "on GitHub: "+strings.Join(there, ", "))
	}
	if unknown != nil {
		said = append(said, "not known: "+strings.Join(unknown, ", "))
	}
	if said == nil && len(effects) > 0 {
		return "nothing of it is on GitHub"
	}
	return strings.Join(said, "; ")
}

// IsComplete reports whether GitHub shows the last of the operation's effects: the approvals are then used up,
// however the outcome is called.
func (o *Outcome) IsComplete() bool {
	return len(o.Effects) > 0 && o.Effects[len(o.Effects)-1].IsThere()
}

func (o *Outcome) validateGitHub() error {
	if len(o.GitHub) > maxGitHubIDs || len(o.Code) > maxCode {
		return fmt.Errorf("%d ids, and a code of %d bytes", len(o.GitHub), len(o.Code))
	}
	for i, id := range o.GitHub {
		if id.Name == "" || i > 0 && o.GitHub[i-1].Name >= id.Name {
			return fmt.Errorf("the id %.40q has no name, is there twice or out of order", id.Name)
		}
		if err := errors.Join(marketops.ValidateLine("name of an id", id.Name), marketops.ValidateLine("id", id.Value)); err != nil {
			return err
		}
	}
	return nil
}
