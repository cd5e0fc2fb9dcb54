"""One conversation at a time: turns of a model over typed tools, under one policy, with approvals and budgets."""
