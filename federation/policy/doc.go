// Package policy decides, in Cedar, whether an operation may be published.
//
// A bundle is one folder: schema.cedarschema and any number of *.cedar files, read in name
// order. The digest of the bundle covers every name and byte of them and is bound into receipts.
//
//	@id("release")                     // its name in decisions; no two alike; else FILE#N
//	@reason("…")                       // shown to the person who is refused
//	@code("frozen")                    // of a forbid: it refuses as frozen, not policy-denied
//	@needs("observed")                 // refuse as fact-unobserved unless the Core read GitHub itself
//	permit (principal in Marketops::Group::"requesters",
//	        action == Marketops::Action::"publish_release", resource)
//	when { context.common.approvals >= 1 };
//
// # Fail closed
//
// Cedar denies by default and lets a forbid win, but on its own it is open in several places, and each is shut here:
//
//   - a policy that fails at evaluation is skipped, so that a failing forbid allows: any evaluation error denies;
//   - a request or an entity that does not fit the schema makes policies fail or miss: both are validated first;
//   - a misspelt name or a type error makes a policy that never matches: the bundle is validated strictly and as a
//     whole, one bad policy refuses all of it, and so does a file that is neither schema nor policy;
//   - "x has misspelt" is a legal way to say no: such a guard is refused, and so is a policy that can never match;
//   - a fact that was not read makes a forbid silent: where GitHub was not observed, a forbid that asks for observed facts
//     refuses as fact-unobserved, as if it had @needs, and a permit that does permits nothing;
//   - an attribute that nobody fills makes a policy that never matches: the schema must be the one this version fills.
//
// A decision allows only if Cedar allows, without errors, for at least one named reason. A panic denies.
// Facts that contradict themselves (more approvals than approvers, an unknown kind) deny before Cedar is asked.
//
// # Why not
//
// A denial is judged again with one thing relaxed at a time: one or two more approvals, GitHub observed, an observed
// fact as it should be, freezes off, the requester in a group that some policy names. What flips the answer is
// said; if nothing does alone, a smallest set that does together. These answers are advice for people; nothing but the first judgement decides.
package policy

// Limits.
const (
	MaxFiles    = 256
	MaxFile     = 128 << 10 // bytes of one file
	MaxPolicies = 1000
	MaxNesting  = 64 // open brackets, in comments and text too
	MaxWhyNot   = 20 // sentences of one decision

	maxText        = 1024 // bytes of one text of the facts
	maxPeople      = 1024
	maxRelaxations = 64
	maxID          = 1<<53 - 1 // beyond it, canonical JSON rounds
)
