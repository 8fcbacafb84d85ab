// Package githubtest is the practice GitHub: a stateful server on loopback that answers
// like api.github.com, uploads.github.com and the object store behind them. It is the only
// stand-in in this project, it never links into a product binary, and it imports no other
// marketops package, so that it can contradict them.
//
// # Use
//
//	srv, err := githubtest.Start(githubtest.Options{
//		Dir:    t.TempDir(),
//		Tokens: []githubtest.Token{{Secret: "push-token", Login: "release-bot", Push: true, Repos: []string{"*"}}},
//	})
//	defer srv.Close()
//	repo, err := srv.CreateRepo(githubtest.RepoSpec{Owner: "octo-org", Name: "widgets"}) // ID 0: the next number
//	sha, err := repo.Commit("main", githubtest.Change{Message: "first", Files: map[string]string{"README.md": "hello\n"}})
//
//	srv.API()      // "http://127.0.0.1:P/"  go-github's BaseURL
//	srv.Uploads()  // "http://127.0.0.1:Q/"  go-github's UploadURL
//	srv.Store()    // "http://127.0.0.1:S/"  where asset downloads are redirected, and the web pages
//
//	srv.Inject(githubtest.Fault{Method: "POST", Path: "/repos/*/*/git/refs", Action: githubtest.ResetAfter})
//	srv.Requests()          // everything that arrived, in order, on all three origins
//	srv.Mutations()         // those that are not GET or HEAD
//	srv.Effects()           // what really changed; Effect.Visible says whether a stranger could see it
//	srv.SchemaViolations()  // must be empty at the end of every test
//	srv.PendingFaults()     // must be empty too, or a fault never struck
//
// A Request with Status 0 got no answer. To see whether a client leaks its token, redirect
// it to srv.Store(): the journal has the store's requests too, with what they carried.
//
// Things that happen behind the publisher's back: [Repo.Commit], [Repo.LooseCommit],
// [Repo.SetRef], [Repo.DeleteRef], [Repo.Rename], [Repo.ClosePull], [Repo.Set]. They are neither requests
// nor effects. [Repo.Ref] and [Repo.Dir] look at the git repository without the API;
// [Server.Repo] finds a repository again.
//
// The executable internal/test/githubtest/serve runs the same server for demonstrations and
// script tests, with an admin port of its own.
//
// # What is real
//
// Every repository is a bare git repository, with no configuration but ours. Plain objects and
// refs are written and read here, in git's own format (TestGitAgrees). git itself decides about
// names, trees, histories and everything that is not plain; a question whose answer follows from
// the question alone is put to it once in a process. A tag object carries exactly the message
// bytes given. POST git/refs makes refs and moves none.
// Releases, assets and pull requests live in memory and their bytes under Options.Dir.
//
// Every request and every answer is checked against GitHub's own OpenAPI description
// (package openapi; openapi/PROVENANCE.md). A request that breaks it is answered 400 or 422 and recorded; an
// answer that breaks it is our bug and is recorded. Nothing stricter than the description
// is invented. The exceptions, where the description cannot speak:
//
//   - bodies of uploads (any bytes) and of redirects, and the one text answer of
//     GET commits/{ref} (application/vnd.github.sha);
//   - statuses the description leaves out of an operation although GitHub sends them
//     (400, 401, 403, 404, 409, 413, 422, 429): these must be a basic-error or a
//     validation-error, and so must the one error of which the description wants exactly
//     one of two overlapping forms (422 of git/create-blob);
//   - answers made by a fault;
//   - the store, which is not part of the API.
//
// A request for an operation we do not have is 404 and a recorded violation.
//
// # Access
//
// "Authorization: Bearer S" or "token S". No header reads public repositories; a wrong
// secret is 401; a private repository without access is 404; a write without push is 403;
// drafts are invisible without push. The journal records whether the right secret arrived
// and where, never its value.
//
// An [App] of the options mints installation tokens with a JWT, which is verified: RS256 under the
// App's key, its id as issuer, issued in the past and ending within ten minutes. A token is
// narrowed to the repositories and permissions that were asked for and ends when its time is over.
// What lies outside is 403 "Resource not accessible by integration", or 404 where the
// repository is private; the journal's Scope says what each token was for. A JWT opens nothing else.
//
// # Faults
//
// A [Fault] names a method, a path pattern ("*" is one segment, a final "**" the rest), how
// many matching requests to let pass first, how many times to strike, and an [Action].
// [ParseFault] reads the same from a line: "POST /repos/*/*/git/refs reset-after 1 skip=2".
//
// # Known differences from the real service
//
// Dates keep the offset they were given inside git objects and are answered in UTC; what
// the real service does to trailing newlines of tag messages has not been confirmed. If no
// release was ever made latest (make_latest "false" on the first one), the latest is the one
// with the youngest commit, as documented; reports about the real service differ. The rate
// limit counts all callers together. An upload that broke off is in the state "open", the only
// one the description knows beside "uploaded". Pull requests come from branches of the same
// repository only. Conditional requests are answered in full. Nothing survives a restart but git.
package githubtest
