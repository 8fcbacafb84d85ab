package githubtest

// handlers answers each operation by GitHub's own name for it.
func handlers() map[string]func(*call) answer {
	return map[string]func(*call) answer{
		"users/get-authenticated": getUser,
		"rate-limit/get":          getRateLimit,
		mintOperation:             mintToken,

		"repos/get":                           getRepo,
		"repos/get-branch":                    getBranch,
		"repos/get-commit":                    getCommit,
		"repos/compare-commits-with-basehead": compare,
		"repos/check-immutable-releases":      getImmutableReleases,

		"git/get-commit":         getGitCommit,
		"git/list-matching-refs": listMatchingRefs,
		"git/get-ref":            getRef,
		"git/create-ref":         createRef,
		"git/delete-ref":         deleteRef,
		"git/create-tag":         createTag,
		"git/get-tag":            getTag,
		"git/create-blob":        createBlob,
		"git/get-blob":           getBlob,
		"git/get-tree":           getTree,
		"git/create-tree":        createTree,
		"git/create-commit":      createCommit,

		"repos/list-releases":      listReleases,
		"repos/create-release":     createRelease,
		"repos/get-release":        getRelease,
		"repos/get-release-by-tag": getReleaseByTag,
		"repos/get-latest-release": getLatestRelease,
		"repos/update-release":     updateRelease,
		"repos/delete-release":     deleteRelease,

		"repos/list-release-assets":  listAssets,
		"repos/upload-release-asset": uploadAsset,
		"repos/get-release-asset":    getAsset,
		"repos/delete-release-asset": deleteAsset,

		"pulls/list":   listPulls,
		"pulls/create": createPull,
		"pulls/get":    getPull,
		"pulls/update": updatePull,
	}
}
