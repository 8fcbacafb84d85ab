// Package github is the live port: the only code of the project that writes to GitHub.
//
// # What is promised
//
//   - Nothing is written without a permit that the gate of package publisher made, and none is
//     used twice. [Port.Preview] does no I/O; [Port.Look] and [Port.Observe] go through a transport that can only GET.
//   - Every write passes one function of internal/wire: the limiter of the credential ([Limiter]),
//     Work.BeforeCall, for a visible effect Work.BeforeEffect, the deadline, then one request on a connection
//     of its own. This package names neither net/http nor go-github, and nothing below that function sends a
//     request again.
//   - The credential is asked for right before each request and added only to requests whose
//     scheme, host and port are those of the configured API or uploads address. It stands in no
//     error, no evidence and no journal line, even if GitHub repeats it. After a 401 it is asked for
//     anew, once for each request. GitHub may refuse a new one for seconds.
//   - No redirect is followed, except one, without the credential, to fetch the bytes of an asset.
//   - Proxy variables of the environment are ignored; http is for loopback only.
//
// # The classes of an answer
//
// An answer counts as GitHub's only if it has an X-GitHub-Request-Id: a refusal that
// go-github makes up itself, or that somebody between makes up, is not GitHub's.
//
//	definite   no connection was made; 3xx; 400 401 403 404 409 410 413 415 422 429 451. A 401, a 403 and, of a
//	           write, a 404 or a 422 that calls a value invalid are believed after three repetitions, and a
//	           422 "submitted too quickly" is a limit
//	applied    the planned status, a body that decodes, every bound field equal, id not 0
//	ambiguous  everything else: an error after the connection was made, 408, 5xx, a body that
//	           is broken, empty or about something else, statuses that are not in the list
//
// Lookups have three values: found, proven absent, unknown. A list with status 200 proves
// absence, a 404 never does; only proven absence leads to a create. A read that fails is
// repeated after each of Options.Pauses.
//
// # Visible effects
//
// "tag" and "branch" are POST git/refs, "release" is the PATCH that publishes a draft, and
// "pull_request" is POST pulls. All have a natural key at GitHub. Each is looked for first. After an ambiguous attempt, this one's or one
// of an earlier epoch (Work.Earlier), it is sent again only when the reads after all
// pauses prove absence, and at most twice altogether. While an attempt is unresolved no
// refusal counts as a failure: the answer is [marketops.Unknown] unless reading finds the effect
// or finds its key taken by other content. Success is what was read back, not what was answered.
//
// # Workflows
//
// GitHub refuses a ref whose workflows differ from those of the default branch without Workflows: write. Both
// trees are read before the first write, and where they differ Options.Token is asked in a context
// for which [NeedsWorkflows] is true. A refusal then names the permission.
//
// # tag_repo
//
// Repository as planned and not archived; commit there with the planned tree; no ref of that
// name with other content and no branch of that name; tag object made (content-addressed, so
// repeating it is harmless) and read; ref made; ref, object, message and tagger read back.
// The id of the object is computed here, from the document. A tag is never moved or removed. The message
// is compared to the letter, except that its one final newline may be missing: services strip it.
//
// # publish_release
//
// In this order, so that what can be refused is refused while nothing is visible:
//
//	read     repository, tag, a branch of that name, commit and tree, all releases
//	prepare  tag object, draft, files; the releases, the draft, its files and the tag object are read back
//	visible  POST git/refs, read back; the last look at everything; PATCH of the draft, read back
//
// A draft or release of another user for the tag is found before the tag is visible, and stays untouched.
//
// A draft is ours if its id was noted at the Core (Work.NoteDraft), before anything is put
// into it. The journal has the id for people, and no say. One that was noted is continued by its id, on any machine; one that carries our marker and was
// not, because its answer was lost or because it is a copy, is not used, not removed and not in the way, and a
// person is told of it. The author of the draft and the uploader of each file must be those that GitHub
// named when we made them, and no file has a label. After a refusal that comes before anything visible, the
// draft is removed, if all of it is ours and no earlier epoch may have begun. Assets go up in
// name order, hashed while they are sent; the last bytes are held back until the digest is
// right. GitHub's digest, size, name, type and state decide; where the digest is missing the
// bytes are fetched and hashed. A wrong file in our own draft is removed and sent again, three
// times at most. Afterwards the
// release is read by its tag, with its files, and the ref. Who is latest is read and recorded and
// decides nothing: GitHub derives it from all releases of the repository, so that with make_latest
// "false" ours is shown as the latest where none was ever marked so, and with "true" somebody
// else's may be a moment later. A person is told.
//
// # open_pr
//
// From an existing branch or, with a change set, from a branch made here. Looking comes first
// and asks for every pull request from that branch, open or not: one with our words, base
// and commit is success, also when it has been closed or merged since; it is never opened
// again, even if its branch is gone. One that carries our marker and differs is a conflict that
// leaves the outcome unknown if ours may have been sent; an open one of somebody else for the same
// branches is a conflict, and untouched. Before anything is made visible both branches must stand
// where they were planned (ref-moved).
//
// The commit of a change set has the base as its only parent, the files on top of the base's
// tree, and author, committer, date and message of the document. Files are read twice, hashed
// each time, and never sent if they differ. The ids of the blobs, of the tree and of the commit are computed here:
// the tree from the trees of the bound base, each of which must have the id that names it, so that a
// path on which a folder, a link or a submodule is refused is found before anything is sent. What GitHub makes must
// have these ids before a ref points to it. A branch that is there already counts as ours if it is at this commit; no
// note says so. The comparison with the base must show no other file. Branches are never
// moved or removed. Paths below .github/workflows and files of more than 25 MiB are refused.
//
// What this Apply opened is read back with its author and maintainer_can_modify, and as a draft where it was
// planned so; of what was there before, people may have changed these.
//
// # Codes
//
// [marketops.Failure] with github-denied, github-conflict, github-rate-limited,
// github-unreachable, redirect-refused, host-mismatch, upload-digest-differs,
// repository-mismatch, content-mismatch, ref-moved, rule-denied, token-missing, or whatever code
// the publisher refused to go on with; [marketops.Unknown] with outcome-unknown, the cause
// beneath it.
package github
