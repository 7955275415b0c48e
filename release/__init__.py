"""`make release`: checks that a commit can be a release, and tags it. Nothing is fetched and nothing is pushed."""
