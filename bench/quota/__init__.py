"""The quota engine beside its peers: what a decision costs, whether limits hold, who goes first, what a storm does."""
