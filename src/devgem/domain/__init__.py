"""The nouns, their identities, the deployment state table with its fold, and the error tree."""
